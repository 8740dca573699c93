"""Shared options become those of a command, which receives them as one `Options`."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from triage_agent.errors import SettingsError
from triage_agent.privacy import mask
from triage_agent.settings import (
    LOCAL_FILE,
    FileValue,
    Options,
    Setting,
    read_files,
    settings_of_options,
    user_file,
    variable_of,
)
from triage_agent.types import Label

READING = (
    "backend",
    "model",
    "base_url",
    "api_key",
    "prior",
    "cascade_threshold",
    "cascade_accuracy",
    "cascade_calls",
    "prompt",
    "threshold",
    "review_below",
    "timeout",
    "votes",
    "redact",
    "fresh",
)
NOT_FOR_EVALS = {"prior", "cascade_threshold", "cascade_accuracy", "cascade_calls"}
MEASURING = (
    *(name for name in READING if name not in NOT_FOR_EVALS),
    "max_concurrency",
    "brief",
)
RUNNING = (*READING, "max_concurrency", "rpm", "tpm", "max_cost", "price")

SOURCES = {"COMMANDLINE": "the command line", "PROMPT": "the command line"}

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", help="csv, tsv, xlsx, json or jsonl; detected if not given."),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(help="Encoding, like utf-8 or cp1252; detected if not given."),
]
DelimiterOption = Annotated[
    str | None, typer.Option(help="Delimiter of CSV cells; detected if not given.")
]
SheetOption = Annotated[
    str | None, typer.Option(help="Sheet of an XLSX file; the one with the most text if not given.")
]
HeaderOption = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first row names the columns."),
]
HeaderRowOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Row with the names of the columns, as a spreadsheet numbers it; found if not given.",
    ),
]
AskOption = Annotated[
    bool, typer.Option("--ask/--no-ask", help="Ask in a terminal where a problem is unclear.")
]


LabelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="NAME=LABEL",
        help="What a label in your own cases stands for, such as bot=automate-process or "
        "other=none (abstaining is right); may be given several times.",
    ),
]


@dataclass(frozen=True, slots=True)
class Origin:
    """One setting: its value as text, and what set it."""

    name: str
    value: str
    source: str


def with_options(names: Iterable[str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command these options as its parameter `options`."""
    names = tuple(names)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def with_shared(**given: Any) -> None:
            options = Options(**{name: given.pop(name) for name in names})
            command(options=options, **given)

        shared = [_parameter(name) for name in names]
        signature = inspect.signature(command, eval_str=True)
        own = [one for one in signature.parameters.values() if one.name != "options"]
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in [*own, *shared]]
        with_shared.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        with_shared.__annotations__ = {one.name: one.annotation for one in parameters}
        del with_shared.__wrapped__  # typer reads what we say here
        return with_shared

    return decorate


def read_labels(given: Iterable[str], cases: Path | None) -> dict[str, Label | None]:
    """Return what the labels in a file of cases stand for; None: abstaining is right.

    >>> read_labels(["bot=automate-process", "Other = none"], Path("cases.csv"))
    {'bot': <Label.AUTOMATE: 'automate-process'>, 'other': None}
    """
    known = {**{label.value: label for label in Label}, "none": None}
    labels: dict[str, Label | None] = {}
    for text in given:
        if not cases:
            raise typer.BadParameter("--label is about your own cases: give them with --cases.")
        name, _, label = (part.strip().casefold() for part in text.rpartition("="))
        if not name or label not in known:
            raise typer.BadParameter(
                f"--label needs NAME=LABEL, and LABEL is {', '.join(known)}; not {text!r}."
            )
        if labels.get(name, known[label]) != known[label]:
            raise typer.BadParameter(f"--label gives {name!r} two meanings. Give it one.")
        labels[name] = known[label]
    return labels


def values_of_files(context: typer.Context) -> dict[str, Any]:
    """Return what the settings files give every command, as click's `default_map`.

    What a file sets for a command holds for its subcommands too. Raises `SettingsError` naming
    the file and the option if a value does not fit.
    """
    commands = context.command.commands  # type: ignore[attr-defined]  # typer's group has them
    groups = {
        name: {name: command, **getattr(command, "commands", {})}
        for name, command in commands.items()
    }
    offered = {
        name: [_file_name(one) for command in group.values() for one in command.params]
        for name, group in groups.items()
    }
    found = read_files(offered, Path(LOCAL_FILE), user_file())
    context.obj = found
    values: dict[str, Any] = {}
    for name, group in groups.items():
        for inner, command in group.items():
            own = {
                one.name: _checked(context, one, found[name][_file_name(one)])
                for one in command.params
                if _file_name(one) in found[name]
            }
            if inner == name:
                values[name] = own
            else:
                values[name][inner] = own
    return values


def origins(context: typer.Context, options: Options) -> list[Origin]:
    """Return where each shared option of this command comes from; a key's value is not shown."""
    command = context.info_name or ""
    files: dict[str, FileValue] = (context.obj or {}).get(command, {})
    found = []
    for name, (_, setting) in settings_of_options().items():
        source = context.get_parameter_source(name)
        if source is None:
            continue
        value = getattr(options, name)
        shown = ("set" if value else "not set") if setting.secret else mask(str(value))
        if source.name == "ENVIRONMENT":
            said = f"the environment variable {variable_of(name)}"
        elif source.name == "DEFAULT_MAP":
            said = str(files[name].file)
        else:
            said = SOURCES.get(source.name, "default")
        found.append(Origin(name, shown, said))
    return found


def command_values(context: typer.Context) -> list[Origin]:
    """Return what the settings files set for single commands."""
    own: dict[str, FileValue] = (context.obj or {}).get(context.info_name, {})
    return [
        Origin(f"[{command}] {name}", str(given.value), str(given.file))
        for command, values in (context.obj or {}).items()
        for name, given in values.items()
        if own.get(name) != given
    ]


def _file_name(parameter: Any) -> str:
    """Return how a settings file names an option: as its flag; empty if it cannot."""
    flags = [flag for flag in parameter.opts if flag.startswith("--")]
    name = flags[0].removeprefix("--").replace("-", "_") if flags else ""
    # A command's own option of a shared option's name, such as --prior of `eval`, is another thing.
    shared = name not in settings_of_options() or parameter.envvar
    return name if shared else ""


def _checked(context: typer.Context, parameter: Any, given: FileValue) -> Any:
    """Return a file's value, or raise `SettingsError` if it does not fit the option."""
    several = getattr(parameter, "multiple", False)
    value = [given.value] if several and not isinstance(given.value, list) else given.value
    place = f"{given.file}: {_file_name(parameter)}"
    if not all(isinstance(one, str | int | float) for one in (value if several else [value])):
        raise SettingsError(f"{place}: write a text, a number, true or false, or a list of them.")
    try:
        parameter.process_value(context, value)
    except typer.BadParameter as error:
        raise SettingsError(f"{place}: {error.message}") from error
    return value


def _parameter(name: str) -> inspect.Parameter:
    """Return a shared option as the parameter that typer reads."""
    kind, setting = settings_of_options()[name]
    default = getattr(Options(), name)
    option = typer.Option(
        *_flags(name, kind, setting),
        help=setting.help,
        min=setting.least,
        max=setting.most,
        envvar=variable_of(name),
        show_default=not setting.secret,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def _flags(name: str, kind: Any, setting: Setting) -> tuple[str, ...]:
    """Return how an option is written on the command line."""
    flag = setting.flag or "--" + name.replace("_", "-")
    if kind == bool | None:
        flag += f"/--no-{flag.removeprefix('--')}"
    return (flag, setting.short) if setting.short else (flag,)
