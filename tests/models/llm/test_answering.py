import asyncio
import json
from contextlib import nullcontext

import pytest

from triage_agent.errors import ReplyError, ServiceError
from triage_agent.models.llm.answering import CachingAnswerer
from triage_agent.models.llm.cache_entry import pack
from triage_agent.models.llm.group_commit import GroupCommit
from triage_agent.models.llm.prompt import ValidReply, reply_schema
from triage_agent.models.llm.reading import read_answer
from triage_agent.models.llm.reply_form import LABELS
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
ANSWER = read_answer(ChatReply(GOOD, Usage(1, 100, 20)))


def question(text):
    return ChatRequest((Message("user", text),), "triage", reply_schema(), 600, text=text)


class FakeCache(dict):
    """A cache that is empty again when the test ends."""

    def __init__(self):
        self.rejected, self.claimed = [], {}
        self.writes = GroupCommit(nullcontext)

    async def found(self, key):
        return self.get(key)

    def find(self, key):
        return self.get(key)

    def claim(self, key):
        return self.claimed.setdefault(key, self) is self

    def release(self, key):
        self.claimed.pop(key, None)

    def store(self, key, packed):
        self[key] = packed
        self.release(key)

    def store_rejected(self, key):
        self.rejected.append(key)


class Asker:
    """Answers after `wait`, or fails with `error`; counts what it was asked."""

    def __init__(self, error=None, wait=0.0, answer=ANSWER):
        self.asked, self.error, self.wait, self.answered = [], error, wait, answer

    async def aclose(self):
        pass

    async def answer(self, request):
        self.asked.append(request.messages[0].content)
        await asyncio.sleep(self.wait)
        if self.error:
            raise self.error
        return self.answered


def caching(asker, cache, **options):
    return CachingAnswerer(asker, cache, LABELS, key=lambda r: r.messages[0].content, **options)


async def test_an_answer_that_is_there_is_never_asked_for_again_and_costs_nothing():
    asker, cache = Asker(), FakeCache()
    first = await caching(asker, cache).answer(question("a"))
    again = caching(asker, cache)
    second = await again.answer(question("a"))
    assert asker.asked == ["a"]
    assert (first.usage, second.usage) == (Usage(1, 100, 20), Usage())
    assert (first.from_cache, second.from_cache, again.hits) == (False, True, 1)
    assert first.reply == second.reply


async def test_equal_questions_under_way_are_asked_once():
    asker, cache = Asker(wait=0.01), FakeCache()
    model = caching(asker, cache)
    answers = await asyncio.gather(*(model.answer(question(t)) for t in "aabab"))
    assert sorted(asker.asked) == ["a", "b"]
    assert sum(answer.usage.calls for answer in answers) == 2


async def test_fresh_asks_again_and_caches_the_new_answer():
    asker, cache = Asker(), FakeCache()
    cache["a"] = "old"
    await caching(asker, cache, fresh=True).answer(question("a"))
    assert asker.asked == ["a"]
    assert cache["a"] == pack(ANSWER, "a")


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
    assert cache.rejected == ["a"] * 2
    assert len(asker.asked) == 2


async def test_who_gives_up_does_not_lose_the_answer_that_was_paid_for():
    asker, cache = Asker(wait=0.01), FakeCache()
    model = caching(asker, cache)
    first = asyncio.ensure_future(model.answer(question("a")))
    other = asyncio.ensure_future(model.answer(question("a")))
    await asyncio.sleep(0)
    first.cancel()
    await model.drain()
    assert cache["a"] == pack(ANSWER, "a")
    assert (await other).from_cache
    assert asker.asked == ["a"]


PROBLEM = "Order 7351290 was late, and nobody wrote to ann@example.com about it."


@pytest.mark.parametrize(
    ("evidence", "rationale"),
    [
        (["order 7351290 was late"], "Nobody wrote about order 7351290."),
        (["nobody wrote to ann@example.com"], "Ask ann@example.com."),
        (
            ["it never stood there"],
            "Order 9999999999 and bob@example.org are invented, key sk-abc12345.",
        ),
    ],
)
async def test_a_reply_with_numbers_and_addresses_is_kept_and_the_same_from_the_first_time(
    evidence, rationale
):
    reply = ANSWER.reply.model_copy(update={"evidence": evidence, "rationale": rationale})
    asker, cache = Asker(answer=ValidReply(reply, 0.9, Usage(1, 9, 9))), FakeCache()
    answers = [await caching(asker, cache).answer(question(PROBLEM)) for _ in range(3)]
    assert len(asker.asked) == 1
    assert not cache.rejected
    assert answers[0].reply == answers[1].reply == answers[2].reply
    assert [answer.label_probability for answer in answers] == [0.9] * 3


@pytest.mark.parametrize(
    "damage", [b"\xff\x00", "", "[]", "{", '{"reply": 1}', '{"reply": {}}', "[" * 100_000, 7]
)
async def test_an_answer_that_is_damaged_in_the_cache_is_asked_for_again_and_replaced(damage):
    asker, cache = Asker(), FakeCache()
    cache["a"] = damage
    answer = await caching(asker, cache).answer(question("a"))
    assert (asker.asked, answer.from_cache) == (["a"], False)
    assert cache["a"] == pack(ANSWER, "a")
