"""Where the settings of a command come from, and what is said where they are at fault."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from triage_agent.cli.streams import say
from triage_agent.errors import SettingsError, TriageError
from triage_agent.privacy import mask, one_line
from triage_agent.settings import (
    LOCAL_FILE,
    Backend,
    FileValue,
    Options,
    read_files,
    settings_of_options,
    user_file,
    variable_of,
)

SOURCES = {"COMMANDLINE": "the command line", "PROMPT": "the command line"}
LLM_ONLY = (
    *("base_url", "api_key", "prompt", "timeout", "votes", "redact", "fresh", "rpm", "tpm"),
    *("price", "brief", "reasoning_effort", "max_output_tokens", "extra_body"),
    *("cache_address", "split_by"),
)
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """One setting: its value as text, and what set it."""

    name: str
    value: str
    source: str


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


@contextmanager
def naming_sources(context: typer.Context) -> Iterator[None]:
    """Have an error that blames an option say where its value stands, if nobody typed it."""
    try:
        yield
    except TriageError as error:
        flags = set(FLAG.findall(error.message))
        for one in context.command.params:
            place = place_of(context, one) if flags & set(one.opts) else ""
            if place:
                error.message += f" ({one.opts[0]} was not typed: it stands in {place}.)"
        raise


def place_of(context: typer.Context, parameter: Any) -> str:
    """Return the variable or the file that set an option; empty: the command line, or nothing."""
    source = context.get_parameter_source(parameter.name)
    if source is not None and source.name == "ENVIRONMENT":
        return f"the environment variable {parameter.envvar}"
    if source is not None and source.name == "DEFAULT_MAP":
        return mask(one_line(str(_file_of(context, parameter) or "a settings file")))
    return ""


def check_used(context: typer.Context, options: Options) -> None:
    """Say which typed options do nothing because no LLM is asked; refuse an address without one.

    Raises `SettingsError`: somebody who gives an address believes that it is used.
    """
    no_llm = options.backend is Backend.EMBEDDED or (
        options.backend is Backend.AUTO and not (options.model or "").strip()
    )
    typed = [
        one.opts[0]
        for one in context.command.params
        if one.name in LLM_ONLY
        and (source := context.get_parameter_source(one.name))
        and source.name == "COMMANDLINE"
    ]
    if not no_llm or not typed:
        return
    if "--base-url" in typed:
        raise SettingsError(
            "--base-url is the address of an LLM, and this run asks none. Name a model with "
            "--model NAME, or leave --base-url out."
        )
    say(f"not used, since no LLM is asked: {', '.join(typed)}")


def _file_of(context: typer.Context, parameter: Any) -> Path | None:
    """Return the settings file that set an option of this command."""
    while context.parent is not None and context.parent.parent is not None:
        context = context.parent  # type: ignore[assignment]  # typer's own kind of it; a file's table is that of the command, not of its subcommand
    files: dict[str, FileValue] = (context.obj or {}).get(context.info_name or "", {})
    found = files.get(_file_name(parameter))
    return found.file if found else None
