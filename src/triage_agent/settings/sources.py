"""Where an option's value comes from when the command line does not give it.

The first of these that gives one: the environment, `triage.toml` in the working folder, the user's
`config.toml`, the default. A file in the working folder may have come in a client's archive, so it
sets only how tables are read (`MAPPINGS`), and nothing that decides where text goes. No file sets a
key.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from triage_agent.errors import SettingsError
from triage_agent.settings.options import settings_of_options, variable_of

LOCAL_FILE = "triage.toml"
USER_FILE = "config.toml"
ADVISER = "adviser"  # the table that is not of a command

# What a file may set for a single command: how a table is read, and the user's own rates.
MAPPINGS = frozenset(
    {
        "problem_column",
        "id_column",
        "company_column",
        "revenue_column",
        "software_column",
        "quiz_column",
        "group_by",
        "split",
        "format",
        "encoding",
        "delimiter",
        "sheet",
        "header",
        "usd_rate",
        "quiz_scale",
        "hourly_cost",
    }
)


@dataclass(frozen=True, slots=True)
class FileValue:
    """A value from a settings file, and the file."""

    value: Any
    file: Path


def user_file() -> Path | None:
    """Return where the user's own settings file is looked for; it need not exist.

    None: this user has no home, as a user id without a name in a container.
    """
    from platformdirs import user_config_path  # here: it costs more than the rest of `--help`

    try:
        return user_config_path("triage-agent", appauthor=False) / USER_FILE
    except RuntimeError:  # how it says that there is no HOME, and no entry for this user either
        return None


def read_files(
    commands: Mapping[str, Iterable[str]], local: Path, user: Path | None
) -> dict[str, dict[str, FileValue]]:
    """Return {command: {option: value}} of both settings files; a missing file sets nothing.

    `commands` gives the options that each command offers. An option at the top of a file holds for
    every command that offers it, one in a `[command]` table for that command. Raises
    `SettingsError` for a file that is not valid, or sets what it may not.
    """
    offered = {name: frozenset(options) for name, options in commands.items()}
    found: dict[str, dict[str, FileValue]] = {name: {} for name in offered}
    for path, trusted in ((user, True), (local, False)):
        if path is None:
            continue
        for name, value in _of_commands(path).items():
            if isinstance(value, dict) and name not in offered:
                raise SettingsError(f"{path}: there is no command {name!r}{_like(name, offered)}.")
            concerned = {name: offered[name]} if isinstance(value, dict) else offered
            given = value if isinstance(value, dict) else {name: value}
            for inner, one in given.items():
                if isinstance(one, dict):
                    raise SettingsError(
                        f"{path}: {name}.{inner} is a table in a table. Put its options into "
                        f"[{name}], which holds for its subcommands too."
                    )
            for option, one in ((key.replace("-", "_"), one) for key, one in given.items()):
                everything = frozenset().union(*concerned.values())
                _check_file_option(path, option, everything, trusted=trusted)
                for command, options in concerned.items():
                    if option in options:
                        found[command][option] = FileValue(one, path)
    return found


def _of_commands(path: Path) -> dict[str, Any]:
    """Return a settings file's values without the adviser, who is for pages (`read_adviser`)."""
    return {name: value for name, value in load_settings_file(path).items() if name != ADVISER}


def load_settings_file(path: Path) -> dict[str, Any]:
    """Return a settings file's values, tables last; empty if there is no such file."""
    if not os.path.lexists(path):
        return {}
    from triage_agent.files import read_bytes  # here: most have no such file, and pydantic is slow

    try:
        values = tomllib.loads(read_bytes(path).decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        if path.name == USER_FILE and not os.access(path.parent, os.X_OK):
            return {}  # somebody else's home, as in a container: there is no file of this user
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}. Correct it, or remove it."
        ) from error
    except (ValueError, RecursionError) as error:  # TOML's and Unicode's errors are ValueErrors
        raise SettingsError(f"The settings file {path} is not valid TOML: {error}.") from error
    return dict(sorted(values.items(), key=lambda item: isinstance(item[1], dict)))


def _check_file_option(path: Path, option: str, offered: frozenset[str], *, trusted: bool) -> None:
    """Raise `SettingsError` unless this file may set this option."""
    setting = settings_of_options().get(option)
    if setting and setting[1].secret:
        raise SettingsError(
            f"{path}: no file may hold a key. Remove {option!r}, and set "
            f"{variable_of(option)} in the environment."
        )
    if setting and not trusted:
        raise SettingsError(
            f"{path}: a file in the working folder may not set {option!r}, because the "
            "file could come from somebody else, and this option decides where text goes, what it "
            f"costs or how it is judged. Set it in {user_file() or USER_FILE}, with "
            f"{variable_of(option)}, or on the command line."
        )
    if option not in offered or not (setting or option in MAPPINGS):
        allowed = offered & (MAPPINGS | (set(settings_of_options()) if trusted else set()))
        raise SettingsError(
            f"{path}: {option!r} cannot be set here{_like(option, allowed)}. "
            "Give it on the command line, or remove it."
        )


def _like(name: str, names: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant; empty if none is near."""
    near = get_close_matches(name, list(names), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
