"""Nothing is paid twice, and the cap holds, whatever the server reports and however it fails."""

import os
import re
import resource
import signal
import sqlite3
import sys
import time
from contextlib import closing
from decimal import Decimal

import pytest

from support.desk import PRICE, Desk, honest, serving
from support.openai_server import Fault
from support.program import triage
from triage_agent import Triage
from triage_agent.errors import TriageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and locks of Unix")

THOUGHT = 300  # tokens


@pytest.fixture
def desk(tmp_path):
    return lambda rows, name="desk": Desk(tmp_path / name, rows)


def thinking(usage):
    given, made = honest(usage)
    return given, made + THOUGHT


def dear(usage):
    """Return more tokens than the request has bytes, and more than its limit lets it answer."""
    given, made = honest(usage)
    return given * 12, made + 1_800


def as_reported(true, **changes):
    def report(usage):
        given, made = true(usage)
        whole = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
        return whole | {name: change(usage) for name, change in changes.items()}

    return report


def made(usage):
    return usage["completion_tokens"]


def details(_):
    return {"reasoning_tokens": THOUGHT}


WAYS = {
    "the true usage": {},
    "no usage": {"usage": None},
    "nothing used": {"usage": lambda _: {"prompt_tokens": 0, "completion_tokens": 0}},
    "less than nothing": {"usage": lambda _: {"prompt_tokens": -5, "completion_tokens": -5}},
    "no numbers": {"usage": lambda _: {"prompt_tokens": "9", "completion_tokens": None}},
    "more than there is": {"usage": lambda _: dict.fromkeys(("prompt_tokens",), 10**30)},
    "the total alone": {"usage": lambda usage: {"total_tokens": sum(honest(usage))}},
    "thinking in the total alone": {
        "true": thinking,
        "usage": as_reported(thinking, completion_tokens=made),
    },
    "thinking beside the completion": {
        "true": thinking,
        "usage": as_reported(thinking, completion_tokens=made, completion_tokens_details=details),
    },
    "thinking beside it, and no total": {
        "true": thinking,
        "usage": as_reported(
            thinking,
            completion_tokens=made,
            completion_tokens_details=details,
            total_tokens=lambda _: None,
        ),
    },
    "more than the request's bytes": {"true": dear, "usage": as_reported(dear)},
    **{
        f"billed, and {fault.value}": {
            "bills": (fault,),
            "faults": (fault,),
            "fault_rate": 0.4,
            "retry_after": "ms",
            "retry_after_s": 0.001,
        }
        for fault in (
            Fault.GATEWAY_TIMEOUT,
            Fault.SERVER_ERROR,
            Fault.REQUEST_TIMEOUT,
            Fault.DROP,
            Fault.BAD_CHUNK,
            Fault.HTML,
        )
    },
    **{
        f"answered, and {fault.value}": {"faults": (fault,), "fault_rate": 0.4}
        for fault in (Fault.HALF_REPLY, Fault.OFF_SCHEMA, Fault.TRUNCATED, Fault.EMPTY_CONTENT)
    },
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_cap_holds_in_every_way_of_billing(way, desk):
    capped = desk(60)
    with serving(latency_s=0.01, **way) as server:
        for cap in ("50", "120"):
            capped.run(server, "--price", PRICE, "--max-cost", cap, code={0, 3, 6})
            capped.within(server, cap)
        assert server.calls > 5


def test_a_dead_server_eats_nothing_of_the_cap_and_the_run_goes_on_when_it_is_back(desk):
    capped = desk(20)
    with serving() as server:
        pass
    said = capped.run(server, "--price", PRICE, "--max-cost", "100", "--timeout", "1", code=5)
    assert "cannot be reached" in said
    assert not capped.out.exists()
    assert capped.spent == 0
    with serving() as server:
        capped.run(server, "--price", PRICE, "--max-cost", "100")
        capped.within(server, 100)


def test_a_cap_of_a_library_call_holds_too(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_CACHE_DIR", str(tmp_path))
    texts = [f"Case {n}: orders are typed by hand" for n in range(20)]
    with serving() as server:
        options = {"model": "m", "base_url": server.base_url, "price": PRICE}
        with Triage(**options, max_cost=0) as triage_of_ours, pytest.raises(TriageError) as caught:
            list(triage_of_ours.classify_many(texts))
        assert (server.calls, caught.value.exit_code) == (0, 6)
        with Triage(**options, max_cost=100) as triage_of_ours:
            assert len(list(triage_of_ours.classify_many(texts))) == 20


def test_what_was_answered_is_never_paid_for_again_and_the_output_is_the_same_every_time(desk):
    often = desk(0)
    often.write(
        f"Row {n}: order {7_000_000 + n}, ISBN 978-0-306-{40615 + n}-{n % 10}, of 1764{n:09} is "
        f"copied by hand; ask ann{n}@example.com or 415-555-{2000 + n}."
        for n in range(100)
    )
    outputs = []
    with serving() as server:
        for calls in (100, 100, 100):
            often.run(server, "--no-redact")
            assert server.calls == calls
            outputs.append(often.out.read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]
    evidence = " ".join(row["triage_1_evidence"] for row in often.rows)
    assert "7000007" in evidence
    assert "review" not in {row["triage_1_needs_review"] for row in often.rows}


def test_the_cache_holds_no_five_words_of_a_problem(desk):
    private = desk(0)
    private.write(
        [
            "Every Friday Priya copies forty orders from the shop into the planner by hand.",
            "[[fault:off_schema]] Nobody at the front desk ever calls a lead back in time.",
            "[[fault:truncated]] Invoices are typed twice because the two programs never talk.",
            "[[fault:refusal]] The drivers get their tours on paper, and half of them get lost.",
        ]
    )
    with serving(reply=quoting) as server:
        private.run(server, "--no-redact", code=3)
    row = private.rows[0]
    assert "Priya copies forty orders" in row["triage_1_evidence"]
    dumped = b"".join(path.read_bytes() for path in private.home.iterdir()).decode("latin-1")
    with closing(sqlite3.connect(private.home / "ledger.sqlite3")) as database:
        dumped += "\n".join(database.iterdump()).encode().decode("unicode_escape")
    stored = re.findall(r"\w+", dumped.casefold())
    assert "automate" in stored
    runs = {tuple(stored[at : at + 5]) for at in range(len(stored))}
    for text in private.texts:
        words = re.findall(r"\w+", text.casefold())
        assert not [
            words[at : at + 5]
            for at in range(len(words))
            if tuple(words[at : at + 5]) in runs and len(words[at : at + 5]) == 5
        ]


def quoting(text):
    """Reply as a model that quotes all that it may."""
    from support.openai_server import reply_for

    return reply_for(text) | {
        "evidence": [text[:160], text[10:70]],
        "rationale": f"They write: {text[:300]} So it is work by hand.",
    }


def test_a_second_run_into_one_output_pays_nothing_and_says_who_holds_it(desk):
    twice = desk(40)
    with serving(latency_s=0.3) as server:
        first = twice.start(server)
        while server.calls < 5:
            time.sleep(0.01)
        second = Desk(twice.folder / "second", 0)
        second.forms, second.out, second.home = twice.forms, twice.out, second.folder
        started = time.monotonic()
        said = second.run(server, code=2)
        assert time.monotonic() - started < 20
        assert f"process {first.pid}" in said
        assert str(twice.out) in said
        assert first.wait(60) == 0
        assert server.calls == 40
        twice.run(server)  # nothing is in the way of a later run
        assert server.calls == 40
    assert not [path.name for path in twice.folder.iterdir() if path.name.startswith(".out")]


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(desk):
    stopped = desk(400)
    with serving(latency_s=0.05) as server:
        process = stopped.start(server)
        until = time.monotonic() + 60
        while server.calls < 40 and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        said = stopped.said.splitlines()
        assert re.fullmatch(
            r"Stopped\. \d+ rows were answered; the output was not written\. "
            r"Answers that were paid for are kept: the same command goes on from here\.",
            said[-1],
        )
        assert "Traceback" not in stopped.said
        assert not stopped.out.exists()


def test_what_a_killed_run_leaves_is_no_obstacle(desk):
    killed = desk(40)
    with serving(latency_s=0.2) as server:
        process = killed.start(server)
        while server.calls < 5:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert [path.name for path in killed.folder.iterdir() if path.name.endswith(".lock")]
        killed.run(server)
    assert len(killed.rows) == 40


@pytest.mark.parametrize("fault", [Fault.RATE_LIMIT, Fault.UNAVAILABLE])
def test_a_wait_of_an_hour_stops_the_run_with_what_is_done_kept(fault, desk):
    stopped = desk(30)
    decided = iter([None] * 10)
    with serving(schedule=lambda _: next(decided, fault), retry_after_s=3600) as server:
        said = stopped.run(server, code=5, timeout=60)
        assert "60 minutes" in said
        assert stopped.kept == 10


def test_a_wait_of_over_twenty_seconds_is_said(desk):
    waiting = desk(5)
    with serving(schedule=lambda _: Fault.UNAVAILABLE, retry_after_s=50) as server:
        process = waiting.start(server)
        deadline = time.monotonic() + 30
        while "waiting" not in waiting.said and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert waiting.said.count("waiting 50 seconds for 127.0.0.1") == 1


def test_a_full_disk_ends_the_run_at_once_with_what_is_done_kept(desk, monkeypatch):
    full = desk(400)
    with serving(latency_s=0.005) as server:
        limit = 120_000  # bytes of any one file
        process = full.start(
            server, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        )
        assert process.wait(60) == 2
        assert "Traceback" not in full.said
        assert "ledger.sqlite3" in full.said
        assert "is the disk full?" in full.said
        kept, calls = full.kept, server.calls
        assert 0 < kept < 400
        full.run(server)
        assert server.calls - calls == 400 - kept
    assert Decimal(full.spent) == 0


@pytest.mark.parametrize("fault", [Fault.NO_HTTP, Fault.BAD_CHUNK, Fault.LATE_DATE, Fault.HTML])
def test_doctor_says_after_two_calls_what_is_wrong_with_an_address(fault):
    with serving(schedule=lambda _: fault) as server:
        ran = triage("doctor", "-m", "m", "--base-url", server.base_url)
        assert server.calls <= 2
    assert ran.returncode == 5
    assert b"FAIL endpoint: 127.0.0.1" in ran.stdout
    assert b"Traceback" not in ran.stderr


def test_doctor_of_a_server_with_absurd_numbers_finds_it_well():
    with serving(schedule=lambda _: Fault.HUGE_USAGE) as server:
        ran = triage("doctor", "-m", "m", "--base-url", server.base_url)
    assert ran.returncode == 0, ran.stdout
