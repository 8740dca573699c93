"""The `triage` program: its commands, its exit codes, and the one place that catches errors."""

import io
import logging
import sys
import traceback
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from triage_agent.cli.advise import advise
from triage_agent.cli.batch import batch
from triage_agent.cli.cache import cache
from triage_agent.cli.check_hire import check_hire
from triage_agent.cli.classify import classify
from triage_agent.cli.compare_roles import compare_roles
from triage_agent.cli.doctor import doctor
from triage_agent.cli.eval import app as evaluations
from triage_agent.cli.help_screen import (
    HELP_NAMES,
    ScreenGroup,
    ScreenTyper,
    is_text,
    keep_settings_error,
)
from triage_agent.cli.mcp import mcp
from triage_agent.cli.pipes import is_piped
from triage_agent.cli.quiz import quiz
from triage_agent.cli.review import review
from triage_agent.cli.roi import roi
from triage_agent.cli.serve_group import app as serving
from triage_agent.cli.setting_sources import place_of, values_of_files
from triage_agent.cli.streams import guard_streams, say, show
from triage_agent.errors import SettingsError, TriageError
from triage_agent.privacy import one_line

USAGE_ERROR: Any = typer.BadParameter.__mro__[1]  # click's, of which typer exports only this child
DEFAULT = "advise"
NEARLY = 0.75  # the likeness to a command's name from which on a word is taken for a typing error
FAULT, CTRL_C = 1, 130  # the first: a fault of this program, which no input should reach


class Commands(ScreenGroup):
    """The commands; what is none is for `advise`: `triage --revenue 3M "Leads get lost"`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return what is left to read, with `advise` before it where no command is named."""
        if args and self._is_for_advise(args[0]):
            args = [DEFAULT, *args]
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def _is_for_advise(self, first: str) -> bool:
        """Return whether the first argument begins a problem or an option of `advise`.

        A single word that is nearly a command's name is a mistyped command, and refused as one.
        """
        if first in self.commands:
            return False
        if first.startswith("-") and not is_text(first):
            own = {name for option in self.params for name in (*option.opts, *HELP_NAMES)}
            return first.partition("=")[0] not in own
        return not get_close_matches(first.casefold(), self.commands, n=1, cutoff=NEARLY)


app = ScreenTyper(
    name="triage",
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": [*HELP_NAMES]},
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
app.command(short_help="Serve the same answers as tools for assistants.")(mcp)
app.add_typer(serving, name="serve", short_help="Serve the questions and the verdict as web pages.")
app.command(short_help="Show or delete the cached answers of the LLM.")(cache)
app.command(short_help="Check the set-up, and where each setting comes from.")(doctor)


def _version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from importlib.metadata import version

        show(version("triage-agent"))
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001  (its callback does the work)
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Whom should you hire? Type triage alone, and it asks you what it needs."""
    try:
        context.default_map = values_of_files(context)
    except SettingsError as error:
        keep_settings_error(context, error)
    if context.invoked_subcommand is None:
        if sys.stdin.isatty() or is_piped():
            _run(context, DEFAULT)
        else:
            show(*context.get_help().splitlines())


def _run(context: typer.Context, name: str) -> None:
    """Run a command without arguments, with what the environment and the files set."""
    command = context.command.get_command(context, name)  # type: ignore[attr-defined]
    with command.make_context(name, [], parent=context) as inner:
        command.invoke(inner)


class _Notices(logging.Handler):
    """Shows what the engine has to say while it runs, such as a long wait for the service."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one notice on standard error."""
        say(record.getMessage())


def main() -> None:
    """Run the program; every error ends here as one message and its exit code."""
    guard_streams()
    logging.getLogger("triage_agent").addHandler(_Notices())
    try:
        code = app(standalone_mode=False)  # so that a usage error comes here too
        show()  # what is wrong with the output shows now
    except TriageError as error:
        say(f"error: {error.message}")
        code = error.exit_code
    except USAGE_ERROR as error:
        say(*_usage_lines(error))
        code = error.exit_code
    except typer.Abort:
        say("Aborted!")  # Ctrl-D at a question: nobody answers
        code = CTRL_C
    except KeyboardInterrupt:
        code = CTRL_C
    except Exception as error:
        say(f"error: {_fault(error)}")
        code = FAULT
    with suppress(TriageError):
        show()
    raise SystemExit(code or 0)


def _usage_lines(error: Any) -> list[str]:
    """Return what is said of a usage error, which names the variable or file that is at fault."""
    error.message = one_line(error.message)
    parameter = getattr(error, "param", None)
    if error.ctx and parameter and (place := place_of(error.ctx, parameter)):
        error.param_hint = place
    shown = io.StringIO()
    error.show(file=shown)
    return shown.getvalue().splitlines()


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
