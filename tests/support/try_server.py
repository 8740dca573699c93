"""Holds the program against a server that really runs: doctor, then ten problems in a batch.

    python tests/support/try_server.py --model smollm2 --base-url http://localhost:8080/v1

Every setting has its default. It prints what doctor says, what became of the ten problems, how the
server was asked, and how long that took: a row of docs/reference/servers.md. Nothing is judged,
because a model that is small enough for a laptop proves the protocol only.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

TRIAGE = [sys.executable, "-m", "triage_agent.cli.main"]
PROBLEMS = [
    "Leads come in through the website and by the time anyone calls back they have hired somebody.",
    "We type every supplier invoice into QuickBooks by hand, about 12 hours a week.",
    "Our customers want to book and pay in an app on their phone, and we do not have one.",
    "I need somebody to lead my four developers. Nobody decides on the architecture.",
    "Stock counts in the shop and in the spreadsheet never agree.",
    "Every Monday two people spend the morning to put the sales report together.",
    "We want to move the old Access database to AWS before it breaks.",
    "Customers ask the same ten questions by e-mail all day long.",
    "Quotes take four days because they wait for the owner's approval.",
    "I need a logo for my bakery.",
]


def main() -> None:
    """Run both commands, and print what they show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", required=True)
    parser.add_argument("--base-url", help="if --model is no shorthand such as ollama:qwen3")
    arguments = parser.parse_args()
    server = ["--model", arguments.model]
    if arguments.base_url:
        server += ["--base-url", arguments.base_url]
    doctor = subprocess.run([*TRIAGE, "doctor", *server], check=False)
    with TemporaryDirectory() as folder:
        forms, out = Path(folder, "ten.jsonl"), Path(folder, "out.jsonl")
        forms.write_text("".join(json.dumps({"text": one}) + "\n" for one in PROBLEMS), "utf-8")
        began = time.perf_counter()
        command = [*TRIAGE, "batch", str(forms), "-o", str(out), "--labels-only", "--fresh"]
        batch = subprocess.run([*command, *server], check=False)
        took = time.perf_counter() - began
        rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    outcomes = Counter(row["triage_1_error"] or row["triage_1_outcome"] for row in rows)
    sources = Counter(row["triage_1_probability_from"] for row in rows)
    print(  # noqa: T201  a program's own output
        f"doctor: exit code {doctor.returncode}\n"
        f"batch: exit code {batch.returncode}, {took:.0f} s, {dict(outcomes)}\n"
        f"probabilities from: {dict(sources)}"
    )


if __name__ == "__main__":
    main()
