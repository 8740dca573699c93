"""The cache: what is kept is found again, what is reserved stays counted, whatever is killed."""

import os
import random
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from triage_agent.errors import SettingsError
from triage_agent.models.llm.cache import (
    FORMAT,
    Cache,
    clear_cache,
    delete_cache,
    open_cache,
)
from triage_agent.models.llm.cache_place import cache_path
from triage_agent.types import Usage

OUT = "/home/ann/out.csv"
USAGE = Usage(1, 1200, 150)
PACKED = '{"label":"build-software"}'
KILLS = 20
CAP = 8_000  # micro-dollars, a few hundred requests


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "ledger.sqlite3"


@pytest.fixture
def cache(path):
    with closing(Cache(path)) as one:
        yield one


def written(path):
    """Return every byte that lies in the cache's files."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


# Replies


def test_a_kept_reply_is_found_with_what_it_cost(cache):
    assert cache.find("a") is None
    cache.store("a", PACKED)
    assert cache.find("a") == PACKED
    assert cache.find("b") is None


def test_a_later_reply_replaces_an_earlier_one(cache):
    cache.store("a", PACKED)
    cache.store("a", "{}")
    assert cache.find("a") == "{}"
    assert cache.stats().replies == 1


def test_a_bad_reply_is_counted_and_never_found(cache):
    cache.store_rejected("a")
    cache.store_rejected("a")
    assert cache.find("a") is None
    assert (cache.stats().replies, cache.stats().bad) == (0, 2)
    cache.store("a", PACKED)
    cache.store_rejected("a")
    assert cache.find("a") == PACKED
    assert (cache.stats().replies, cache.stats().bad) == (1, 3)


def test_what_lies_in_the_files_is_what_was_packed_and_nothing_of_a_bad_reply(path, cache):
    cache.store("a", PACKED)
    cache.store_rejected("b")
    cache.reserve(OUT, 10, None)
    assert b"build-software" in written(path)
    assert cache.stats().bad == 1


# Spending


def test_an_account_is_what_was_settled_and_what_is_open(cache):
    assert cache.spent(OUT) == 0
    one, two, three = (cache.reserve(OUT, amount, None) for amount in (100, 200, 300))
    assert cache.spent(OUT) == 600
    cache.settle(one, 40, USAGE)
    cache.settle(two, None, Usage())
    cache.settle(three, 0, USAGE)
    assert cache.spent(OUT) == 240


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
def test_what_would_pass_the_cap_is_refused(cache, amounts, cap, taken):
    assert [cache.reserve(OUT, amount, cap) is not None for amount in amounts] == taken


def test_a_reservation_is_settled_once(cache):
    one = cache.reserve(OUT, 100, None)
    cache.settle(one, 40, USAGE)
    cache.settle(one, 7, USAGE)
    assert cache.spent(OUT) == 40


def test_a_report_above_the_reservation_is_believed_and_uses_up_the_cap(cache):
    cache.settle(cache.reserve(OUT, 100, 100), 150, USAGE)
    assert cache.spent(OUT) == 150
    assert cache.reserve(OUT, 0, 100) is None
    assert cache.reserve(OUT, 1, 151) is None  # half as much again as its bound, and rounded up
    assert cache.reserve(OUT, 1, 152) is not None


@pytest.mark.parametrize("other", ["/home/ann/OUT.csv", "", "/home/ann/東京\udcff.csv"])
def test_accounts_do_not_know_of_each_other(cache, other):
    cache.reserve(OUT, 100, 100)
    assert cache.spent(other) == 0
    assert cache.reserve(other, 100, 100) is not None
    assert cache.spent(OUT) == cache.spent(other) == 100


def test_what_a_lost_process_had_reserved_stays_spent(path, cache):
    cache.reserve(OUT, 100, None)
    cache.close()
    with closing(Cache(path)) as again:
        assert again.spent(OUT) == 100
        assert again.reserve(OUT, 1, 100) is None


# Two at once


def test_two_caches_open_at_once_see_the_same(path, cache):
    with closing(Cache(path)) as other:
        cache.store("a", PACKED)
        assert other.find("a") == PACKED
        one, two = cache.reserve(OUT, 60, 100), other.reserve(OUT, 40, 100)
        assert cache.reserve(OUT, 1, 100) is other.reserve(OUT, 1, 100) is None
        other.settle(two, 0, USAGE)
        cache.settle(one, 10, USAGE)
        assert cache.spent(OUT) == other.spent(OUT) == 10
    assert cache.find("a") == PACKED


def test_many_that_find_no_file_lay_one_out_together(tmp_path):
    def one(place):
        with closing(Cache(tmp_path / str(place % 10))) as cache:
            return cache.reserve(OUT, 1, None) is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(80)))
    for place in range(10):
        with closing(Cache(tmp_path / str(place))) as cache:
            assert cache.spent(OUT) == 8


def test_threads_share_one_cache(cache):
    def spend(seed):
        chance, total = random.Random(seed), 0
        for turn in range(50):
            if number := cache.reserve(OUT, 10, 1_000):
                real = chance.randint(0, 10)
                cache.settle(number, real, USAGE)
                total += real
            cache.store(f"{seed} {turn}", PACKED)
            assert cache.find(f"{seed} {turn}") == PACKED
        return total

    with ThreadPoolExecutor(6) as pool:
        charged = sum(pool.map(spend, range(6)))
    assert cache.spent(OUT) == charged <= 1_000
    assert cache.stats().replies == 300


# Three threads that spend and keep, and write down in a file of their own what the service charged
# and what they were told is kept. One in 400 turns the whole process ends in the middle.
WORKER = """
import os, random, sys, threading
from pathlib import Path
from triage_agent.models.llm.cache import Cache
from triage_agent.models.llm.cache_place import cache_path
from triage_agent.types import Usage

path, account, cap, log, seed, suicidal = sys.argv[1:]
cache = Cache(Path(path))
diary = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def work(name):
    chance, turn = random.Random(name), 0
    while (number := cache.reserve(account, bound := chance.randint(1, 60), int(cap))) is not None:
        turn += 1
        real = chance.choice([None, chance.randint(0, bound)])
        os.write(diary, b"charged %d\\n" % (bound if real is None else real))
        if suicidal == "yes" and chance.random() < 1 / 400:
            os._exit(1)
        cache.settle(number, real, Usage(1, bound, 1))
        key = f"{name}-{turn}"
        cache.store(key, '{"of":"%s"}' % key)
        os.write(diary, b"kept %s\\n" % key.encode())

threads = [threading.Thread(target=work, args=(f"{seed}-{n}",)) for n in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
cache.close()
"""


def start(path, account, log, name, suicidal):
    arguments = [path, account, str(CAP), log, name, suicidal]
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], stderr=subprocess.PIPE)


def check(path, account, log):
    """Hold the cache against what was written down elsewhere."""
    lines = [line.split() for line in log.read_text().splitlines()]
    charged = sum(int(what) for deed, what in lines if deed == "charged")
    with closing(Cache(path)) as cache:
        assert 0 < charged <= cache.spent(account) <= CAP
        for deed, what in lines:
            if deed == "kept":
                assert cache.find(what) == f'{{"of":"{what}"}}'


def test_the_cap_holds_and_kept_replies_stay_whatever_is_killed_when(tmp_path):
    chance = random.Random(3)
    path, killed, turn = tmp_path / "ledger.sqlite3", 0, 0
    while killed < KILLS:
        account, log = f"/out/{turn // 3}.csv", tmp_path / f"{turn // 3}"  # each is met three times
        before = log.stat().st_size if log.exists() else 0
        pair = [start(path, account, log, f"{turn}-{how}", how) for how in ("yes", "no")]
        while any(worker.poll() is None for worker in pair):
            if log.exists() and log.stat().st_size > before:
                time.sleep(chance.uniform(0, 0.1))
                break
            time.sleep(0.002)
        for worker in pair:
            worker.kill()
            assert worker.communicate()[1] == b""
            killed += worker.returncode != 0
        check(path, account, log)
        turn += 1
    assert start(path, account, log, "last", "no").communicate()[1] == b""
    check(path, account, log)
    with closing(Cache(path)) as cache:
        assert cache.spent(account) > CAP - 60  # it went on until nothing more fitted
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# The file


def test_the_file_and_the_folders_made_for_it_are_the_users_alone(tmp_path):
    path = tmp_path / "one" / "two" / "ledger.sqlite3"
    tmp_path.chmod(0o755)
    with closing(Cache(path)) as cache:
        cache.store("a", PACKED)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*")}
    assert {modes.pop("one"), modes.pop("two")} == {0o700}
    assert set(modes) >= {"ledger.sqlite3", "ledger.sqlite3-wal"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_the_file_says_whose_it_is_and_writes_ahead(path, cache):
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (FORMAT,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert cache._run("PRAGMA synchronous")[0] == [(1,)]


def change(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


def later_version(path):
    Cache(path).close()
    change(path, f"PRAGMA user_version = {FORMAT + 1}")


def other_program(path):
    change(path, "CREATE TABLE bookmark (url)")


def other_program_with_a_version(path):
    change(path, "CREATE TABLE bookmark (url)", "PRAGMA user_version = 1")


def torn(path):
    with closing(Cache(path)) as cache:
        for place in range(200):
            cache.store(str(place), '{"why":"%s"}' % ("word " * 100))
    os.truncate(path, 9_000)


def overwritten(path):
    Cache(path).close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 100_000)


BROKEN = [
    pytest.param(later_version, id="of a later version"),
    pytest.param(other_program, id="of another program"),
    pytest.param(other_program_with_a_version, id="of another program that counts versions"),
    pytest.param(lambda path: path.write_text("no database " * 999), id="no database"),
    pytest.param(torn, id="torn off"),
    pytest.param(overwritten, id="overwritten"),
    pytest.param(lambda path: path.mkdir(), id="a folder"),
]


def use(path):
    with closing(Cache(path)) as cache:
        cache.store("150", PACKED)
        cache.find("150")
        cache.reserve(OUT, 1, None)


@pytest.mark.parametrize("breaking", BROKEN)
def test_a_file_that_cannot_be_used_is_a_settings_error_that_says_what_to_do(tmp_path, breaking):
    path = tmp_path / "ledger.sqlite3"
    breaking(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(SettingsError) as caught:
        use(path)
    assert str(path) in caught.value.message
    assert "triage cache --clear" in caught.value.message
    if breaking in {later_version, other_program, other_program_with_a_version}:
        assert path.read_bytes() == before


@pytest.mark.parametrize("breaking", BROKEN[:-1])
def test_a_file_that_cannot_be_used_can_be_discarded(tmp_path, breaking):
    path = tmp_path / "ledger.sqlite3"
    breaking(path)
    delete_cache(path)
    with closing(Cache(path)) as cache:
        assert cache.stats().replies == 0


@pytest.mark.parametrize("end", ["", "-wal"])
def test_a_folder_in_the_place_of_a_file_is_not_deleted_but_named(tmp_path, end):
    path = tmp_path / "ledger.sqlite3"
    Path(f"{path}{end}").mkdir()
    with pytest.raises(SettingsError, match=f"sqlite3{end} cannot be deleted: Is a directory"):
        delete_cache(path)


def test_what_does_not_exist_can_be_discarded_too(path):
    delete_cache(path)


def test_the_users_broken_cache_is_replaced_only_where_that_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_CACHE_DIR", str(tmp_path))
    (tmp_path / "ledger.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(SettingsError, match="triage cache --clear"):
        open_cache()
    with pytest.raises(SettingsError, match="triage cache --clear"):
        clear_cache(older_than_s=1)
    assert clear_cache() is None
    with closing(open_cache()) as cache:
        assert cache.stats().replies == 0


def test_a_cache_that_another_process_keeps_locked_is_not_deleted(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_CACHE_DIR", str(tmp_path))
    with closing(open_cache()) as cache:
        cache.store("a", PACKED)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **o: connect(*a, **o | {"timeout": 0.05}))
    with closing(connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SettingsError, match="If another triage is running, wait"):
            clear_cache()
        other.execute("COMMIT")
    with closing(open_cache()) as cache:
        assert cache.find("a") == PACKED


def test_a_place_where_nothing_can_be_made_is_a_settings_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="TRIAGE_CACHE_DIR"):
        Cache(tmp_path / "file" / "ledger.sqlite3")


def test_an_empty_file_becomes_a_cache(path):
    path.parent.mkdir()
    path.touch()
    with closing(Cache(path)) as cache:
        cache.store("a", PACKED)
        assert cache.find("a") == PACKED


# Looking and clearing


def test_the_statistics_count_what_is_there(path):
    now = [1000.0]
    with closing(Cache(path, clock=lambda: now[0])) as cache:
        assert cache.stats().oldest is None
        cache.store_rejected("a")
        now[0] += 5
        cache.store("a", PACKED)
        stats = cache.stats()
    assert (stats.path, stats.replies, stats.bad, stats.oldest) == (path, 1, 1, 1000.0)
    assert stats.bytes >= 4096


@pytest.mark.parametrize(
    ("older_than_s", "gone", "left"),
    [
        pytest.param(100, 0, 3, id="nothing is that old"),
        pytest.param(10, 1, 2, id="the oldest"),
        pytest.param(9, 2, 1, id="two, one of them bad"),
        pytest.param(0, 2, 1, id="all but those of this moment"),
        pytest.param(None, 3, 0, id="everything"),
    ],
)
def test_replies_are_cleared_by_age(path, older_than_s, gone, left):
    now = [1000.0]
    with closing(Cache(path, clock=lambda: now[0])) as cache:
        cache.store("a", PACKED)
        now[0] += 1
        cache.store_rejected("b")
        now[0] += 10
        cache.store("c", PACKED)
        cache.reserve(OUT, 100, None)
        assert cache.clear(older_than_s) == gone
        assert cache.stats().replies + cache.stats().bad == left
        assert cache.spent(OUT) == 100  # a cap is for everything that was ever spent


@pytest.mark.parametrize("older_than_s", [None, -1])
def test_what_was_cleared_is_gone_from_the_files(path, cache, older_than_s):
    for place in range(300):
        cache.store(str(place), '{"why":"unforgettable %s"}' % ("word " * 50))
    before = cache.stats().bytes
    assert b"unforgettable" in written(path)
    with closing(Cache(path)) as other:
        assert other.clear(older_than_s) == 300
    assert b"unforgettable" not in written(path)
    assert cache.stats().bytes < before
    with closing(Cache(path.with_name("new"))) as new:
        assert cache.stats().bytes <= new.stats().bytes
    cache.store("a", PACKED)
    assert cache.find("a") == PACKED


# Where it lies


@pytest.mark.parametrize(
    ("own", "cache", "expected"),
    [
        pytest.param(None, None, ".cache/triage-agent/ledger.sqlite3", id="the usual place"),
        pytest.param(None, "c", "c/triage-agent/ledger.sqlite3", id="the user's cache folder"),
        pytest.param("t", "c", "t/ledger.sqlite3", id="our own variable"),
        pytest.param("~/t", None, "t/ledger.sqlite3", id="our own variable, from home"),
        pytest.param("", "c", "c/triage-agent/ledger.sqlite3", id="an empty variable is none"),
    ],
)
def test_the_cache_lies_where_caches_do(monkeypatch, no_user, own, cache, expected):
    for name, value in (("TRIAGE_CACHE_DIR", own), ("XDG_CACHE_HOME", cache)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            there = str(no_user / value) if value and value[0] != "~" else value
            monkeypatch.setenv(name, there)
    assert cache_path() == no_user / Path(expected)


def test_what_a_killed_process_was_about_to_ask_is_free_at_once(path):
    killed = """
import os, signal, sys
from pathlib import Path
from triage_agent.models.llm.cache import Cache
assert Cache(Path(sys.argv[1])).claim("a")
os.kill(os.getpid(), signal.SIGKILL)
"""
    with closing(Cache(path)) as living:
        assert living.claim("b")
        subprocess.run([sys.executable, "-c", killed, path], check=False)
        assert not living.claim("a")  # it looks when it is opened: an ended process left it
        with closing(Cache(path)) as next_run:
            assert next_run.claim("a")
            assert not next_run.claim("b")
