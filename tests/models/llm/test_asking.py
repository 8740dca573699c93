import asyncio
import json

import pytest

from triage_agent.errors import ReplyError, ServiceError
from triage_agent.models.llm.asking import Answer, Recalling
from triage_agent.models.llm.prompt import read_reply, reply_schema
from triage_agent.models.protocols import ChatReply, ChatRequest, Message
from triage_agent.types import Usage

pytestmark = pytest.mark.anyio

GOOD = json.dumps(
    dict.fromkeys(reply_schema()["properties"], False)
    | {
        "label": "build-software",
        "function": "it",
        "evidence": [],
        "rationale": "r",
        "confidence_percent": 90,
    }
)
REPLY = ChatReply(GOOD, Usage(1, 100, 20))


def question(text):
    return ChatRequest((Message("user", text),), "triage", reply_schema(), 600)


class Shelf(dict):
    """A memory that forgets when the test ends."""

    def __init__(self):
        self.bad = []

    def find(self, key):
        return self.get(key)

    def keep(self, key, reply):
        self[key] = reply

    def keep_bad(self, key, reply_text, usage):
        self.bad.append((key, reply_text, usage))


class Asker:
    """Answers after `wait`, or fails with `error`; counts what it was asked."""

    def __init__(self, error=None, wait=0.0):
        self.asked, self.error, self.wait = [], error, wait

    async def aclose(self):
        pass

    async def answer(self, request):
        self.asked.append(request.messages[0].content)
        await asyncio.sleep(self.wait)
        if self.error:
            raise self.error
        return Answer(read_reply(REPLY), REPLY)


def recalling(asker, memory, **options):
    return Recalling(asker, memory, key=lambda r: r.messages[0].content, **options)


async def test_an_answer_that_is_there_is_never_asked_for_again_and_costs_nothing():
    asker, memory = Asker(), Shelf()
    first = await recalling(asker, memory).answer(question("a"))
    again = recalling(asker, memory)
    second = await again.answer(question("a"))
    assert asker.asked == ["a"]
    assert (first.raw.usage, second.raw.usage) == (Usage(1, 100, 20), Usage())
    assert (first.remembered, second.remembered, again.remembered) == (False, True, 1)
    assert first.reply == second.reply


async def test_equal_questions_under_way_are_asked_once():
    asker, memory = Asker(wait=0.01), Shelf()
    model = recalling(asker, memory)
    answers = await asyncio.gather(*(model.answer(question(t)) for t in "aabab"))
    assert sorted(asker.asked) == ["a", "b"]
    assert sum(answer.raw.usage.calls for answer in answers) == 2


async def test_fresh_asks_again_and_keeps_the_new_answer():
    asker, memory = Asker(), Shelf()
    memory["a"] = ChatReply("old", Usage())
    await recalling(asker, memory, fresh=True).answer(question("a"))
    assert asker.asked == ["a"]
    assert memory["a"] == REPLY


async def test_an_error_is_raised_and_never_kept():
    asker, memory = Asker(error=ServiceError("down", "server")), Shelf()
    model = recalling(asker, memory)
    for _ in range(2):
        with pytest.raises(ServiceError):
            await model.answer(question("a"))
    assert asker.asked == ["a", "a"]
    assert not memory
    assert not memory.bad


async def test_a_bad_reply_is_kept_for_the_record_and_never_served():
    bad = ReplyError("off", "bad_schema", "{}", Usage(2, 50, 5))
    asker, memory = Asker(error=bad), Shelf()
    model = recalling(asker, memory)
    for _ in range(2):
        with pytest.raises(ReplyError):
            await model.answer(question("a"))
    assert memory.bad == [("a", "{}", Usage(2, 50, 5))] * 2
    assert len(asker.asked) == 2


async def test_who_gives_up_does_not_lose_the_answer_that_was_paid_for():
    asker, memory = Asker(wait=0.01), Shelf()
    model = recalling(asker, memory)
    first = asyncio.ensure_future(model.answer(question("a")))
    other = asyncio.ensure_future(model.answer(question("a")))
    await asyncio.sleep(0)
    first.cancel()
    await model.drain()
    assert memory["a"] == REPLY
    assert (await other).remembered
    assert asker.asked == ["a"]
