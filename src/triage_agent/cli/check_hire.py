"""`triage check-hire`: the seven red flags of a wrong hire as a questionnaire."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_agent.cli.shared_options import JsonOption
from triage_agent.cli.streams import say

if TYPE_CHECKING:
    from triage_agent.advice import FlagReader, FlagReading, HireAnswers, Role

CHOICES = {"yes": True, "no": False, "not sure": None}
NOT_SURE = list(CHOICES).index("not sure")  # the default: Enter alone confirms nothing


class RoleName(StrEnum):
    """How the role may be written."""

    CTO = "cto"
    AI_OFFICER = "ai-officer"
    FRACTIONAL_CTO = "fractional-cto"
    FRACTIONAL_AI_OFFICER = "fractional-ai-officer"


def check_hire(
    role: Annotated[RoleName, typer.Option(help="The role that they were hired for.")],
    story: Annotated[
        list[str] | None,
        typer.Argument(help="What bothers you, in your own words; flags are proposed from it."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(help="Read the answers from a JSON file: {flag: true, false or null}."),
    ] = None,
    months: Annotated[
        str | None, typer.Option(metavar="MONTHS", help="Number of months they have been with you.")
    ] = None,
    monthly_fee: Annotated[
        str | None, typer.Option(metavar="USD", help="Their cost per month.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check for the red flags of a wrong hire: which apply, what they mean, what to do.

    In a terminal, a question is asked about every flag. Flags that are proposed from your own words
    count only once they are confirmed.
    """
    from triage_agent.advice import (
        FORM,
        FlagReading,
        HireAnswers,
        Role,
        Spent,
        assess_hire,
        read_hire_answers,
    )
    from triage_agent.cli.telling import in_terminal
    from triage_agent.errors import InputError
    from triage_agent.reports import as_hire_check, print_json, show_hire_check

    hired_as = Role(f"fractional-{role.removeprefix('fractional-')}")
    spent = Spent.parse(months, monthly_fee)
    if not (story or answers or in_terminal()):
        raise InputError(
            "The flags are asked in a terminal, and this is not one. Give the answers in a file "
            f"(--answers FILE: {FORM}), or say in your own words what bothers you."
        )
    given = read_hire_answers(answers, hired_as) if answers else HireAnswers()
    reader, reading = _read("\n".join(story), hired_as) if story else (None, FlagReading(()))
    if in_terminal():
        given = _asked(given, hired_as, reading, everything=answers is None)
    check = assess_hire(given, hired_as, reading.proposals, spent)
    if as_json:
        print_json(as_hire_check(check, reader))
    else:
        show_hire_check(check)


def _read(text: str, role: "Role") -> "tuple[FlagReader, FlagReading]":
    """Return the model that read a text, and what it proposes; say what it could not read."""
    from triage_agent.advice import EmbeddedFlagModel
    from triage_agent.classify import has_words
    from triage_agent.errors import InputError

    if not has_words(text):
        raise InputError("The description holds no words. Say what bothers you, or leave it out.")
    reader = EmbeddedFlagModel()
    say(f"Read on this computer; nothing is sent. (backend: {reader.backend} ({reader.name}))")
    reading = reader.read(text, role)
    if reading.note:
        say(reading.note)
    return reader, reading


def _asked(
    given: "HireAnswers", role: "Role", reading: "FlagReading", *, everything: bool
) -> "HireAnswers":
    """Return the answers after what is missing was asked: every flag, or only proposed ones."""
    from dataclasses import replace

    from triage_agent.advice import assess_hire
    from triage_agent.cli.editor import choose

    quotes = {proposal.flag: proposal.evidence for proposal in reading.proposals}
    missing = assess_hire(given, role).not_answered
    flags, severe = dict(given.flags), set(given.severe)
    wanted = [flag for flag in missing if everything or flag.id in quotes]
    for number, flag in enumerate(wanted, start=1):
        if quotes.get(flag.id):
            say("", f"You wrote: “{' '.join(quotes[flag.id].split())}”")
        title = f"{number} of {len(wanted)} · {flag.question}"
        flags[flag.id] = CHOICES[choose(title, list(CHOICES), first=NOT_SURE)]
        worse = flag.severe_question if flags[flag.id] else None
        if worse and CHOICES[choose(worse, list(CHOICES), first=NOT_SURE)]:
            severe.add(flag.id)
    return replace(given, flags=flags, severe=frozenset(severe))
