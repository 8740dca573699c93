"""What Ray costs and survives: its rate beside one machine's, and a node killed under 20,000 rows.

    python -m benchmarks.ray_batch rate --rows 2000     # at least 70 % of `triage batch`
    python -m benchmarks.ray_batch soak --rows 20000    # a stub model, three nodes, one is killed

`rate` answers the same forms by the embedded model, once by `triage batch` and once with `--ray
local`, as processes of their own on the same cores, one after the other. What is compared is the
time from the start of the program to its end, once with the start of Ray, which is a constant, and
once without it: the time that one row takes is subtracted from both.

`soak` asks a stub model on loopback for the label of each row, with the cache in PostgreSQL, on a
cluster of three nodes of which one is killed in the middle; then every row must stand in OUT once,
and a call may be made twice only for what the killed node had under way.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
SAID = (
    "Leads come in through the website, and two days later they have hired somebody else.",
    "We retype every order from e-mail into the accounting system; it takes 10 hours a week.",
    "Our customers want an app in which they follow their repair; nothing like it exists.",
    "Invoices go out late because nobody copies the hours from the sheets on time.",
)
LEAST = 0.7  # of the rate of `triage batch`, from Ray


def write_forms(path: Path, rows: int) -> None:
    """Write a table of forms, each with one problem of its own."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "problem", "revenue"])
        for n in range(rows):
            writer.writerow([f"F-{n:06}", f"Branch {n}: {SAID[n % 4]}", f"{1 + n % 9}M"])


def seconds(*arguments: str) -> float:
    """Return how long one run of the program takes."""
    began = time.monotonic()
    command = [sys.executable, "-m", "triage_agent.cli.main", "batch", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return time.monotonic() - began


def rate(rows: int) -> int:
    """Measure both ways, and return 1 if Ray is slower than it may be."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {}
        for size in (1, rows):
            write_forms(folder / f"{size}.csv", size)
        for way, options in (("batch", ()), ("ray", ("--ray", "local"))):
            for size in (1, rows):
                out = folder / f"{way}-{size}{'.csv' if way == 'batch' else ''}"
                found[way, size] = seconds(str(folder / f"{size}.csv"), "-o", str(out), *options)
    whole = {way: rows / found[way, rows] for way in ("batch", "ray")}
    alone = {way: (rows - 1) / (found[way, rows] - found[way, 1]) for way in ("batch", "ray")}
    for way in ("batch", "ray"):
        print(
            f"{way}: {found[way, rows]:.1f} s for {rows:,} rows, {whole[way]:.1f} rows/s; "
            f"{found[way, 1]:.1f} s to start, {alone[way]:.1f} rows/s after that"
        )
    print(f"Ray reaches {whole['ray'] / whole['batch']:.0%} with its start, "
          f"{alone['ray'] / alone['batch']:.0%} without")  # fmt: skip
    return int(alone["ray"] < LEAST * alone["batch"])


def soak(rows: int) -> int:
    """Kill a node in the middle; return 1 if a row is missing, doubled, or paid for twice."""
    from support import ray_cluster
    from support.desk import serving
    from support.postgres import postgres
    from triage_agent.tables import read_back

    with tempfile.TemporaryDirectory() as name, postgres() as address, serving(keep=0) as server:
        folder = Path(name)
        write_forms(folder / "forms.csv", rows)
        options = {
            "model": "stub", "base_url": server.base_url, "api_key": "sk-stub",
            "cache_address": address, "max_concurrency": 32,
        }  # fmt: skip
        job = {
            "name": "soak", "forms": str(folder / "forms.csv"), "out": str(folder / "out.csv"),
            "options": options, "kill_after": 12, "labels_only": True,
        }  # fmt: skip
        (folder / "jobs.json").write_text(json.dumps([job]))
        command = [ray_cluster.__file__, str(folder / "jobs.json"), str(folder / "ended.json")]
        subprocess.run([sys.executable, *command], env={**os.environ, "HOME": name}, check=True)
        ended = json.loads((folder / "ended.json").read_text())["soak"]
        assert "seconds" in ended, ended
        parts = sorted((folder / "out.csv").glob("part-*"))
        ids = [row["id"] for part in parts for row in read_back(part)]
        once = sorted(ids) == [f"F-{n:06}" for n in range(rows)]
        print(
            f"{rows:,} rows in {ended['seconds']:.0f} s ({rows / ended['seconds']:.0f} rows/s), a "
            f"node killed: {ended['killed']}; every row once: {once}; {ended['errors']} errors; "
            f"{server.calls:,} calls, {server.calls - rows} of them again"
        )
    return int(not (once and ended["killed"]))


def main() -> int:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("rate", "soak"))
    parser.add_argument("--rows", type=int)
    options = parser.parse_args()
    if options.what == "rate":
        return rate(options.rows or 2_000)
    return soak(options.rows or 20_000)


if __name__ == "__main__":
    sys.exit(main())
