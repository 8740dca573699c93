"""How long a million forms take and what they cost, by backend, and when the cache is the limit.

    python -m benchmarks.scale                        # measures, then computes the table
    python -m benchmarks.scale --price 0.25/2 --discount 0.5 --latency 2

Measured here: problems a second that the embedded model reads on one core; problems a second that
one core asks of a stub model on loopback that answers at once; questions a second that the cache
takes, as one client and as several, in SQLite and, where it is installed, in PostgreSQL. All else
is arithmetic, which is printed beside it: requests at once divided by the seconds of an answer, and
the price of the tokens of a typical question. The discount of the Batch API is what services list.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

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


def embedded(rows: int) -> float:
    """Return how many problems a second one core reads."""
    from triage_agent.models.embedded import EmbeddedModel

    model = EmbeddedModel()
    model.read(SAID[0])
    began = time.process_time()
    for n in range(rows):
        model.read(f"Branch {n}: {SAID[n % 3]}")
    return rows / (time.process_time() - began)


def asked(rows: int) -> tuple[float, float]:
    """Return how many problems the LLM's whole path takes in a second of CPU time.

    And the tokens of a question, as the stub counts them: four bytes each.
    """
    import asyncio

    from support.desk import serving
    from triage_agent.settings import Options
    from triage_agent.triage import AsyncTriage
    from triage_agent.types import Problem

    async def run(triage: AsyncTriage) -> tuple[float, float]:
        problems = [Problem(str(n), f"Branch {n}: {SAID[n % 3]}", holds_several=False)
                    for n in range(rows)]  # fmt: skip
        began = time.thread_time()  # the server runs in another thread
        answers = await asyncio.gather(*map(triage.classify, problems))
        taken = time.thread_time() - began
        await triage.aclose()
        return rows / taken, sum(one.usage.input_tokens for one in answers) / rows

    with serving(keep=0) as server, tempfile.TemporaryDirectory() as folder:
        options = Options(
            model="stub", base_url=server.base_url, cache=Path(folder) / "ledger.sqlite3"
        )
        return asyncio.run(run(AsyncTriage(options)))


def cache_rate(address: str | None, path: Path | None, clients: int, length: float) -> float:
    """Return how many questions a second a cache takes from so many clients."""
    import json

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
    reads, (asks, tokens) = embedded(options.rows), asked(options.rows)
    usd = (price[0] * Decimal(tokens) + price[1] * options.answer) / MILLION
    live = min(options.at_once / options.latency, asks)
    problems = MILLION * PROBLEMS
    print(
        f"{PROBLEMS} problems of a form, so {problems:,} questions; {os.cpu_count()} cores here\n"
    )
    print("| backend | problems/s per core | a million forms on 1 core | on 32 cores | USD |")
    print("|---|---|---|---|---|")
    share = options.asked
    both = 1 / (1 / reads + share / live)
    for name, rate, cost in (
        ("embedded", reads, Decimal(0)),
        (f"cascade, {share:.0%} asked", both, usd * problems * Decimal(str(share))),
        (f"LLM, {options.at_once} at once, {options.latency:g} s each", live, usd * problems),
        ("LLM, Batch API", None, usd * problems * (1 - options.discount)),
    ):
        if rate is None:
            print(f"| {name} | – | within 24 hours per file | the same | {cost:,.0f} |")
        else:
            times = span(problems / rate), span(problems / rate / 32)
            print(f"| {name} | {rate:.0f} | {times[0]} | {times[1]} | {cost:,.0f} |")
    print(
        f"\nA question has about {tokens:.0f} tokens and its answer {options.answer}, at "
        f"{options.price} USD per million; the Batch API takes {options.discount:.0%} off."
    )
    print(f"One core's CPU would ask {asks:.0f} problems a second, if answers came at once.\n")
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
            print(f"\nSo PostgreSQL here bears {max(rates) / live:.0f} processes that ask live.")


if __name__ == "__main__":
    main()
