"""A whole conversation in a terminal, kept if the person leaves it."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from triage_agent.advice import Advice, Profile, score
from triage_agent.cli.after_verdict import after_verdict
from triage_agent.cli.conversing import converse
from triage_agent.cli.editor import choose
from triage_agent.cli.telling import tell
from triage_agent.conversation import (
    Conversation,
    KeptConversation,
    Step,
    Told,
    forget,
    is_kept,
    keep,
    kept,
)
from triage_agent.errors import InputError, TriageError
from triage_agent.intake import read_amount
from triage_agent.triage import AsyncTriage
from triage_agent.types import Classification

KEPT = "What you wrote is kept on this machine, for you alone, for 7 days. Go on: triage --resume"
LEFT = "You have left a conversation before its end. Do you want to go on with it?"
GO_ON, ANEW = "yes, go on", "no, begin anew and forget it"
ABOUT_PROBLEMS = (Step.SPLIT, Step.BEHIND, Step.UNCLEAR)


def hold(
    triage: AsyncTriage,
    left: KeptConversation,
    *,
    show_short: Callable[[Advice], None],
    show_all: Callable[[Advice], None],
) -> Advice:
    """Return the advice that a conversation ends with; `left` is what it goes on from.

    Of texts that were given on the command line the verdict is the end. What is answered is kept
    at once, and deleted at the end. Raises `KeyboardInterrupt` when the person leaves.
    """
    told = left.told
    talk = Conversation(
        triage,
        told.texts,
        Profile.parse(told.revenue, usd_rate=told.usd_rate, sells_software=told.sells_software),
        None if told.quiz is None else score(told.quiz),
        hourly_cost=read_amount(told.hourly_cost, "hourly_cost_usd", "--hourly-cost"),
        usd_rate=told.usd_rate,
        answers=left.answers,
        drafts=left.drafts,
        steps=[step for step in Step if not told.texts or step is not Step.COMPANY],
    )

    def save() -> None:
        answers, drafts = dict(talk.answers), dict(talk.drafts)
        keep(KeptConversation(told=told, answers=answers, drafts=drafts))

    async def flow() -> Advice:
        async with triage:
            await converse(talk, save)
            advice = await talk.advice()
            show_short(advice)
            return advice if told.texts else await after_verdict(talk, show_short, show_all)

    try:
        advice = asyncio.run(flow())
    except (KeyboardInterrupt, TriageError):  # the second: a service that fails, for example
        if talk.answers or talk.drafts:
            save()
            tell("")
            tell(KEPT)
        raise
    if talk.answers or not told.texts:  # else another conversation may be kept
        forget()
    return advice


def begun(told: Told, *, resume: bool) -> KeptConversation:
    """Return what a conversation goes on from: nothing yet, or what was left.

    Without `resume` the person is asked whether they go on, if there is something to go on from.
    """
    if resume:
        if told.texts:
            raise InputError(
                "--resume goes on with the problems that you wrote. Leave the new ones out, or "
                "begin anew without --resume."
            )
    elif told.texts or not is_kept() or choose(LEFT, [GO_ON, ANEW]) == ANEW:
        return KeptConversation(told=told)
    left = kept()
    return left.model_copy(update={"told": told.or_else(left.told)})


async def asked_about(triage: AsyncTriage, texts: Sequence[str]) -> list[Classification]:
    """Return what is said of the problems of texts, after asking about those that are unclear."""
    steps: Collection[Step] = ABOUT_PROBLEMS if texts else (Step.PROBLEMS, *ABOUT_PROBLEMS)
    talk = Conversation(triage, texts, steps=steps)
    await converse(talk)
    return await talk.rows()
