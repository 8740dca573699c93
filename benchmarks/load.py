"""Verdicts a second of `triage serve` with many people at once, beside the model alone.

    python -m venv load && load/bin/pip install locust
    python -m benchmarks.load --locust load/bin/locust            # 100 people, one minute
    python -m benchmarks.load --locust load/bin/locust --people 400 --seconds 120

In one run: first the embedded model reads businesses with three problems each, as many at once as
it bears; then locust's people go from the first page to the verdict (benchmarks/load_users.py), and
wait for nothing in between. Locust brings gevent, so it has an environment of its own.
"""

import argparse
import asyncio
import csv
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from pathlib import Path

USERS = Path(__file__).with_name("load_users.py")
BUSINESSES = 40


async def alone(count: int) -> float:
    """Return how many businesses with three problems the model decides a second."""
    from triage_agent import AsyncTriage, Profile

    profile = Profile.parse("3M", sells_software=False)

    async def one(triage: AsyncTriage, number: int) -> None:
        await triage.advise(
            f"1. Invoices from {number} are typed by hand every week\n"
            f"2. the stock list of {number} is always wrong\n"
            f"3. customers of {number} want an app to follow their orders",
            profile,
        )

    async with AsyncTriage() as triage:
        await one(triage, -1)  # loads the weights
        began = time.perf_counter()
        for start in range(0, count, 8):
            await asyncio.gather(*(one(triage, n) for n in range(start, min(start + 8, count))))
        return count / (time.perf_counter() - began)


def served(locust: str, people: int, seconds: int) -> dict[str, dict[str, str]]:
    """Return locust's figures by the name of the request."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        code = "from triage_agent.cli.main import main; main()"
        command = [sys.executable, "-c", code, "serve", "--port", str(port)]
        command += ["--data", f"{folder}/data", "--starts-per-hour", "10000000"]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{address}/healthz", timeout=1).close()  # noqa: S310
                    break
                except OSError:
                    time.sleep(0.1)
            stats = f"{folder}/stats"
            ran = [locust, "-f", str(USERS), "--headless", "-u", str(people), "-r", str(people)]
            ran += ["-t", f"{seconds}s", "-H", address, "--csv", stats, "--only-summary"]
            subprocess.run(ran, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with Path(f"{stats}_stats.csv").open(encoding="utf-8") as file:
                return {row["Name"]: row for row in csv.DictReader(file)}
        finally:
            server.terminate()
            server.wait(60)


def main() -> None:
    """Measure both, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--locust", required=True, help="the program, in its own environment")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args()
    model = asyncio.run(alone(BUSINESSES))
    found = served(chosen.locust, chosen.people, chosen.seconds)
    last, every = found["software"], found["Aggregated"]
    verdicts = float(last["Requests/s"])
    print(
        f"the model alone: {model:.1f} businesses/s with three problems each\n"
        f"served to {chosen.people} people at once: {verdicts:.1f} verdicts/s "
        f"({verdicts / model:.0%}), {every['Request Count']} requests, "
        f"{every['Failure Count']} failed; a request takes {every['50%']} ms in the middle, "
        f"{every['95%']} ms at 95 %"
    )


if __name__ == "__main__":
    main()
