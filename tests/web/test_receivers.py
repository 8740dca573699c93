"""Receivers are told of verdicts: signed, once for each, again until they take it."""

import base64
import hashlib
import hmac
import json
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from support.hooks import adviser, served
from support.inbox_desk import AUTOMATE, desk_at, hidden
from support.receiver import receiving
from support.site import send
from triage_agent.web import outgoing, sending
from triage_agent.web.database import stored
from triage_agent.web.notices import MOST_TRIES, Notices
from triage_agent.web.receivers import Receivers

SERVER = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from support.site import WordModel
from triage_agent.models import OpenBackend
from triage_agent.settings import Adviser
from triage_agent.triage import AsyncTriage
from triage_agent.web import ServeOptions, serve
serve(
    ServeOptions(Path(sys.argv[1]), port=int(sys.argv[2]), hook_hosts=("127.0.0.1",)),
    AsyncTriage.over(OpenBackend(WordModel(), "")),
    Adviser(),
)
"""
SECRET = re.compile(r'id="secret" value="(whsec_[^"]+)"')


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(sending, "LOOK_S", 0.02)


@pytest.fixture
def desk(tmp_path):
    with desk_at(tmp_path / "data", hook_hosts=("127.0.0.1",)) as found:
        found.welcome()
        yield found


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


def add(desk, receiver, **form):
    """Add a receiver on its page, and return the secret that is shown."""
    page = desk.post("/inbox/receivers/make", url=receiver.url, **form)
    assert page.status_code == 200, page.text
    return SECRET.search(page.text)[1]


def signed(secret, told):
    """Return the signature that a request should carry, by the standard's words."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    words = f"{told.headers['webhook-id']}.{told.headers['webhook-timestamp']}.".encode()
    made = hmac.new(key, words + told.body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def settled(desk, condition):
    """Wait until a notice is as a condition says: the receiver knows before the server does."""
    with sqlite3.connect(desk.options.data / "triage.sqlite3") as other:
        for _ in range(2000):
            row = other.execute(f"SELECT * FROM notice WHERE {condition}").fetchone()  # noqa: S608
            if row:
                return
            desk.get("/healthz")
    raise AssertionError(f"no notice with {condition}")


def come_to_the_verdict(desk, page):
    """Answer the four questions that follow the problems, and return the last page."""
    for answer in ("", "Acme", "1M to 10M", "no"):
        form = {"id": hidden(page.text, "id"), "do": "confirm", "text": answer, "choice": answer}
        pieces = re.findall(r'<textarea name="(piece-\d+)"[^>]*>([^<]*)', page.text)
        page = desk.client.post(str(page.url), data=form | dict(pieces))
    return page


def is_due_now(desk):
    with desk.database.transaction() as connection:
        connection.execute(
            "UPDATE notice SET again_at = ? WHERE again_at IS NOT NULL",
            (stored(datetime.now(UTC) - timedelta(seconds=1)),),
        )


@contextmanager
def process_at(folder):
    """Yield a process that serves a data folder."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = subprocess.Popen([sys.executable, "-c", SERVER, str(folder), str(port), *sys.path])
    try:
        yield running
    finally:
        running.terminate()
        running.wait(40)


class TestWhatIsSent:
    def test_a_verdict_is_told_with_its_number_and_nothing_that_was_written(self, desk, receiver):
        add(desk, receiver)
        desk.owner(AUTOMATE, company="Wombat Ltd")
        told = receiver.next()
        body = json.loads(told.body)
        finished = desk.database.row("SELECT finished_at FROM submission")["finished_at"]
        assert body == {
            "type": "verdict.ready",
            "timestamp": finished,
            "data": {
                "submission": 1,
                "recommendation": "fractional-ai-officer",
                "provisional": False,
                "blind_check": False,
                "link": f"{desk.options.address}/inbox/1",
            },
        }
        assert told.path == "/hook"
        assert told.headers["content-type"] == "application/json"

    def test_it_is_signed_as_standard_webhooks_says(self, desk, receiver):
        secret = add(desk, receiver)
        desk.owner(AUTOMATE)
        told = receiver.next()
        assert told.headers["webhook-signature"] == signed(secret, told)
        assert abs(int(told.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60

    def test_the_library_of_the_standard_s_authors_takes_it(self, desk, receiver):
        standard = pytest.importorskip("standardwebhooks", reason="pip group dev")
        secret = add(desk, receiver)
        desk.owner(AUTOMATE)
        told = receiver.next()
        found = standard.Webhook(secret).verify(told.body, told.headers)
        assert found["data"]["submission"] == 1
        with pytest.raises(standard.WebhookVerificationError):
            standard.Webhook(secret).verify(told.body + b" ", told.headers)

    def test_what_owners_write_is_sent_where_the_box_is_ticked(self, desk, receiver):
        add(desk, receiver, words="yes")
        desk.owner(AUTOMATE, company="Wombat Ltd")
        data = json.loads(receiver.next().body)["data"]
        assert data["company"] == "Wombat Ltd"
        assert data["problems"][0] == "Orders are typed by hand"
        assert "gets what owners write" in desk.get("/inbox/receivers").text

    def test_owners_read_where_it_goes_before_they_send_anything(self, desk, receiver):
        assert "It is not sent anywhere else." in desk.get("/").text
        add(desk, receiver)
        assert "It is not sent anywhere else." in desk.get("/").text
        add(desk, receiver, words="yes")
        page = desk.get("/").text
        assert "it is also sent to 127.0.0.1" in page
        assert "anywhere else" not in page

    def test_what_somebody_wrote_who_began_before_that_is_not_sent(self, desk, receiver):
        start = desk.get("/").text
        form = {"text": AUTOMATE, "agree": "yes", "once": hidden(start, "once")}
        begun = desk.client.post("/", data=form)
        add(desk, receiver, words="yes")
        come_to_the_verdict(desk, begun)
        assert set(json.loads(receiver.next().body)["data"]) == {
            "submission",
            "recommendation",
            "provisional",
            "blind_check",
            "link",
        }

    def test_who_read_another_notice_is_asked_again(self, desk, receiver):
        start = desk.get("/")
        add(desk, receiver, words="yes")
        page = send(desk.client, start, text=AUTOMATE, agree="yes")
        assert page.status_code == 422
        assert "has changed since you opened this page" in page.text
        assert "it is also sent to 127.0.0.1" in page.text
        assert not desk.database.rows("SELECT 1 FROM submission")
        page = send(desk.client, page, text=AUTOMATE, agree="yes")
        assert page.status_code == 200
        assert len(desk.database.rows("SELECT 1 FROM submission")) == 1

    def test_a_verdict_that_a_person_is_to_check_blindly_is_not_told(self, tmp_path, receiver):
        with desk_at(tmp_path / "data", check_every=1, hook_hosts=("127.0.0.1",)) as desk:
            desk.welcome()
            add(desk, receiver, words="yes")
            desk.owner(AUTOMATE)
            data = json.loads(receiver.next().body)["data"]
        assert data["blind_check"] is True
        assert data["recommendation"] is data["provisional"] is None
        assert "ai-officer" not in json.dumps(data)

    def test_a_verdict_that_is_changed_afterwards_is_not_told_again(self, desk, receiver):
        add(desk, receiver)
        path = desk.owner(AUTOMATE)
        receiver.next()
        settled(desk, "taken_at IS NOT NULL")
        desk.client.post(f"{path}/verdict", data={"revenue": "more than 50M"})
        desk.correct(1, 1, "build-software")
        assert len(desk.database.rows("SELECT 1 FROM notice")) == 1
        assert receiver.waiting == 0

    def test_one_that_is_sent_again_says_how_things_are_by_then(self, desk, receiver):
        add(desk, receiver, words="yes")
        receiver.answers = [500]
        path = desk.owner(AUTOMATE)
        receiver.next()
        settled(desk, "error = '500'")
        desk.client.post(f"{path}/verdict", data={"problems": "change"})
        is_due_now(desk)
        data = json.loads(receiver.next().body)["data"]
        assert data["recommendation"] is data["provisional"] is None
        assert (data["company"], data["problems"]) == ("Acme", [])

    def test_each_receiver_is_told_and_signed_for_apart(self, desk, receiver):
        with receiving() as other:
            secrets = add(desk, receiver), add(desk, other)
            desk.owner(AUTOMATE)
            for one, secret in zip((receiver, other), secrets, strict=True):
                told = one.next()
                assert told.headers["webhook-signature"] == signed(secret, told)
        assert secrets[0] != secrets[1]


class TestTheSecret:
    def test_it_is_shown_once_and_the_data_do_not_hold_it(self, desk, receiver):
        secret = add(desk, receiver)
        assert secret not in desk.get("/inbox/receivers").text
        key = base64.b64decode(secret.removeprefix("whsec_"))
        for path in desk.options.data.rglob("*"):
            raw = path.read_bytes() if path.is_file() else b""
            assert secret.encode() not in raw
            assert key not in raw

    def test_a_new_one_is_signed_with_beside_the_old_one_for_a_day(self, desk, receiver):
        old = add(desk, receiver)
        page = desk.post("/inbox/receivers/renew", receiver=1)
        new = SECRET.search(page.text)[1]
        desk.owner(AUTOMATE)
        told = receiver.next()
        both = f"{signed(new, told)} {signed(old, told)}"
        assert told.headers["webhook-signature"] == both
        yesterday = stored(datetime.now(UTC) - timedelta(hours=25))
        with desk.database.transaction() as connection:
            connection.execute("UPDATE receiver SET renewed_at = ?", (yesterday,))
        desk.owner(AUTOMATE)
        told = receiver.next()
        assert told.headers["webhook-signature"] == signed(new, told)


class TestWhatFails:
    def test_it_is_sent_again_with_the_same_id_and_a_new_signature(self, desk, receiver):
        secret = add(desk, receiver)
        receiver.answers = [500]
        desk.owner(AUTOMATE)
        first = receiver.next()
        settled(desk, "error = '500'")
        page = desk.get("/inbox/receivers").text
        assert "It answered with status 500." in page
        assert "Next try:" in page
        is_due_now(desk)
        second = receiver.next()
        assert second.headers["webhook-id"] == first.headers["webhook-id"]
        assert second.headers["webhook-signature"] == signed(secret, second)
        settled(desk, "taken_at IS NOT NULL")
        assert "Not taken" not in desk.get("/inbox/receivers").text

    def test_it_waits_longer_each_time_and_is_given_up_at_last(self, desk, receiver):
        add(desk, receiver)
        receiver.answers = [503] * MOST_TRIES
        desk.owner(AUTOMATE)
        waits = []
        for tries in range(1, MOST_TRIES):
            receiver.next()
            settled(desk, f"tries = {tries}")
            row = desk.database.row("SELECT again_at FROM notice")
            waits.append(datetime.fromisoformat(row["again_at"]) - datetime.now(UTC))
            is_due_now(desk)
        receiver.next()
        settled(desk, f"tries = {MOST_TRIES} AND again_at IS NULL")
        assert all(one < two for one, two in pairwise(waits[:7]))
        assert max(waits) <= timedelta(hours=12)
        assert "not sent again by itself" in desk.get("/inbox/receivers").text

    def test_an_adviser_sends_again_what_was_given_up(self, desk, receiver):
        add(desk, receiver)
        receiver.answers = [410]
        desk.owner(AUTOMATE)
        receiver.next()
        settled(desk, "again_at IS NULL AND error = '410'")
        desk.post("/inbox/receivers/again", notice=1)
        assert json.loads(receiver.next().body)["data"]["submission"] == 1
        settled(desk, "taken_at IS NOT NULL")

    def test_an_adviser_sends_all_of_them_again(self, desk, receiver):
        add(desk, receiver)
        receiver.answers = [410, 410]
        for number in (1, 2):
            desk.owner(AUTOMATE)
            receiver.next()
            settled(desk, f"id = {number} AND again_at IS NULL")
        assert "Send all of them again" in desk.get("/inbox/receivers").text
        desk.post("/inbox/receivers/again", all="yes")
        told = {json.loads(receiver.next().body)["data"]["submission"] for _ in range(2)}
        assert told == {1, 2}

    def test_a_redirect_is_not_followed(self, desk, receiver):
        with receiving() as elsewhere:
            add(desk, receiver)
            receiver.answers, receiver.location = [307], elsewhere.url
            desk.owner(AUTOMATE)
            receiver.next()
            settled(desk, "error = '307'")
            assert elsewhere.waiting == 0

    def test_a_notice_that_cannot_be_made_stops_neither_others_nor_the_server(
        self, desk, receiver, monkeypatch, caplog
    ):
        real = sending.told

        def fails(known, address, *, with_words):
            if known.id == 1:
                raise ValueError("Wombat Ltd")
            return real(known, address, with_words=with_words)

        monkeypatch.setattr(sending, "told", fails)
        add(desk, receiver)
        desk.owner(AUTOMATE)
        desk.owner(AUTOMATE)
        assert json.loads(receiver.next().body)["data"]["submission"] == 2
        settled(desk, "error = 'fault'")
        assert "ValueError" in caplog.text
        assert "Wombat" not in caplog.text

    @pytest.mark.parametrize("step", ["receivers_due", "next_due", "taken"])
    def test_data_that_cannot_be_used_for_a_moment_stop_neither_notices_nor_the_server(
        self, desk, receiver, monkeypatch, step
    ):
        real, fails = getattr(Notices, step), [True] * 3

        def sometimes(*arguments):
            if fails and fails.pop():
                raise sqlite3.OperationalError("database is locked")
            return real(*arguments)

        monkeypatch.setattr(Notices, step, sometimes)
        add(desk, receiver)
        desk.owner(AUTOMATE)
        receiver.next()
        settled(desk, "taken_at IS NOT NULL")
        assert not fails

    def test_one_that_does_not_answer_holds_up_no_other(self, desk, receiver, monkeypatch):
        monkeypatch.setattr(outgoing, "TOTAL_S", 600.0)  # however slow the test is
        with receiving() as slow:
            slow.held = threading.Event()
            add(desk, slow)
            add(desk, receiver)
            for number in (1, 2):
                desk.owner(AUTOMATE)
                assert json.loads(receiver.next().body)["data"]["submission"] == number
            slow.next()
            assert slow.waiting == 0
            slow.held.set()
            assert json.loads(slow.next().body)["data"]["submission"] == 2

    def test_what_a_stop_interrupts_is_sent_after_the_next_start(self, tmp_path, receiver):
        folder = tmp_path / "data"
        first = self.interrupted(folder, receiver)
        with desk_at(folder, hook_hosts=("127.0.0.1",)) as desk:
            assert receiver.next().headers["webhook-id"] == first.headers["webhook-id"]
            settled(desk, "taken_at IS NOT NULL")

    def test_what_a_kill_interrupts_is_sent_after_the_next_start(self, tmp_path, receiver):
        folder = tmp_path / "data"
        first = self.interrupted(folder, receiver)
        receiver.held = threading.Event()
        with process_at(folder) as running:
            assert receiver.next().headers["webhook-id"] == first.headers["webhook-id"]
            running.kill()
            running.wait()
        receiver.held.set()
        with process_at(folder):
            assert receiver.next().headers["webhook-id"] == first.headers["webhook-id"]

    def interrupted(self, folder, receiver):
        """Stop a server while it sends its only notice, and return that."""
        receiver.held = threading.Event()
        with desk_at(folder, hook_hosts=("127.0.0.1",)) as desk:
            desk.welcome()
            add(desk, receiver)
            desk.owner(AUTOMATE)
            first = receiver.next()
        receiver.held.set()
        receiver.held = None
        return first

    def test_it_is_written_with_the_verdict_or_not_at_all(self, desk, receiver, monkeypatch):
        add(desk, receiver)

        def fails(*_):
            raise sqlite3.OperationalError

        monkeypatch.setattr("triage_agent.web.submissions.write_notices", fails)
        start = desk.get("/").text
        form = {"text": AUTOMATE, "agree": "yes", "once": hidden(start, "once")}
        page = come_to_the_verdict(desk, desk.client.post("/", data=form))
        assert page.status_code == 500
        assert desk.database.row("SELECT finished_at FROM submission")["finished_at"] is None


class TestDeleting:
    def test_a_notice_of_a_deleted_submission_is_deleted(self, desk, receiver):
        add(desk, receiver)
        receiver.answers = [500]
        path = desk.owner(AUTOMATE)
        receiver.next()
        settled(desk, "error = '500'")
        desk.client.post(f"{path}/delete")
        assert not desk.database.rows("SELECT * FROM notice")
        assert "Not taken" not in desk.get("/inbox/receivers").text

    def test_a_receiver_that_was_removed_is_told_nothing(self, desk, receiver):
        add(desk, receiver)
        desk.post("/inbox/receivers/remove", receiver=1)
        desk.owner(AUTOMATE)
        assert not desk.database.rows("SELECT * FROM notice")
        assert receiver.url not in desk.get("/inbox/receivers").text


class TestItsAddress:
    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("", "an address like"),
            ("ftp://127.0.0.1/", "an address like"),
            ("javascript:alert(1)", "an address like"),
            ("https://", "an address like"),
            ("https://127.0.0.1/" + "x" * 1000, "an address like"),
            ("https://me:secret@127.0.0.1/", "Leave out"),
            ("http://127.0.0.2/", "https://"),
            ("https://127.0.0.2/", "--allow-hook-host 127.0.0.2"),
            ("https://[::1]/", "--allow-hook-host ::1"),
            ("https://10.0.0.7/", "--allow-hook-host 10.0.0.7"),
        ],
    )
    def test_one_that_would_not_be_told_is_refused(self, desk, url, says):
        page = desk.post("/inbox/receivers/make", url=url)
        assert page.status_code == 422
        assert says in page.text.replace("&#39;", "'")
        assert not desk.database.rows("SELECT 1 FROM receiver")

    def test_there_are_not_more_than_twenty(self, desk, receiver):
        for _ in range(20):
            add(desk, receiver)
        assert desk.post("/inbox/receivers/make", url=receiver.url).status_code == 422

    def test_markup_in_one_is_text(self, desk):
        page = desk.post(
            "/inbox/receivers/make", url='http://127.0.0.1/"><script>alert(1)</script>'
        )
        assert page.status_code == 200
        assert "<script>alert" not in page.text


def test_the_verdict_of_a_form_that_arrived_is_told_too(tmp_path, receiver):
    with served(tmp_path / "data", hook_hosts=("127.0.0.1",)) as server:
        owner = adviser(server.database)
        Receivers(server.database).make(receiver.url, owner, with_words=True)
        assert server.hook("tally").send(1)[0] == 202
        told = json.loads(receiver.next().body)
        assert told["data"]["recommendation"]
        assert "Orders are typed by hand" in json.dumps(told)
