"""A conversation that was left is kept for some days, so that nothing typed is lost.

The file holds the owner's own words; only they can read it, and it goes when they are done.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from triage_agent.conversation.pieces import Pieces
from triage_agent.errors import InputError
from triage_agent.files import LARGEST_RECORD, Strict, read_bytes, write_json

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


def conversation_file() -> Path:
    """Return where a conversation is kept, in the user's own folder."""
    from platformdirs import user_state_path  # here: it costs more than the rest of `--help`

    own = os.environ.get(OWN_FOLDER)
    return (Path(own) if own else user_state_path("triage-agent", appauthor=False)) / "left.json"


def keep(conversation: KeptConversation) -> Path:
    """Write a conversation for its owner alone, in place of an earlier one, and return where."""
    path = conversation_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)  # the writer keeps the rights of what it replaces
    path.chmod(0o600)
    write_json(path, conversation.model_dump(mode="json"))
    return path


def forget() -> None:
    """Delete the conversation that is kept."""
    conversation_file().unlink(missing_ok=True)


def forget_old() -> None:
    """Delete the conversation that is kept if it is older than `KEPT_DAYS`."""
    path = conversation_file()
    with suppress(FileNotFoundError):
        if time.time() - path.stat().st_mtime > KEPT_DAYS * SECONDS_A_DAY:
            path.unlink()


def is_kept() -> bool:
    """Return whether a conversation was left; one older than `KEPT_DAYS` is deleted."""
    forget_old()
    return conversation_file().exists()


def kept() -> KeptConversation:
    """Return the conversation that was left; raises `InputError` if there is none."""
    forget_old()
    path = conversation_file()
    try:
        return KeptConversation.model_validate_json(read_bytes(path, LARGEST_RECORD))
    except FileNotFoundError as error:
        raise InputError(
            f"No conversation was left in the last {KEPT_DAYS} days. Begin one: triage"
        ) from error
    except (OSError, ValidationError) as error:
        raise InputError(f"{path} cannot be read. Delete it, and begin anew: triage") from error
