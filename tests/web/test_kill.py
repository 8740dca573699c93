"""A server that is killed while people send their problems loses none of them, and doubles none."""

import http.client
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from urllib.parse import urlencode

import pytest

from triage_agent.web.database import FILE

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


@pytest.mark.slow
def test_kill_in_the_midst_of_500_people_loses_none_and_doubles_none(tmp_path):
    port, chance = free_port(), random.Random(7)
    running = start(tmp_path, port)
    taken = {}
    numbers = iter(range(PEOPLE))

    def people():
        for number in numbers:
            taken[number] = sent(port, number)

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
            running = start(tmp_path, port)
        for one in crowd:
            one.join()
    finally:
        running.terminate()
        running.wait(40)
    assert running.returncode in {0, -signal.SIGTERM}  # it ended by itself, not by SIGKILL
    with closing(sqlite3.connect(tmp_path / FILE)) as data:
        ids = data.execute("SELECT count(*), count(DISTINCT state) FROM submission").fetchone()
        words = data.execute("SELECT count(*) FROM submission_words").fetchone()
    assert ids == (PEOPLE, PEOPLE)
    assert words == (PEOPLE,)
    assert len(set(taken.values())) == PEOPLE
