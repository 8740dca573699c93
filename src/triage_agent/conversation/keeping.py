"""A conversation that was left is kept for some days, so that nothing typed is lost.

Each has a file of its own, so that two at once do not overwrite each other. It holds the owner's
own words; only they can read it, and it goes when they are done.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from triage_agent.conversation.pieces import Pieces
from triage_agent.errors import InputError, SettingsError
from triage_agent.files import LARGEST_RECORD, Strict, read_bytes, take_lock, write_json

KEPT_DAYS = 7
SECONDS_A_DAY = 86_400
OWN_FOLDER = "TRIAGE_STATE_DIR"  # the variable that names another folder


class Told(Strict):
    """What was given with the command; None: it was not."""

    texts: tuple[str, ...] = ()
    revenue: str | None = None
    usd_rate: float | None = None
    sells_software: bool | None = None
    hourly_cost: str | None = None
    quiz: dict[str, int] | None = None
    output: str | None = None  # the report's path, from the root: it goes on in another folder
    explain: bool | None = None

    def or_else(self, earlier: "Told") -> "Told":
        """Return what was given, and what was given earlier where it was not."""
        given = {name: value for name, value in self if value is not None and value != ()}
        return earlier.model_copy(update=given)


class KeptConversation(Strict):
    """A conversation that was left: what was given, answered, and begun."""

    schema_version: Annotated[int, Field(ge=1, le=1)] = 1
    told: Told = Told()
    answers: dict[str, str | Pieces] = Field(default_factory=dict)
    drafts: dict[str, str | Pieces] = Field(default_factory=dict)


class Place:
    """Where one conversation is kept; until it is closed, it is this program's alone."""

    def __init__(self, path: Path, held: int | None) -> None:
        self.path, self._held = path, held

    def keep(self, conversation: KeptConversation) -> None:
        """Write the conversation for its owner alone, in place of what was kept of it before.

        Raises `SettingsError` if it cannot be written.
        """
        try:
            self.path.touch(mode=0o600)  # the writer keeps the rights of what it replaces
            self.path.chmod(0o600)
        except OSError as error:
            raise _unwritable(self.path.parent, error) from error
        write_json(self.path, conversation.model_dump(mode="json"))

    def kept(self) -> KeptConversation:
        """Return what was kept; raises `InputError` if it cannot be read."""
        try:
            return KeptConversation.model_validate_json(read_bytes(self.path, LARGEST_RECORD))
        except (OSError, ValidationError) as error:
            raise InputError(
                f"{self.path} cannot be read. Delete it, and begin anew: triage"
            ) from error

    def forget(self) -> None:
        """Delete what is kept."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let another program have what is kept."""
        if self._held is not None:
            with suppress(OSError):  # Windows removes no open file, and leaves an empty one
                _lock_of(self.path).unlink()
            os.close(self._held)
            self._held = None


def new_place() -> Place:
    """Return a place where nothing is kept yet, and no other conversation goes on.

    Raises `SettingsError` if there is no folder for it.
    """
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    places = (_free(folder / f"left-{number}.json") for number in count(1))
    return next(place for place in places if place is not None)


def place_left() -> Place | None:
    """Return where the conversation is kept that was left last; None: there is none.

    One that goes on elsewhere at this moment was not left.
    """
    forget_old()
    by_age = sorted(_files(), key=_written, reverse=True)
    taken = (place for path in by_age if (place := _taken(path)) is not None)
    for place in taken:
        if place.path.exists():
            return place
        place.close()
    return None


def forget_old() -> None:
    """Delete every conversation that was written more than `KEPT_DAYS` ago."""
    try:
        files = [*_files(), *_folder().glob(".left-*")]  # the second: of a writer that was killed
    except SettingsError:  # without a folder there is none
        return
    for path in files:
        if time.time() - _written(path) > KEPT_DAYS * SECONDS_A_DAY:
            path.unlink(missing_ok=True)


def _folder() -> Path:
    """Return the folder of the conversations, the user's own."""
    from platformdirs import user_state_path  # here: it costs more than the rest of `--help`

    own = os.environ.get(OWN_FOLDER)
    try:
        return Path(own) if own else user_state_path("triage-agent", appauthor=False)
    except RuntimeError as error:  # there is no such user, or this one has no home
        raise SettingsError(
            f"There is no folder to keep a conversation in: {error} Name one in {OWN_FOLDER}."
        ) from error


def _files() -> Iterator[Path]:
    return _folder().glob("left-*.json")


def _written(path: Path) -> float:
    """Return when a file was written; one that has just gone is the oldest, and no obstacle."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0.0


def _unwritable(folder: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"{folder} cannot be written to: {error.strerror}. {OWN_FOLDER} names another folder."
    )


def _free(path: Path) -> Place | None:
    """Return the place at a path if nothing is kept there and no conversation goes on."""
    place = None if path.exists() else _taken(path)
    if place and path.exists():  # another one was left there in this moment
        place.close()
        return None
    return place


def _taken(path: Path) -> Place | None:
    """Return the place at a path for this program alone; None: another one has it.

    The lock is a file beside it, since each writing replaces the file itself.
    """
    lock = _lock_of(path)
    try:
        held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # nor could anybody else write there
        return Place(path, None)
    with suppress(FileNotFoundError):  # it was closed in this moment
        if take_lock(held) and os.path.samestat(lock.stat(), os.fstat(held)):
            return Place(path, held)
    os.close(held)
    return None


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")
