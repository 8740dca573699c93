"""Whether the memory of `triage serve` grows with what it has served and kept.

    python -m benchmarks.serve_memory                        # 1,000, 10,000 and 50,000 submissions
    python -m benchmarks.serve_memory --marks 1000 10000 --people 4

The server is a process of its own over a model that costs nothing. People go from the first page to
the verdict as browsers do, each from an address of their own, and every tenth deletes the answers.
"""

import argparse
import http.client
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

MARKS = [1_000, 10_000, 50_000]
DELETED = 10  # every so many-th submission
FORM = {"content-type": "application/x-www-form-urlencoded"}
STEPS = (
    {"id": "company", "do": "confirm"},
    {"id": "revenue", "choice": "1M to 10M", "do": "confirm"},
    {"id": "software", "choice": "no", "do": "confirm"},
)


def serve_stub(data: Path, port: int) -> None:
    """Serve over a model that costs nothing, so that what is measured is the rest."""
    from triage_agent.models import OpenBackend
    from triage_agent.settings import Adviser
    from triage_agent.triage import AsyncTriage
    from triage_agent.types import Label, Prediction, Problem, Signals
    from triage_agent.web import ServeOptions, serve

    class Stub:
        """Answers the same about every problem."""

        backend, name, prompt, output_mode = "stub", "stub-1", None, None

        @property
        def parts(self) -> tuple["Stub", ...]:
            return (self,)

        async def predict(self, problem: Problem) -> Prediction:
            return Prediction(
                Label.AUTOMATE,
                Signals(existing_process=True),
                p_build=0.02,
                p_in_scope=0.98,
                probability_from="stub",
                evidence=(problem.text,),
                rationale="Work that is done by hand can run by itself.",
            )

        async def aclose(self) -> None:
            pass

    serve(
        ServeOptions(data, port=port, trusted_proxies=("127.0.0.1",)),
        AsyncTriage.over(OpenBackend(Stub(), "")),
        Adviser(),
    )


def resident_mib(pid: int) -> float:
    """Return the memory that a process has now, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def visit(one: http.client.HTTPConnection, number: int) -> None:
    """Go from the first page to the verdict; every tenth deletes everything."""
    address = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    head = {**FORM, "x-forwarded-for": f"10.{address.partition('.')[2]}"}

    def ask(method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        one.request(method, path, urlencode(form) if form else None, head)
        answer = one.getresponse()
        answer.read()
        return answer.status, answer.headers.get("location") or ""

    text = f"Branch {number} loses {number % 90} leads a week because nobody calls back"
    status, path = ask("POST", "/", {"text": text, "agree": "yes", "once": f"{number:032}"})
    assert status == 303, status
    for form in STEPS:
        status, _ = ask("POST", path, form)
        assert status == 303, status
    status, at = ask("GET", path)
    assert at == f"{path}/verdict", (status, at)
    assert ask("GET", f"{path}/verdict")[0] == 200
    if number % DELETED == 0:
        assert ask("POST", f"{path}/delete", {"yes": "yes"})[0] == 200


def people(port: int, numbers: "itertools.count[int]", last: int, done: list[int]) -> None:
    """Be one person after the other until there are enough."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as one:
        while (number := next(numbers)) < last:
            visit(one, number)
            done.append(1)


def run(marks: list[int], at_once: int) -> None:
    """Print the memory of a server after each number of submissions."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        worker = [sys.executable, "-m", "benchmarks.serve_memory", "--worker", str(data), str(port)]
        server = subprocess.Popen(worker)
        try:
            for _ in range(600):
                with closing(socket.socket()) as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            numbers, first, before = itertools.count(), 0.0, 0
            for mark in marks:
                began, done = time.monotonic(), list[int]()
                crowd = [
                    threading.Thread(target=people, args=(port, numbers, mark, done))
                    for _ in range(at_once)
                ]
                for person in crowd:
                    person.start()
                for person in crowd:
                    person.join()
                # Each of the crowd has taken one number too many.
                numbers = itertools.count(mark)
                assert len(done) == mark - before, "a visitor was not served"
                took, now = time.monotonic() - began, resident_mib(server.pid)
                first = first or now
                size = sum(path.stat().st_size for path in data.iterdir() if path.is_file())
                print(
                    f"{mark:>7,} submissions: {now:.0f} MiB ({now / first - 1:+.0%}), "
                    f"{(mark - before) / took:.0f} a second, data {size / 2**20:.0f} MiB",
                    flush=True,
                )
                before = mark
        finally:
            os.kill(server.pid, signal.SIGTERM)
            server.wait(60)


def main() -> None:
    """Measure, or be the server that is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--marks", type=int, nargs="+", default=MARKS)
    parser.add_argument("--people", type=int, default=8, help="at the same time")
    parser.add_argument("--worker", nargs=2, metavar=("DATA", "PORT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        serve_stub(Path(chosen.worker[0]), int(chosen.worker[1]))
    else:
        run(chosen.marks, chosen.people)


if __name__ == "__main__":
    main()
