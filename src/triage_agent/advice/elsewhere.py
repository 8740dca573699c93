"""Who could help with a problem that is about neither kind of work (prompts/who_helps.toml)."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated

from pydantic import Field

from triage_agent.advice.first_days import shortened
from triage_agent.advice.settling import problem_names
from triage_agent.advice.templates import filled_with
from triage_agent.files import Strict, folder, load_toml
from triage_agent.types import Abstention, Classification

LONGEST_WORDS = 50  # characters of a problem in a sentence about it


class Helper(Strict):
    """Somebody who could help, and the words that call for them."""

    who: Annotated[str, Field(min_length=1, max_length=20)]
    cues: Annotated[tuple[Annotated[str, Field(min_length=2)], ...], Field(min_length=1)]


class HelperWords(Strict):
    """All helpers, and the words about one and about several (prompts/who_helps.toml)."""

    says: Annotated[str, filled_with("name", "words", "who")]
    with_problem: Annotated[str, filled_with("name", "who")]
    and_: str = Field(alias="and")
    helpers: Annotated[tuple[Helper, ...], Field(min_length=1)]


@cache
def helper_words() -> HelperWords:
    """Return the shipped helpers."""
    return load_toml(folder("prompts") / "who_helps.toml", HelperWords)


def who_helps(row: Classification) -> str | None:
    """Return who could help with a problem that is out of scope; None: nothing tells.

    >>> from triage_agent.types import Outcome
    >>> def out_of_scope(text):
    ...     return Classification("p", text, Outcome.ABSTAINED, "b", "m",
    ...                           abstained_because=Abstention.NEITHER)
    >>> who_helps(out_of_scope("We can't find drivers.")), who_helps(out_of_scope("It rains."))
    ('a recruiter', None)
    """
    if row.abstained_because is not Abstention.NEITHER:
        return None
    text = " ".join(row.text.replace("’", "'").split())
    found = [
        (sum(bool(cue.search(text)) for cue in cues), who) for who, cues in _cues(helper_words())
    ]
    most = max(count for count, _ in found)
    return next(who for count, who in found if count == most) if most else None


def helpers_named(rows: Sequence[Classification]) -> tuple[str, ...]:
    """Return a sentence for each problem with which somebody else could help."""
    says = helper_words().says
    return tuple(
        says.format(name=name[:1].upper() + name[1:], words=shortened(row, LONGEST_WORDS), who=who)
        for row, name in zip(rows, problem_names(rows), strict=True)
        if (who := who_helps(row))
    )


def all_helpers(rows: Sequence[Classification]) -> str:
    """Return everybody who could help with these problems, in one phrase; empty: nobody is known.

    Behind each stand the problems, in brackets.
    """
    says, named = helper_words(), dict[str, list[str]]()
    for row, name in zip(rows, problem_names(rows), strict=True):
        if who := who_helps(row):
            named.setdefault(who, []).append(name)
    words = [
        says.with_problem.format(who=who, name=", ".join(names)) for who, names in named.items()
    ]
    return says.and_.join([", ".join(words[:-1])] * (len(words) > 1) + words[-1:])


@cache
def _cues(words: HelperWords) -> tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]:
    """Return a pattern for the cues of each helper in a text."""
    return tuple((one.who, tuple(map(_cue, one.cues))) for one in words.helpers)


def _cue(cue: str) -> re.Pattern[str]:
    """Return a pattern for a cue as whole words, or as their beginning if it ends with a star."""
    end = "" if cue.endswith("*") else r"(?!\w)"
    return re.compile(rf"(?<!\w){re.escape(cue.removesuffix('*'))}{end}", re.IGNORECASE)
