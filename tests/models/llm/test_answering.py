import asyncio
import json

import pytest

from triage_agent.errors import ReplyError, ServiceError
from triage_agent.models.llm.answering import CachingAnswerer, ValidReply
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


class FakeCache(dict):
    """A cache that is empty again when the test ends."""

    def __init__(self):
        self.rejected = []

    def find(self, key):
        return self.get(key)

    def store(self, key, reply):
        self[key] = reply

    def store_rejected(self, key, reply_text, usage):
        self.rejected.append((key, reply_text, usage))


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
        return ValidReply(read_reply(REPLY), REPLY)


def caching(asker, cache, **options):
    return CachingAnswerer(asker, cache, key=lambda r: r.messages[0].content, **options)


async def test_an_answer_that_is_there_is_never_asked_for_again_and_costs_nothing():
    asker, cache = Asker(), FakeCache()
    first = await caching(asker, cache).answer(question("a"))
    again = caching(asker, cache)
    second = await again.answer(question("a"))
    assert asker.asked == ["a"]
    assert (first.raw.usage, second.raw.usage) == (Usage(1, 100, 20), Usage())
    assert (first.from_cache, second.from_cache, again.hits) == (False, True, 1)
    assert first.reply == second.reply


async def test_equal_questions_under_way_are_asked_once():
    asker, cache = Asker(wait=0.01), FakeCache()
    model = caching(asker, cache)
    answers = await asyncio.gather(*(model.answer(question(t)) for t in "aabab"))
    assert sorted(asker.asked) == ["a", "b"]
    assert sum(answer.raw.usage.calls for answer in answers) == 2


async def test_fresh_asks_again_and_caches_the_new_answer():
    asker, cache = Asker(), FakeCache()
    cache["a"] = ChatReply("old", Usage())
    await caching(asker, cache, fresh=True).answer(question("a"))
    assert asker.asked == ["a"]
    assert cache["a"] == REPLY


async def test_an_error_is_raised_and_never_cached():
    asker, cache = Asker(error=ServiceError("down", "server")), FakeCache()
    model = caching(asker, cache)
    for _ in range(2):
        with pytest.raises(ServiceError):
            await model.answer(question("a"))
    assert asker.asked == ["a", "a"]
    assert not cache
    assert not cache.rejected


async def test_a_bad_reply_is_stored_for_the_record_and_never_served():
    bad = ReplyError("off", "bad_schema", "{}", Usage(2, 50, 5))
    asker, cache = Asker(error=bad), FakeCache()
    model = caching(asker, cache)
    for _ in range(2):
        with pytest.raises(ReplyError):
            await model.answer(question("a"))
    assert cache.rejected == [("a", "{}", Usage(2, 50, 5))] * 2
    assert len(asker.asked) == 2


async def test_who_gives_up_does_not_lose_the_answer_that_was_paid_for():
    asker, cache = Asker(wait=0.01), FakeCache()
    model = caching(asker, cache)
    first = asyncio.ensure_future(model.answer(question("a")))
    other = asyncio.ensure_future(model.answer(question("a")))
    await asyncio.sleep(0)
    first.cancel()
    await model.drain()
    assert cache["a"] == REPLY
    assert (await other).from_cache
    assert asker.asked == ["a"]
