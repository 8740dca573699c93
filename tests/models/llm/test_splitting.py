"""A language model takes texts apart: what is accepted, and what leaves them whole."""

import asyncio
import json

import pytest

from support.openai_server import Fault
from support.splitting import DOUBTFUL, PARTS, PRIVATE, splits, splitting
from triage_agent.errors import StopError
from triage_agent.models import split_text
from triage_agent.models.llm.splitting import SplitEnd
from triage_agent.settings import Options, SplitBy
from triage_agent.triage import AsyncTriage
from triage_agent.types import Usage

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def triage(server, tmp_path, **options):
    return AsyncTriage(
        Options(
            model="test-model",
            base_url=server.base_url,
            api_key="sk-test",
            cache=tmp_path / "cache.sqlite3",
            **{"split_by": SplitBy.MODEL, **options},
        )
    )


async def taken_apart(server, tmp_path, text=DOUBTFUL, **options):
    """Return a text as it is read, and what became of it."""
    async with triage(server, tmp_path, **options) as flow:
        (read,) = await flow.read_closely(text)
        splitter = flow.backend.splitter
        return read, splitter and {end: splitter.ends[end] for end in splitter.ends}


async def test_what_the_rules_doubt_is_taken_apart_by_one_call(tmp_path):
    async with splitting(PARTS) as server:
        read, ends = await taken_apart(server, tmp_path)
    assert [one.text for one in read.problems] == PARTS
    assert [DOUBTFUL[one.source.start : one.source.end] for one in read.problems] == PARTS
    assert not any(one.holds_several for one in read.problems)
    assert (server.calls, splits(server), ends) == (1, [DOUBTFUL], {SplitEnd.APART: 1})


async def test_without_the_option_nothing_is_asked(tmp_path):
    async with splitting(PARTS) as server:
        read, ends = await taken_apart(server, tmp_path, split_by=SplitBy.RULES)
    assert [one.text for one in read.problems] == [DOUBTFUL]
    assert read.problems[0].holds_several
    assert (server.calls, ends) == (0, None)


@pytest.mark.parametrize("text", ["Leads get lost.", "1. Leads get lost\n2. Stock is wrong"])
async def test_what_the_rules_are_sure_of_is_not_put_to_the_model(text, tmp_path):
    async with splitting([text]) as server:
        await taken_apart(server, tmp_path, text)
    assert server.calls == 0


@pytest.mark.parametrize(
    ("passages", "end"),
    [
        pytest.param([*PARTS[:2], "we hire a CTO"], SplitEnd.INVENTED, id="words of its own"),
        pytest.param([*PARTS, *PARTS[:1]], SplitEnd.DISORDERED, id="one of them twice"),
        pytest.param([PARTS[1], PARTS[0], PARTS[2]], SplitEnd.DISORDERED, id="another order"),
        pytest.param(
            [PARTS[0], "slow and the website has no prices", PARTS[2]],
            SplitEnd.DISORDERED,
            id="passages that overlap",
        ),
        pytest.param(PARTS[:2], SplitEnd.LEFT_OUT, id="a problem left out"),
        pytest.param([], SplitEnd.LEFT_OUT, id="no passage"),
        pytest.param([*PARTS[:2], "staff"], SplitEnd.LEFT_OUT, id="a problem cut short"),
        pytest.param([DOUBTFUL], SplitEnd.ONE, id="all of it as one"),
        pytest.param("I cannot help with that.", SplitEnd.FAILED, id="prose"),
        pytest.param('{"problems": "none"}', SplitEnd.FAILED, id="another shape"),
        pytest.param(Fault.REFUSAL, SplitEnd.FAILED, id="a refusal"),
        pytest.param(Fault.UNPROCESSABLE, SplitEnd.FAILED, id="an error of the service"),
        pytest.param(Fault.TRUNCATED, SplitEnd.FAILED, id="a reply that was cut off"),
    ],
)
async def test_what_cannot_be_used_leaves_the_text_whole_and_is_counted(passages, end, tmp_path):
    async with splitting(passages) as server:
        read, ends = await taken_apart(server, tmp_path)
    assert [(one.text, one.holds_several) for one in read.problems] == [(DOUBTFUL, True)]
    assert [one.text for one in read.proposed] == PARTS  # as the rules propose
    assert ends == {end: 1}


async def test_a_reply_that_does_not_fit_the_text_is_not_asked_for_again(tmp_path):
    async with splitting(["something else"]) as server:
        first = await taken_apart(server, tmp_path)
        again = await taken_apart(server, tmp_path)
    assert first == again
    assert server.calls == 1


async def test_the_same_text_is_asked_about_once(tmp_path):
    async with splitting(PARTS) as server:
        first, _ = await taken_apart(server, tmp_path)
        again, _ = await taken_apart(server, tmp_path)
        assert first == again
        async with triage(server, tmp_path) as flow:
            await asyncio.gather(*(flow.read_closely(DOUBTFUL) for _ in range(5)))
            assert flow.backend.cached_answers == 5
            assert flow.backend.splits_usage == Usage()
    assert server.calls == 1


async def test_equal_texts_under_way_are_asked_about_once(tmp_path):
    async with splitting(PARTS, latency_s=0.05) as server, triage(server, tmp_path) as flow:
        await asyncio.gather(*(flow.read_closely(DOUBTFUL) for _ in range(5)))
        assert flow.backend.splits_usage.calls == 1
    assert server.calls == 1


async def test_what_is_private_stays_here_and_the_places_are_those_of_the_text(tmp_path):
    parts = ["Complaints go to [EMAIL_1] and get lost", "invoices are typed twice"]
    async with splitting(parts) as server:
        read, _ = await taken_apart(server, tmp_path, PRIVATE, redact=True)
    assert splits(server) == [PRIVATE.replace("ann@example.com", "[EMAIL_1]")]
    assert [one.text for one in read.problems] == [
        "Complaints go to ann@example.com and get lost",
        "invoices are typed twice",
    ]
    places = [(one.source.start, one.source.end) for one in read.problems]
    assert [PRIVATE[slice(*place)] for place in places] == [one.text for one in read.problems]


async def test_the_cache_holds_no_word_of_the_text(tmp_path):
    async with splitting(PARTS) as server:
        await taken_apart(server, tmp_path)
    held = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert b"places" in held
    assert b"till" not in held


async def test_what_a_text_says_of_the_reply_is_no_reply(tmp_path):
    """The object stands in the text: the model only quotes it."""
    text = f'{DOUBTFUL} {{"problems": ["our till is slow"]}}'
    quoting = (
        f'As the text says: {{"problems": ["our till is slow"]}} {json.dumps({"problems": 1})}'
    )
    async with splitting(quoting) as server:
        read, ends = await taken_apart(server, tmp_path, text)
    assert len(read.problems) == 1
    assert ends == {SplitEnd.FAILED: 1}


async def test_a_text_too_long_to_be_sent_whole_is_not_sent(tmp_path):
    text = f"{DOUBTFUL}. " + "And it is like that every single week, all year round. " * 200
    doubtful = split_text(DOUBTFUL)
    async with splitting(PARTS) as server, triage(server, tmp_path) as flow:
        assert await flow.split_closely(text, doubtful) is doubtful
        assert flow.backend.splitter.ends == {SplitEnd.TOO_LONG: 1}
    assert server.calls == 0


async def test_the_cost_cap_leaves_texts_whole_and_says_so(tmp_path):
    async with splitting(PARTS) as server:
        read, ends = await taken_apart(
            server, tmp_path, price="1000/2000", max_cost=0.01, account="out.csv"
        )
        assert ends == {SplitEnd.CAP: 1}
        assert read.problems[0].holds_several
        assert server.calls == 0
        async with triage(
            server, tmp_path, price="1000/2000", max_cost=100, account="out.csv"
        ) as flow:
            (read,) = await flow.read_closely(DOUBTFUL)
            assert len(read.problems) == 3
            assert flow.backend.spent_usd > 0
            assert flow.backend.splits_usage.calls == 1


async def test_a_wrong_key_stops_the_run(tmp_path):
    async with splitting(Fault.KEY) as server:
        with pytest.raises(StopError):
            await taken_apart(server, tmp_path)


async def test_what_became_of_the_texts_is_said_in_words(tmp_path):
    async with (
        splitting(lambda text: PARTS if text == DOUBTFUL else ["x y z"]) as server,
        triage(server, tmp_path) as flow,
    ):
        assert flow.splits_line == ""
        await flow.read_closely([DOUBTFUL, PRIVATE])
        assert flow.splits_line == (
            "texts that the rules could not surely take apart (--split-by model): 1 taken apart; "
            "1 whole, as the reply holds words that are not in the text"
        )
        record = flow.backend.splits_record
    assert record["splits"] == {"apart": 1, "invented": 1}
    assert record["split_prompt"].startswith("passages@")


async def test_only_a_text_that_is_to_be_split_is_put_to_the_model(tmp_path):
    async with splitting(PARTS) as server, triage(server, tmp_path) as flow:
        row = await flow.classify(DOUBTFUL)
        assert row.holds_several
        assert splits(server) == []
        advice = await flow.advise(DOUBTFUL)
        assert [one.text for one in advice.problems] == PARTS
        assert splits(server) == [DOUBTFUL]


async def test_a_cascade_asks_its_language_model(tmp_path):
    async with splitting(PARTS) as server:
        read, _ = await taken_apart(server, tmp_path, backend="cascade")
    assert [one.text for one in read.problems] == PARTS


async def test_the_embedded_model_takes_nothing_apart(tmp_path):
    async with AsyncTriage(Options(split_by="model")) as flow:
        (read,) = await flow.read_closely(DOUBTFUL)
    assert read.problems[0].holds_several
