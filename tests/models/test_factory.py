"""An open backend is closed in one call, and its model answers what others need to know of it."""

import asyncio
from decimal import Decimal

import pytest

from triage_agent.errors import SettingsError
from triage_agent.models.factory import open_backend
from triage_agent.settings import Backend, Options

SERVER = "http://127.0.0.1:9/v1"


def opened(backend, tmp_path, **settings):
    cache = tmp_path / "ledger.sqlite3"
    return open_backend(Options(backend, "m", SERVER, cache=cache, account="out", **settings))


@pytest.mark.parametrize("backend", [Backend.EMBEDDED, Backend.LLM, Backend.CASCADE, Backend.TYPED])
def test_a_backend_is_closed_in_one_call_and_a_second_one_does_nothing(backend, tmp_path):
    backend = opened(backend, tmp_path)

    async def close_twice():
        await backend.aclose()
        await backend.aclose()

    asyncio.run(close_twice())
    if backend.llm:
        with pytest.raises(SettingsError, match="closed"):
            backend.llm.database.stats()


def test_what_was_spent_can_be_read_after_closing(tmp_path):
    backend = opened(Backend.LLM, tmp_path, price="1/1", max_cost=5)
    backend.llm.budget.reserve(1_000, 500)
    assert backend.spent_usd == Decimal("0.0015")
    asyncio.run(backend.aclose())
    assert (backend.spent_usd, backend.cap_usd) == (Decimal("0.0015"), 5)


def test_the_database_is_closed_even_if_the_model_cannot_be(tmp_path):
    backend = opened(Backend.LLM, tmp_path)

    class Broken:
        async def aclose(self):
            raise OSError("connection lost")

    backend.model = Broken()
    with pytest.raises(OSError, match="connection lost"):
        asyncio.run(backend.aclose())
    with pytest.raises(SettingsError, match="closed"):
        backend.llm.database.stats()


def test_the_embedded_model_costs_nothing_and_has_one_part(tmp_path):
    backend = opened(Backend.EMBEDDED, tmp_path)
    assert (backend.spent_usd, backend.cap_usd, backend.cached_answers) == (None, None, 0)
    assert (backend.cascade_threshold, backend.model.output_mode) == (None, None)
    assert list(backend.model.parts) == [backend.model]
    assert backend.model.repeat(1) is backend.model


def test_a_cascade_has_two_parts_and_its_threshold_is_part_of_its_identity(tmp_path):
    backend = opened(Backend.CASCADE, tmp_path, cascade_threshold=0.8)
    embedded, llm = backend.model.parts
    assert (embedded.backend, llm.backend) == ("embedded", "llm")
    assert (embedded.output_mode, llm.output_mode) == (None, "json_schema")
    assert backend.model.identity.model == f"{backend.model.name} at 0.8"
    assert backend.cascade_threshold == 0.8
    asyncio.run(backend.aclose())


def test_a_repeated_llm_asks_for_samples_that_no_other_repetition_has(tmp_path):
    backend = opened(Backend.CASCADE, tmp_path, votes=3)
    samples = [backend.model.repeat(number).llm.first_sample for number in range(3)]
    assert samples == [0, 3, 6]
    asyncio.run(backend.aclose())
