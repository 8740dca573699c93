"""The `triage` program: its commands, its exit codes, and the one place that catches errors."""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.advise import advise
from triage_agent.cli.batch import batch
from triage_agent.cli.cache import cache
from triage_agent.cli.check_hire import check_hire
from triage_agent.cli.classify import classify
from triage_agent.cli.compare_roles import compare_roles
from triage_agent.cli.doctor import doctor
from triage_agent.cli.eval import app as evaluations
from triage_agent.cli.quiz import quiz
from triage_agent.cli.review import review
from triage_agent.cli.roi import roi
from triage_agent.cli.shared_options import values_of_files
from triage_agent.cli.pipes import open_streams
from triage_agent.errors import TriageError

EXIT_CODES = (
    "Exit codes: 0 done, 2 usage or settings, 3 some rows ended in error, 4 input, "
    "5 model or service stopped the run, 6 cost cap, 7 the quality gate breached or a run worse, "
    "8 too few cases to tell, 130 Ctrl-C."
)
FAULT = 1  # a fault of this program, which no input should reach

app = typer.Typer(
    name="triage",
    help="Do you need somebody to build software, or somebody to automate what you already do?",
    epilog=EXIT_CODES,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(short_help="Recommend whom a business should hire.")(advise)
app.command(short_help="Build software or automate? One answer per problem.")(classify)
app.command(short_help="Answer every form of an export, one row each.")(batch)
app.command(short_help="Decide the doubtful problems of a batch.")(review)
app.command(short_help="Take the two-minute readiness quiz.")(quiz)
app.add_typer(evaluations, name="eval", short_help="Measure a backend before you trust it.")
app.command(short_help="Calculate what an automation or a hire returns.")(roi)
app.command("compare-roles", short_help="Show the two roles side by side.")(compare_roles)
app.command("check-hire", short_help="Check for the red flags of a wrong hire.")(check_hire)
app.command(short_help="Show or delete the cached answers of the LLM.")(cache)
app.command(short_help="Check the set-up, and where each setting comes from.")(doctor)


def _version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from importlib.metadata import version

        typer.echo(version("triage-agent"))
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001  (its callback does the work)
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Do you need somebody to build software, or somebody to automate what you already do?"""
    context.default_map = values_of_files(context)
    if context.invoked_subcommand is None:
        if sys.stdin.isatty():
            _run(context, "advise")
        else:
            typer.echo(context.get_help())


def _run(context: typer.Context, name: str) -> None:
    """Run a command without arguments, with what the environment and the files set."""
    command = context.command.get_command(context, name)  # type: ignore[attr-defined]
    with command.make_context(name, [], parent=context) as inner:
        command.invoke(inner)


def main() -> None:
    """Run the program; every error ends here as one message and its exit code."""
    open_streams()
    try:
        raise SystemExit(_run_app())
    except TriageError as error:
        typer.echo(f"error: {error.message}", err=True)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        typer.echo(f"error: {_fault(error)}", err=True)
        raise SystemExit(FAULT) from None


def _run_app() -> object:
    """Return the exit code of the command line; what is wrong with the output shows now."""
    try:
        app()
    except SystemExit as end:
        sys.stdout.flush()
        return 130 if end.code == 1 else end.code  # 1 is Ctrl-D at a question: nobody answers
    return 0


def _fault(error: Exception) -> str:
    """Return what is said of an error that should not be; its own words may be a person's."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "triage_agent" in frame.filename]
    place = f"{Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else "its start"
    if isinstance(error, MemoryError):
        return f"There is not enough memory for this (in {place}). Give less, or a larger machine."
    return (
        f"This is a fault of triage: {type(error).__name__} in {place}. Please report it, with the "
        "command and the version (triage --version)."
    )


if __name__ == "__main__":
    main()
