"""A language model up to a cost a day; beyond it the embedded model, and the page says so."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from support.openai_server import Fault, OpenAIServer
from triage_agent.errors import SettingsError
from triage_agent.settings import Options
from triage_agent.web.capped import ANSWERS, CappedTriage

TEXT = "Leads get lost because nobody calls back"


def capped(server, folder, usd, today):
    options = Options(model="m", base_url=server.base_url, price="1000/1000")
    return CappedTriage(options, Decimal(usd), folder, today=lambda: today[0])


def test_beyond_the_day_s_money_the_embedded_model_answers_until_the_next_day(tmp_path):
    async def run():
        today = [date(2026, 11, 9)]
        async with OpenAIServer() as server:
            async with capped(server, tmp_path, "12", today) as one:
                backends = [(await one.classify(f"{TEXT} {n}")).backend for n in range(12)]
            assert backends[0] == "llm"
            assert backends[-1] == "embedded"
            spent = backends.count("llm")
            async with capped(server, tmp_path, "12", today) as again:  # a restart is no new day
                assert (await again.classify(f"{TEXT} again")).backend == "embedded"
                today[0] = date(2026, 11, 10)
                assert (await again.classify(f"{TEXT} tomorrow")).backend == "llm"
            assert server.calls == spent + 1

    asyncio.run(run())


def test_where_the_language_model_fails_the_embedded_model_answers(tmp_path):
    async def run():
        async with (
            OpenAIServer(schedule=[Fault.KEY]) as server,
            capped(server, tmp_path, "1000", [date(2026, 11, 9)]) as one,
        ):
            return [(await one.classify(TEXT)).backend for _ in range(2)]

    assert asyncio.run(run()) == ["embedded", "embedded"]


def test_forgetting_leaves_no_answer_on_the_disk_and_the_spending_stays(tmp_path):
    async def run():
        async with (
            OpenAIServer() as server,
            capped(server, tmp_path, "1000", [date(2026, 11, 9)]) as one,
        ):
            await one.classify(TEXT)
            database = one.backend.llm.database
            before = database.stats().replies, one.backend.spent_usd
            one.forget()
            return before, (database.stats().replies, one.backend.spent_usd)

    (replies, spent), after = asyncio.run(run())
    assert replies == 1
    assert after == (0, spent)
    assert (tmp_path / ANSWERS).exists()


def test_a_cap_that_cannot_be_enforced_is_refused_at_the_start(tmp_path):
    with pytest.raises(SettingsError, match="price"):
        CappedTriage(Options(model="m", base_url="http://127.0.0.1:9/v1"), Decimal(1), tmp_path)
