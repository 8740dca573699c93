"""`triage batch --batch-api` over real HTTP: as a live run answers, at another price, each once.

The program runs as a process of its own, so that it can be killed; the provider runs in threads
here, so that it goes on, and what it has seen can be asked about.
"""

import json
import os
import random
import signal
import time
from decimal import Decimal

import pytest

from support.batch_server import BatchServer
from support.desk import Desk
from support.postgres import need_postgres, postgres

KILLS = int(os.environ.get("TRIAGE_TEST_KILLS", "10"))  # 100 in benchmarks.soak
SEED = int(os.environ.get("TRIAGE_TEST_SEED", "0"))
PRICES = ("--price", "2/8", "--batch-price", "1/4")  # what the double bills
POLL = ("--batch-poll", "0.05")
ROWS = 30


def in_batches(*more):
    return ("--batch-api", *POLL, *PRICES, *more)


@pytest.fixture
def desk(tmp_path):
    return lambda rows=ROWS, name="desk": Desk(tmp_path / name, rows)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """The OUT of a run that asks live."""
    desk = Desk(tmp_path_factory.mktemp("live"), ROWS)
    with pytest.MonkeyPatch.context() as patch, BatchServer() as server:
        patch.setenv("HOME", str(desk.home))
        desk.run(server)
        assert len(server.live) == ROWS
    return desk.out.read_bytes()


def batches(desk):
    return json.loads((desk.folder / "out.csv.batches.json").read_text("utf-8"))["batches"]


def all_is_gone(server, desk):
    """Check that nothing is left at the provider, or in the ledger."""
    assert not server.files
    assert desk.ask("SELECT * FROM batch") == desk.ask("SELECT * FROM batch_request") == []


def wait_for(condition, seconds=30.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


def test_the_output_is_that_of_a_live_run_and_costs_what_a_batch_costs(desk, live):
    one = desk()
    with BatchServer() as server:
        said = one.run(server, *in_batches())
        assert len(server.live) == 1  # it shows what the server accepts
        assert sum(server.created.values()) == len(server.created) == ROWS - 1
        assert one.spent == server.billed
        all_is_gone(server, one)
    assert one.out.read_bytes() == live
    assert "29 questions in 1 batch at 127.0.0.1: $" in said
    assert "if they were asked live" in said
    (shown,) = batches(one)
    assert shown["state"] == "collected"
    assert shown["answered"] == ROWS - 1
    record = json.loads((one.folder / "out.csv.run.json").read_text("utf-8"))
    assert record["batches"] == [shown]
    assert record["spent_usd"] == str(one.spent)
    assert record["tally"]["usage"]["calls"] == ROWS
    assert record["remembered"] == 0


def test_a_run_that_detaches_is_gone_on_with_by_the_same_command(desk, live):
    one = desk()
    with BatchServer(seconds=1e6) as server:
        said = one.run(server, *in_batches("--detach"), code=9)
        assert "Run the same command again" in said
        assert not one.out.exists()
        assert batches(one)[0]["status"] == "validating"
        one.run(server, *in_batches("--detach"), code=9)
        assert len(server.batches) == len(server.live) == 1
        server.provider.seconds = 0.0
        one.run(server, *in_batches("--detach"))
        assert len(server.live) == 1
        all_is_gone(server, one)
    assert one.out.read_bytes() == live


def test_ctrl_c_while_it_waits_leaves_the_batches_to_the_provider(desk, live):
    one = desk()
    with BatchServer(seconds=1e6) as server:
        process = one.start(server, *in_batches())
        wait_for(lambda: server.asked["look"])
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert "Stopped. The batches go on at the provider." in one.said
        assert "--cancel ends them" in one.said
        assert "Traceback" not in one.said
        server.provider.seconds = 0.0
        one.run(server, *in_batches())
        assert set(server.created.values()) == {1}
        assert one.spent == server.billed
        all_is_gone(server, one)
    assert one.out.read_bytes() == live


def test_what_the_command_line_cannot_mean_is_said_and_nothing_is_asked(desk):
    one = desk(3)
    with BatchServer() as server:
        for options, says in (
            (("--detach",), "need --batch-api"),
            (("--batch-api", "--fresh"), "--fresh"),
            (("--batch-api", "--batch-price", "half"), "--batch-price"),
        ):
            assert says in one.run(server, *options, code=2)
        (other := desk(3, "other")).home.mkdir()
        (other.home / "ledger.sqlite3").mkdir()  # as a disk that cannot be written to
        assert "ledger.sqlite3 cannot be used" in other.run(server, *in_batches(), code=2)
        assert not server.asked


def test_a_quote_is_made_at_the_price_of_a_batch(desk):
    one = desk(3)
    with BatchServer() as server:
        half = one.run(server, *in_batches("--dry-run"))
        full = one.run(server, *PRICES[:2], "--dry-run")
        assert not server.asked
    assert "in batches, at 50 % of the price of asking live" in half
    assert "in batches" not in full


def moment(desk):
    """Return where a run was when it was killed."""
    found = desk.ask("SELECT state, input_file FROM batch ORDER BY created DESC")
    if not found:
        return "before or after all batches"
    state, file = found[0]
    return f"while a batch was {state}" + ("" if file or state != "creating" else ", not uploaded")


@pytest.mark.cluster
def test_batches_in_a_shared_cache_are_gone_on_with_from_another_place(desk, live):
    psycopg = pytest.importorskip("psycopg")
    need_postgres()
    one, other = desk(), desk(name="other")
    with postgres() as address, BatchServer(seconds=1e6) as server:
        shared = in_batches("--cache", address, "--batch-tokens", "30000")
        one.run(server, *shared, "--detach", code=9)
        submitted = len(server.batches)
        process = other.start(server, *shared)
        wait_for(lambda: server.asked["look"])
        process.kill()
        process.wait()
        assert len(server.batches) == submitted
        server.provider.seconds = 0.0
        other.run(server, *shared)
        one.run(server, *shared)
        assert set(server.created.values()) == {1}
        assert not server.files
        with psycopg.connect(address) as database:
            (spent,) = database.execute("SELECT sum(spent) FROM triage.account").fetchone()
            left = database.execute("SELECT run FROM triage.batch").fetchall()
        assert spent / 10**6 == server.billed
        assert not left
    assert one.out.read_bytes() == other.out.read_bytes() == live


@pytest.mark.slow
@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_any_moment_nothing_is_submitted_twice(number, desk, live):
    dice = random.Random(SEED * 1000 + number)
    one, cap = desk(), "0.30"
    slow = {
        name: (dice.uniform(0, 0.15), dice.uniform(0, 0.15))
        for name in ("create", "upload", "look", "list", "read", "delete", "chat")
    }
    options = in_batches("--max-cost", cap, "--batch-tokens", str(dice.randrange(15_000, 60_000)))
    with BatchServer(
        seconds=dice.uniform(0.1, 0.6), delay=lambda name, _: slow.get(name, (0.0, 0.0))
    ) as server:
        for _ in range(dice.randrange(1, 4)):
            process = one.start(server, *options)
            before = sum(server.asked.values())
            until = before + dice.randrange(0, 14)
            while process.poll() is None and sum(server.asked.values()) < until:
                time.sleep(0.002)
            time.sleep(dice.uniform(0, 0.3))
            process.kill()
            if process.wait():
                print(f"killed {moment(one)}")  # noqa: T201  the soak counts them
            assert one.spent <= Decimal(cap)
        one.run(server, *options)
        assert max(server.created.values()) == 1
        assert server.billed <= one.spent <= Decimal(cap)
        all_is_gone(server, one)
    assert one.out.read_bytes() == live
