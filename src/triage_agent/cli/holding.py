"""A whole conversation in a terminal, kept if the person leaves it."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal

from triage_agent.advice import Advice, Profile, QuizResult
from triage_agent.cli.after_verdict import after_verdict
from triage_agent.cli.conversing import converse
from triage_agent.cli.editor import tell
from triage_agent.conversation import Conversation, KeptConversation, Step, forget, keep
from triage_agent.triage import AsyncTriage
from triage_agent.types import Classification

KEPT = "What you wrote is kept on this machine, for you alone, for 7 days. Go on: triage --resume"
ABOUT_PROBLEMS = (Step.SPLIT, Step.BEHIND, Step.UNCLEAR)


def hold(
    triage: AsyncTriage,
    left: KeptConversation,
    profile: Profile,
    quiz: QuizResult | None,
    *,
    hourly_cost: Decimal | None,
    usd_rate: float | None,
    show_short: Callable[[Advice], None],
    show_all: Callable[[Advice], None],
) -> Advice:
    """Return the advice that a conversation ends with; `left` is what it goes on from.

    Of texts that were given on the command line the verdict is the end. Raises `KeyboardInterrupt`
    when the person leaves; then what they wrote is kept.
    """
    talk = Conversation(
        triage,
        left.texts,
        profile,
        quiz,
        hourly_cost=hourly_cost,
        usd_rate=usd_rate,
        answers=left.answers,
        steps=[step for step in Step if not left.texts or step is not Step.COMPANY],
    )

    async def flow() -> Advice:
        async with triage:
            await converse(talk, left.typed)
            advice = await talk.advice()
            show_short(advice)
            return advice if left.texts else await after_verdict(talk, show_short, show_all)

    try:
        advice = asyncio.run(flow())
    except KeyboardInterrupt as interrupt:
        typed = getattr(interrupt, "typed", "")
        if talk.answers or typed.strip():
            keep(KeptConversation(texts=left.texts, answers=dict(talk.answers), typed=typed))
            tell(KEPT)
        raise
    forget()
    return advice


async def asked_about(triage: AsyncTriage, texts: Sequence[str]) -> list[Classification]:
    """Return what is said of the problems of texts, after asking about those that are unclear."""
    steps: Collection[Step] = ABOUT_PROBLEMS if texts else (Step.PROBLEMS, *ABOUT_PROBLEMS)
    talk = Conversation(triage, texts, steps=steps)
    await converse(talk)
    return await talk.rows()
