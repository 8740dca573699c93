"""A server that goes away is waited for: nothing is lost, and few requests are sent meanwhile."""

import asyncio
import logging

import pytest

from support.openai_server import Fault, OpenAIServer
from triage_agent.errors import StopError, TriageError
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.llm.metering import Meter
from triage_agent.models.llm.outage import IN_A_ROW, LAST_PAUSE_S, Outage
from triage_agent.models.llm.rate_limiter import RateLimiter
from triage_agent.models.llm.refusals import Refusal
from triage_agent.models.llm.transport import open_client
from triage_agent.models.llm.waits import PATIENCE_S, Waits
from triage_agent.models.protocols import ChatRequest, Message

pytestmark = pytest.mark.anyio

SCALE = 50  # a second here is so many in the program
IN_FLIGHT = 64
LOADING = {
    "llama.cpp": (503, "Loading model"),
    "Hugging Face": (503, "Model HuggingFaceH4/zephyr-7b-beta is currently loading"),
    "Ollama": (500, "unexpected server status: llm server loading model"),
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


def question(number):
    words = f"Case {number}: leads get lost."
    return ChatRequest((Message("user", words),), "triage", {"type": "object"}, 600)


class Counted:
    """A chat service whose seconds are short, and whose requests are counted, refused ones too."""

    def __init__(self, address, **options):
        self.sent, self.said = 0, []
        http = open_client(20.0, address, local=True)
        send = http.send

        async def counted(*arguments, **more):
            self.sent += 1
            return await send(*arguments, **more)

        http.send = counted
        limiter = RateLimiter(max_concurrency=IN_FLIGHT, first_limit=IN_FLIGHT)
        self.chat = OpenAIChat(
            "m",
            address,
            timeout_s=20.0,
            sleep=lambda seconds: asyncio.sleep(seconds / SCALE),
            meter=Meter(limiter),
            on_outage=self.said.append,
            http_client=http,
            **options,
        )

    async def ask(self, count):
        """Return what came of so many questions, at the same time."""
        every = (self.chat.ask(question(n)) for n in range(count))
        return await asyncio.gather(*every, return_exceptions=True)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.chat.aclose()


async def test_a_server_killed_and_started_again_20_seconds_later_answers_every_row():
    async with OpenAIServer(latency_s=0.3) as first:
        port = first.port
        service = Counted(first.base_url)
        assert not isinstance((await service.ask(1))[0], Exception)
        under_way = asyncio.ensure_future(service.ask(IN_FLIGHT + 100))
        while first.calls < 1 + IN_FLIGHT:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    before = service.sent
    await asyncio.sleep(20 / SCALE)
    down = service.sent - before
    async with OpenAIServer(port=port) as second, service:
        results = await under_way
        assert second.calls == IN_FLIGHT + 100
    assert [one for one in results if isinstance(one, Exception)] == []
    # After those that were under way: one at 0.5, 1.5, 3.5, 7.5, 12.5 and 17.5 seconds.
    assert down <= IN_FLIGHT + 10
    assert len(service.said) == 1


async def test_a_server_that_never_answered_is_not_waited_for():
    async with Counted("http://127.0.0.1:9/v1") as service:
        (error,) = await service.ask(1)
    assert error.type == "stop_unreachable"
    assert service.said == []


@pytest.mark.parametrize(("status", "words"), LOADING.values(), ids=LOADING)
async def test_while_a_model_is_loading_one_request_asks_and_all_are_answered(status, words):
    fault = Fault.UNAVAILABLE if status == 503 else Fault.SERVER_ERROR
    loading = True

    options = {"words": words, "retry_after": "none", "latency_s": 0.01}
    async with (
        OpenAIServer(schedule=lambda _: fault if loading else None, **options) as server,
        Counted(server.base_url) as service,
    ):
        under_way = asyncio.ensure_future(service.ask(IN_FLIGHT))
        while not service.said:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(20 / SCALE)
        loading = False
        results = await under_way
        assert server.faults[fault.value] <= IN_FLIGHT + 10
    assert [one for one in results if isinstance(one, Exception)] == []
    assert service.said == ["it is loading its model."]


@pytest.mark.parametrize("fault", [Fault.GATEWAY_TIMEOUT, Fault.DROP, Fault.UNAVAILABLE], ids=str)
async def test_a_gateway_whose_server_is_away_is_asked_by_one_request(fault):
    away = False

    def schedule(_):
        return fault if away else None

    async with (
        OpenAIServer(schedule=schedule, latency_s=0.01, retry_after="none") as server,
        Counted(server.base_url) as service,
    ):
        await service.ask(1)
        away = True
        under_way = asyncio.ensure_future(service.ask(IN_FLIGHT + 30))
        await asyncio.sleep(60 / SCALE)
        away = False
        results = await under_way
        assert server.faults[fault.value] <= IN_FLIGHT + 25
    assert [one for one in results if isinstance(one, Exception)] == []


async def test_after_ten_minutes_the_run_stops_with_what_to_do():
    async with OpenAIServer() as server:
        service = Counted(server.base_url)
        await service.ask(1)
    service.chat._sleep = lambda _: asyncio.sleep(0)
    async with service:
        results = await service.ask(5)
    assert {one.type for one in results} == {"stop_unreachable"}
    assert "10 minutes" in results[0].message
    assert "Run the same command again" in results[0].message
    assert service.sent <= 1 + 5 + PATIENCE_S / LAST_PAUSE_S + 5


async def test_who_need_not_be_patient_does_not_wait():
    async with OpenAIServer() as server:
        service = Counted(server.base_url, attempts=2)
        await service.ask(1)
    async with service:
        (error,) = await service.ask(1)
    assert error.type == "service_connection"
    assert service.sent == 3


async def test_a_run_that_is_stopped_does_not_go_on_waiting():
    async with OpenAIServer() as server:
        service = Counted(server.base_url)
        await service.ask(1)
    async with service:
        under_way = asyncio.ensure_future(service.ask(5))
        while not service.said:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        service.chat.stop(StopError("The run was stopped.", "stopped"))
        results = await asyncio.wait_for(under_way, 5)
    assert all(isinstance(one, TriageError) for one in results)


def outage(**options):
    async def sleep(_):
        await asyncio.sleep(0)

    return Outage("llm.test", sleep, **options)


async def test_who_gives_up_while_asking_after_the_server_lets_the_next_one_ask():
    async def for_ever(_):
        await asyncio.sleep(1000)

    away = Outage("llm.test", for_ever)
    away.refused(Refusal(503, "Loading model"))
    first, second = (asyncio.ensure_future(away.turn()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    away._sleep = lambda _: asyncio.sleep(0)
    third = asyncio.ensure_future(away.turn())
    away.end_turn()
    done, _ = await asyncio.wait([second, third], return_when=asyncio.FIRST_COMPLETED, timeout=2)
    assert len(done) == 1
    away.answered(well=True)
    for task in (second, third):
        task.cancel()


@pytest.mark.parametrize(
    ("answers", "down"),
    [
        pytest.param([200, *[503] * (IN_A_ROW - 1)], False, id="some in a row are bad luck"),
        pytest.param([200, *[503] * IN_A_ROW], True, id="five are not"),
        pytest.param([200, 503, 503, 503, 503, 200, 503], False, id="an answer between is one"),
        pytest.param([200, 502, 504, 503, 502, 503], True, id="each of them counts"),
        pytest.param([503] * 9, False, id="one that never answered well is just bad"),
        pytest.param([200, *[500] * IN_A_ROW], False, id="an error of its own is an answer"),
        pytest.param([200, 503, 503, 503, 429, 503, 503], False, id="and so is 429"),
    ],
)
async def test_when_a_server_is_taken_for_down(answers, down):
    server = outage()
    for status in answers:
        if status == 200:
            server.answered(well=True)
        else:
            server.refused(Refusal(status, "Busy."))
    assert server.on is down


async def test_a_model_that_failed_to_load_is_not_waited_for():
    server = outage()
    server.refused(Refusal(500, "error loading model: out of memory"))
    assert not server.on


def test_an_outage_is_said_with_its_reason(caplog):
    caplog.set_level(logging.WARNING, "triage_agent")
    Waits("llm.test").say_outage("it is loading its model.")
    assert caplog.messages == ["waiting for llm.test, up to 10 minutes: it is loading its model."]
