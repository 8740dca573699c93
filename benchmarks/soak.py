"""The engine's promises held for long: kills at any moment, and thousands of faulty requests.

    python -m benchmarks.soak                       # 200 kills, 5,000 rows: about half an hour
    python -m benchmarks.soak --kills 20 --rows 500 --seed 7
    python -m benchmarks.soak --batches --kills 100 # the batches of a provider: half an hour

Runs the tests of tests/batch/test_answering_llm.py with more of each and a seed of its own: the
program is killed (-9) at random moments and resumed, its output compared byte by byte with an
undisturbed run's and every call held against what was cached; then a quarter of all requests fail
in transport or status, one in twenty is answered with what is no answer, and some rows are refused
for good. Every text holds numbers of seven digits and more.

With --batches, those of tests/batch/test_in_batches.py: runs with --batch-api against a provider
that is slow on purpose, each killed up to three times while it submits, polls and collects. It
says in which state the kills met the batches.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = "tests/batch/test_answering_llm.py"
BATCH_TESTS = "tests/batch/test_in_batches.py"


def main() -> int:
    """Run the soak, and return pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--batches", action="store_true", help="runs with --batch-api instead")
    options = parser.parse_args()
    if options.batches:
        return _soak_batches(options.kills, options.seed)
    print(f"seed {options.seed}: {options.kills} kills, {options.rows:,} faulty rows", flush=True)
    sizes = {
        "TRIAGE_TEST_KILLS": str(options.kills),
        "TRIAGE_TEST_FAULTY_ROWS": str(options.rows),
        "TRIAGE_TEST_SEED": str(options.seed),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-rP", TESTS, "-k", "killed or mixed or cap"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | sizes, check=False).returncode


def _soak_batches(kills: int, seed: int) -> int:
    """Kill runs with --batch-api, and return pytest's exit code."""
    print(f"seed {seed}: {kills} runs with --batch-api, killed 1 to 3 times each", flush=True)
    sizes = {"TRIAGE_TEST_KILLS": str(kills), "TRIAGE_TEST_SEED": str(seed)}
    command = [sys.executable, "-m", "pytest", "-q", "-rP", BATCH_TESTS, "-m", "slow"]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | sizes, check=False, text=True, stdout=subprocess.PIPE
    )
    lines = [line for line in ended.stdout.splitlines() if line.strip()]
    for moment, times in sorted(Counter(x for x in lines if x.startswith("killed ")).items()):
        print(f"{times:4} {moment}")
    print(lines[-1] if ended.returncode == 0 else ended.stdout)
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
