"""A folder with a table of forms, the program that answers it, and a server that bills.

The program runs as a process of its own, so that it can be killed; the server runs in a thread
here, so that what it saw and what it handed out can be asked about.
"""

import asyncio
import csv
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from support.openai_server import Call, Fault, OpenAIServer, completion, reply_for

PRICE = "1000/2000"  # USD a million tokens: so dear that a cent is worth counting
PRICES = (Decimal("0.001"), Decimal("0.002"))  # the same, a token
IN_FLIGHT = 16


def honest(usage):
    """Return the tokens of a call, in and out, as its usage says."""
    return usage["prompt_tokens"], usage["completion_tokens"]


class Billing(OpenAIServer):
    """A server that writes down what it would bill, whatever it reports and however it ends.

    `true` gives the tokens that are billed, in and out, from those of the texts; `bills` names the
    faults of calls that are billed all the same.
    """

    def __init__(self, *, true=honest, bills=(), **options: Any) -> None:
        super().__init__(**options)
        self.billed = Decimal(0)
        self._true, self._bills = true, bills

    def _bill(self, call: Call) -> None:
        usage = completion(call.body, json.dumps(reply_for(call.text)))["usage"]
        given, made = self._true(usage)
        self.billed += given * PRICES[0] + made * PRICES[1]

    def _good(self, call: Call) -> dict[str, Any]:
        self._bill(call)
        return super()._good(call)

    def _misbehave(self, fault: Fault, call: Call) -> tuple[Fault | None, bytes]:
        if fault in self._bills:
            self._bill(call)
        return super()._misbehave(fault, call)


@contextmanager
def serving(**options):
    """Run a server in a thread, for the length of a `with` block."""
    server = Billing(**options)
    loop = asyncio.new_event_loop()
    started = threading.Event()

    async def serve():
        stopped = asyncio.Event()
        server.stop = lambda: loop.call_soon_threadsafe(stopped.set)
        async with server:
            started.set()
            await stopped.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(10)
        yield server
    finally:
        server.stop()
        thread.join(10)
        loop.close()


class Desk:
    """A folder with a table of forms, and the program that answers them."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder, self.forms = folder, folder / "forms.csv"
        self.out, self.home = folder / "out.csv", folder / "home"
        self.texts = [
            f"Case {n}: order 73{n:05}1 of 978030640{n:04} is typed by hand into two lists"
            for n in range(rows)
        ]
        folder.mkdir(parents=True, exist_ok=True)
        self.write(self.texts)

    def write(self, texts):
        self.texts = list(texts)
        with self.forms.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["id", "problem"], *enumerate(self.texts)])

    def start(self, server, *options, before=None):
        """Start the program; its standard error goes to a file, which nobody has to empty."""
        said = self.folder / "stderr"
        with said.open("wb") as file:
            return subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "triage_agent.cli.main", "batch", str(self.forms)),
                    *("-o", str(self.out), "-m", "test-model", "--base-url", server.base_url),
                    *("--max-concurrency", str(IN_FLIGHT), *options),
                ],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                preexec_fn=before,
                env={**os.environ, "TRIAGE_CACHE_DIR": str(self.home), "OPENAI_API_KEY": "sk-test"},
            )

    def within(self, server, cap):
        """Check that what was billed is known as spent, and that the cap holds for both."""
        assert server.billed <= self.spent <= Decimal(cap)

    def run(self, server, *options, code=0, timeout=1800):
        """Run the program to its end, check its exit code, and return what it said."""
        process = self.start(server, *options)
        try:
            ended = process.wait(timeout)
        finally:
            process.kill()
            process.wait()
        said = self.said
        assert ended in (code if isinstance(code, set) else {code}), said
        assert "Traceback" not in said
        return said

    @property
    def said(self):
        return (self.folder / "stderr").read_text(encoding="utf-8", errors="replace")

    @property
    def rows(self):
        with self.out.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))

    @property
    def usage(self):
        record = json.loads((self.folder / "out.csv.run.json").read_text(encoding="utf-8"))
        return record["tally"]["usage"]

    def ask(self, sql):
        """Return the rows of a question to the cache, as a killed program left it."""
        path = self.home / "ledger.sqlite3"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as database:
            try:
                return database.execute(sql).fetchall()
            except sqlite3.OperationalError:  # killed before it was laid out
                return []

    @property
    def kept(self):
        """How many answers the cache holds."""
        return sum(count for (count,) in self.ask("SELECT count(*) FROM reply WHERE good"))

    @property
    def spent(self):
        """What the cache records as spent on OUT, in USD."""
        return sum(Decimal(spent) for (spent,) in self.ask("SELECT spent FROM account")) / 10**6


def prints(calls):
    """Return how often each body was sent."""
    return Counter(
        hashlib.sha256(json.dumps(call.body, sort_keys=True).encode()).hexdigest() for call in calls
    )


def kill_after(process, server, calls, delay_s):
    """Kill -9 the program some moments after the server's so-manieth call, or its end."""
    while process.poll() is None and server.calls < calls:
        time.sleep(0.002)
    time.sleep(delay_s)
    process.kill()
    return process.wait()


def settled(server):
    """Return the number of calls once no more arrive."""
    seen = -1
    while seen != server.calls:
        seen = server.calls
        time.sleep(0.05)
    return seen
