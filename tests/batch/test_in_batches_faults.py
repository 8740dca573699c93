"""Batches of a provider that fails, loses, repeats and refuses: nothing is lost or paid twice."""

import json
import threading
from decimal import Decimal
from pathlib import Path
from unittest.mock import Mock

import pytest

from support.batch_server import BatchServer
from support.desk import Desk
from support.openai_server import Fault
from support.openai_server import Options as ChatOptions
from triage_agent.batch import BatchRequest, WantedBatches, run_batch
from triage_agent.errors import ServiceError, SettingsError, StopError
from triage_agent.models import CostCapError
from triage_agent.models.llm import batch_file, batch_service, batch_submission
from triage_agent.models.llm.batch_ledger import BatchLedger
from triage_agent.settings import Backend, Options

ROWS = 12


class Place:
    """A table, a ledger and an output, answered in this process."""

    def __init__(self, folder: Path, rows: int = ROWS) -> None:
        self.desk = Desk(folder, rows)
        self.out, self.lines = self.desk.out, []
        self.ledger = self.desk.home / "ledger.sqlite3"

    def run(self, server, *, live=False, out=None, options=None, request=None, **wanted):
        """Answer the forms, and return how that ended; `lines` is what was said."""
        self.lines.clear()
        in_batches = WantedBatches(**{"every_s": 0.01, "price": "1/4"} | wanted)
        asked = BatchRequest(
            self.desk.forms,
            out or self.out,
            in_batches=None if live else in_batches,
            options=Options(
                **{
                    "model": "test-model",
                    "base_url": server.base_url,
                    "api_key": "sk-test",
                    "price": "2/8",
                    "cache": self.ledger,
                }
                | (options or {})
            ),
            **(request or {}),
        )
        return run_batch(asked, self.lines.append)

    @property
    def said(self):
        return "\n".join(self.lines)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(batch_submission, "BETWEEN_LOOKS_S", 0.01)
    return lambda name="place", rows=ROWS: Place(tmp_path / name, rows)


@pytest.fixture
def as_live(place):
    """Return a check: is this the OUT that a live run writes over the same texts and server?"""

    def check(one, chat=None, options=None):
        other = place("live")
        other.desk.write(one.desk.texts)
        with BatchServer(chat=chat or ChatOptions()) as server:
            other.run(server, live=True, options=options)
        assert one.out.read_bytes() == other.out.read_bytes()

    return check


def all_is_gone(server, one):
    assert not server.files
    assert one.desk.ask("SELECT * FROM batch") == one.desk.ask("SELECT * FROM batch_request") == []


def paid_once(server, one):
    """Check that no request was submitted twice, and that the books are right."""
    assert set(server.created.values()) == {1}
    assert one.desk.spent == server.billed


@pytest.mark.parametrize("name", ["create", "upload", "look", "read", "list", "delete"])
@pytest.mark.parametrize("how", ["500", "500 after", "cut", "cut after"])
def test_whatever_fails_once_is_put_right_and_nothing_is_submitted_twice(name, how, place, as_live):
    one = place()
    fault = lambda asked, number: how if (asked, number) == (name, 0) else None  # noqa: E731
    with BatchServer(seconds=0.02, fault=fault) as server:
        one.run(server)
        paid_once(server, one)
        all_is_gone(server, one)
    as_live(one)


@pytest.mark.parametrize("keeps", [True, False], ids=["metadata kept", "no metadata"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_creation_whose_answer_is_lost_is_found_in_a_list_of_several_pages(
    number, keeps, place, as_live, monkeypatch
):
    monkeypatch.setattr(batch_file, "MOST_REQUESTS", 4)
    one = place()
    fault = lambda asked, n: "500 after" if (asked, n) == ("create", number) else None  # noqa: E731
    with BatchServer(seconds=0.02, page=1, keeps_metadata=keeps, fault=fault) as server:
        one.run(server)
        assert len(server.batches) == 3
        paid_once(server, one)
        all_is_gone(server, one)
    as_live(one)


@pytest.mark.parametrize(("limit", "least"), [("MOST_REQUESTS", 4), ("MOST_BYTES", 20_000)])
def test_files_stay_within_the_documented_limits(limit, least, place, as_live, monkeypatch):
    assert (batch_file.MOST_REQUESTS, batch_file.MOST_BYTES) == (50_000, 200_000_000)
    monkeypatch.setattr(batch_file, limit, least)
    one = place()
    sizes = []
    with BatchServer(seconds=0.0) as server:
        keep = server._invalid
        server._invalid = lambda file, lines: (
            sizes.append((len(lines), file["bytes"])) or keep(file, lines)
        )
        one.run(server)
        assert max(size[limit == "MOST_BYTES"] for size in sizes) <= least
        assert len(sizes) > 2
        paid_once(server, one)
    as_live(one)


def test_rows_in_error_are_asked_again_in_batches_and_last_months_answers_are_taken_over(
    place, as_live, tmp_path
):
    one = place()
    texts = list(one.desk.texts)
    one.desk.write([texts[0], *(f"{text} [[fault:refusal]]" for text in texts[1:3]), *texts[3:]])
    with BatchServer(seconds=0.0) as server:
        assert one.run(server).errors == 2
        assert len(server.live) == 1
        assert one.run(server, request={"retry_errors": True}).errors == 2
        assert len(server.live) == 3  # of two rows, the first whose answer would be of use
        assert len(server.created) == ROWS - 1
        next_month = tmp_path / "next.csv"
        one.desk.write([*one.desk.texts, "A new problem", "And another one"])
        one.run(server, out=next_month, request={"previous": one.out})
        assert len(server.live) == 3 + 2 + 1  # in error still, and the first new one
        assert len(server.created) == ROWS - 1 + 1
        assert "10 of 14 problems are answered as in out.csv" in one.said
        assert "4 calls, " in one.said  # each counted once, however often the rows are gone through


def test_a_server_that_refuses_metadata_is_asked_without(place, as_live):
    one = place()
    with BatchServer(seconds=0.0, refuses_metadata=True) as server:
        one.run(server)
        paid_once(server, one)
    as_live(one)


def test_a_creation_that_never_works_stops_the_run_and_costs_nothing(place):
    one = place()
    with BatchServer(fault=lambda name, _: "500" if name == "create" else None) as server:
        with pytest.raises(ServiceError, match="Nothing was submitted twice"):
            one.run(server)
        assert not server.batches
        assert not server.files
        assert one.desk.spent == server.billed  # the first question, asked live
        server.provider.fault = lambda *_: None
        one.run(server)
        paid_once(server, one)


def test_a_creation_that_comes_too_late_finds_no_input_file_and_nothing_is_submitted_twice(
    place, as_live
):
    one = place()
    late = lambda name, number: "late" if (name, number) == ("create", 0) else None  # noqa: E731
    with BatchServer(seconds=0.02, fault=late) as server:
        one.run(server)
        assert server.asked["create"] == 2
        assert len(server.batches) == 1
        paid_once(server, one)
        all_is_gone(server, one)
    as_live(one)


def test_a_ledger_that_cannot_be_written_after_a_creation_is_made_up_for(
    place, as_live, monkeypatch
):
    one = place()
    with BatchServer(seconds=0.02) as server:
        with monkeypatch.context() as patch:
            full = SettingsError("The cache cannot be written to.")
            patch.setattr(BatchLedger, "note_open", Mock(side_effect=full))
            with pytest.raises(SettingsError, match="cannot be written"):
                one.run(server)
        assert len(server.batches) == 1
        one.run(server)
        assert len(server.batches) == 1
        paid_once(server, one)
        all_is_gone(server, one)
    as_live(one)


def test_a_provider_that_is_away_for_some_looks_is_waited_for(place, as_live, monkeypatch):
    monkeypatch.setattr(batch_service, "RETRIES", 0)
    one = place()
    away = lambda name, number: "500" if name == "look" and number < 3 else None  # noqa: E731
    with BatchServer(seconds=0.02, fault=away) as server:
        one.run(server)
        assert "looked at again" in one.said
        paid_once(server, one)
    as_live(one)


def test_a_server_without_batches_says_so(place):
    one = place()
    fault = lambda name, _: (404, {"error": {"message": "Not Found"}}) if name != "chat" else None  # noqa: E731
    with BatchServer(fault=fault) as server, pytest.raises(StopError, match="--batch-api"):
        one.run(server)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[::-1],
        lambda lines: [*lines, *lines],
        lambda lines: [line.replace(b'"custom_id"', b' "custom_id"') for line in lines],
        lambda lines: [b"", *lines, b'{"custom_id": "00", "response": null}', b"[]", b"null"],
    ],
    ids=["out of order", "doubled", "with blanks", "with lines of nobody"],
)
def test_lines_in_any_order_and_number_are_read(change, place, as_live):
    one = place()
    with BatchServer(seconds=0.0, lines=change) as server:
        one.run(server)
        assert set(server.created.values()) == {1}
        assert one.desk.spent >= server.billed
        all_is_gone(server, one)
    as_live(one)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-3],
        lambda lines: [*lines[:-1], lines[-1][:40]],
        lambda lines: [line[:-1] if n % 2 else line for n, line in enumerate(lines)],
        lambda lines: [b"\xff\xfe" * 9, *lines[1:]],
        lambda _: [],
    ],
    ids=["three missing", "cut off", "every second broken", "no text", "none at all"],
)
def test_only_what_has_no_readable_line_is_submitted_again_and_counted_as_paid(
    change, place, as_live
):
    one = place()
    once = [change]
    with BatchServer(
        seconds=0.0, lines=lambda lines: once.pop()(lines) if once else lines
    ) as server:
        one.run(server)
        twice = [question for question, times in server.created.items() if times == 2]
        assert 0 < len(twice) < ROWS
        assert set(server.created.values()) <= {1, 2}
        assert one.desk.spent >= server.billed
        assert "unanswered" in one.said
        all_is_gone(server, one)
    as_live(one)


def test_what_never_comes_back_is_asked_live_after_three_batches(place, as_live):
    one = place()
    with BatchServer(seconds=0.0, lines=lambda lines: lines[1:]) as server:
        one.run(server)
        assert max(server.created.values()) == 3
        assert "three left unanswered, was asked live" in one.said
        all_is_gone(server, one)
    as_live(one)


@pytest.mark.parametrize("fate", ["expired", "cancelled"])
def test_a_batch_that_ends_half_done_is_paid_for_and_only_the_rest_goes_into_another(
    fate, place, as_live
):
    one = place()
    with BatchServer(seconds=0.02, fates=[(fate, 0.5)]) as server:
        one.run(server)
        first, second = server.batches.values()
        assert len(first["_"]["lines"]) == ROWS - 1
        assert len(second["_"]["lines"]) == ROWS - 1 - (ROWS - 1) // 2
        assert one.desk.spent == server.billed
        assert set(server.answered.values()) == {1}
        all_is_gone(server, one)
    as_live(one)
    assert f"is {fate} and left 6 of 11 questions unanswered" in one.said


def test_a_batch_that_is_cancelled_on_the_providers_page_is_collected_as_far_as_it_went(
    place, as_live
):
    one = place()
    with BatchServer(seconds=1e6) as server:
        assert one.run(server, detach=True).pending
        (batch,) = server.batches.values()
        server.cancel(batch, share=0.3)
        server.provider.seconds = 0.0
        one.run(server)
        assert set(server.answered.values()) == {1}
        assert one.desk.spent == server.billed
        all_is_gone(server, one)
    as_live(one)


def test_what_is_refused_for_its_text_ends_as_in_a_live_run(place, as_live):
    one = place()
    texts = one.desk.texts
    for number, fault in ((3, Fault.BAD_REQUEST), (5, Fault.REFUSAL), (7, Fault.OFF_SCHEMA)):
        texts[number] += f" [[fault:{fault}]]"
    one.desk.write(texts)
    with BatchServer(seconds=0.0) as server:
        assert one.run(server).errors == 3
        assert set(server.created.values()) == {1}
        calls = len(server.live)
        assert "1 question that a batch refused, or three left unanswered, was asked" in one.said
        # The first question; one that is refused; repair, and question and repair once more.
        assert calls == 1 + 1 + 3
        all_is_gone(server, one)
    as_live(one)


def test_a_reply_that_does_not_fit_is_sent_back_live(place, as_live):
    def first_reply_is_bad(call):
        repair = len(call.body["messages"]) > 2
        return None if repair or "Case 4:" not in call.text else Fault.OFF_SCHEMA

    chat = ChatOptions(schedule=first_reply_is_bad)
    one = place()
    with BatchServer(seconds=0.0, chat=chat) as server:
        one.run(server)
        assert [len(call.body["messages"]) > 2 for call in server.live] == [False, True]
        assert one.desk.spent == server.billed
        all_is_gone(server, one)
    as_live(one, chat)


def test_the_first_question_shows_what_the_server_accepts(place, as_live):
    chat = ChatOptions(refuses=frozenset({"logprobs", "temperature"}), modes=frozenset({"tool"}))
    one = place()
    with BatchServer(seconds=0.0, chat=chat) as server:
        one.run(server)
        (batch,) = server.batches.values()
        bodies = [line["body"] for line in batch["_"]["lines"]]
        assert all("tools" in body and "logprobs" not in body for body in bodies)
        assert set(server.created.values()) == {1}
    as_live(one, chat)


class RefusingInBatches(BatchServer):
    """A provider that answers live what it refuses in a batch."""

    def _reply(self, call):
        if call.authorization:
            return super()._reply(call)
        return 400, {"error": {"message": f"no {call.text}", "code": "unsupported_parameter"}}


def test_a_batch_in_which_nearly_all_is_refused_stops_the_run_and_is_not_asked_live(place):
    one = place(rows=20)
    with RefusingInBatches(seconds=0.0) as server:
        for _ in range(2):
            with pytest.raises(StopError, match="refused 19 of 19 requests") as stopped:
                one.run(server)
        assert "400, unsupported_parameter" in stopped.value.message
        assert "Case" not in stopped.value.message  # the server quotes a text
        assert len(server.live) == 1
        assert len(server.batches) == 1
        one.run(server, live=True)
        assert len(server.live) == 20


@pytest.mark.parametrize("named", [True, False], ids=["limit named", "limit not named"])
def test_a_limit_of_waiting_tokens_is_learned_from_the_refusal(named, place, as_live):
    one = place()
    with BatchServer(seconds=0.02, most_tokens=9_000, names_limit=named) as server:
        one.run(server)
        assert set(server.created.values()) == {1}
        assert one.desk.spent == server.billed
        assert len([b for b in server.batches.values() if b["status"] == "completed"]) > 1
        assert "fewer tokens wait" in one.said
        refused = len([b for b in server.batches.values() if b["status"] == "failed"])
        all_is_gone(server, one)
        as_live(one)
        one.desk.write([f"other {text}" for text in one.desk.texts])
        one.run(server)
        again = len([b for b in server.batches.values() if b["status"] == "failed"])
        assert (again == refused) == named  # the ledger knows it


@pytest.mark.parametrize("named", [" Limit: 9,000 enqueued tokens.", ""], ids=["named", "not"])
def test_a_limit_that_refuses_the_creation_itself_is_learned_too(named, place, as_live):
    one = place()
    said = f"Enqueued token limit reached for m.{named}"
    refusal = 429, {"error": {"message": said, "code": "token_limit_exceeded"}}
    with BatchServer(
        seconds=0.02, fault=lambda *asked: refusal if asked == ("create", 0) else None
    ) as server:
        one.run(server)
        assert len(server.batches) > 1
        paid_once(server, one)
        all_is_gone(server, one)
    as_live(one)


def test_a_creation_that_comes_too_fast_is_repeated(place, as_live):
    one = place()
    refusal = 429, {"error": {"message": "Rate limit reached for batches. Try again later."}}
    with BatchServer(
        seconds=0.0, fault=lambda name, n: refusal if name == "create" and n < 2 else None
    ) as server:
        one.run(server)
        assert server.asked["create"] == 3
        paid_once(server, one)
    as_live(one)


def test_a_limit_that_others_have_filled_ends_in_smaller_batches_and_then_in_advice(place):
    one = place()
    with BatchServer(seconds=0.01, most_tokens=0, says_limit=1_000_000) as server:
        with pytest.raises(StopError, match="other batches of this account"):
            one.run(server)
        assert len(server.batches) < 8
        server.provider.most_tokens = None
        one.run(server)
        assert one.desk.spent == server.billed


def test_a_limit_below_one_request_says_what_to_do(place):
    one = place()
    with BatchServer() as server, pytest.raises(StopError, match="--batch-tokens"):
        one.run(server, tokens=10)


def test_a_batch_that_is_refused_as_a_whole_costs_nothing_and_says_why(place):
    one = place()
    with BatchServer(seconds=0.0, most_requests=3) as server:
        with pytest.raises(StopError, match="too_many_tasks"):
            one.run(server)
        assert one.desk.spent == server.billed
        assert not server.files


def test_the_cap_bounds_what_is_submitted_and_a_higher_one_goes_on(place, as_live):
    one = place()
    with BatchServer(seconds=0.0) as server:
        with pytest.raises(CostCapError, match="--max-cost"):
            one.run(server, options={"max_cost": 0.02})
        assert 0 < server.billed <= one.desk.spent <= Decimal("0.02")
        assert not one.out.exists()
        one.run(server, options={"max_cost": 5})
        paid_once(server, one)
        assert len(server.batches) > 1
        all_is_gone(server, one)
    as_live(one)


def test_another_machine_with_the_same_ledger_collects(place, as_live, tmp_path):
    one = place()
    with BatchServer(seconds=1e6) as server:
        one.run(server, detach=True)
        server.provider.seconds = 0.0
        elsewhere = tmp_path / "elsewhere.csv"
        one.run(server, out=elsewhere)
        paid_once(server, one)
        all_is_gone(server, one)
        elsewhere.rename(one.out)
    as_live(one)


def test_two_runs_at_once_over_one_ledger_share_what_is_alike(place, as_live, tmp_path):
    one, other = place(), place("other")
    other.ledger = one.ledger
    other.desk.write([*one.desk.texts[6:], *(f"more {text}" for text in one.desk.texts[:4])])
    with BatchServer(seconds=0.3) as server:
        failed = []

        def run(which, **options):
            try:
                which.run(server, **options)
            except Exception as error:
                failed.append(error)

        runs = [threading.Thread(target=run, args=(which,)) for which in (one, other)]
        with_votes = place("votes")
        with_votes.ledger = one.ledger
        runs.append(
            threading.Thread(target=run, args=(with_votes,), kwargs={"options": {"votes": 3}})
        )
        for thread in runs:
            thread.start()
        for thread in runs:
            thread.join(60)
        assert not failed
        assert set(server.created.values()) == {1}
        all_is_gone(server, one)
    as_live(with_votes, options={"votes": 3})
    for which in (one, other):
        as_live(which)


def test_a_cascade_submits_only_what_it_asks_the_model(place, as_live):
    one = place()
    cascade = {"backend": Backend.CASCADE, "cascade_threshold": 0.9}
    alike = ["Invoices are typed by hand into Excel every day"] * 3
    one.desk.write([*one.desk.texts[:6], *alike])
    with BatchServer(seconds=0.0) as server:
        one.run(server, options=cascade)
        asked = len(server.created) + len(server.live)
    with BatchServer() as server:
        other = place("counted")
        other.desk.write(one.desk.texts)
        other.run(server, live=True, options=cascade)
        assert asked == len(server.live)
    as_live(one, options=cascade)


def test_cancel_ends_the_batches_and_what_was_answered_is_collected(place, as_live):
    one = place()
    with BatchServer(seconds=1e6) as server:
        one.run(server, cancel=True)
        assert "No batch of this output is under way." in one.said
        one.run(server, detach=True)
        one.run(server, cancel=True)
        assert "cancelling" in one.said
        (batch,) = server.batches.values()
        assert batch["status"] == "cancelling"
        one.run(server, live=True)
        assert "paid for twice" in one.said
        one.out.unlink()
        server.provider.seconds = 0.0
        one.run(server)
        all_is_gone(server, one)
    as_live(one)


def test_a_batch_that_the_provider_has_forgotten_is_forgotten_on_request(place, as_live):
    one = place()
    with BatchServer(seconds=1e6) as server:
        one.run(server, detach=True)
        server.batches.clear()
        with pytest.raises(StopError, match="--cancel"):
            one.run(server)
        one.run(server, cancel=True)
        assert "given up" in one.said
        server.provider.seconds = 0.0
        one.run(server)
    as_live(one)


def test_answers_for_forms_that_are_gone_stay_at_the_provider(place, as_live):
    one = place()
    texts = one.desk.texts
    with BatchServer(seconds=1e6) as server:
        one.run(server, detach=True)
        server.provider.seconds = 0.0
        one.desk.write(texts[:5])
        one.run(server)
        assert "belong to problems that were not among these forms" in one.said
        assert server.files
        one.desk.write(texts)
        one.run(server)
        paid_once(server, one)
        all_is_gone(server, one)
    as_live(one)


def test_a_batch_for_other_forms_does_not_hold_a_run_up(place, as_live):
    one = place()
    texts = one.desk.texts
    with BatchServer(seconds=1e6) as server:
        one.run(server, detach=True)
        (first,) = server.batches.values()
        first["_"]["at"] += 1e9
        server.provider.seconds = 0.02
        one.desk.write([f"other {text}" for text in texts])
        one.run(server)
        as_live(one)
        assert "Still under way for this output: 1 batch." in one.said
        first["_"]["at"] = 0.0
        one.desk.write(texts)
        one.run(server)
        paid_once(server, one)
        all_is_gone(server, one)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": None, "base_url": None, "price": None}, "language model"),
        ({"backend": Backend.TYPED}, "decision model"),
        ({"fresh": True}, "--fresh"),
    ],
    ids=["embedded", "decision model", "fresh"],
)
def test_what_cannot_be_asked_in_batches_is_refused(options, says, place):
    one = place()
    with BatchServer() as server, pytest.raises(SettingsError, match=says):
        one.run(server, options=options)
    assert not server.asked


def test_nothing_private_is_uploaded(place):
    one = place()
    one.desk.write(
        [f"{n} write to ann{n}@example.com, phone +1 202 555 01{n:02}" for n in range(4)]
    )
    with BatchServer(seconds=1e6) as server:
        one.run(server, detach=True, options={"redact": True})
        (file,) = server.files.values()
        assert b"EMAIL_1" in file["data"]
        assert b"@example.com" not in file["data"]
        assert b"202 555" not in file["data"]
        assert file["filename"].startswith("triage-")
        (batch,) = server.batches.values()
        assert set(batch["metadata"]) == {"triage_run"}
        shown = json.loads((one.desk.folder / "out.csv.batches.json").read_text("utf-8"))
        assert shown["batches"][0]["run"] == batch["metadata"]["triage_run"]
