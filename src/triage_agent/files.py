"""Finds the data files (prompts/ and evals/) and checks what is in them."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from triage_agent.errors import SettingsError

HERE = Path(__file__).resolve().parent


class Strict(BaseModel):
    """What every data file's model is: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)


def folder(name: str) -> Path:
    """Return the shipped folder `name` (`prompts` or `evals`), or the checkout's.

    A wheel holds the folder inside the package; an editable install has it two levels up.
    """
    shipped = HERE / "_data" / name
    return shipped if shipped.is_dir() else HERE.parents[1] / name


def read_text(path: Path) -> str:
    """Return a data file's text, or raise `SettingsError` naming the file."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The data file {path} cannot be read ({error}). Reinstall triage-agent, or restore it."
        ) from error


def load_toml(path: Path, model: type[M]) -> M:
    """Return a TOML data file as `model`, or raise `SettingsError` naming file and field."""
    try:
        values: dict[str, Any] = tomllib.loads(read_text(path))
        return model.model_validate(values)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise SettingsError(f"{path} does not fit: {explain(error)}.") from error


def explain(error: ValidationError) -> str:
    """Return the first complaint of a validation error on one line, without the value.

    The value stays out because it may be a person's text.
    """
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    more = error.error_count() - 1
    return f"{place}: {first['msg']}" + (f" (and {more} more)" if more else "")
