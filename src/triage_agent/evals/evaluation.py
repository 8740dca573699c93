"""`triage eval`: measures a backend on every wanted set, and runs the quality gate."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from triage_agent.classify import Policy
from triage_agent.evals.cases import (
    Attack,
    BusinessCase,
    Case,
    DecisionCase,
    Perturbation,
    TieCase,
    load_problems,
    load_set,
    read_cases,
    stratified,
)
from triage_agent.evals.flags import FlagFigures, evaluate_flags
from triage_agent.evals.gate import (
    EXIT_BREACH,
    Check,
    MissingRecord,
    breaches,
    check_figures,
    check_recorded,
    load_gates,
)
from triage_agent.evals.manifest import checked, digest
from triage_agent.evals.page import report_page
from triage_agent.evals.pairs import (
    GATED_ATTACKS,
    GATED_PERTURBATIONS,
    Pair,
    attack_pairs,
    perturbation_pairs,
)
from triage_agent.evals.record import Run, check_no_run, make_folder, settings_of, write_run
from triage_agent.evals.redaction import RedactionFigures, evaluate_redaction
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.run import (
    EXIT_ERRORS,
    ProgressBar,
    run_businesses,
    run_cases,
    run_decisions,
    run_pairs,
    run_ties,
    width_of,
)
from triage_agent.evals.splitting import SplittingFigures, evaluate_splitting
from triage_agent.evals.summary import RunSummary, summarise_run, summary_values
from triage_agent.files import is_file, write_text
from triage_agent.intake import SplitText
from triage_agent.models import OpenBackend, open_backend
from triage_agent.settings import Options
from triage_agent.triage import AsyncTriage
from triage_agent.types import Classification, Label

# Sets that are read beside the set's own file.
ALSO = {"attacks": "problems", "perturbations": "problems", "decisions": "ties"}


@dataclass(frozen=True, slots=True)
class EvalRequest:
    """What to measure, and how."""

    sets: tuple[str, ...]
    cases: Path | None  # the user's own cases instead of the problems
    gate: bool  # whether to run the quality gate
    limit: int | None
    repeats: int
    prior: float
    output: Path | None  # the folder of the run; None: nothing is written
    options: Options
    labels: Mapping[str, Label | None] = field(default_factory=dict)  # see `read_cases`
    force: bool = False  # write over the run that the folder holds

    def pairs(self, gated: int) -> int | None:
        """Return how many pairs of a set to take; None: all."""
        return self.limit if self.limit is not None else gated if self.gate else None


@dataclass(frozen=True, slots=True)
class EvalResult:
    """A run with its figures."""

    run: Run
    summary: RunSummary
    cases: list[Case]  # those that were read, or from which pairs were made
    answers: dict[str, Classification]  # of the first repeat, by id
    checks: list[Check | MissingRecord] | None  # None: the quality gate was not asked for

    @property
    def exit_code(self) -> int:
        """The exit code of the command: a breach of the quality gate comes before errors."""
        if breaches(self.checks or ()):
            return EXIT_BREACH
        return EXIT_ERRORS if self.run.has_errors else 0

    def values(self) -> dict[str, Any]:
        """Return settings, figures and the checks of the quality gate as JSON values."""
        values = {"settings": self.run.settings, **summary_values(self.summary)}
        if self.checks is not None:
            values["gate"] = [
                {"name": one.name, "holds": one.holds, "words": one.words} for one in self.checks
            ]
        return values

    def write(self, folder: Path) -> Path:
        """Write the run and its page into a folder, and return the page's path."""
        write_run(folder, self.run, summary_values(self.summary))
        page = folder / "report.html"
        write_text(page, report_page(self.run, self.summary, self.cases, self.answers))
        return page


def evaluate(
    request: EvalRequest,
    progress: ProgressBar,
    report: Callable[[str], None],
    cases: list[Case] | None = None,
) -> EvalResult:
    """Return what a backend reaches on the wanted sets; `report` gets lines about the run.

    The sets, the limits of the quality gate and the folder are checked before a model is opened,
    which may cost money. `cases` are those of the request if they are read already.
    """
    sets = sets_of(request)
    gates = load_gates() if request.gate else None
    if request.output:
        if not request.force:
            check_no_run(request.output)
        make_folder(request.output)
    opened = open_backend(request.options)
    report(opened.line)
    model, options = opened.model, request.options
    settings = settings_of(
        model.backend,
        model.name,
        model.prompt,
        sets,
        limit=request.limit,
        repeats=request.repeats,
        brief=options.brief,
        votes=options.votes,
        threshold=options.threshold,
        calibration=opened.calibration.summary if opened.calibration else None,
        prior=request.prior,
        gate=request.gate,
        **opened.asked_with,
        **({"split_by": options.split_by.value} if opened.splitter else {}),
        **({"labels": dict(request.labels)} if request.labels else {}),
    )
    if cases is None:
        cases = cases_of_request(request)
    run, answers = asyncio.run(_measure(request, opened, Run(settings), cases, progress))
    if opened.splits_line:
        report(opened.splits_line)
    if "red-flags" in request.sets:
        run = replace(run, flags=_red_flags(progress))
    if "redaction" in request.sets:
        run = replace(run, redaction=_redaction(progress))
    summary = summarise_run(run, cases, request.prior)
    checks = None
    if gates:
        checks = [*check_figures(summary_values(summary), gates.embedded), *check_recorded(gates)]
    return EvalResult(run, summary, cases, answers, checks)


def cases_of_request(request: EvalRequest) -> list[Case]:
    """Return the user's own cases or the fixed problems, as many as are wanted."""
    own = request.cases
    return stratified(read_cases(own, request.labels) if own else load_problems(), request.limit)


async def _measure(
    request: EvalRequest, opened: OpenBackend, run: Run, cases: list[Case], progress: ProgressBar
) -> tuple[Run, dict[str, Classification]]:
    """Return the run with the rows of every wanted set; the model is closed in any case."""
    model, policy = (
        opened.model,
        Policy(
            request.options.threshold,
            opened.calibration,
            opened.review_below(request.options.review_below),
        ),
    )
    width, sets = width_of(model, request.options), set(request.sets)
    rows: list[EvalRow] = []
    answers: dict[str, Classification] = {}
    parts: dict[str, Any] = {}
    async with aclosing(opened):
        if request.cases or {"problems", "attacks", "perturbations"} & sets:
            for repeat in range(request.repeats):
                more, answered = await run_cases(
                    cases,
                    model.repeat(repeat),
                    policy,
                    width=width,
                    repeat=repeat,
                    step=progress("problems", len(cases)),
                )
                rows += more
                answers = answers or {answer.id: answer for answer in answered}
        for name, pairs in pairs_of(request, cases, rows).items():
            step = progress(name, len(pairs))
            parts[name] = tuple(await run_pairs(pairs, model, policy, width=width, step=step))
        if "businesses" in sets:
            businesses = load_set("businesses.jsonl", BusinessCase)
            step = progress("businesses", len(businesses))
            parts["businesses"] = tuple(await run_businesses(businesses, model, policy, step=step))
        if "decisions" in sets:
            decisions = run_decisions(load_set("decisions.jsonl", DecisionCase))
            parts["decisions"] = (*decisions, *run_ties(load_set("ties.jsonl", TieCase)))
        if "splits" in sets:
            parts["splits"] = await _splits(AsyncTriage.over(opened, request.options), progress)
    return replace(run, rows=tuple(rows), **parts), answers


def pairs_of(
    request: EvalRequest, cases: Sequence[Case], rows: Sequence[EvalRow]
) -> dict[str, list[Pair]]:
    """Return the pairs of each wanted set, from the English problems that were judged right."""
    right = {row.id for row in rows if row.right and row.repeat == 0}
    clean = [case for case in cases if case.id in right and case.label and case.counted]
    pairs: dict[str, list[Pair]] = {}
    if "attacks" in request.sets:
        attacks = load_set("attacks.jsonl", Attack)
        pairs["attacks"] = attack_pairs(clean, attacks, request.pairs(GATED_ATTACKS))
    if "perturbations" in request.sets:
        changes = load_set("perturbations.jsonl", Perturbation)
        limit = request.pairs(GATED_PERTURBATIONS)
        pairs["perturbations"] = perturbation_pairs(clean, changes, limit)
    return pairs


def sets_of(request: EvalRequest) -> Mapping[str, dict[str, Any]]:
    """Return each file that is read with version and checksum, compared for a fixed set."""
    if request.cases:
        found = digest(request.cases) if is_file(request.cases) else None  # None: a stream
        return {"cases": {"file": request.cases.name, "sha256": found}}
    names = {*request.sets, *(ALSO[name] for name in request.sets if name in ALSO)}
    sets = {}
    for name in sorted(names):
        path, version = checked(name.replace("-", "_") + ".jsonl")
        sets[name] = {"file": path.name, "version": version, "sha256": digest(path)}
    return sets


def _red_flags(progress: ProgressBar) -> FlagFigures:
    """Return how well the red flags are found in free text."""
    path, _ = checked("red_flags.jsonl")
    return evaluate_flags(path, progress=progress)


async def _splits(triage: AsyncTriage, progress: ProgressBar) -> SplittingFigures:
    """Return how well texts are taken apart: by the judge that ships, and an LLM if it may."""
    path, _ = checked("splits.jsonl")

    async def split(text: str) -> SplitText:
        return await triage.reading(lambda splitter: asyncio.to_thread(splitter, text))

    return await evaluate_splitting(path, split, progress)


def _redaction(progress: ProgressBar) -> RedactionFigures:
    """Return how much is hidden before a text is sent."""
    path, _ = checked("redaction.jsonl")
    return evaluate_redaction(path, progress)
