"""A whole conversation in a terminal, kept if the person leaves it."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from triage_agent.advice import Advice, Profile, score
from triage_agent.cli.after_verdict import after_verdict
from triage_agent.cli.conversing import converse
from triage_agent.cli.editor import choose
from triage_agent.cli.opening import LaterTriage
from triage_agent.cli.reading import say_splits
from triage_agent.cli.telling import tell
from triage_agent.conversation import (
    Conversation,
    KeptConversation,
    Place,
    Step,
    Told,
    new_place,
    place_left,
)
from triage_agent.errors import InputError, TriageError
from triage_agent.intake import read_amount
from triage_agent.types import Classification

if TYPE_CHECKING:  # it is opened in the background
    from triage_agent.triage import AsyncTriage

NONE_LEFT = "No conversation was left in the last 7 days. Begin one: triage"
NOT_KEPT = "What you write here cannot be kept if you leave. "
KEPT = "What you wrote is kept on this machine, for you alone, for 7 days. Go on: triage --resume"
LEFT = "You have left a conversation before its end. Do you want to go on with it?"
GO_ON, ANEW = "yes, go on", "no, begin anew and forget it"
ABOUT_PROBLEMS = (Step.SPLIT, Step.BEHIND, Step.UNCLEAR)


class Keeping:
    """Keeps one conversation after each answer, where it was kept before or in a new place."""

    def __init__(self, told: Told, place: Place | None = None) -> None:
        self._told, self._place = told, place
        self._fails = False

    def save(self, talk: Conversation) -> bool:
        """Keep what was answered and begun; return whether it is kept.

        What cannot be kept is said once, and the conversation goes on.
        """
        answers, drafts = dict(talk.answers), dict(talk.drafts)
        try:
            self._place = self._place or new_place()
            self._place.keep(KeptConversation(told=self._told, answers=answers, drafts=drafts))
        except TriageError as error:
            if not self._fails:
                tell(NOT_KEPT + error.message)
            self._fails = True
            return False
        return True

    def forget(self) -> None:
        """Delete what is kept of it."""
        if self._place:
            self._place.forget()

    def close(self) -> None:
        """Let another program go on with it."""
        if self._place:
            self._place.close()


def hold(
    triage: "AsyncTriage | LaterTriage",
    left: KeptConversation,
    place: Place | None,
    *,
    show: Callable[[Advice], None],
) -> Advice:
    """Return the advice that a conversation ends with; `left` is what it goes on from.

    Of texts that were given on the command line the verdict that is shown is the end; of others it
    stands above a list of what may be done with it. What is answered is kept at once, in the
    `place` where it was left if it was, and deleted at the end. Raises `KeyboardInterrupt` when the
    person leaves.
    """
    told, keeping = left.told, Keeping(left.told, place)
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
        keeping.save(talk)

    async def flow() -> Advice:
        async with triage:
            await converse(talk, save)
            say_splits(triage)
            if told.texts or told.explain:
                show(advice := await talk.advice())
            return advice if told.texts else await after_verdict(talk, save)

    try:
        advice = asyncio.run(flow())
        keeping.forget()
    except (KeyboardInterrupt, TriageError):  # the second: a service that fails, for example
        if (talk.answers or talk.drafts) and keeping.save(talk):
            tell("")
            tell(KEPT)
        raise
    finally:
        keeping.close()
    return advice


def begun(told: Told, *, resume: bool) -> tuple[KeptConversation, Place | None]:
    """Return what a conversation goes on from, and where it is kept; None: it is new.

    Without `resume` the person is asked whether they go on, if there is something to go on from.
    """
    if resume and told.texts:
        raise InputError(
            "--resume goes on with the problems that you wrote. Leave the new ones out, or "
            "begin anew without --resume."
        )
    place = None if told.texts else place_left()
    if resume and not place:
        raise InputError(NONE_LEFT)
    if place and not resume and choose(LEFT, [GO_ON, ANEW]) == ANEW:
        place.forget()
        place.close()
        place = None
    if place is None:
        return KeptConversation(told=told), None
    left = place.kept()
    return left.model_copy(update={"told": told.or_else(left.told)}), place


async def asked_about(triage: "AsyncTriage", texts: Sequence[str]) -> list[Classification]:
    """Return what is said of the problems of texts, after asking about those that are unclear."""
    steps: Collection[Step] = ABOUT_PROBLEMS if texts else (Step.PROBLEMS, *ABOUT_PROBLEMS)
    talk = Conversation(triage, texts, steps=steps)
    await converse(talk)
    say_splits(triage)
    return await talk.rows()
