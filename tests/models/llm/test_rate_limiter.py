import asyncio
import random
import selectors
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.models.llm.rate_headers import LONGEST_RESET_S
from triage_agent.models.llm.rate_limiter import RateLimiter


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which waiting takes no time, and waiting for nothing is an error."""

    def __init__(self):
        self.now = 1000.0
        super().__init__(VirtualSelector(self))

    def time(self):
        return self.now


class VirtualSelector(selectors.SelectSelector):
    def __init__(self, loop):
        super().__init__()
        self.loop = loop

    def select(self, timeout=None):
        assert timeout is not None, "everybody waits, and nothing will ever happen"
        self.loop.now += timeout
        return super().select(0)


class Scene:
    """A gate on virtual time; counts how often it sleeps."""

    def __init__(self, loop, **settings):
        self.loop, self.sleeps = loop, 0
        self.gate = RateLimiter(clock=loop.time, sleep=self.sleep, **settings)

    async def sleep(self, seconds):
        assert seconds > 0
        self.sleeps += 1
        await asyncio.sleep(seconds)

    async def admit(self, count, tokens=0):
        return [await self.gate.admit(tokens) for _ in range(count)]

    async def times(self, count, estimate=0, **outcome):
        """Return the seconds at which so many requests are admitted, each done at once."""
        start, times = self.loop.time(), []

        async def one():
            ticket = await self.gate.admit(estimate)
            times.append(self.loop.time() - start)
            ticket.done(**({"status": 200} | outcome))

        await asyncio.gather(*(one() for _ in range(count)))
        return times

    async def rounds(self, count, status=200):
        """Fill every place and answer, so many times."""
        for _ in range(count):
            for ticket in await self.admit(int(self.gate.limit)):
                ticket.done(status=status)


def play(scene, **settings):
    """Run a scene to its end on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scene(Scene(runner.get_loop(), **settings)))


def left(kind, remaining, reset):
    return {f"x-ratelimit-remaining-{kind}": str(remaining), f"x-ratelimit-reset-{kind}": reset}


def test_the_limit_starts_at_four_and_doubles_a_round_up_to_the_most_allowed():
    async def scene(s):
        limits = [s.gate.limit]
        for _ in range(5):
            await s.rounds(1)
            limits.append(s.gate.limit)
        return limits

    assert play(scene, max_concurrency=50) == [4, 8, 16, 32, 50, 50]


def test_a_small_maximum_holds_from_the_start():
    async def scene(s):
        return s.gate.limit

    assert play(scene, max_concurrency=2) == 2


def test_after_the_first_429_the_limit_grows_by_one_a_round():
    async def scene(s):
        (ticket,) = await s.admit(1)
        ticket.done(status=429)
        before = s.gate.limit
        for _ in range(10):
            await s.rounds(1)
        return before, s.gate.limit

    before, after = play(scene)
    assert before == pytest.approx(3.2)
    assert after == pytest.approx(before + 10, rel=0.1)


def test_all_the_429s_of_one_round_cut_once_and_the_next_round_cuts_again():
    async def scene(s):
        await s.rounds(2)
        for ticket in await s.admit(16):
            ticket.done(status=429)
        first = s.gate.limit
        for ticket in await s.admit(3):
            ticket.done(status=429)
        return first, s.gate.limit

    # The three of the next round were admitted one after the other, before any was answered.
    assert play(scene) == pytest.approx((16 * 0.8, 16 * 0.8 * 0.8))


def test_the_limit_never_falls_below_one_and_grows_again_from_there():
    async def scene(s):
        for _ in range(30):
            await s.rounds(1, status=429)
        lowest = s.gate.limit
        await s.rounds(12)
        return lowest, s.gate.limit

    lowest, later = play(scene)
    assert lowest == 1
    assert later > 8


@pytest.mark.parametrize(
    ("under_way", "limit"),
    [
        pytest.param(3, 4, id="three of four places are too few to grow"),
        pytest.param(4, 5, id="four of four places are used up"),
    ],
)
def test_the_limit_grows_only_while_the_places_are_used(under_way, limit):
    async def scene(s):
        tickets = await s.admit(under_way)
        tickets[0].done(status=200)
        return s.gate.limit

    assert play(scene) == limit


@pytest.mark.parametrize(
    ("outcome", "limit"),
    [
        pytest.param(200, 5, id="an answer lets the limit grow"),
        pytest.param(400, 4, id="a request that was wrong says nothing"),
        pytest.param(404, 4, id="a model that is not there says nothing"),
        pytest.param(429, 3.2, id="too many requests shrinks it"),
        pytest.param(500, 4, id="a failure of the server does not shrink it"),
        pytest.param(529, 4, id="nor does an overloaded server"),
        pytest.param(None, 4, id="nor does a dropped connection"),
        pytest.param(408, 3.2, id="a timeout of the server shrinks it"),
        pytest.param(504, 3.2, id="and so does one of a gateway"),
        pytest.param("late", 3.2, id="and no answer in time"),
    ],
)
def test_what_an_outcome_does_to_the_limit(outcome, limit):
    async def scene(s):
        tickets = await s.admit(4)
        late = outcome == "late"
        tickets[0].done(status=None if late else outcome, timed_out=late)
        return s.gate.limit

    assert play(scene) == pytest.approx(limit)


@pytest.mark.parametrize("status", [500, 503, None], ids=str)
def test_growth_pauses_for_five_seconds_after_a_failure_and_then_goes_on(status):
    async def scene(s):
        (ticket,) = await s.admit(1)
        ticket.done(status=status)
        await s.rounds(3)
        during = s.gate.limit
        await asyncio.sleep(4.9)
        await s.rounds(1)
        still = s.gate.limit
        await asyncio.sleep(0.11)
        await s.rounds(1)
        return during, still, s.gate.limit

    assert play(scene) == (4, 4, 8)


def test_nobody_is_admitted_until_retry_after_has_passed():
    async def scene(s):
        (ticket,) = await s.admit(1)
        ticket.done(status=429, wait_s=12.5)
        return await s.times(20), s.sleeps

    times, sleeps = play(scene)
    assert times == pytest.approx([12.5] * 20)
    assert sleeps == 1


def test_a_shorter_retry_after_does_not_end_a_longer_one():
    async def scene(s):
        one, two, three = await s.admit(3)
        one.done(status=429, wait_s=30)
        two.done(status=429, wait_s=2)
        three.done(status=200, headers=left("requests", 50, "1s"))
        return await s.times(1)

    assert play(scene) == pytest.approx([30])


def test_a_longer_retry_after_reaches_those_who_already_wait():
    async def scene(s):
        one, two = await s.admit(2)
        one.done(status=429, wait_s=1)
        waiting = asyncio.ensure_future(s.times(1))
        await asyncio.sleep(0.5)
        two.done(status=429, wait_s=5)
        return await waiting

    assert play(scene) == pytest.approx([5.5])


def test_retry_after_is_the_wait_even_if_the_headers_name_a_later_reset():
    async def scene(s):
        (ticket,) = await s.admit(1)
        ticket.done(status=429, wait_s=2, headers=left("requests", 0, "1m0s"))
        return await s.times(1)

    assert play(scene) == pytest.approx([2])


@pytest.mark.parametrize("wait_s", [float("nan"), float("inf"), -5.0, 0.0, None], ids=str)
def test_a_retry_after_that_is_no_wait_is_ignored(wait_s):
    async def scene(s):
        (ticket,) = await s.admit(1)
        ticket.done(status=429, wait_s=wait_s)
        return await s.times(1)

    assert play(scene) == [0]


@pytest.mark.parametrize(
    ("headers", "tokens", "seconds"),
    [
        pytest.param(left("requests", 0, "1m30.5s"), 0, 90.5, id="no request is left"),
        pytest.param(left("requests", 1, "1m30.5s"), 0, 0, id="a request is left"),
        pytest.param(left("tokens", 0, "20ms"), 0, 0.02, id="no token is left"),
        pytest.param(left("tokens", 499, "8s"), 500, 8, id="fewer tokens than needed are left"),
        pytest.param(left("tokens", 500, "8s"), 500, 0, id="just enough tokens are left"),
        pytest.param(
            left("tokens", 9, "8s") | left("requests", 0, "3s"), 10, 8, id="both run short"
        ),
        pytest.param(left("requests", 0, "24h"), 0, 0, id="a reset that is not believed"),
        pytest.param(left("requests", 0, "soon"), 0, 0, id="a reset that cannot be read"),
    ],
)
def test_the_server_s_headers_are_the_wait(headers, tokens, seconds):
    async def scene(s):
        (ticket,) = await s.admit(1)
        ticket.done(status=200, headers=headers)
        return await s.times(1, tokens)

    assert play(scene) == pytest.approx([seconds], abs=0.002)


@pytest.mark.parametrize(
    ("answers", "seconds"),
    [
        pytest.param(
            [(2, 0, "10s"), (1, 1, "10s")], 10, id="an earlier request does not lift a hold"
        ),
        pytest.param(
            [(1, 0, "10s"), (2, 1, "10s")], 10, id="more left in the same window is older"
        ),
        pytest.param([(2, 5, "10s"), (1, 0, "10s")], 10, id="less left in the same window counts"),
        pytest.param(
            [(2, 59, "60s"), (1, 0, "3s")], 0, id="a window that is over does not hold the next"
        ),
        pytest.param([(1, 0, "2s"), (2, 59, "60s")], 0, id="the next window lifts the hold"),
        pytest.param(
            [(2, 0, "10s"), (1, 3, "30s")], 10, id="a slow answer's late window lifts nothing"
        ),
        pytest.param([(1, 0, "10s"), (2, 0, "30s")], 30, id="a longer hold prolongs"),
        pytest.param([(1, 0, "30s"), (2, 0, "10s")], 30, id="a shorter hold does not shorten"),
        pytest.param([(2, 5, "10s"), (1, 0, "9.5s")], 10, id="a rounded reset does not shorten"),
        pytest.param(
            [(1, 5, "10s"), (3, 0, "10s"), (2, 9, "60s")], 10, id="a hold is as new as its answer"
        ),
    ],
)
def test_answers_that_overtake_each_other_do_not_undo_what_is_known(answers, seconds):
    async def scene(s):
        tickets = await s.admit(3)
        for number, remaining, reset in answers:
            tickets[number - 1].done(status=200, headers=left("requests", remaining, reset))
        return await s.times(1)

    assert play(scene) == pytest.approx([seconds])


def test_after_its_reset_a_hold_is_forgotten_whoever_says_so():
    async def scene(s):
        one, two, three = await s.admit(3)
        three.done(status=200, headers=left("requests", 0, "5s"))
        first = await s.times(1)
        one.done(status=200, headers=left("requests", 0, "2s"))
        second = await s.times(1)
        two.done(status=200)
        return first + second

    assert play(scene) == pytest.approx([5, 2])


def test_a_server_that_repeats_that_nothing_is_left_is_asked_once_a_reset():
    async def scene(s):
        return await s.times(8, headers=left("requests", 0, "10s"))

    # The first four found the gate open; each was answered before the next was admitted.
    assert play(scene, max_concurrency=1) == pytest.approx([n * 10 for n in range(8)])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([200, 429, 500, None]),
            st.floats() | st.none(),
            st.sampled_from(["requests", "tokens"]),
            st.text() | st.integers(0, 5).map(str),
            st.text() | st.floats(0, 1e4).map("{:.3f}s".format),
        ),
        max_size=12,
    )
)
def test_no_header_makes_the_gate_raise_or_wait_longer_than_is_believed(answers):
    async def scene(s):
        for status, wait_s, kind, remaining, reset in answers:
            (ticket,) = await s.admit(1)
            start, headers = s.loop.time(), left(kind, remaining, reset)
            ticket.done(
                status=status, wait_s=None if status == 429 else wait_s, headers=headers, tokens=-1
            )
            (again,) = await s.admit(1)
            assert s.loop.time() - start <= LONGEST_RESET_S + 0.002
            again.done(status=200)
        return s.gate.in_flight

    assert play(scene) == 0


def test_requests_a_minute_are_kept_with_a_tenth_of_a_minute_at_once():
    async def scene(s):
        return await s.times(300, status=400)

    times = play(scene, requests_per_minute=120)
    assert times[:12] == [0] * 12
    assert times[12:] == pytest.approx([(n + 1) * 0.5 for n in range(288)], abs=0.005)


def test_less_than_ten_requests_a_minute_come_one_by_one():
    async def scene(s):
        return await s.times(4)

    assert play(scene, requests_per_minute=3) == pytest.approx([0, 20, 40, 60], abs=0.005)


def test_a_quiet_minute_saves_up_no_more_than_the_burst():
    async def scene(s):
        await s.times(12)
        await asyncio.sleep(600)
        return await s.times(13)

    assert play(scene, requests_per_minute=120) == pytest.approx([0] * 12 + [0.5], abs=0.002)


@pytest.mark.parametrize(
    ("used", "times"),
    [
        pytest.param(None, [0, 1, 2, 3], id="unknown: the reservation counts"),
        pytest.param(600, [0, 1, 2, 3], id="all of it"),
        pytest.param(60, [0, 0.1, 0.2, 0.3], id="a tenth: the rest is given back"),
        pytest.param(0, [0, 0, 0, 0], id="nothing: all is given back"),
        pytest.param(1200, [0, 2, 4, 6], id="more than was reserved: the rest is owed"),
        pytest.param(-5, [0, 0, 0, 0], id="nonsense counts as nothing"),
    ],
)
def test_tokens_a_minute_are_reserved_and_settled_on_what_was_used(used, times):
    async def scene(s):
        # Empties the bucket, which holds 3,600 tokens and fills with 600 a second.
        (ticket,) = await s.admit(1, 3600)
        ticket.done(status=200)
        await asyncio.sleep(1)
        return await s.times(4, 600, tokens=used)

    assert play(scene, tokens_per_minute=36_000) == pytest.approx(times, abs=0.006)


def test_a_refund_wakes_the_one_who_waits_for_it():
    async def scene(s):
        (ticket,) = await s.admit(1, 3600)
        waiting = asyncio.ensure_future(s.times(1, 3000))
        await asyncio.sleep(1)
        ticket.done(status=200, tokens=600)
        return await waiting

    assert play(scene, tokens_per_minute=36_000) == pytest.approx([1])


def test_a_request_larger_than_the_bucket_waits_until_it_is_full_and_is_then_owed():
    async def scene(s):
        return await s.times(3, 6000)

    assert play(scene, tokens_per_minute=36_000) == pytest.approx([0, 10, 20], abs=0.005)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_concurrency": 0},
        {"requests_per_minute": 0},
        {"requests_per_minute": float("nan")},
        {"tokens_per_minute": -1},
    ],
    ids=str,
)
def test_a_gate_that_could_admit_nobody_is_refused(settings):
    with pytest.raises(ValueError, match=r"must be at least|admits nothing"):
        RateLimiter(**settings)


def test_a_ticket_is_done_once():
    async def scene(s):
        (ticket,) = await s.admit(1)
        ticket.done(status=200)
        with pytest.raises(RuntimeError, match="twice"):
            ticket.done(status=200)
        return s.gate.in_flight

    assert play(scene) == 0


def test_who_comes_first_is_admitted_first_however_many_tokens_it_needs():
    async def scene(s):
        order = []

        async def one(name, tokens):
            ticket = await s.gate.admit(tokens)
            order.append(name)
            await asyncio.sleep(0.01)
            ticket.done(status=200)

        sizes = [5, 3000, 1, 6000, 2, 3600, 1, 1, 100, 4000] * 20
        await asyncio.gather(*(one(n, size) for n, size in enumerate(sizes)))
        return order

    assert play(scene, tokens_per_minute=36_000) == list(range(200))


def test_a_newcomer_does_not_take_the_place_that_is_free_for_a_moment():
    async def scene(s):
        order = []
        tickets = await s.admit(4)

        async def one(name):
            await s.gate.admit()
            order.append(name)

        first = asyncio.ensure_future(one("first"))
        await asyncio.sleep(0)
        tickets[0].done(status=400)
        second = asyncio.ensure_future(one("second"))
        await first
        tickets[1].done(status=400)
        await second
        return order

    assert play(scene) == ["first", "second"]


def test_thousands_wait_on_one_timer_and_nobody_polls():
    async def scene(s):
        crowd = asyncio.ensure_future(s.times(5000))
        await asyncio.sleep(30.005)
        tasks = len(asyncio.all_tasks())
        times = await crowd
        return tasks, s.sleeps, times

    tasks, sleeps, times = play(scene, requests_per_minute=6000)
    assert tasks == 5000 - 3600 + 3  # those who wait, the crowd, the scene and one timer
    assert sleeps <= 5000
    assert times[-1] == pytest.approx((5000 - 600) / 100, rel=0.01)


def test_the_timer_ends_with_the_last_one_waiting():
    async def scene(s):
        (ticket,) = await s.admit(1)
        ticket.done(status=429, wait_s=500)
        waiting = [asyncio.ensure_future(s.gate.admit()) for _ in range(3)]
        await asyncio.sleep(1)
        for task in waiting:
            task.cancel()
        await asyncio.sleep(1)
        return len(asyncio.all_tasks()), s.gate.in_flight

    assert play(scene) == (1, 0)


def test_those_who_gave_up_are_forgotten_while_the_first_still_waits():
    async def scene(s):
        (ticket,) = await s.admit(1)
        ticket.done(status=429, wait_s=500)
        waiting = [asyncio.ensure_future(s.gate.admit()) for _ in range(1000)]
        await asyncio.sleep(1)
        for task in waiting[1:]:
            task.cancel()
        await asyncio.sleep(1)
        remembered = len(s.gate._waiting)
        await waiting[0]
        return remembered

    assert play(scene) == 1


def test_when_a_large_request_in_front_gives_up_the_next_one_is_admitted_at_once():
    async def scene(s):
        (ticket,) = await s.admit(1, 3600)
        large = asyncio.ensure_future(s.gate.admit(3600))
        small = asyncio.ensure_future(s.times(1, 600))
        await asyncio.sleep(2)
        large.cancel()
        times = await small
        ticket.done(status=200)
        return times

    assert play(scene, tokens_per_minute=36_000) == pytest.approx([2])


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"tokens_per_minute": 36_000}, id="its tokens go back"),
        pytest.param({"requests_per_minute": 50}, id="its request goes back"),
    ],
)
def test_a_place_given_in_the_moment_of_cancellation_goes_to_the_next_one(settings):
    async def scene(s):
        tickets = await s.admit(4)
        unlucky = asyncio.ensure_future(s.gate.admit(3600))
        lucky = asyncio.ensure_future(s.gate.admit(3600))
        await asyncio.sleep(0)
        tickets[0].done(status=400)
        unlucky.cancel()
        await asyncio.wait([unlucky])
        start = s.loop.time()
        await lucky
        return unlucky.cancelled(), s.gate.in_flight, s.loop.time() - start

    assert play(scene, **settings) == pytest.approx((True, 4, 0), abs=0.002)


@given(st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_no_place_is_lost_whenever_requests_are_cancelled(chance, by_requests, by_tokens):
    """Everything happens at random; then every place must still be there."""
    settings = {"max_concurrency": 6}
    settings |= {"requests_per_minute": 600} if by_requests else {}
    settings |= {"tokens_per_minute": 6000} if by_tokens else {}

    async def scene(s):
        most = 0

        async def one():
            nonlocal most
            ticket = await s.gate.admit(chance.choice([0, 10, 300, 900]))
            most = max(most, s.gate.in_flight)
            status = chance.choice([200, 200, 200, 429, 500, None])
            wait_s = chance.choice([None, 0.1, 3]) if status == 429 else None
            try:
                await asyncio.sleep(chance.choice([0, 0.01, 1]))
            finally:
                ticket.done(status=status, wait_s=wait_s, tokens=chance.choice([None, 5]))

        tasks = []
        for _ in range(40):
            tasks.append(asyncio.ensure_future(one()))
            if chance.random() < 0.5:
                chance.choice(tasks).cancel()
            await asyncio.sleep(chance.choice([0, 0, 0, 0.01, 0.1]))
            if chance.random() < 0.3:
                chance.choice(tasks).cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError)
        assert s.gate.in_flight == 0
        assert most <= 6
        assert len(await s.admit(int(s.gate.limit))) == int(s.gate.limit)

    play(scene, **settings)


@dataclass
class Server:
    """Answers so many requests at once, and refuses the others quickly."""

    capacity: int
    latency_s: float = 1.0
    refusal_s: float = 0.05
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    busy: int = 0
    answered: int = 0
    refused: int = 0

    async def answer(self):
        if self.busy >= self.capacity:
            self.refused += 1
            await asyncio.sleep(self.refusal_s)
            return 429
        self.busy += 1
        try:
            await asyncio.sleep(self.latency_s * self.chance.uniform(0.7, 1.3))
        finally:
            self.busy -= 1
        self.answered += 1
        return 200


async def keep_asking(scene, server):
    while True:
        ticket, status = await scene.gate.admit(), None
        try:
            status = await server.answer()
        finally:
            ticket.done(status=status)


async def load(scene, server, rounds, limits):
    """Ask for so many rounds with more clients than places, noting the limit ten times a round."""
    clients = [asyncio.ensure_future(keep_asking(scene, server)) for _ in range(300)]
    for _ in range(rounds * 10):
        await asyncio.sleep(server.latency_s / 10)
        limits.append(scene.gate.limit)
    for client in clients:
        client.cancel()
    await asyncio.wait(clients)


@pytest.mark.parametrize("refusal_s", [0.001, 0.05, 1.0], ids="refuses after {} s".format)
# Where refusals take a whole round, one step more is taken before the first comes back: the limit
# reaches capacity + 2, which is within a quarter from 8 on, but for the fraction of a step.
@pytest.mark.parametrize("capacity", [9, 20, 50, 120], ids="{} at once".format)
def test_the_limit_finds_the_capacity_of_a_server_and_stays_near_it(capacity, refusal_s):
    async def scene(s):
        server, limits = Server(capacity, refusal_s=refusal_s), []
        await load(s, server, 100, limits)
        return server, limits

    server, limits = play(scene, max_concurrency=256)
    settled = limits[12 * 10 :]
    assert 0.6 * capacity <= min(settled)
    assert max(settled) <= 1.25 * capacity
    assert server.answered >= 0.85 * capacity * 100
    assert server.refused <= 0.1 * server.answered


def test_the_limit_follows_a_capacity_that_falls_and_rises():
    async def scene(s):
        server, limits = Server(60), [[], [], []]
        for capacity, phase in zip([60, 15, 40], limits, strict=True):
            server.capacity = capacity
            await load(s, server, 60, phase)
        return limits

    for capacity, phase in zip([60, 15, 40], play(scene, max_concurrency=256), strict=True):
        settled = phase[400:]
        assert 0.6 * capacity <= min(settled) <= max(settled) <= 1.25 * capacity


@dataclass
class Slots:
    """Works on so many requests at once, each as long as the last; the others wait in line."""

    loop: VirtualLoop
    slots: int
    work_s: float = 1.0
    spread: float = 0.0  # of the work, in both directions
    shared: float = 0.0  # how much longer each takes for every other one that is worked on
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    lasted: list[float] = field(default_factory=list)

    def __post_init__(self):
        self.free, self.busy = asyncio.Semaphore(self.slots), 0

    async def answer(self):
        began = self.loop.time()
        async with self.free:
            self.busy += 1
            work = self.work_s * self.chance.uniform(1 - self.spread, 1 + self.spread)
            await asyncio.sleep(work * (1 + self.shared * (self.busy - 1)))
            self.busy -= 1
        self.lasted.append(self.loop.time() - began)
        return self.lasted[-1]


async def keep_working(scene, server, seconds, *, clients=100):
    """Ask for so long, and return the limits as they were, ten times a second of work."""
    limits = []

    async def client():
        while True:
            ticket = await scene.gate.admit()
            ticket.done(200, server_s=await server.answer())

    tasks = [asyncio.ensure_future(client()) for _ in range(clients)]
    for _ in range(int(seconds * 10 / server.work_s)):
        await asyncio.sleep(server.work_s / 10)
        limits.append(scene.gate.limit)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return limits


@pytest.mark.parametrize("work_s", [0.05, 5.0])
@pytest.mark.parametrize("first", [1, 4])
def test_a_server_with_one_slot_is_asked_for_hardly_more_than_one_answer(first, work_s):
    async def scene(s):
        server = Slots(s.loop, 1, work_s)
        limits = await keep_working(s, server, 300 * work_s)
        return max(server.lasted), limits, len(server.lasted)

    longest, limits, answered = play(scene, first_limit=first)
    assert longest <= 7 * work_s + 0.001
    assert max(limits[500:]) <= 3
    assert answered >= 295


@pytest.mark.parametrize("slots", [2, 4, 8])
def test_a_server_with_some_slots_has_them_filled_and_no_long_line(slots):
    async def scene(s):
        server = Slots(s.loop, slots)
        await keep_working(s, server, 300)
        return server.lasted

    lasted = play(scene, first_limit=1)
    assert len(lasted) >= 0.85 * 300 * slots
    assert sorted(lasted)[95 * len(lasted) // 100] <= 4  # once in a while more are tried


@pytest.mark.parametrize("spread", [0.0, 0.3, 0.8])
def test_a_server_that_answers_as_quickly_however_many_ask_gets_all_the_places(spread):
    async def scene(s):
        return await keep_working(s, Slots(s.loop, 10_000, spread=spread), 120)

    limits = play(scene, first_limit=1)
    assert max(limits[:400]) == 64
    assert sum(limits[400:]) / len(limits[400:]) >= 58


def test_a_server_that_slows_down_less_than_it_takes_on_gets_all_the_places():
    async def scene(s):  # as one that works on all of them in one batch
        return await keep_working(s, Slots(s.loop, 10_000, spread=0.2, shared=0.03), 300)

    limits = play(scene, first_limit=1)
    assert sum(limits[-500:]) / 500 >= 50


def test_a_server_without_limits_gets_all_the_places_within_six_rounds():
    async def scene(s):
        limits = []
        await load(s, Server(10_000), 6, limits)
        return limits

    limits = play(scene, max_concurrency=64)
    assert limits[-1] == 64
    assert all(one <= two for one, two in pairwise(limits))
