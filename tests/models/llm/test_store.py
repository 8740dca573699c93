"""What every store keeps to: one suite for the SQLite file and for PostgreSQL."""

import asyncio
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.postgres import need_postgres, postgres
from triage_agent.cli.main import app
from triage_agent.errors import SettingsError
from triage_agent.models.llm.cache import open_cache
from triage_agent.models.llm.claims import Claims
from triage_agent.models.llm.shared_rates import SharedRates
from triage_agent.types import Usage

OUT = "/home/ann/out.csv"
USAGE = Usage(1, 1200, 150)
PACKED = '{"label":"build-software"}'


@pytest.fixture(scope="module")
def server():
    need_postgres()
    with postgres() as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.cluster)])
def place(request, tmp_path):
    """Return how a store is opened: its address and its file; it is empty before each test."""
    if request.param == "sqlite":
        return None, tmp_path / "ledger.sqlite3"
    import psycopg

    address = request.getfixturevalue("server")
    with psycopg.connect(address, autocommit=True) as database:
        database.execute("DROP SCHEMA IF EXISTS triage CASCADE")
        database.execute("DROP TABLE IF EXISTS job")
    return address, None


@pytest.fixture
def another(place):
    """Return a function that opens one more client of the same store."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(open_cache(*place)))


@pytest.fixture
def store(another):
    return another()


# Answers


def test_an_answer_is_found_and_replaced_and_a_bad_one_never_found(store, another):
    assert store.find("a") is None
    store.store("a", "{}")
    store.store_rejected("a")
    store.store("a", PACKED)
    store.store_rejected("b")
    assert (store.find("a"), another().find("a"), store.find("b")) == (PACKED, PACKED, None)
    stats = store.stats()
    assert (stats.replies, stats.bad) == (1, 2)
    assert stats.bytes > 4096
    assert abs(stats.oldest - time.time()) < 3600


@pytest.mark.parametrize(("older_than_s", "gone"), [(None, 3), (3600, 0), (-3600, 3)])
def test_answers_are_cleared_by_age_and_spending_stays(store, older_than_s, gone):
    for key in "abc":
        store.store(key, PACKED)
    store.reserve(OUT, 100, None)
    assert store.clear(older_than_s) == gone
    assert store.stats().replies == 3 - gone
    assert store.spent(OUT) == 100


# Spending


@pytest.mark.parametrize(
    ("amounts", "cap", "taken"),
    [
        pytest.param([100], 100, [True], id="the first may take all"),
        pytest.param([101], 100, [False], id="the first may not take more"),
        pytest.param([60, 40, 1], 100, [True, True, False], id="to the last"),
        pytest.param([60, 41, 40], 100, [True, False, True], id="what is refused takes nothing"),
        pytest.param([0, 1], 0, [True, False], id="nothing costs nothing"),
        pytest.param([10**15, 10**15], None, [True, True], id="no cap"),
    ],
)
def test_what_would_pass_the_cap_is_refused_whichever_client_asks(
    store, another, amounts, cap, taken
):
    clients = [store, another()]
    assert [
        clients[turn % 2].reserve(OUT, amount, cap) is not None
        for turn, amount in enumerate(amounts)
    ] == taken


def test_an_account_is_what_was_settled_and_what_is_open(store):
    one, two, three = (store.reserve(OUT, amount, None) for amount in (100, 200, 300))
    store.settle(one, 40, USAGE)
    store.settle(one, 7, USAGE)  # it is settled once
    store.settle(two, None, Usage())
    store.settle(three, 0, USAGE)
    assert store.spent(OUT) == 240
    assert store.spent("/home/ann/OUT.csv") == store.spent("") == 0


def test_a_report_above_the_reservation_is_believed_and_uses_up_the_cap(store, another):
    store.settle(store.reserve(OUT, 100, 100), 150, USAGE)
    assert store.overrun(OUT) == 1500
    assert another().reserve(OUT, 0, 100) is None
    assert another().reserve(OUT, 1, 151) is None  # half as much again, and rounded up
    assert another().reserve(OUT, 1, 152) is not None


def test_the_cap_holds_over_many_clients_at_once(another):
    def spend(client):
        charged = 0
        while (number := client.reserve(OUT, 10, 1_000)) is not None:
            client.settle(number, 7, USAGE)
            charged += 7
        return charged

    clients = [another() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        charged = sum(pool.map(spend, clients))
    assert charged == clients[0].spent(OUT)
    assert 990 < charged <= 1_000


def test_an_account_may_have_any_name_that_a_path_has(store):
    store.reserve("/home/ann/東京\udcff.csv", 100, 100)
    assert store.spent("/home/ann/東京\udcff.csv") == 100


# Whose turn it is


def test_one_of_two_may_ask_until_it_has_stored_or_released(store, another):
    other = another()
    assert store.claim("a")
    assert not other.claim("a")
    store.store("a", PACKED)
    assert other.claim("a")
    assert not store.claim("a")
    other.release("a")
    assert store.claim("a")


def test_who_has_no_claim_releases_none(store, another):
    other = another()
    assert store.claim("a")
    other.release("a")
    assert not other.claim("a")


def test_a_store_that_closes_gives_its_claims_up(place, another):
    with closing(open_cache(*place)) as first:
        assert first.claim("a")
    assert another().claim("a")


def test_a_claim_that_is_not_renewed_ends(place, another, monkeypatch):
    for module in ("cache", "postgres_cache"):
        monkeypatch.setattr(f"triage_agent.models.llm.{module}.LEASE_S", -1.0)
    first, other = another(), another()
    assert first.claim("a")
    assert other.claim("a")
    monkeypatch.undo()
    other.renew()
    assert not first.claim("a")


# Rates


def test_what_a_rate_gives_is_shared(store, another):
    clients = [store, another()]
    waits = [clients[turn % 2].take("r", 1, 60) for turn in range(7)]
    assert waits[:6] == [0] * 6  # six seconds' worth may go at once
    assert 0 < waits[6] <= 1.01
    clients[0].put_back("r", 1, 60)
    assert clients[1].take("r", 1, 60) == 0


def test_more_than_a_rate_holds_is_given_when_it_is_full(store):
    assert store.take("r", 1_000, 60) == 0
    assert store.take("r", 1, 60) > 900


def test_rates_do_not_know_of_each_other(store):
    assert store.take("r", 1_000, 60) == store.take("s", 1_000, 60) == 0


def test_a_request_waits_for_what_another_process_has_taken(store, another):
    slept = []

    async def two():
        async def sleep(seconds):
            slept.append(seconds)
            store.put_back("requests m at h", 100, 60)

        await SharedRates(another(), "m at h", 60, None).take(10)
        store.put_back("requests m at h", -100, 60)
        await SharedRates(store, "m at h", 60, None, sleep).take(10)

    asyncio.run(two())
    assert len(slept) == 1


# Further tables


def test_other_modules_keep_tables_in_transactions_of_their_own(store, another):
    with store.transaction() as run:
        run("CREATE TABLE job (name TEXT, rows INTEGER)", ())
        run("INSERT INTO job VALUES (?, ?)", ("100 % of it?", 7))

    def change():
        with store.transaction() as run:
            run("UPDATE job SET rows = 8", ())
            raise KeyError

    with pytest.raises(KeyError):
        change()
    with another().transaction() as run:
        assert run("SELECT name, rows FROM job WHERE rows = ?", (7,))[0] == [("100 % of it?", 7)]


def test_many_that_find_no_tables_lay_them_out_together(place):
    def one(_):
        with closing(open_cache(*place)) as client:
            return client.reserve(OUT, 1, None) is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(16)))
    with closing(open_cache(*place)) as client:
        assert client.spent(OUT) == 16


# Contention

# Asks the same questions as the other processes, in another order, and writes down what it paid.
WORKER = """
import asyncio, json, random, sys
from pathlib import Path
from triage_agent.models.llm.cache import open_cache
from triage_agent.models.llm.claims import Claims

address, path, name, log = json.loads(sys.argv[1])
store = open_cache(address, path and Path(path))
questions = [str(number) for number in range(120)]
random.Random(name).shuffle(questions)
print("ready", flush=True)
sys.stdin.readline()  # until all are

async def ask(claims, key, places):
    async with places:
        packed = await claims.take(key)
        if packed is None:
            with open(log, "a") as file:
                file.write(f"{key} {name}\\n")
            await asyncio.sleep(random.uniform(0, 0.02))
            packed = json.dumps({"by": name})
            await store.writes.submit(lambda: store.store(key, packed))
            claims.answered(key)
        return key, packed

async def main():
    claims, places = Claims(store), asyncio.Semaphore(16)
    answers = await asyncio.gather(*(ask(claims, key, places) for key in questions))
    await claims.aclose()
    return dict(answers)

print(json.dumps(asyncio.run(main())))
store.close()
"""


def test_processes_that_ask_the_same_at_once_pay_once(place, tmp_path):
    address, path = place
    log = tmp_path / "paid"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, json.dumps([address, path and str(path), n, str(log)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 3
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    answers = [json.loads(worker.communicate()[0]) for worker in workers]
    paid = [line.split()[0] for line in log.read_text().splitlines()]
    assert sorted(paid, key=int) == [str(number) for number in range(120)]
    assert answers[0] == answers[1] == answers[2]
    assert len({line.split()[1] for line in log.read_text().splitlines()}) > 1  # they took turns


def test_a_claim_is_renewed_while_the_answer_is_under_way(store, another):
    async def one():
        renewed = asyncio.Event()

        async def sleep(_):
            if renewed.is_set():
                await asyncio.Event().wait()
            renewed.set()

        claims = Claims(store, sleep)
        assert await claims.take("a") is None
        await renewed.wait()
        assert not another().claim("a")
        await claims.give_up("a")
        assert another().claim("a")
        await claims.aclose()

    asyncio.run(one())


# What cannot be used


@pytest.mark.parametrize("address", ["mysql://ann:secret@h/d", "postgresql:/[", "", "out.sqlite3"])
def test_an_address_that_is_none_is_refused_without_repeating_it(address):
    pytest.importorskip("psycopg")
    with pytest.raises(SettingsError, match="--cache takes the address") as caught:
        open_cache(address)
    assert "secret" not in caught.value.message


def test_a_database_that_is_away_is_named_without_its_password():
    pytest.importorskip("psycopg")
    with pytest.raises(SettingsError, match="cannot be used") as caught:
        open_cache("postgresql://ann:secret@127.0.0.1:1/triage")
    assert "127.0.0.1:1/triage" in caught.value.message
    assert "secret" not in caught.value.message


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"triage-agent\[postgres\]"):
        open_cache("postgresql://h/d")


@pytest.mark.cluster
def test_the_command_shows_and_clears_what_is_shared(server):
    with closing(open_cache(server)) as store:
        store.store("shown", PACKED)
        expected = store.stats().replies
    run = CliRunner().invoke
    shown = run(app, ["cache", "--cache", server])
    assert shown.exit_code == 0, shown.output
    assert f"postgresql:///postgres: {expected} answer" in shown.output
    cleared = run(app, ["cache", "--clear"], env={"TRIAGE_CACHE": server})
    assert f"deleted from the cache: {expected} answer" in cleared.output
    assert "postgresql:///postgres: 0 answers" in cleared.output


@pytest.mark.cluster
def test_a_database_of_a_later_version_is_left_alone(server):
    import psycopg

    with psycopg.connect(server, autocommit=True) as database:
        database.execute("CREATE DATABASE later")
    address = server.replace("/postgres?", "/later?")
    with closing(open_cache(address)) as store, store.transaction() as run:
        run("INSERT INTO triage.migration VALUES (?)", (99,))
    with pytest.raises(SettingsError, match="later version"):
        open_cache(address)


def test_the_file_is_the_store_where_no_address_is_given(tmp_path):
    with closing(open_cache(path=tmp_path / "own.sqlite3")) as store:
        assert store.stats().path == Path(tmp_path / "own.sqlite3")
