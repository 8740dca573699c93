"""How long a server took is measured without the time that this program was busy."""

import asyncio
import time

import pytest

from support.desk import serving
from triage_agent.models.llm.loop_lag import LoopLag
from triage_agent.models.llm.transport import WAITED, open_client

pytestmark = pytest.mark.anyio

BUSY_S = 1.0
WORK_S = 0.3


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def server_s(client, address, busy_s=0.0):
    """Return how long the server took as measured, with a program that is busy meanwhile."""
    url = f"{address}/chat/completions"
    request = client.build_request("POST", url, json={"messages": []})
    sending = asyncio.ensure_future(client.send(request))
    await asyncio.sleep(0.1)
    time.sleep(busy_s)  # noqa: ASYNC251 (that is the point)
    return (await sending).extensions[WAITED]


async def test_a_busy_program_does_not_count_as_a_slow_server():
    with serving(latency_s=WORK_S) as server:
        client = open_client(20.0, server.base_url, local=True)
        idle = await server_s(client, server.base_url)
        busy = await server_s(client, server.base_url, BUSY_S)
        await client.aclose()
    assert idle > WORK_S / 2
    assert busy < BUSY_S / 2


async def test_nothing_is_measured_while_nobody_waits():
    lag = LoopLag()
    with lag.measured() as seconds:
        await asyncio.sleep(0.05)
        assert seconds() >= 0
    before = len(asyncio.all_tasks())
    await asyncio.sleep(0.3)
    assert len(asyncio.all_tasks()) == before - 1
    assert seconds() < 60
