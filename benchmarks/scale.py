"""How long a million forms take and what they cost, by backend, and when the cache is the limit.

    python -m benchmarks.scale                        # measures, then computes the table
    python -m benchmarks.scale --price 0.25/2 --discount 0.5 --latency 2

Measured here: the CPU time of a form in `triage batch`, by the embedded model and by a stub model
on loopback that answers at once, without the start; questions a second that the cache
takes, as one client and as several, in SQLite and, where it is installed, in PostgreSQL. All else
is arithmetic, which is printed beside it: requests at once divided by the seconds of an answer, and
the price of the tokens of a typical question. The discount of the Batch API is what services list.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
MILLION = 1_000_000
PROBLEMS = 3  # of a form
SAID = (
    "Leads come in through the website, and two days later they have hired somebody else.",
    "We retype every order from e-mail into the accounting system; it takes 10 hours a week.",
    "Our customers want an app in which they follow their repair; nothing like it exists.",
)
# One client that looks up, claims, reserves, settles and stores, until its time is over.
CLIENT = """
import json, sys, time
from contextlib import closing
from pathlib import Path
from triage_agent.models.llm.cache import open_cache
from triage_agent.types import Usage

address, path, name, length = json.loads(sys.argv[1])
with closing(open_cache(address, path and Path(path))) as cache:
    done, end = 0, time.monotonic() + length
    while time.monotonic() < end:
        key = f"{name} {done}"
        cache.find(key), cache.claim(key), cache.find(key)
        cache.settle(cache.reserve("out", 500, 10**12), 200, Usage(1, 600, 80))
        cache.store(key, "x" * 600)
        done += 1
print(done)
"""


def write_forms(path: Path, rows: int) -> None:
    """Write a table of forms, each with all its problems."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *(f"Challenge {n + 1}" for n in range(PROBLEMS)), "revenue"])
        for n in range(rows):
            texts = [f"Branch {n}.{k}: {SAID[k % len(SAID)]}" for k in range(PROBLEMS)]
            writer.writerow([f"F-{n}", *texts, "3M"])


def batch_cpu(folder: Path, rows: int, name: str, *options: str) -> tuple[float, dict[str, Any]]:
    """Return the CPU seconds that a form costs in `triage batch`, without its start.

    And the record of the run.
    """
    taken, out = [], folder
    for size in (1, rows):
        forms, out = folder / f"{size}.csv", folder / f"{name}-{size}.csv"
        write_forms(forms, size)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "triage_agent.cli.main", "batch", str(forms), *options]
        ended = subprocess.run(
            [*command, "-o", str(out)],
            env={**os.environ, "TRIAGE_CACHE_DIR": str(folder / name)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr[-2000:]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    record = json.loads(out.with_name(f"{out.name}.run.json").read_text())
    return (taken[1] - taken[0]) / (rows - 1), record


def cache_rate(address: str | None, path: Path | None, clients: int, length: float) -> float:
    """Return how many questions a second a cache takes from so many clients."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CLIENT, json.dumps([address, path and str(path), n, length])],
            stdout=subprocess.PIPE,
        )
        for n in range(clients)
    ]
    return sum(int(one.communicate()[0]) for one in running) / length


def span(seconds: float) -> str:
    """Return a length of time for people.

    >>> span(90), span(86_400 * 3.2)
    ('2 minutes', '3.2 days')
    """
    for name, length in (("days", 86_400), ("hours", 3_600)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {name}"
    return f"{seconds / 60:.0f} minutes"


def main() -> None:
    """Measure, and print the tables in Markdown."""
    from support.desk import serving

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--price", default="0.25/2", help="USD per million tokens, in and out")
    parser.add_argument("--answer", type=int, default=220, help="tokens of a typical answer")
    parser.add_argument("--discount", type=Decimal, default=Decimal("0.5"))
    parser.add_argument("--latency", type=float, default=2.0, help="seconds of an answer")
    parser.add_argument("--at-once", type=int, default=64, help="requests per process")
    parser.add_argument("--asked", type=float, default=0.3, help="share that a cascade asks")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each rate of the cache")
    options = parser.parse_args()
    price = [Decimal(text) for text in options.price.split("/")]
    with tempfile.TemporaryDirectory() as name, serving(keep=0) as server:
        own, _ = batch_cpu(Path(name), options.rows, "embedded")
        stub = ("-m", "stub", "--base-url", server.base_url, "--price", options.price)
        llm, record = batch_cpu(Path(name), options.rows, "llm", *stub)
    used = record["tally"]["usage"]
    tokens = used["input_tokens"] / used["calls"]
    usd = (price[0] * Decimal(tokens) + price[1] * options.answer) / MILLION
    questions = MILLION * PROBLEMS
    at_once = options.at_once / options.latency  # questions a second that one process asks live
    share = options.asked
    print(f"{PROBLEMS} problems of a form: {questions:,} questions; {os.cpu_count()} cores here\n")
    print("| backend | forms/s per core | a million forms on 1 core | on 32 cores | USD |")
    print("|---|---|---|---|---|")
    for title, rate, cost in (
        ("embedded", 1 / own, Decimal(0)),
        (
            f"cascade, {share:.0%} asked",
            min(1 / (own + share * llm), at_once / PROBLEMS / share),
            usd * questions * Decimal(str(share)),
        ),
        (
            f"LLM, {options.at_once} at once, {options.latency:g} s each",
            min(1 / llm, at_once / PROBLEMS),
            usd * questions,
        ),
        ("LLM, Batch API", None, usd * questions * (1 - options.discount)),
    ):
        if rate is None:
            print(f"| {title} | – | within 24 hours per file | the same | {cost:,.0f} |")
        else:
            times = span(MILLION / rate), span(MILLION / rate / 32)
            print(f"| {title} | {rate:.1f} | {times[0]} | {times[1]} | {cost:,.0f} |")
    print(
        f"\nA question has about {tokens:.0f} tokens and its answer {options.answer}, at "
        f"{options.price} USD per million; the Batch API takes {options.discount:.0%} off."
    )
    print(f"A form takes {1000 * own:.0f} ms of one core by the embedded model, and "
          f"{1000 * llm:.0f} ms where a model that costs nothing is asked.\n")  # fmt: skip
    print("| cache | 1 client | 2 clients | 4 clients |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite3"
        rates = [cache_rate(None, path, n, options.seconds) for n in (1, 2, 4)]
        print(f"| SQLite | {' | '.join(f'{one:.0f}/s' for one in rates)} |")
    with suppress(ImportError):
        import psycopg  # noqa: F401

        from support.postgres import postgres, programs

        if programs():
            with postgres() as address:
                rates = [cache_rate(address, None, n, options.seconds) for n in (1, 2, 4)]
            print(f"| PostgreSQL | {' | '.join(f'{one:.0f}/s' for one in rates)} |")
            print(f"\nSo PostgreSQL here bears {max(rates) / at_once:.0f} processes that ask live.")


if __name__ == "__main__":
    main()
