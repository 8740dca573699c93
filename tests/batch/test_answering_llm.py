"""`triage batch` with an LLM over real HTTP: nothing lost, nothing paid twice, no cap passed.

The program runs as a process of its own, so that it can be killed; the server runs in a thread
here, so that what it saw and what it handed out can be asked about.
"""

import json
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from decimal import Decimal

import pytest

from support.desk import IN_FLIGHT, PRICE, Desk, kill_after, prints, serving, settled
from support.openai_server import Fault
from triage_agent.models.llm.refusals_in_a_row import LATER_TEXTS

FAULTY_ROWS = int(os.environ.get("TRIAGE_TEST_FAULTY_ROWS", "300"))  # 5,000 in benchmarks.soak
KILLS = int(os.environ.get("TRIAGE_TEST_KILLS", "10"))  # 200 in benchmarks.soak
SEED = int(os.environ.get("TRIAGE_TEST_SEED", "0"))
# Not 401, 403, 404 and the like, which stop the run; a hanging call costs a whole timeout.
TRANSPORT = [
    Fault.RATE_LIMIT,
    Fault.SERVER_ERROR,
    Fault.UNAVAILABLE,
    Fault.REQUEST_TIMEOUT,
    Fault.GATEWAY_TIMEOUT,
    Fault.DROP,
    Fault.HALF_REPLY,
    Fault.NO_HTTP,
    Fault.BAD_STATUS_LINE,
    Fault.BAD_HEADER,
    Fault.BAD_LENGTH,
    Fault.BAD_CHUNK,
    Fault.BAD_GZIP,
    Fault.LATE_DATE,
    Fault.HANG,
]
MALFORMED = [
    Fault.EMPTY_CHOICES,
    Fault.NO_MESSAGE,
    Fault.EMPTY_CONTENT,
    Fault.HTML,
    Fault.OFF_SCHEMA,
    Fault.NOT_JSON,
]
PASSING = TRANSPORT * 2 + MALFORMED  # at a rate of 0.3: 25 % and 5 % of the requests
FOR_GOOD = [Fault.REFUSAL, Fault.AZURE_FILTER, Fault.CONTEXT_LENGTH, Fault.UNPROCESSABLE]


@pytest.fixture
def desk(tmp_path):
    return lambda rows, name="desk": Desk(tmp_path / name, rows)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The OUT of a run that nothing disturbed."""
    desk = Desk(tmp_path_factory.mktemp("undisturbed"), 150)
    with pytest.MonkeyPatch.context() as patch, serving() as server:
        patch.setenv("HOME", str(desk.home))
        desk.run(server)
        assert server.calls == 150
    return desk.out.read_bytes()


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_any_moment_and_resumed_the_output_is_the_undisturbed_one(
    number, desk, undisturbed
):
    dice = random.Random(SEED * 1000 + number)
    killed = desk(150)
    with serving(latency_s=0.02) as server:
        process = killed.start(server)
        kill_after(process, server, dice.randrange(-20, 151), dice.uniform(0, 0.3))
        before, kept = settled(server), killed.kept
        # Sent but not cached is only what was under way.
        assert before - kept <= IN_FLIGHT
        killed.run(server)
        resumed = list(server.kept)[before:]
        assert len(resumed) == 150 - kept  # no completed call is repeated
        assert sum(prints(server.kept).values()) - len(prints(server.kept)) == before - kept
    assert killed.out.read_bytes() == undisturbed
    assert sorted(p.name for p in killed.folder.iterdir() if p.name.startswith("out")) == [
        "out.csv",
        "out.csv.run.json",
    ]


def test_the_cap_ends_the_run_cleanly_and_a_higher_one_continues_it(desk):
    capped = desk(200)
    with serving(latency_s=0.01) as server:
        capped.run(server, "--price", PRICE, "--max-cost", "1000")
        whole, full = server.billed, capped.out.read_bytes()
    capped = desk(200, "capped")
    with serving(latency_s=0.01) as server:
        low = str(whole / 2)
        said = capped.run(server, "--price", PRICE, "--max-cost", low, code=6)
        capped.within(server, low)
        assert server.billed > Decimal(low) * Decimal("0.8")  # it was used, too
        assert "--max-cost" in said
        assert "cap" in said
        assert not capped.out.exists()
        calls = server.calls
        capped.run(server, "--price", PRICE, "--max-cost", low, code=6)  # cumulative
        capped.within(server, low)
        assert server.calls <= calls + IN_FLIGHT
        capped.run(server, "--price", PRICE, "--max-cost", "1000")
        assert server.calls == 200  # what was paid for was not asked again
        assert capped.spent == server.billed == whole
    assert capped.out.read_bytes() == full


@pytest.mark.parametrize("usage", [True, False], ids=["usage reported", "usage not reported"])
def test_the_cap_holds_with_failures_kills_and_resumes(usage, desk):
    dice = random.Random(SEED)
    capped = desk(120)
    faults = [f for f in PASSING if f is not Fault.HANG]
    options = {"faults": faults, "fault_rate": 0.3, "retry_after": "ms", "retry_after_s": 0.001}
    with serving(latency_s=0.01, usage=dict if usage else None, **options) as server:
        for number in (1, 2):
            cap = str(25 * number)
            process = capped.start(server, "--price", PRICE, "--max-cost", cap)
            kill_after(process, server, server.calls + dice.randrange(5, 40), dice.uniform(0, 0.1))
            settled(server)
            capped.within(server, cap)
        capped.run(server, "--price", PRICE, "--max-cost", cap, code=6)
        capped.within(server, cap)
        capped.run(server, "--price", PRICE, "--max-cost", "10000", code={0, 3})
        capped.within(server, 10000)
    assert [row["problem"] for row in capped.rows] == capped.texts


def test_mixed_faults_leave_one_outcome_a_row_and_only_what_is_refused_for_good_in_error(desk):
    faulty = desk(FAULTY_ROWS)
    refused = set(range(7, FAULTY_ROWS, FAULTY_ROWS // 10))
    texts = list(faulty.texts)
    for place, n in enumerate(sorted(refused)):
        texts[n] += f" [[fault:{FOR_GOOD[place % len(FOR_GOOD)].value}]]"
    faulty.write(texts)
    with serving(
        faults=PASSING, fault_rate=0.3, seed=SEED, retry_after="ms", retry_after_s=0.001
    ) as server:
        faulty.run(server, "--price", PRICE, "--timeout", "1", code=3)
        assert sum(server.faults.values()) > 0.25 * FAULTY_ROWS
        assert set(server.faults) >= set(PASSING)
        # One sent over a connection that the server is closing is counted, and never read there.
        assert settled(server) <= faulty.usage["calls"] <= server.calls + 0.01 * FAULTY_ROWS + 1
        assert server.billed <= faulty.spent
    rows = faulty.rows
    assert [row["problem"] for row in rows] == faulty.texts
    outcomes = Counter(row["triage_1_outcome"] for row in rows)
    print(f"{FAULTY_ROWS} rows, {server.calls} calls, {outcomes}, {server.faults}")  # noqa: T201
    assert set(outcomes) == {"classified", "error"}
    assert all(
        (row["triage_1_outcome"] == "classified") == bool(row["triage_1_label"])
        and (row["triage_1_outcome"] == "error") == bool(row["triage_1_error"])
        for row in rows
    )
    assert {n for n, row in enumerate(rows) if row["triage_1_outcome"] == "error"} == refused
    errors = (faulty.folder / "out.csv.errors.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(errors) == len(refused)


def test_retry_errors_asks_again_about_just_the_rows_in_error(desk):
    faulty = desk(40)
    down = True
    with serving(
        schedule=lambda call: Fault.UNPROCESSABLE if down and _odd(call) else None
    ) as server:
        faulty.run(server, code=3)
        before, good = server.calls, [row for row in faulty.rows if row["triage_1_label"]]
        assert len(good) == 20
        down = False
        faulty.run(server, "--retry-errors")
        assert server.calls - before == 20
    assert not (faulty.folder / "out.csv.errors.jsonl").exists()
    assert [row for row in faulty.rows if row in good] == good  # they were left as they were
    assert {row["triage_1_outcome"] for row in faulty.rows} == {"classified"}


def _odd(call):
    return int(re.search(r"Case (\d+)", call.text)[1]) % 2 == 1


@pytest.mark.parametrize(
    ("fault", "says", "texts"),
    [
        pytest.param(Fault.KEY, "key", 0, id="401"),
        # It may be a firewall's, about one text, once others were answered.
        pytest.param(Fault.FORBIDDEN, "not supported", LATER_TEXTS, id="403"),
        pytest.param(Fault.NOT_FOUND, "test-model", 0, id="404"),
        pytest.param(Fault.QUOTA, "quota", 0, id="the quota is used up"),
    ],
)
def test_what_cannot_get_better_stops_the_run_at_once_and_keeps_what_was_answered(
    fault, says, texts, desk
):
    stopped, broken = desk(100), True

    def after_forty(call):
        return fault if broken and call.number >= 40 else None

    with serving(latency_s=0.01, schedule=after_forty) as server:
        said = stopped.run(server, code=5)
        assert says in said.splitlines()[-1]
        assert server.calls <= 40 + IN_FLIGHT + texts
        assert server.faults[fault.value] >= 1
        assert stopped.kept == 40
        assert not stopped.out.exists()
        broken, before = False, server.calls
        stopped.run(server)
        assert server.calls == before + 60
    assert [row["problem"] for row in stopped.rows] == stopped.texts


def test_equal_texts_are_asked_once_and_only_a_changed_row_is_asked_again(desk):
    twice = desk(0)
    texts = [f"Case {n}: orders are typed by hand" for n in range(40)]
    with serving(latency_s=0.01) as server:

        def calls(rows, *options):
            before = server.calls
            twice.write(rows)
            twice.run(server, *options)
            assert [row["problem"] for row in twice.rows] == rows
            return server.calls - before

        assert calls(texts * 3) == 40  # in flight at once, and later
        assert calls(texts[::-1]) == 0  # reordered
        assert calls([*texts[:20], "Leads are lost", *texts[21:]]) == 1
        assert calls(texts, "--fresh") == 40


def test_no_e_mail_or_phone_leaves_this_machine_or_lies_in_the_cache(desk):
    private = desk(0)
    secrets = ["ann.lee@example.com", "415-555-2671", "bob@example.org"]
    private.write(
        [
            f"Mail {secrets[0]} or call {secrets[1]}: orders come by hand",
            f"Ask {secrets[2]} who types the orders",
            f"[[fault:off_schema]] {secrets[0]} gets every order",
        ]
    )
    with serving() as server:
        private.run(server, "--redact", code=3)
        sent = json.dumps(server.bodies)
        assert "orders" in sent
    places = {
        "the requests": sent,
        "standard error": private.said,
        "run.json": (private.folder / "out.csv.run.json").read_text(encoding="utf-8"),
    }
    for path in private.home.iterdir():
        places[path.name] = path.read_bytes().decode("latin-1")
    assert "ledger.sqlite3" in places
    for place, text in places.items():
        for secret in secrets:
            assert secret not in text, place
    evidence = [row["triage_1_evidence"] for row in private.rows]
    assert secrets[0] in evidence[0]
    assert secrets[1] in evidence[0]
    assert secrets[2] in evidence[1]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
def test_ctrl_c_ends_the_run_quietly_and_it_can_be_resumed(desk):
    stopped = desk(200)
    with serving(latency_s=0.05) as server:
        process = stopped.start(server)
        while server.calls < 60 and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130, stopped.said
        assert "Traceback" not in stopped.said
        assert not stopped.out.exists()
        before, kept = settled(server), stopped.kept
        assert before - kept <= IN_FLIGHT
        assert 30 < kept < 200
        stopped.run(server)
        assert server.calls == before + 200 - kept
    assert [row["problem"] for row in stopped.rows] == stopped.texts


def test_a_dry_run_sends_nothing_and_quotes_a_price(desk):
    quoted = desk(50)
    with serving() as server:
        said = quoted.run(server, "--dry-run", "--price", PRICE)
        assert server.calls == 0
        low, high = (float(n) for n in re.findall(r"\$(\d+\.\d+)", said)[:2])
        quoted.run(server, "--price", PRICE)
        assert low / 4 <= float(server.billed) <= high
    assert not list(quoted.folder.glob(".out*"))


def test_a_quote_says_what_thinking_may_add(desk):
    quoted = desk(50)
    with serving(thinking=3_000) as server:
        said = " ".join(quoted.run(server, "--dry-run", "--price", PRICE).split())
        assert "the tokens of its thinking come on top" in said
        _, _, thinking = (float(n) for n in re.findall(r"\$(\d+\.\d+)", said)[:3])
        bounded = quoted.run(server, "--dry-run", "--price", PRICE, "--max-output-tokens", "5000")
        _, high = (float(n) for n in re.findall(r"\$(\d+\.\d+)", bounded)[:2])
        assert server.calls == 0
    per_call = 3_000 * 0.002
    assert thinking > high > 50 * per_call


def test_three_votes_are_three_samples_and_each_is_cached(desk):
    voting = desk(10)
    with serving() as server:
        voting.run(server, "--votes", "3")
        assert server.calls == 30
        assert set(prints(server.kept).values()) == {3}
        voting.run(server, "--votes", "2")
        assert server.calls == 30


def test_a_limit_of_requests_a_minute_is_kept(desk):
    limited, times = desk(45), []
    with serving(schedule=lambda _: times.append(time.monotonic())) as server:
        limited.run(server, "--rpm", "300")
    # A tenth of a minute's worth may come at once, thirty; the rest at five a second.
    assert 2.5 < times[-1] - times[0] < 10
