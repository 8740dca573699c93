"""What a server does with what comes over the wire: slow, broken, spoofed, or told to stop."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from urllib.parse import urlencode

import pytest

from triage_agent.web.database import FILE

SERVER = """
import sys, asyncio, threading
from pathlib import Path
data, port, setup, *paths = sys.argv[1:]
sys.path[:0] = paths
from support.site import WordModel
from triage_agent.models import OpenBackend
from triage_agent.settings import Adviser
from triage_agent.triage import AsyncTriage
from triage_agent.web import ServeOptions, serve, connections, security, owner, server
class Model(WordModel):
    pass
options = dict(starts_per_hour=1_000_000)
exec(setup)
serve(
    ServeOptions(Path(data), port=int(port), **options),
    AsyncTriage.over(OpenBackend(Model(), "")),
    Adviser(),
)
"""
KIND = "application/x-www-form-urlencoded"
QUICK = "connections.HEAD_S = security.BODY_S = connections.READ_S = 1.0"


@contextmanager
def running(folder, setup=""):
    """Yield the port of a server that is its own process, and the process."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    code = [sys.executable, "-c", SERVER, str(folder / "data"), str(port), setup, *sys.path]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(code, stderr=log, stdout=log)
    try:
        for _ in range(300):
            try:
                if talk(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"):
                    break
            except OSError:
                time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait(40)


def talk(port, *pieces, between=0.0, timeout=20):
    """Send pieces of a request, and return all that comes back until the server closes."""
    got = b""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=timeout)) as one:
        try:
            for piece in pieces:
                one.sendall(piece)
                time.sleep(between)
            while part := one.recv(65536):
                got += part
                if b"Connection: keep-alive" not in pieces[0] and whole(got):
                    break
        except ConnectionError:
            pass
    return got


def whole(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(body) and length.isdigit() and len(body) >= int(length)


def status(answer):
    return int(answer.split()[1]) if answer else None


def post(port, path, form, *headers):
    body = urlencode(form).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {KIND}"]
    lines += [f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return talk(port, "\r\n".join(lines).encode() + body)


def place(answer):
    """Return where an answer sends its reader."""
    return answer.lower().partition(b"location: ")[2].partition(b"\r\n")[0].decode()


def begun(port, text="Leads get lost", *headers):
    return post(port, "/", {"text": text, "agree": "yes"}, *headers)


class TestSlowOnes:
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory):
        with running(tmp_path_factory.mktemp("slow"), QUICK) as (port, _):
            yield port

    def test_who_sends_no_whole_head_in_time_is_sent_away(self, server):
        for first in (b"", b"GET / HTTP/1.1\r\n"):
            began = time.monotonic()
            drops = [b"X-%d: a\r\n" % n for n in range(30)]
            got = talk(server, first, *drops, between=0.2)
            assert got == b""
            assert time.monotonic() - began < 8

    def test_who_sends_a_form_too_slowly_is_sent_away(self, server):
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {KIND}\r\n"
        got = talk(server, f"{head}Content-Length: 900\r\n\r\n".encode(), b"t", between=0.1)
        assert status(got) == 408
        assert b"connection: close" in got.lower()

    def test_many_of_them_leave_room_for_others(self, server):
        slow = [socket.create_connection(("127.0.0.1", server)) for _ in range(300)]
        try:
            for one in slow:
                one.sendall(b"GET / HTTP/1.1\r\nX: ")
            assert status(begun(server)) == 303
            time.sleep(2)
            gone = 0
            for one in slow:
                one.settimeout(5)
                gone += one.recv(1) == b""
            assert gone == len(slow)
        finally:
            for one in slow:
                one.close()

    def test_a_connection_in_use_outlives_the_time_for_a_head(self, server):
        with closing(socket.create_connection(("127.0.0.1", server), timeout=10)) as one:
            for _ in range(5):
                one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = b""
                while not answer.endswith(b'{"status":"ok"}'):  # it may come in pieces
                    answer += one.recv(65536)
                assert b"200 OK" in answer
                time.sleep(0.5)


class TestBrokenOnes:
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp("broken")
        with running(folder) as (port, _):
            yield port
            assert status(begun(port)) == 303  # it still works after all of them
        log = (folder / "log").read_text()
        assert "Traceback" not in log
        assert "secret-word" not in log

    @pytest.mark.parametrize(
        ("head", "answers"),
        [
            ("GET / HTTP/x\r\nHost: localhost", {400}),
            ("secret-word", {400}),
            ("GET / HTTP/1.1", {400}),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b", {400}),
            ("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "a" * 9_000_000, {400, None}),
            ("GET /" + "a" * 9_000_000 + " HTTP/1.1\r\nHost: localhost", {400, None}),
            ("GET http://evil.example/ HTTP/1.1\r\nHost: localhost", {404}),
            ("GET /t/..%2f..%2fdata HTTP/1.1\r\nHost: localhost", {404}),
            ("GET /../../etc/passwd HTTP/1.1\r\nHost: localhost", {404}),
            ("GET //evil.example/ HTTP/1.1\r\nHost: localhost", {404}),
            ("GET /%0d%0aX:secret-word HTTP/1.1\r\nHost: localhost", {404}),
            ("CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost", {404, 405}),
            ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1", {400}),
            ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2", {400}),
            ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999", {413}),
            ("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip", {400, 501}),
            (
                "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket",
                {200},
            ),
        ],
        ids=range(17),
    )
    def test_get_an_answer_and_nothing_else(self, server, head, answers):
        assert status(talk(server, f"{head}\r\n\r\n".encode())) in answers

    def test_a_request_within_a_form_is_not_taken_for_one(self, server):
        inner = "text=a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {KIND}\r\n"
        both = "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n"
        got = talk(server, (head + both + "0\r\n\r\n" + inner).encode())
        assert b'"status":"ok"' not in got

    def test_one_that_goes_away_in_the_middle_of_a_form_is_forgotten(self, server):
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {KIND}\r\n"
        with closing(socket.create_connection(("127.0.0.1", server))) as one:
            one.sendall(f"{head}Content-Length: 900\r\n\r\ntext=secret-word".encode())


class TestWhoAsks:
    def test_without_a_trusted_proxy_nobody_can_say_that_they_are_another(self, tmp_path):
        with running(tmp_path, "options['starts_per_hour'] = 2") as (port, _):
            found = [
                status(begun(port, "Leads get lost", f"X-Forwarded-For: 203.0.113.{n}"))
                for n in range(4)
            ]
        assert found == [303, 303, 429, 429]

    def test_behind_one_each_visitor_counts_and_what_they_say_of_themselves_does_not(
        self, tmp_path
    ):
        setup = "options.update(starts_per_hour=2, trusted_proxies=('127.0.0.1',))"
        with running(tmp_path, setup) as (port, _):

            def ask(forwarded):
                return status(begun(port, "Leads get lost", f"X-Forwarded-For: {forwarded}"))

            assert [ask("203.0.113.1") for _ in range(3)] == [303, 303, 429]
            assert ask("203.0.113.2") == 303
            # A proxy adds to what a visitor claims; only what it added counts.
            assert [ask(f"198.51.100.{n}, 203.0.113.3") for n in range(3)] == [303, 303, 429]
            assert ask("127.0.0.1, 203.0.113.3") == 429


class TestTheLog:
    def test_holds_no_link_and_no_word_of_a_form_even_when_something_fails(self, tmp_path):
        setup = (
            "options['public_url'] = 'https://triage.example.com'\n"
            "real = owner.answer_of\n"
            "def fails(question, form):\n"
            "    raise ValueError(form['text'])\n"
            "owner.answer_of = fails"
        )
        with running(tmp_path, setup) as (port, _):
            path = place(begun(port, "Quokkas get lost"))
            post(port, path, {"id": "split", "do": "confirm", "piece-1": "Quokkas get lost"})
            answer = post(port, path, {"id": "company", "text": "Wombat Ltd"})
            assert status(answer) == 500
            assert b"Wombat" not in answer
        log = (tmp_path / "log").read_text()
        assert "ValueError" in log
        for held in ("Wombat", "Quokka", path.rpartition("/")[2], "Traceback"):
            assert held not in log


class TestStopping:
    def test_what_is_being_read_when_the_server_is_told_to_stop_is_answered_and_kept(
        self, tmp_path
    ):
        setup = (
            "import time\n"
            "class Model(WordModel):\n"
            "    async def predict(self, problem):\n"
            "        Path(data, 'begun').touch()\n"
            "        await asyncio.sleep(2)\n"
            "        return await super().predict(problem)\n"
        )
        with running(tmp_path, setup) as (port, process):
            path = place(begun(port))
            for form in (
                {"id": "company"},
                {"id": "revenue", "choice": "1M to 10M"},
                {"id": "software", "choice": "no"},
            ):
                assert status(post(port, path, {"do": "confirm", **form})) == 303
            answers, head = [], f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            last = threading.Thread(target=lambda: answers.append(talk(port, head)))
            last.start()
            while not (tmp_path / "data" / "begun").exists():
                assert last.is_alive()
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGTERM)
            last.join()
            process.wait(30)
            assert status(answers[0]) == 303
        with closing(sqlite3.connect(tmp_path / "data" / FILE)) as data:
            (state,) = data.execute("SELECT state FROM submission").fetchone()
        assert "automate-process" in state
        assert (tmp_path / "log").read_text().count("Traceback") == 0
