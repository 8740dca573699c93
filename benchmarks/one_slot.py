"""A server that works on one question at a time: the default options beside one at a time.

    python -m benchmarks.one_slot
    python -m benchmarks.one_slot --slots 4 --work 0.5 --rows 200

The server works on every question for the same time, in the order in which they came; one that is
not answered in time is asked again while the server still works on it, for nobody. So each such
question makes the next one later, and a program that asks for too many at once ends with few.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.throughput import SERVER, texts
from triage_agent.classify.classifier import classify
from triage_agent.models.factory import open_backend
from triage_agent.settings import Backend, Options
from triage_agent.types import Outcome, Problem

DEFAULT = Options().max_concurrency


async def run(base_url: str, rows: list[str], timeout_s: float, most: int) -> tuple[int, float]:
    """Return how many rows were answered, and in how many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "ledger.sqlite3"
        backend, model, key = Backend.LLM, "bench", "sk-bench"
        opened = open_backend(
            Options(
                backend,
                model,
                base_url,
                key,
                cache=cache,
                timeout=timeout_s,
                max_concurrency=most,
            )
        )
        began = time.perf_counter()
        problems = (Problem(str(n), text, holds_several=False) for n, text in enumerate(rows))
        ended = await asyncio.gather(*(classify(one, opened.model) for one in problems))
        took = time.perf_counter() - began
        await opened.aclose()
    return sum(row.outcome is Outcome.CLASSIFIED for row in ended), took


def main() -> None:
    """Run both against a server of their own, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--work", type=float, default=0.3, help="seconds for each question")
    parser.add_argument("--timeout", type=float, default=5.0)
    chosen = parser.parse_args()
    print("requests at once     rows answered   in s   requests sent   abandoned")
    for named, most in ((f"default ({DEFAULT})", DEFAULT), (f"{chosen.slots}", chosen.slots)):
        serve = [sys.executable, str(SERVER), "--latency", str(chosen.work)]
        serve += ["--slots", str(chosen.slots)]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            base_url = server.stdout.readline().strip()
            rows = texts(chosen.rows)
            answered, took = asyncio.run(run(base_url, rows, chosen.timeout, most))
            server.terminate()
            seen = json.loads(server.stdout.read())
        gone = seen["calls"] - seen["answered"]
        print(f"{named:20} {answered:13} {took:6.1f} {seen['calls']:15} {gone:11}", flush=True)


if __name__ == "__main__":
    main()
