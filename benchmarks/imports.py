"""How long it takes to import the package and to print `triage --help`, beside an empty Python.

    python -m benchmarks.imports            # 20 rounds
    python -m benchmarks.imports --rounds 50

The commands take turns in every round, so that a machine that is busy slows all of them.
"""

import argparse
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python": ["-c", "pass"],
    "import triage_agent": ["-c", "import triage_agent"],
    "from triage_agent import Triage": ["-c", "from triage_agent import Triage"],
    "triage --help": ["-m", "triage_agent.cli.main", "--help"],
}


def seconds(arguments: list[str]) -> float:
    """Return how long one process takes, start to end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Print the median of each command, and its ratio to an empty Python."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    empty = statistics.median(times["python"])
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:<32} {1000 * median:6.0f} ms   {median / empty:4.1f} × python")


if __name__ == "__main__":
    main()
