"""What a unit of a text is to the problems in it."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a unit is."""

    BEGIN = "begin"  # a problem begins with it
    INSIDE = "inside"  # the problem before it goes on
    CONTEXT = "context"  # no problem


@dataclass(frozen=True, slots=True)
class Verdict:
    """The roles of a text's units; `several` and not `sure`: the text should stay whole."""

    roles: tuple[Role, ...]
    several: bool
    sure: bool
