"""How much memory `triage batch` takes, and whether it grows with the rows.

    python -m benchmarks.memory                       # a stub model: 10,000 and 1,000,000
    python -m benchmarks.memory --split judge --rows 2000 20000
    python -m benchmarks.memory --model embedded --split judge --rows 2000 20000
    python -m benchmarks.memory --out csv --rows 10000 200000

Each figure comes from a process of its own that does what `triage batch` does: it surveys a JSON
Lines file of distinct rows, answers them, spools, and writes OUT. Cells are taken apart by rules
unless `--split judge` is given: the judge reads 40 rows a second, so a million would take hours.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

MEBIBYTE = 2**20
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes on Linux


def write_forms(path: Path, count: int) -> None:
    """Write a table of distinct forms, each with one problem of a usual length."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            form = {
                "id": f"form-{n}",
                "company": f"Company {n}",
                "problem": f"Branch {n}: leads come in through the website and by the time anyone "
                f"calls back, about {n % 90} days later, they have hired somebody else.",
                "revenue": f"${n % 12 + 1}M",
            }
            file.write(json.dumps(form) + "\n")


def answer(forms: Path, out: Path, model_name: str, splitter: str) -> dict[str, float]:
    """Do what `triage batch` does, and return the seconds and the peak of memory."""
    from triage_agent.batch.answering import Job, answer_rows
    from triage_agent.batch.form import FormReading
    from triage_agent.batch.group import Spool
    from triage_agent.batch.input_columns import resolve_columns
    from triage_agent.batch.write_output import write_out
    from triage_agent.intake import SplitText, split_problems
    from triage_agent.models import OpenBackend
    from triage_agent.tables import open_table
    from triage_agent.triage import AsyncTriage
    from triage_agent.types import Label, Prediction, Problem, Signals

    class Stub:
        """A model that costs nothing, so that what is measured is the rest."""

        backend, name, prompt = "stub", "stub-1", None

        async def predict(self, problem: Problem) -> Prediction:
            await asyncio.sleep(0)
            return Prediction(
                Label.AUTOMATE,
                Signals(existing_process=True),
                p_build=0.1,
                probability_from="stub",
                evidence=(problem.text[:40],),
                rationale="Work that is done by hand can run by itself.",
            )

        async def aclose(self) -> None:
            pass

    class Flow(AsyncTriage):
        """The main flow, with the splitter that was asked for."""

        def split(self, text: str) -> SplitText:
            return super().split(text) if splitter == "judge" else split_problems(text)

    if model_name == "embedded":
        from triage_agent.models.embedded.model import EmbeddedModel

        model = EmbeddedModel()
    else:
        model = Stub()  # type: ignore[assignment]
    table = open_table(forms)
    columns, _ = resolve_columns(table.columns, table.sample)
    survey = table.survey()

    async def run(spool: Spool) -> object:
        async for tally in answer_rows(
            table.rows(),
            Job(FormReading(columns=columns)),
            Flow.over(OpenBackend(model, "")),
            spool,
        ):
            last = tally
        await model.aclose()
        return last

    began = time.perf_counter()
    with closing(Spool()) as spool:
        tally = asyncio.run(run(spool))
        answered = time.perf_counter() - began
        reading = FormReading(columns=columns)
        write_out(out, spool, survey.columns, tally, reading=reading, decided=True)  # type: ignore[arg-type]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT
    return {"answered_s": answered, "s": time.perf_counter() - began, "peak": peak}


def main() -> None:
    """Measure each number of rows in a process of its own, or be such a process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--model", choices=["stub", "embedded"], default="stub")
    parser.add_argument("--split", choices=["rules", "judge"], default="rules")
    parser.add_argument("--out", choices=["jsonl", "csv", "xlsx"], default="jsonl")
    parser.add_argument("--worker", nargs=2, metavar=("FORMS", "OUT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        forms, out = map(Path, chosen.worker)
        print(json.dumps(answer(forms, out, chosen.model, chosen.split)))
        return
    first = None
    for count in chosen.rows:
        with tempfile.TemporaryDirectory() as folder:
            forms, out = Path(folder) / "forms.jsonl", Path(folder) / f"out.{chosen.out}"
            write_forms(forms, count)
            worker = [sys.executable, "-m", "benchmarks.memory", "--model", chosen.model]
            worker += ["--split", chosen.split, "--worker", str(forms), str(out)]
            ran = subprocess.run(worker, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(ran.stdout)
        first = first or found["peak"]
        print(
            f"{chosen.model} {count:>9,} rows: peak {found['peak'] / MEBIBYTE:.0f} MiB "
            f"({found['peak'] / first - 1:+.0%}), {count / found['answered_s']:,.0f} rows/s "
            f"answered, {count / found['s']:,.0f} rows/s with OUT written",
            flush=True,
        )


if __name__ == "__main__":
    main()
