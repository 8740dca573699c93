"""A conversation about a text that a language model takes apart: shown, and asked about once."""

import pytest

from support.openai_server import Fault
from support.splitting import DOUBTFUL, PARTS, splits, splitting
from triage_agent import AsyncTriage
from triage_agent.advice import Profile
from triage_agent.conversation import CONFIRMED, Conversation, Piece, Step
from triage_agent.settings import Options, SplitBy
from triage_agent.web.state import RememberingTriage, State, UnreadError

pytestmark = pytest.mark.anyio
KNOWN = Profile.parse("3M", sells_software=False)


@pytest.fixture
def anyio_backend():
    return "asyncio"


def triage(server, tmp_path):
    options = Options(
        model="test-model",
        base_url=server.base_url,
        cache=tmp_path / "cache.sqlite3",
        split_by=SplitBy.MODEL,
    )
    return AsyncTriage(options)


async def test_the_split_of_the_model_is_shown_and_can_be_changed(tmp_path):
    async with splitting(PARTS) as server, triage(server, tmp_path) as flow:
        talk = Conversation(flow, profile=KNOWN)
        talk.answer(Step.PROBLEMS, DOUBTFUL)
        question = await talk.question()
        assert (question.step, question.likely) == (Step.SPLIT, CONFIRMED)
        assert [one.text for one in question.pieces] == PARTS
        assert [DOUBTFUL[one.start : one.end] for one in question.pieces] == PARTS
        talk.answer(Step.SPLIT, (*question.pieces[:2], Piece("and nobody answers the phone")))
        assert [row.text for row in await talk.rows()][-1] == "and nobody answers the phone"
        assert splits(server) == [DOUBTFUL]


async def test_where_the_model_fails_the_rules_propose_and_are_not_sure(tmp_path):
    async with splitting(Fault.REFUSAL) as server, triage(server, tmp_path) as flow:
        talk = Conversation(flow, [DOUBTFUL], KNOWN)
        question = await talk.question()
        assert (question.step, question.likely) == (Step.SPLIT, "")
        assert [one.text for one in question.pieces] == PARTS
        await talk.question()
        assert len(splits(server)) == 1


async def test_what_the_owner_has_confirmed_is_not_put_to_the_model(tmp_path):
    pieces = (Piece("our till is slow"), Piece("the website has no prices"))
    async with splitting(PARTS) as server, triage(server, tmp_path) as flow:
        answers = {Step.PROBLEMS: DOUBTFUL, Step.SPLIT: pieces}
        talk = Conversation(flow, profile=KNOWN, answers=answers, steps=[Step.SPLIT])
        assert await talk.question() is None
        assert [row.text for row in await talk.rows()] == [one.text for one in pieces]
        assert splits(server) == []


@pytest.mark.parametrize(("passages", "count"), [(PARTS, 3), (["x y z"], 1)])
async def test_a_web_conversation_keeps_what_the_model_said(passages, count, tmp_path):
    """Whether it could be used or not: a request that only shows what is known asks nobody."""
    async with splitting(passages) as server, triage(server, tmp_path) as flow:
        memory = RememberingTriage(flow, State())
        talk = Conversation(memory, profile=KNOWN)
        talk.answer(Step.PROBLEMS, DOUBTFUL)
        later = RememberingTriage(flow, State.of(talk, memory))  # another request: not read yet
        talk = Conversation(later, profile=KNOWN, answers=talk.answers)
        with pytest.raises(UnreadError):
            await later.from_memory(talk.question)
        await talk.question()
        shown = RememberingTriage(flow, State.of(talk, later))
        again = Conversation(shown, profile=KNOWN, answers=talk.answers)
        question = await shown.from_memory(again.question)
        assert question.step is Step.SPLIT
        assert len(question.pieces) == 3  # the rules propose the same ones
        assert len(again.problems) == 3
        assert (question.likely == CONFIRMED) is (count == 3)
        assert len(splits(server)) == 1
