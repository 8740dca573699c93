"""A server that is killed while people send their problems loses none of them, and doubles none."""

import base64
import hmac
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from functools import partial
from urllib.parse import urlencode

import pytest

from support.hooks import adviser
from triage_agent.batch import FormMapping
from triage_agent.web.database import FILE, Database
from triage_agent.web.hooks import Hooks

PEOPLE, KILLS = 500, 5
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
    ServeOptions(Path(sys.argv[1]), port=int(sys.argv[2]), starts_per_hour=1_000_000),
    AsyncTriage.over(OpenBackend(WordModel(), "")),
    Adviser(),
)
"""


def free_port():
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(folder, port):
    code = [sys.executable, "-c", SERVER, str(folder), str(port), *sys.path]
    return subprocess.Popen(code, stderr=subprocess.DEVNULL)


def sent(port, number):
    """Send one person's problem, as a browser whose user presses the button until it is taken."""
    form = urlencode({"text": f"Order {number} gets lost", "agree": "yes", "once": f"{number:032}"})
    while True:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as one:
                one.request(
                    "POST", "/", form, {"content-type": "application/x-www-form-urlencoded"}
                )
                answer = one.getresponse()
                answer.read()
                if answer.status == 303:
                    return answer.headers["location"]
        except (OSError, http.client.HTTPException):
            pass  # it is being killed; the person tries again
        time.sleep(0.05)


def sent_by_hook(port, number, secret):
    """Send one form, as a form tool that tries again until it is taken."""
    form = json.dumps({"Problem": f"Order {number} gets lost", "Company": f"Company {number}"})
    while True:
        id_, moment = f"answer-{number}", str(int(time.time()))
        content = f"{id_}.{moment}.{form}".encode()
        made = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), content, "sha256")
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
        }
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as one:
                one.request("POST", "/hooks/intake", form, headers)
                answer = one.getresponse()
                text = answer.read().decode()
                if answer.status == 202:
                    return text
        except (OSError, http.client.HTTPException):
            pass  # it is being killed; the tool tries again
        time.sleep(0.05)


@contextmanager
def sent_and_killed(folder, send):
    """Yield what `send` says of each number, sent to a server that was killed meanwhile."""
    port, chance = free_port(), random.Random(7)
    running = start(folder, port)
    taken = {}
    numbers = iter(range(PEOPLE))

    def people():
        for number in numbers:
            taken[number] = send(port, number)

    crowd = [threading.Thread(target=people) for _ in range(16)]
    for one in crowd:
        one.start()
    try:
        for kill in range(KILLS):
            while len(taken) < (kill + 1) * PEOPLE // (KILLS + 1):
                time.sleep(0.01)
            time.sleep(chance.random() * 0.05)
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
            running = start(folder, port)
        for one in crowd:
            one.join()
        yield taken
    finally:
        running.terminate()
        running.wait(40)
    assert running.returncode in {0, -signal.SIGTERM}  # it ended by itself, not by SIGKILL


@pytest.mark.slow
def test_kill_in_the_midst_of_500_people_loses_none_and_doubles_none(tmp_path):
    with sent_and_killed(tmp_path, sent) as taken:
        assert len(taken) == PEOPLE
    with closing(sqlite3.connect(tmp_path / FILE)) as data:
        ids = data.execute("SELECT count(*), count(DISTINCT state) FROM submission").fetchone()
        words = data.execute("SELECT count(*) FROM submission_words").fetchone()
    assert ids == (PEOPLE, PEOPLE)
    assert words == (PEOPLE,)
    assert len(set(taken.values())) == PEOPLE


@pytest.mark.slow
def test_kill_in_the_midst_of_500_hooks_loses_none_and_doubles_none(tmp_path):
    mapping = {"problem_column": ("Problem",), "company_column": "Company"}
    with closing(Database(tmp_path)) as data:
        hooks, by = Hooks(data), adviser(data)
        hooks.make("intake", "json", by)
        hooks.map("intake", FormMapping(mapping_version=1, **mapping), by)
        (secret,) = hooks.named("intake").secrets
    with sent_and_killed(tmp_path, partial(sent_by_hook, secret=secret)) as taken:
        assert len(taken) == PEOPLE
        with closing(sqlite3.connect(tmp_path / FILE)) as data:
            until = time.monotonic() + 120
            waiting = "SELECT count(*) FROM delivery WHERE payload IS NOT NULL"
            while data.execute(waiting).fetchone()[0] and time.monotonic() < until:
                time.sleep(0.05)
    with closing(sqlite3.connect(tmp_path / FILE)) as data:
        companies = data.execute("SELECT company FROM submission WHERE finished_at IS NOT NULL")
        assert sorted(one for (one,) in companies) == sorted(f"Company {n}" for n in range(PEOPLE))
        assert data.execute("SELECT count(*) FROM submission").fetchone() == (PEOPLE,)
        assert data.execute("SELECT count(*) FROM submission_words").fetchone() == (PEOPLE,)
        done = "SELECT count(*), count(DISTINCT submission), count(payload) FROM delivery"
        assert data.execute(done).fetchone() == (PEOPLE, PEOPLE, 0)
