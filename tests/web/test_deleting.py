"""What is deleted is gone from the disk: rows, search, log, the language model's answers."""

import asyncio
import logging
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest import mock

import pytest
from starlette.testclient import TestClient

from support.hooks import ASKED, COMPANY, MAPPING, REVENUE, served, undone
from support.openai_server import OpenAIServer
from support.site import begin, heading, send, site, walk
from triage_agent.settings import Options
from triage_agent.web import CappedTriage, ServeOptions
from triage_agent.web.app import create_app
from triage_agent.web.capped import ANSWERS
from triage_agent.web.database import FILE, MERGES, Database, stored
from triage_agent.web.deliveries import Deliveries
from triage_agent.web.hooks import Hooks
from triage_agent.web.submissions import Submissions

PROBLEM = "Quokkas are typed into a list by hand each day"
WORDS = (b"quokka", b"wombat", b"numbat", b"bilby")


def found_on_disk(folder, words=WORDS):
    """Return which files of a folder hold which of the words."""
    return {
        (path.name, word)
        for path in folder.rglob("*")
        if path.is_file()
        for word in words
        if word in path.read_bytes().lower()
    }


@contextmanager
def language_model():
    """Yield the address of a language model in a thread of its own."""
    loop, server = asyncio.new_event_loop(), OpenAIServer()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield server.base_url
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def replies(folder):
    """Return how many answers of a language model are kept."""
    with closing(sqlite3.connect(folder / ANSWERS)) as data:
        return data.execute("SELECT count(*) FROM reply").fetchone()[0]


@contextmanager
def asking(folder, address, **options):
    """Yield a client of a site whose problems a language model reads."""
    asked = Options(model="m", base_url=address, price="1/1")
    triage = CappedTriage(asked, Decimal(1000), folder)
    app = create_app(ServeOptions(folder, **options), triage)
    with TestClient(app, base_url="http://127.0.0.1:8787", follow_redirects=True) as client:
        yield client


def age(folder, days):
    """Make everything in a data folder older."""
    moment = stored(datetime.now(UTC) - timedelta(days=days))
    with closing(sqlite3.connect(folder / FILE)) as data:
        data.execute("UPDATE submission SET changed_at = ?", (moment,))
        data.commit()


@pytest.mark.parametrize("merges", [MERGES, 0], ids=["merged", "made anew"])
def test_a_conversation_that_was_changed_a_hundred_times_leaves_no_word(
    tmp_path, monkeypatch, merges
):
    monkeypatch.setattr("triage_agent.web.database.MERGES", merges)
    with site(tmp_path, starts_per_hour=1000) as client:
        others = [walk(client, begin(client, f"Zebra {n} is counted by hand")) for n in range(5)]
        page = begin(client, PROBLEM + " and numbats are counted on paper. " * 40)
        for number in range(100):
            page = send(client, page, do="confirm", text="Wombat " * (number % 9) + str(number))
            page = send(client, page, do="back")
            if number % 20 == 0:
                others.append(walk(client, begin(client, f"Zebra {number} is typed " * 30)))
        page = send(client, page, do="confirm", text="Wombat Ltd")
        gone = client.post(page.url.path + "/delete")
        assert heading(gone) == "Deleted"
        assert found_on_disk(tmp_path) == set()  # while the server runs
        assert all(client.get(one.url.path).status_code == 200 for one in others)
    assert found_on_disk(tmp_path) == set()
    assert found_on_disk(tmp_path, (b"zebra",))


def test_the_answers_of_a_language_model_go_with_what_they_are_about(tmp_path):
    with language_model() as address, asking(tmp_path, address) as client:
        page = walk(client, begin(client, PROBLEM), company="Wombat Ltd")
        assert replies(tmp_path) == 1
        before = (tmp_path / f"{ANSWERS}-wal").stat().st_size
        client.post(page.url.path.replace("verdict", "delete"))
        assert replies(tmp_path) == 0
        assert (tmp_path / f"{ANSWERS}-wal").stat().st_size == 0 < before
        assert found_on_disk(tmp_path) == set()


def test_what_is_too_old_goes_the_same_way_while_the_server_runs(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("triage_agent.web.housekeeping.SECONDS_A_DAY", 0.2)
    with (
        language_model() as address,
        asking(tmp_path, address, retention_days=30) as client,
        caplog.at_level(logging.WARNING),
    ):
        page = walk(client, begin(client, PROBLEM), company="Wombat Ltd")
        assert client.get(page.url.path).status_code == 200
        assert found_on_disk(tmp_path)
        assert replies(tmp_path) == 1
        age(tmp_path, 31)
        until = time.monotonic() + 20
        while (found_on_disk(tmp_path) or replies(tmp_path)) and time.monotonic() < until:
            time.sleep(0.1)
        assert found_on_disk(tmp_path) == set()
        assert replies(tmp_path) == 0
        assert client.get(page.url.path).status_code == 404
    assert "1 submission" in caplog.text
    assert "quokka" not in caplog.text.lower()


def test_a_fault_while_old_data_are_deleted_is_logged_and_tried_again(
    tmp_path, monkeypatch, caplog
):
    tries, real, again = [], Submissions.scrub, threading.Event()

    def locked_at_first(self):
        tries.append(self)
        if len(tries) == 1:
            raise sqlite3.OperationalError("database is locked: quokka")
        again.set()
        return real(self)

    monkeypatch.setattr("triage_agent.web.housekeeping.AFTER_A_FAULT_S", 0.1)
    monkeypatch.setattr(Submissions, "scrub", locked_at_first)
    with site(tmp_path) as client, caplog.at_level(logging.ERROR):
        assert again.wait(20)
        assert client.get("/").status_code == 200
    assert "OperationalError" in caplog.text
    assert "quokka" not in caplog.text


def test_what_is_not_too_old_stays(tmp_path):
    with site(tmp_path, retention_days=30) as client:
        page = walk(client, begin(client, PROBLEM))
    age(tmp_path, 29)
    with site(tmp_path, retention_days=30) as client:
        assert client.get(page.url.path).status_code == 200


def test_what_was_deleted_just_before_a_crash_is_gone_after_the_next_start(tmp_path):
    with site(tmp_path) as client:
        walk(client, begin(client, PROBLEM), company="Wombat Ltd")
    crash = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from triage_agent.web.database import Database\n"
        "data = Database(Path(sys.argv[1]))\n"
        "with data.transaction() as one:\n"
        "    one.execute('DELETE FROM submission_words')\n"
        "    one.execute('DELETE FROM submission')\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", crash, str(tmp_path)], check=False)
    assert found_on_disk(tmp_path)
    with site(tmp_path) as client:
        until = time.monotonic() + 10
        while found_on_disk(tmp_path) and time.monotonic() < until:
            time.sleep(0.1)
        assert client.get("/healthz").status_code == 200
        assert found_on_disk(tmp_path) == set()


FORM = {ASKED: PROBLEM, COMPANY: "Wombat Ltd", REVENUE: "$3M", "E-mail": "numbat@example.com"}


@pytest.mark.parametrize("kind", ["typeform", "tally", "jotform", "google", "json-address"])
def test_a_form_that_arrived_goes_with_its_submission(tmp_path, kind):
    with served(tmp_path / "data") as server:
        tool = server.hook(kind)
        assert tool.send("bilby@example.com", FORM)[0] == 202
        assert len(server.submissions(kind)) == 1
        assert found_on_disk(tmp_path)
        submissions = server.site.submissions
        assert submissions.delete(submissions.token("delivery 1", ""))
        assert found_on_disk(tmp_path) == set()  # while the server runs
        # What the tool sends again is known, and is not stored again.
        assert tool.send("bilby@example.com", FORM) == (202, {"status": "known"})
        assert server.submissions(kind) == []
        assert found_on_disk(tmp_path) == set()
    assert found_on_disk(tmp_path) == set()


def test_what_a_form_holds_and_nobody_reads_is_gone_once_it_is_a_submission(tmp_path):
    with served(tmp_path / "data") as server:
        tool = server.hook("json")
        tool.send(1, FORM)
        assert len(server.submissions("json")) == 1
        server.site.submissions.scrub()  # as once a day, and after each deletion
        assert found_on_disk(tmp_path, (b"numbat", b"answer-1")) == set()
        assert found_on_disk(tmp_path, (b"quokka",))


@pytest.mark.parametrize("mapping", [MAPPING, None], ids=["a submission", "waiting"])
def test_forms_that_are_too_old_go_too_and_the_new_ones_stay(tmp_path, mapping):
    with served(tmp_path / "data") as server:
        tool = server.hook("json", mapping=mapping)
        tool.send(1, FORM)
        server.rest()
        moment = stored(datetime.now(UTC) - timedelta(days=31))
        with server.database.transaction() as connection:
            connection.execute("UPDATE delivery SET made_at = ?", (moment,))
            connection.execute("UPDATE submission SET changed_at = ?", (moment,))
        tool.send(2)
        server.rest()
        assert found_on_disk(tmp_path)
        deleted = server.site.submissions.delete_old(30)
        assert deleted + Deliveries(server.database).delete_old(30) == 1
        assert found_on_disk(tmp_path) == set()
        assert len(server.submissions("json") + undone(server.database, "json")) == 1


@pytest.mark.parametrize("way", ["removed", "deleted"])
def test_forms_that_wait_go_with_their_hook_or_when_an_adviser_says_so(tmp_path, way):
    with served(tmp_path / "data") as server:
        tool = server.hook("tally")
        tool.send(1, {"Quokka": PROBLEM})
        server.rest()
        assert found_on_disk(tmp_path)
        if way == "removed":
            Hooks(server.database).remove("tally", 1)
        else:
            Deliveries(server.database).delete_failed("tally")
        assert undone(server.database, "tally") == []
        assert found_on_disk(tmp_path) == set()


def test_a_form_that_is_deleted_while_it_is_read_leaves_nothing(tmp_path):
    with served(tmp_path / "data") as server:
        tool = server.hook("json")
        keep = Submissions.keep

        def keep_late(*given):
            Hooks(server.database).remove("json", 1)
            return keep(*given)

        with mock.patch.object(Submissions, "keep", keep_late):
            tool.send(1, FORM)
            assert server.submissions("json") == []
        assert found_on_disk(tmp_path) == set()


def test_a_log_that_another_program_reads_is_emptied_afterwards(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("triage_agent.web.database.BUSY_S", 0.2)
    with site(tmp_path) as client:
        page = walk(client, begin(client, PROBLEM), company="Wombat Ltd")
        with closing(sqlite3.connect(tmp_path / FILE)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM submission").fetchone()
            client.post(page.url.path.replace("verdict", "delete"))
            assert "still in its log" in caplog.text
            reader.rollback()
        other = walk(client, begin(client, "Zebras are counted by hand"))
        client.post(other.url.path.replace("verdict", "delete"))
        assert found_on_disk(tmp_path) == set()


def test_nothing_is_written_to_temporary_files(tmp_path):
    with closing(Database(tmp_path)) as data:
        assert data.row("PRAGMA temp_store")[0] == 2  # in memory
        assert data.row("PRAGMA secure_delete")[0] == 1


def test_the_search_index_survives_thousands_of_deletions(tmp_path):
    with closing(Database(tmp_path)) as data:
        data._connection.execute("PRAGMA synchronous = OFF")  # a test need not survive a crash
        put = "INSERT INTO submission_words (rowid, company, problems) VALUES (?, '', ?)"
        for number in range(7, 7 * 1200, 7):
            for one in range(number, number + 6):
                with data.transaction() as connection:
                    connection.execute(put, (one, f"quokka {one} loses leads"))
            with data.transaction() as connection:
                connection.execute("DELETE FROM submission_words WHERE rowid = ?", (number,))
            data.scrub()
        check = "INSERT INTO submission_words (submission_words) VALUES ('integrity-check')"
        data._connection.execute(check)
        query = "SELECT count(*) FROM submission_words WHERE submission_words MATCH 'leads'"
        assert data.row(query)[0] == 5 * 1199
        assert found_on_disk(tmp_path, (b"quokka 8386",)) == set()
