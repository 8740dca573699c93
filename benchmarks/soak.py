"""The engine's promises held for long: kills at any moment, and thousands of faulty requests.

    python -m benchmarks.soak                       # 200 kills, 5,000 rows: about half an hour
    python -m benchmarks.soak --kills 20 --rows 500 --seed 7

Runs the tests of tests/batch/test_answering_llm.py with more of each and a seed of its own: the
program is killed (-9) at random moments and resumed, its output compared byte by byte with an
undisturbed run's and every call held against what was cached; then a quarter of all requests fail
in transport or status, one in twenty is answered with what is no answer, and some rows are refused
for good. Every text holds numbers of seven digits and more.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = "tests/batch/test_answering_llm.py"


def main() -> int:
    """Run the soak, and return pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}: {options.kills} kills, {options.rows:,} faulty rows", flush=True)
    sizes = {
        "TRIAGE_TEST_KILLS": str(options.kills),
        "TRIAGE_TEST_FAULTY_ROWS": str(options.rows),
        "TRIAGE_TEST_SEED": str(options.seed),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-rP", TESTS, "-k", "killed or mixed or cap"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | sizes, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
