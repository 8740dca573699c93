"""Who advises: the `[adviser]` table of the settings files, which pages show. It decides nothing.

So a file in the working folder may hold it too; then its logo must lie in that folder, because
such a file may have come from a client, and a page goes to one.
"""

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage_agent.errors import SettingsError
from triage_agent.settings.sources import ADVISER, load_settings_file

LONGEST_NAME = 120  # characters
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
PICTURES = {  # how the files begin that a page can show
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
}


@dataclass(frozen=True, slots=True)
class Adviser:
    """Who made a page; what is empty is not shown."""

    name: str = ""
    logo: str = ""  # the picture itself, as a data: address
    colour: str = ""  # of the line at the top of a page, like #0b4f96


def read_adviser(local: Path, user: Path | None) -> Adviser:
    """Return what both settings files say of the adviser, the one in the working folder first.

    Raises `SettingsError` for a value that cannot be used, before anything is made with it.
    """
    found: dict[str, str] = {}
    for path, trusted in ((user, True), (local, False)):
        table = load_settings_file(path).get(ADVISER, {}) if path is not None else {}
        if path is not None:
            found |= _checked(path, table, trusted=trusted)
    return Adviser(**found)


def _checked(path: Path, table: Any, *, trusted: bool) -> dict[str, str]:
    """Return the values of one file's table."""
    if not isinstance(table, dict):
        raise SettingsError(f'{path}: write the adviser as a table: [adviser], then name = "…".')
    for name, value in table.items():
        if name not in Adviser.__slots__:
            raise SettingsError(
                f"{path}: [adviser] has no {name!r}; it has name, logo and colour. Remove it."
            )
        if not isinstance(value, str) or not value.strip():
            raise SettingsError(f"{path}: {name} of [adviser] must be a text in quotes.")
    values = {name: value.strip() for name, value in table.items()}
    if "name" in values and (
        len(values["name"]) > LONGEST_NAME or not values["name"].isprintable()
    ):
        raise SettingsError(
            f"{path}: the name of the adviser must be one line of at most {LONGEST_NAME} "
            "characters. Shorten it."
        )
    if "colour" in values and not COLOUR.fullmatch(values["colour"]):
        raise SettingsError(f"{path}: colour of [adviser] must be like #0b4f96.")
    if "logo" in values:
        values["logo"] = _logo(path, values["logo"], trusted=trusted)
    return values


def _logo(path: Path, name: str, *, trusted: bool) -> str:
    """Return the picture that a settings file names, as a page can hold it."""
    from triage_agent.files import read_bytes  # here: pydantic is slow

    folder = path.absolute().parent
    place = folder / Path(name).expanduser()
    if not trusted and folder.resolve() not in place.resolve().parents:
        raise SettingsError(
            f"{path}: the logo {name} does not lie in the folder of this file, which could come "
            "from somebody else. Copy it there, or name it in your own settings file."
        )
    try:
        raw = read_bytes(place)
    except OSError as error:
        raise SettingsError(
            f"{path}: the logo {name} cannot be read: {error.strerror or error}."
        ) from error
    kind = next((kind for start, kind in PICTURES.items() if raw.startswith(start)), None)
    if kind is None:
        raise SettingsError(f"{path}: the logo {name} is no PNG, JPEG or GIF picture.")
    return f"data:image/{kind};base64,{base64.b64encode(raw).decode()}"
