"""With the default options, a server that works on one question at a time loses none."""

import asyncio

import pytest

from support.openai_server import OpenAIServer
from triage_agent.models.factory import open_backend
from triage_agent.settings import Backend, Options
from triage_agent.types import Problem

pytestmark = pytest.mark.anyio

ROWS = 60
WORK_S = 0.05


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.parametrize("slots", [1, 4])
async def test_no_request_is_late_or_given_up(slots, tmp_path):
    async with OpenAIServer(slots=slots, latency_s=WORK_S) as server:
        # All at once would take three seconds, and the last two thirds would be late.
        options = Options(
            Backend.LLM, "m", server.base_url, cache=tmp_path / "ledger.sqlite3", timeout=1.0
        )
        opened = open_backend(options)
        problems = [Problem(str(n), f"Case {n}: leads get lost.") for n in range(ROWS)]
        predictions = await asyncio.gather(*(opened.model.predict(one) for one in problems))
        await opened.aclose()
    assert len(predictions) == ROWS
    assert server.calls == server.answered == ROWS
