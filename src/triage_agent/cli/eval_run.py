"""What `triage eval` does: open, run, summarise, show, write, gate."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from triage_agent.classify import Policy
from triage_agent.evals import (
    EXIT_BREACH,
    GATED_ATTACKS,
    GATED_PERTURBATIONS,
    Attack,
    BusinessCase,
    Case,
    Check,
    DecisionCase,
    EvalRow,
    Missing,
    Pair,
    Perturbation,
    Run,
    TieCase,
    attack_pairs,
    breaches,
    check,
    check_recorded,
    checked,
    digest,
    load,
    load_gates,
    load_problems,
    make_folder,
    perturbation_pairs,
    read_cases,
    run_businesses,
    run_cases,
    run_decisions,
    run_pairs,
    run_ties,
    settings_of,
    stratified,
    summarise_run,
    write_run,
)
from triage_agent.models import OpenBackend, open_backend
from triage_agent.settings import Backend, Options
from triage_agent.types import Classification

LOCAL_WIDTH = 4  # problems that the embedded model reads at once; it has one core each
EXIT_ERRORS = 3
# What is read beside the set's own file.
ALSO = {"attacks": "problems", "perturbations": "problems", "decisions": "ties"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    sets: tuple[str, ...]
    cases: Path | None
    gate: bool
    limit: int | None
    repeats: int
    prior: float
    output: Path | None
    as_json: bool
    options: Options

    def pairs(self, gated: int) -> int | None:
        """Return how many pairs of a set to take; None: all."""
        return self.limit if self.limit is not None else gated if self.gate else None


@dataclass(slots=True)
class Found:
    """What has been run so far."""

    cases: list[Case] = field(default_factory=list)
    rows: list[EvalRow] = field(default_factory=list)
    answers: dict[str, Classification] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)


def run(wish: Wish) -> int:
    """Do what is wished, and return the exit code."""
    from triage_agent.evals import show_checks, show_summary

    sets = _sets(wish)
    gates = load_gates() if wish.gate else None
    if wish.output:
        make_folder(wish.output)
    opened = open_backend(wish.options)
    typer.echo(opened.line, err=True)
    found = Found()
    asyncio.run(_run(wish, opened, found))
    if "red-flags" in wish.sets:
        found.parts["flags"] = _flags()
    model = opened.model
    settings = settings_of(
        model.backend,
        model.name,
        model.prompt,
        sets,
        limit=wish.limit,
        repeats=wish.repeats,
        brief=wish.options.brief,
        votes=wish.options.votes,
        threshold=wish.options.threshold,
        calibration=opened.calibration.summary if opened.calibration else None,
        prior=wish.prior,
        gate=wish.gate,
    )
    done = Run(settings, rows=tuple(found.rows), **found.parts)
    summary = summarise_run(done, found.cases, wish.prior)
    checks = [*check(summary, gates.embedded), *check_recorded(gates)] if gates else []
    if wish.as_json:
        _write_json(wish, settings, summary, checks)
    else:
        show_summary(settings, summary)
    if wish.output:
        _keep(wish.output, done, summary, found)
    if gates and not wish.as_json:
        show_checks(checks)
    if breaches(checks):
        return EXIT_BREACH
    return EXIT_ERRORS if _any_error(done) else 0


def _write_json(
    wish: Wish,
    settings: Mapping[str, Any],
    summary: Mapping[str, Any],
    checks: Sequence[Check | Missing],
) -> None:
    """Print the figures for programs, and with the gate what it found."""
    import json

    values: dict[str, Any] = {"settings": settings, **summary}
    if wish.gate:
        values["gate"] = [
            {"name": one.name, "holds": one.holds, "words": one.words} for one in checks
        ]
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


def _keep(folder: Path, done: Run, summary: Mapping[str, Any], found: Found) -> None:
    """Write the run's folder and its page."""
    from triage_agent.evals import report_page
    from triage_agent.files import write_text

    write_run(folder, done, summary)
    page = report_page(done, summary, found.cases, found.answers)
    write_text(folder / "report.html", page)
    typer.echo(f"written: {folder / 'report.html'}", err=True)


async def _run(wish: Wish, opened: OpenBackend, found: Found) -> None:
    """Run every set that is wished, and close the backend whatever happens."""
    model, policy = opened.model, Policy(wish.options.threshold, opened.calibration)
    width = LOCAL_WIDTH if model.backend == Backend.EMBEDDED else wish.options.max_concurrency
    console = Console(file=sys.stderr)
    try:
        found.cases = stratified(
            load_problems() if wish.cases is None else read_cases(wish.cases), wish.limit
        )
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:

            def task(title: str, total: int) -> Callable[[int], None]:
                number = bar.add_task(title, total=total)
                return lambda done: bar.update(number, completed=done)

            if wish.cases or {"problems", "attacks", "perturbations"} & set(wish.sets):
                for repeat in range(wish.repeats):
                    rows, answers = await run_cases(
                        found.cases,
                        model.repeat(repeat),
                        policy,
                        width=width,
                        repeat=repeat,
                        step=task("problems", len(found.cases)),
                    )
                    found.rows += rows
                    found.answers = found.answers or {answer.id: answer for answer in answers}
            for name, pairs in _pairs(wish, found).items():
                found.parts[name] = tuple(
                    await run_pairs(pairs, model, policy, width=width, step=task(name, len(pairs)))
                )
            if "businesses" in wish.sets:
                cases = load("businesses.jsonl", BusinessCase)
                step = task("businesses", len(cases))
                found.parts["businesses"] = tuple(
                    await run_businesses(cases, model, policy, step=step)
                )
        if "decisions" in wish.sets:
            given = run_decisions(load("decisions.jsonl", DecisionCase))
            found.parts["decisions"] = (*given, *run_ties(load("ties.jsonl", TieCase)))
    finally:
        await opened.aclose()


def _pairs(wish: Wish, found: Found) -> Mapping[str, list[Pair]]:
    """Return the pairs of each wished set, from the English problems that were judged right."""
    right = {row.id for row in found.rows if row.right and row.repeat == 0}
    clean = [case for case in found.cases if case.id in right and case.label and case.counted]
    made: dict[str, list[Pair]] = {}
    if "attacks" in wish.sets:
        attacks = load("attacks.jsonl", Attack)
        made["attacks"] = attack_pairs(clean, attacks, wish.pairs(GATED_ATTACKS))
    if "perturbations" in wish.sets:
        changes = load("perturbations.jsonl", Perturbation)
        made["perturbations"] = perturbation_pairs(clean, changes, wish.pairs(GATED_PERTURBATIONS))
    return made


def _flags() -> Mapping[str, Any]:
    """Return how well the red flags are found in free text."""
    from triage_agent.evals import evaluate_flags, flag_values

    path, _ = checked("red_flags.jsonl")
    return flag_values(evaluate_flags(path))


def _any_error(done: Run) -> bool:
    """Return whether any case, pair or problem of a business ended in an error."""
    return (
        any(row.error for row in done.rows)
        or any(row.became == "error" for row in (*done.attacks, *done.perturbations))
        or any(row.errors for row in done.businesses)
    )


def _sets(wish: Wish) -> dict[str, dict[str, Any]]:
    """Return what is read: file, version and checksum, which was compared for a fixed set."""
    if wish.cases:
        found = digest(wish.cases) if wish.cases.is_file() else None  # None: a stream
        return {"cases": {"file": wish.cases.name, "sha256": found}}
    names = {*wish.sets, *(ALSO[name] for name in wish.sets if name in ALSO)}
    sets = {}
    for name in sorted(names):
        path, version = checked(name.replace("-", "_") + ".jsonl")
        sets[name] = {"file": path.name, "version": version, "sha256": digest(path)}
    return sets
