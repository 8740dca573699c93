"""Many machines: the rows, the columns and the bytes are those of one machine, whatever is lost."""

import csv
import json
import os
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from support import ray_cluster
from support.desk import PRICE, serving
from support.postgres import postgres, programs
from triage_agent.batch import BatchRequest, Columns, run_batch, run_on_ray
from triage_agent.errors import InputError, SettingsError
from triage_agent.models.llm.cache import open_cache
from triage_agent.settings import Options
from triage_agent.tables import read_back

SAID = [
    "Leads come in through the website, and two days later they have hired somebody else.",
    "We retype every order from e-mail into the accounting system; it takes 10 hours a week.",
    "Our customers want an app in which they follow their repair; nothing like it exists.",
    "1. Invoices go out late because nobody copies the hours.\n2. Reports are made by hand.",
    "n/a",
]
KILL_ROWS = 500
LLM_ROWS = 200
CAP = 60.0  # USD: a third or so of what all rows would cost


def forms(rows):
    return [
        {
            "id": f"F-{n:04}",
            "company": f"Company {n % max(1, rows * 4 // 5)}",
            "problem": f"Branch {n}: {SAID[n % 5]}" if n % 5 < 4 else SAID[4],
            "revenue": f"{1 + n % 9}.50M",
            "=note": "=1+1",
            "triage_row": f"own {n}",
        }
        for n in range(rows)
    ]


def write_csv(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(path, rows):
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.Table.from_pylist(rows), path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ray")
    (folder / "two").mkdir()
    few = forms(60)
    write_csv(folder / "few.csv", few)
    (folder / "few.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in few))
    for part in range(2):
        write_parquet(folder / f"two/{part}.parquet", few[part * 30 : part * 30 + 30])
    write_csv(folder / "many.csv", forms(KILL_ROWS))
    write_csv(folder / "llm.csv", [{"problem": f"Case {n}: {SAID[1]}"} for n in range(LLM_ROWS)])
    return folder


@pytest.fixture(scope="module")
def ended(folder, tmp_path_factory):
    """Run every batch on one cluster, whose start takes seconds, and return how each ended."""
    missing = [
        name
        for name, there in (("PostgreSQL", programs()), ("Ray", _has("ray")))
        if not there or not _has("psycopg")
    ]
    if missing:
        assert not os.environ.get("CI"), f"CI needs {missing}"
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    home = tmp_path_factory.mktemp("home")
    with postgres() as address, serving() as server:
        llm = {
            "model": "m", "base_url": server.base_url, "api_key": "sk-test", "price": PRICE,
            "cache_address": address, "max_concurrency": 8,
        }  # fmt: skip
        jobs = [
            {"name": "csv", "forms": "few.csv", "out": "csv.csv"},
            {"name": "jsonl", "forms": "few.jsonl", "out": "jsonl.jsonl"},
            {"name": "parquet", "forms": "two/*.parquet", "out": "parquet"},
            {"name": "grouped", "forms": "few.csv", "out": "grouped.csv", "group_by": "company"},
            {"name": "library", "forms": "two", "out": "library.jsonl", "classify": True},
            {"name": "no cache", "forms": "llm.csv", "out": "none",
             "options": llm | {"cache_address": None}},
            {"name": "cap", "forms": "llm.csv", "out": "cap.csv",
             "options": llm | {"max_cost": CAP}},
            {"name": "killed", "forms": "many.csv", "out": "killed.csv", "kill_after": 3},
        ]  # fmt: skip
        for job in jobs:
            job |= {"forms": str(folder / job["forms"]), "out": str(folder / job["out"])}
        (folder / "jobs.json").write_text(json.dumps(jobs))
        arguments = [ray_cluster.__file__, str(folder / "jobs.json"), str(folder / "ended.json")]
        process = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr[-3000:]
        found = json.loads((folder / "ended.json").read_text())
        with closing(open_cache(address)) as cache:
            found["cap"]["spent"] = cache.spent(str(folder / "cap.csv"))
        found["cap"]["billed"] = str(server.billed)
    return found


def _has(package):
    import importlib.util

    return importlib.util.find_spec(package) is not None


def alone(folder, name, end, **changes):
    """Return the same forms answered on one machine, as `triage batch` does."""
    out = folder / f"alone-{len(list(folder.iterdir()))}{end}"
    run_batch(BatchRequest(folder / name, out, **changes))
    return out


def lines(*paths):
    """Return the lines of files, each with its own header, sorted, and that header."""
    found = [path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\r\n") for path in paths]
    assert len({one[0] for one in found}) == 1
    return found[0][0], sorted(line for one in found for line in one[1:] if line)


def filled(row, *but):
    return {name: cell for name, cell in row.items() if cell is not None and name not in but}


def parts(out):
    return sorted(out.glob("part-*"))


@pytest.mark.cluster
def test_the_answers_of_a_csv_are_the_bytes_of_one_machine(folder, ended):
    assert ended["csv"]["errors"] == 0, ended["csv"]
    assert len(parts(folder / "csv.csv")) > 1
    assert lines(*parts(folder / "csv.csv")) == lines(alone(folder, "few.csv", ".csv"))


@pytest.mark.cluster
def test_the_answers_of_json_lines_are_the_bytes_of_one_machine(folder, ended):
    assert ended["jsonl"]["errors"] == 0, ended["jsonl"]
    own = alone(folder, "few.jsonl", ".jsonl").read_bytes().splitlines()
    found = [
        one for path in parts(folder / "jsonl.jsonl") for one in path.read_bytes().splitlines()
    ]
    assert sorted(found) == sorted(own)


@pytest.mark.cluster
def test_businesses_decide_together_as_on_one_machine(folder, ended):
    assert ended["grouped"]["errors"] == 0, ended["grouped"]
    own = alone(folder, "few.csv", ".csv", columns=Columns(group_by="company"))
    assert lines(*parts(folder / "grouped.csv")) == lines(own)


@pytest.mark.cluster
def test_parquet_keeps_its_types_and_holds_the_same_answers(folder, ended):
    assert ended["parquet"]["errors"] == 0, ended["parquet"]
    from pyarrow import parquet

    rows = [
        row for path in parts(folder / "parquet") for row in parquet.read_table(path).to_pylist()
    ]
    own = {row["id"]: row for row in read_back(alone(folder, "few.jsonl", ".jsonl"))}
    assert len(rows) == len(own) == 60
    for row in rows:
        assert filled(row) == filled(own[row["id"]])
    assert [row["triage_row"] for row in rows] == [*range(1, 61)]


@pytest.mark.cluster
def test_a_dataset_gets_the_columns_that_a_batch_adds(folder, ended):
    assert ended["library"]["errors"] == 0, ended["library"]
    own = {row["id"]: row for row in read_back(alone(folder, "few.jsonl", ".jsonl"))}
    found = [json.loads(line) for line in (folder / "library.jsonl").read_text().splitlines()]
    assert len(found) == 60
    for row in found:
        # Its rows have no numbers, and so their problems have others in their ids.
        assert filled(row, "triage_provisional_because") == filled(
            own[row["id"]], "triage_row", "triage_provisional_because"
        )


@pytest.mark.cluster
def test_a_node_that_is_killed_costs_no_row_and_doubles_none(folder, ended):
    killed = ended["killed"]
    assert killed["killed"]
    assert killed["errors"] == 0, killed
    rows = [row for path in parts(folder / "killed.csv") for row in read_back(path)]
    assert sorted(row["id"] for row in rows) == [f"F-{n:04}" for n in range(KILL_ROWS)]
    assert sorted(int(row["triage_row"]) for row in rows) == list(range(2, KILL_ROWS + 2))
    assert all(row["triage_notes"] or row["triage_1_label"] for row in rows)


@pytest.mark.cluster
def test_the_manifest_says_what_is_there(folder, ended):
    manifest = json.loads((folder / "killed.csv/manifest.json").read_text())
    there = {path.name: path.stat().st_size for path in parts(folder / "killed.csv")}
    assert {one["file"]: one["bytes"] for one in manifest["parts"]} == there
    assert sum(one["rows"] for one in manifest["parts"]) == manifest["rows"] == KILL_ROWS
    assert manifest["columns"][:2] == ["id", "company"]
    assert manifest["model"].startswith("embedded")


@pytest.mark.cluster
def test_an_llm_without_a_shared_cache_is_refused_with_the_reason(ended):
    assert ended["no cache"]["code"] == 2
    assert "a cache that all machines share" in ended["no cache"]["message"]


@pytest.mark.cluster
def test_one_budget_holds_for_the_whole_cluster(folder, ended):
    cap = ended["cap"]
    assert cap["code"] == 6, cap
    assert 0 < Decimal(cap["billed"]) <= Decimal(cap["spent"]).scaleb(-6) <= Decimal(str(CAP))
    assert Decimal(cap["billed"]) > Decimal(str(CAP)) / 3
    assert not (folder / "cap.csv/manifest.json").exists()


# What needs no cluster


def test_an_llm_without_a_shared_cache_is_refused_before_ray_is_started(tmp_path):
    request = BatchRequest(
        Path("x.csv"), tmp_path / "out", options=Options(model="m", base_url="http://127.0.0.1:1")
    )
    with pytest.raises(SettingsError, match="a cache that all machines share"):
        run_on_ray(request, "local")


@pytest.mark.parametrize(
    ("changes", "option"),
    [({"dry_run": True}, "--dry-run"), ({"retry_errors": True}, "--retry-errors")],
)
def test_what_only_one_machine_can_do_is_refused(tmp_path, changes, option):
    with pytest.raises(SettingsError, match=option):
        run_on_ray(BatchRequest(Path("x.csv"), tmp_path / "out", **changes), "local")


def test_a_pattern_without_files_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="No file matches"):
        run_on_ray(BatchRequest(tmp_path / "*.csv", tmp_path / "out"), "local")


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "a.csv").write_text("problem\nLeads are lost\n")
    with pytest.raises(SettingsError, match=r"triage-agent\[ray\]"):
        run_on_ray(BatchRequest(tmp_path / "a.csv", tmp_path / "out"), "local")
