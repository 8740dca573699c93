"""Help that fits a screen: what somebody needs first, the other options by name, all on request.

An option with a `rich_help_panel` belongs to a group of its own. `--help` lists the names of such a
group, and `--help-all` explains them.
"""

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from triage_agent.cli.streams import show
from triage_agent.errors import SettingsError

UNBROKEN = "\u2011"  # a hyphen at which no line ends
MODEL_OPTIONS = "Model and LLM"
OTHER_OPTIONS = "Other"
HELP_NAMES = ("-h", "--help")
HELP_ALL = "--help-all"
DEFAULTS_NOTE = "Defaults: triage.toml here, or your own config.toml (see triage doctor)."
WORDS = {  # of a value; the rest are the choices, or a name that the command gives
    "<str>": "TEXT",
    "<list[str]>": "TEXT",
    "<path>": "PATH",
    "<float>": "NUMBER",
    "<float range>": "NUMBER",
    "<int>": "NUMBER",
    "<int range>": "NUMBER",
}
LONG_VALUE = re.compile(r"--[\w-]+=")  # an option with its value in one argument
_SETTINGS_ERROR, _EXPLAINED = "triage settings error", "triage help explained"


def keep_settings_error(context: typer.Context, error: SettingsError) -> None:
    """Remember what is wrong with a settings file until a command runs: its help needs no file."""
    context.meta[_SETTINGS_ERROR] = error


def show_all_help(context: typer.Context, wanted: bool) -> None:
    """Print the help with every option explained, and stop."""
    if wanted:
        context.meta[_EXPLAINED] = True
        show(*context.get_help().splitlines())
        raise typer.Exit


def is_text(argument: str) -> bool:
    """Return whether an argument that begins with a dash is a text: it has a blank.

    >>> is_text("- first, leads"), is_text("-first, leads"), is_text("--revenue=3 million")
    (True, True, False)
    """
    return argument.startswith("-") and not LONG_VALUE.match(argument) and " " in argument


class _Screen:
    """How a command's options are written, and what waits until it runs."""

    def format_options(self: Any, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, those of each group below."""
        groups: dict[str | None, list[tuple[str, str]]] = {None: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                group = getattr(parameter, "rich_help_panel", None)
                argument = parameter.param_type_name == "argument"
                name = record[0].partition(" <")[0] if argument else _in_words(record[0])
                groups.setdefault(group, []).append((name, record[1]))
        first = groups.pop(None)
        titles = "Options" if first[0][0].startswith("-") else "Arguments and options"
        with formatter.section(titles):
            formatter.write_dl(first, col_max=30)
        if not groups:
            return
        if ctx.meta.get(_EXPLAINED):
            for title, records in groups.items():
                with formatter.section(title):
                    formatter.write_dl(records, col_max=30)
        else:
            formatter.write_paragraph()
            formatter.write_text(f"More options, which {HELP_ALL} explains:")
            formatter.indent()
            for title, records in groups.items():
                names = [_name(record[0]) for record in records]
                listed = ", ".join(name for name in names if name != HELP_ALL)
                if listed:  # click breaks lines at hyphens, and --max- is no option
                    begun = len(formatter.buffer)
                    formatter.write_text(f"{title}: {listed}".replace("-", UNBROKEN))
                    formatter.buffer[begun:] = [
                        text.replace(UNBROKEN, "-") for text in formatter.buffer[begun:]
                    ]
            formatter.dedent()
        formatter.write_text(DEFAULTS_NOTE)

    def invoke(self: Any, ctx: Any) -> Any:
        """Run the command, unless a settings file is wrong; a group leaves that to its command."""
        ends_here = not getattr(ctx, "_protected_args", ())
        if ends_here and (error := ctx.meta.get(_SETTINGS_ERROR)):
            raise error
        return super().invoke(ctx)  # type: ignore[misc]


class ScreenCommand(_Screen, TyperCommand):
    """A command whose help fits a screen, and to which a text may begin with a dash."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return what is left to read; a text that begins with a dash is no option."""
        rest: list[str] = super().parse_args(ctx, [f" {a}" if is_text(a) else a for a in args])
        return rest


class ScreenGroup(_Screen, TyperGroup):
    """A group of commands, each listed with a whole sentence."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, then the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  (click gives it)
        """Write the first sentence about each command, never cut."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._sentences()))

    def _sentences(self) -> Iterator[tuple[str, str]]:
        for name, command in self.commands.items():
            text = " ".join((command.short_help or command.help or "").split("\n\n")[0].split())
            yield name, text if command.short_help else text.partition(". ")[0].rstrip(".") + "."


class ScreenTyper(typer.Typer):
    """An application whose commands have help that fits a screen."""

    def command(self, name: str | None = None, **settings: Any) -> Any:
        """Register a command."""
        settings.setdefault("cls", ScreenCommand)
        return super().command(name, **settings)


def _in_words(record: str) -> str:
    """Return how an option is written, in words.

    >>> _in_words("--ask / --no-ask"), _in_words("--revenue <str>"), _in_words("--b <auto|llm>")
    ('--[no-]ask', '--revenue TEXT', '--b auto|llm')
    """
    on, _, off = record.partition(" / ")
    if off == f"--no-{on.removeprefix('--')}":
        return f"--[no-]{on.removeprefix('--')}"
    for kind, word in WORDS.items():
        record = record.replace(f" {kind}", f" {word}")
    return record.replace(" <", " ").removesuffix(">") if record.endswith(">") else record


def _name(record: str) -> str:
    """Return the long name of an option, as it is listed.

    >>> _name("-m, --model TEXT"), _name("--[no-]redact")
    ('--model', '--[no-]redact')
    """
    return next(word for word in record.replace(",", " ").split() if word.startswith("--"))
