"""`triage check-hire`: the seven red flags of a wrong hire as a questionnaire."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_agent.cli.options import JsonOption

if TYPE_CHECKING:
    from triage_agent.advice import Answers, FlagReader, Reading, Role, Spent

CHOICES = {"yes": True, "no": False, "not sure": None}


class RoleName(StrEnum):
    """How the role may be written."""

    CTO = "cto"
    AI_OFFICER = "ai-officer"
    FRACTIONAL_CTO = "fractional-cto"
    FRACTIONAL_AI_OFFICER = "fractional-ai-officer"


def check_hire(
    role: Annotated[RoleName, typer.Option(help="What they were hired as.")],
    story: Annotated[
        list[str] | None,
        typer.Argument(help="What bothers you, in your own words; flags are proposed from it."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(help="Read the answers from a file: {flag: true, false or null}."),
    ] = None,
    months: Annotated[
        str | None, typer.Option(metavar="MONTHS", help="How long they have been with you.")
    ] = None,
    monthly_fee: Annotated[
        str | None, typer.Option(metavar="USD", help="What they cost a month.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check for the red flags of a wrong hire: which apply, what they mean, what to do.

    In a terminal every flag is asked. Flags proposed from your own words count once confirmed.
    """
    from triage_agent.advice import FORM, Answers, Reading, Role, read_hire_answers
    from triage_agent.advice import check_hire as assess
    from triage_agent.cli.session import in_terminal
    from triage_agent.errors import InputError
    from triage_agent.reports import as_hire_check, show_check

    kind = Role(f"fractional-{role.removeprefix('fractional-')}")
    spent = _spent(months, monthly_fee)
    if not (story or answers or in_terminal()):
        raise InputError(
            "The flags are asked in a terminal, and this is none. Give the answers in a file "
            f"(--answers FILE: {FORM}), or say in your own words what bothers you."
        )
    given = read_hire_answers(answers, kind) if answers else Answers()
    reader, reading = _read("\n".join(story), kind) if story else (None, Reading(()))
    if in_terminal():
        given = _asked(given, kind, reading, everything=answers is None)
    check = assess(given, kind, reading.proposals, spent)
    if as_json:
        values = as_hire_check(check, reader)
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
    else:
        show_check(check)


def _spent(months: str | None, monthly_fee: str | None) -> "Spent | None":
    """Return what was paid so far; None unless both numbers are known."""
    from triage_agent.advice import Spent
    from triage_agent.intake import read_amount

    long = read_amount(months, "months", "--months")
    fee = read_amount(monthly_fee, "usd_per_month", "--monthly-fee")
    return None if long is None or fee is None else Spent(long, fee)


def _read(text: str, role: "Role") -> "tuple[FlagReader, Reading]":
    """Return the model that read a text, and what it proposes; what it could not read is said."""
    from triage_agent.advice import EmbeddedFlagModel
    from triage_agent.classify import has_words
    from triage_agent.errors import InputError

    if not has_words(text):
        raise InputError("The description holds no words. Say what bothers you, or leave it out.")
    reader = EmbeddedFlagModel()
    typer.echo(f"backend: {reader.backend} ({reader.name}), nothing leaves this machine", err=True)
    reading = reader.read(text, role)
    if not reading.known_language:
        typer.echo("Not read: this model knows English only. Nothing was proposed.", err=True)
    elif reading.truncated:
        typer.echo("Only the beginning was read; what comes later proposed nothing.", err=True)
    return reader, reading


def _asked(given: "Answers", role: "Role", reading: "Reading", *, everything: bool) -> "Answers":
    """Return the answers after what is missing was asked: every flag, or only proposed ones."""
    from dataclasses import replace

    from triage_agent.advice import check_hire
    from triage_agent.cli.session import choose
    from triage_agent.reports import clean

    said = {proposal.flag: proposal.evidence for proposal in reading.proposals}
    missing = check_hire(given, role).not_answered
    flags, severe = dict(given.flags), set(given.severe)
    wanted = [flag for flag in missing if everything or flag.id in said]
    for number, flag in enumerate(wanted, start=1):
        if said.get(flag.id):
            typer.echo(f"\nYou wrote: “{' '.join(clean(said[flag.id]).split())}”", err=True)
        title = f"{number} of {len(wanted)} · {flag.question}"
        flags[flag.id] = CHOICES[choose(title, list(CHOICES))]
        worse = flag.severe_question if flags[flag.id] else None
        if worse and CHOICES[choose(worse, list(CHOICES))]:
            severe.add(flag.id)
    return replace(given, flags=flags, severe=frozenset(severe))
