"""Runs a backend over the eval sets: one row per case, pair or business."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from triage_agent.advice import Decision, QuizResult, decide, score
from triage_agent.classify import Policy, break_tie, classify, in_order
from triage_agent.evals.cases import OPEN_FACTS, BusinessCase, Case, DecisionCase, Expected, TieCase
from triage_agent.evals.pairs import Pair, PairRow, judge
from triage_agent.evals.rows import EvalRow, row_from_classification
from triage_agent.models import Model
from triage_agent.settings import Backend, Options
from triage_agent.types import Classification, Problem, ReviewReason, Signals

T = TypeVar("T")
OnProgress = Callable[[int], None]  # called after each case with the number that are done
ProgressBar = Callable[[str, int], OnProgress]  # started with a title and a total
EXIT_ERRORS = 3  # the exit code of a run in which something ended in an error
LOCAL_WIDTH = 4  # problems that the embedded model reads at once; it has one core each


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What became of one business."""

    id: str
    expected: Expected | None  # None: a tie between two labels
    recommendation: str
    rule: str
    provisional: bool
    right: bool
    why: str = ""  # what differs; empty if it is right
    labels_right: int = 0  # of the problems, where they were read from text
    labels: int = 0
    errors: int = 0  # of the problems, those that ended in an error


def counted(items: Iterable[T], title: str, progress: ProgressBar | None) -> Iterator[T]:
    """Yield items, and show how many are done each time the next is asked for."""
    found = list(items)
    step = progress(title, len(found)) if progress else None
    for number, item in enumerate(found, start=1):
        yield item
        if step:
            step(number)


def width_of(model: Model, options: Options) -> int:
    """Return how many problems are read at once."""
    return LOCAL_WIDTH if model.backend == Backend.EMBEDDED else options.max_concurrency


async def run_cases(
    cases: Sequence[Case],
    model: Model,
    policy: Policy,
    *,
    width: int = 8,
    repeat: int = 0,
    step: OnProgress | None = None,
) -> tuple[list[EvalRow], list[Classification]]:
    """Return the evaluated rows in the order of the cases, and the classifications behind them."""
    answers = await _classify_all(cases, model, policy, width, step)
    rows = [
        row_from_classification(
            answer, case.label, case.slices, repeat=repeat, cached=_from_cache(answer)
        )
        for case, answer in zip(cases, answers, strict=True)
    ]
    return rows, answers


async def run_pairs(
    pairs: Sequence[Pair],
    model: Model,
    policy: Policy,
    *,
    width: int = 8,
    step: OnProgress | None = None,
) -> list[PairRow]:
    """Return what became of each pair."""
    answers = await _classify_all(pairs, model, policy, width, step)
    return [
        judge(
            pair,
            row_from_classification(answer, pair.label, {}),
            noticed=bool(answer.signals and answer.signals.instructs_reader),
        )
        for pair, answer in zip(pairs, answers, strict=True)
    ]


async def _classify_all(
    texts: Sequence[Case] | Sequence[Pair],
    model: Model,
    policy: Policy,
    width: int,
    step: OnProgress | None,
) -> list[Classification]:
    """Return the classification of each text, in order."""
    answers: list[Classification] = []
    problems = [Problem(one.id, one.text) for one in texts]
    read = partial(classify, model=model, policy=policy)
    async with aclosing(in_order(problems, read, width)) as results:
        async for _, answer in results:
            answers.append(answer)
            if step:
                step(len(answers))
    return answers


def run_decisions(cases: Sequence[DecisionCase]) -> list[DecisionRow]:
    """Return whether the rules decide each business as expected; no model is asked."""
    return [
        judge_decision(
            case.id,
            decide(given_rows(case), case.profile, _quiz(case.quiz)),
            case.expected,
        )
        for case in cases
    ]


def run_ties(cases: Sequence[TieCase]) -> list[DecisionRow]:
    """Return whether the tie-breaker decides every combination of signals as expected."""
    rows = []
    for case in cases:
        label, rule = break_tie(Signals(**dict.fromkeys(case.signals, True)))
        right = (label, rule) == (case.label, case.rule)
        why = "" if right else f"{label.value} by {rule.value}, not {case.label} by {case.rule}"
        rows.append(DecisionRow(case.id, None, label.value, rule.value, False, right, why))
    return rows


async def run_businesses(
    cases: Sequence[BusinessCase], model: Model, policy: Policy, step: OnProgress | None = None
) -> list[DecisionRow]:
    """Return the decisions about businesses, read from their own words.

    The order of the problems must not matter either: a decision that changes when they are read
    in reverse is wrong.
    """
    rows: list[DecisionRow] = []
    for case in cases:
        problems = [
            Case(id=str(number), text=text, label=label)
            for number, (text, label) in enumerate(
                zip(case.problems, case.labels, strict=True), start=1
            )
        ]
        results, answers = await run_cases(problems, model, policy)
        quiz = _quiz(case.quiz)
        row = judge_decision(
            case.id,
            decide(answers, case.profile, quiz),
            case.expected,
            labels=tuple(r.right for r in results),
        )
        other = decide(answers[::-1], case.profile, quiz).recommendation.value
        if other != row.recommendation:
            row = replace(row, right=False, why=f"{other} if the problems are read in reverse")
        rows.append(replace(row, errors=sum(answer.error is not None for answer in answers)))
        if step:
            step(len(rows))
    return rows


def judge_decision(
    id_: str, decision: Decision, expected: Expected, labels: tuple[bool, ...] | None = None
) -> DecisionRow:
    """Return whether a decision is the expected one; from raw text only the recommendation is."""
    named = sorted(int(name) for name in decision.provisional_because)
    facts = [name for name in OPEN_FACTS if getattr(decision.doubts, name)]
    got = {
        "recommendation": decision.recommendation.value,
        "rule": decision.verdict.rule.value,
        "provisional": decision.provisional,
        "provisional_because": named,
        "open_facts": facts,
    }
    wanted = {
        "recommendation": expected.recommendation.value,
        "rule": expected.rule.value,
        "provisional": expected.provisional,
        "provisional_because": named
        if expected.provisional_because is None
        else sorted(expected.provisional_because),
        "open_facts": facts if expected.provisional_because is None else [*expected.open_facts],
    }
    if labels is not None:
        got, wanted = ({"recommendation": x["recommendation"]} for x in (got, wanted))
    wrong = [f"{key} {got[key]}, not {wanted[key]}" for key in wanted if got[key] != wanted[key]]
    return DecisionRow(
        id=id_,
        expected=expected,
        recommendation=decision.recommendation.value,
        rule=decision.verdict.rule.value,
        provisional=decision.provisional,
        right=not wrong,
        why="; ".join(wrong),
        labels_right=sum(labels or ()),
        labels=len(labels or ()),
    )


def given_rows(case: DecisionCase) -> list[Classification]:
    """Return the classifications that a decision case gives, their ids being their places."""
    return [
        Classification(
            id=str(place),
            text="",
            outcome=problem.outcome,
            backend="given",
            model="given",
            label=problem.label,
            abstained_because=problem.abstained_because,
            review_reasons=(ReviewReason.NO_EVIDENCE,) if problem.needs_review else (),
            holds_several=problem.holds_several,
        )
        for place, problem in enumerate(case.problems)
    ]


def _from_cache(answer: Classification) -> bool:
    """Return whether an LLM's answer came from the cache: it was read, and cost no call."""
    return answer.prompt is not None and answer.signals is not None and not answer.usage.calls


def _quiz(answers: dict[str, int] | None) -> QuizResult | None:
    return score(answers) if answers else None
