"""What `triage eval` prints: the figures that decide, in at most 80 columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from triage_agent.evals.gate import Check, Missing, breaches
from triage_agent.reports import clean, stdout_console

Tree = Mapping[str, Any]

WRONG_SHOWN = 5


def show_summary(settings: Tree, summary: Tree) -> None:
    """Print a run's figures."""
    console = stdout_console()
    prompt = f", prompt {settings['prompt']}" if settings["prompt"] else ""
    console.print(Text(clean(f"{settings['backend']}: {settings['model']}{prompt}")))
    for table in tables(summary):
        console.print(table)
    for line in (*sentences(summary), *wrong_decisions(summary)):
        console.print(Text(clean(line)))


def show_checks(checks: Sequence[Check | Missing]) -> None:
    """Print every gated figure, and last those that breach their limit."""
    console = stdout_console()
    failed = breaches(checks)
    for one in checks:
        if one.holds:
            console.print(Text(clean(f"  {one.words}")))
    for one in failed:
        console.print(Text(clean(f"! {one.words}")))
    console.print(f"gate: {len(checks) - len(failed)} of {len(checks)} kept")


def tables(summary: Tree) -> list[Table]:
    """Return the figures as tables: a row a figure, with counts and interval."""
    found: list[Table] = []
    if problems := summary.get("problems"):
        table = _table("problems in scope, in English" if _mixed(problems) else "problems")
        table.add_row("accuracy", *shown(problems["accuracy"]))
        table.add_row("coverage", *shown(problems["coverage"]))
        table.add_row("accuracy of what was answered", *shown(problems["answered_accuracy"]))
        table.add_row("accuracy without the tie-breaker", *shown(problems["tie_breaker_off"]))
        for label, scores in problems["by_label"].items():
            table.add_row(f"precision, {label}", *shown(scores["precision"]))
            table.add_row(f"recall, {label}", *shown(scores["recall"]))
        table.add_row("false abstentions", *shown(problems["false_abstentions"]))
        table.add_row("abstained where that is right", *shown(problems["abstention_recall"]))
        for rule, rate in problems["by_rule"].items():
            table.add_row(f"right when decided by {rule}", *shown(rate))
        for name, rate in problems.get("floors", {}).items():
            table.add_row(f"floor: {name}", *shown(rate))
        if others := problems.get("other_languages"):
            table.add_row("other languages: accuracy", *shown(others["accuracy"]))
            table.add_row("other languages: answered", *shown(others["coverage"]))
        found.append(table)
    rest = _table("the other sets")
    for name, key, words in (
        ("attacks", "to_target", "attacks that won"),
        ("attacks", "to_abstention_or_error", "attacks that made it abstain or fail"),
        ("attacks", "noticed", "attacks noticed"),
        ("perturbations", "flips", "other words, other label"),
        ("perturbations", "changes", "other words, other label or none"),
        ("decisions", "right", "decisions by the rules"),
        ("businesses", "right", "businesses from their own words"),
        ("red_flags", "exact", "red flags, all right"),
    ):
        if key in summary.get(name, {}):
            rest.add_row(words, *shown(summary[name][key]))
    if rest.row_count:
        found.append(rest)
    return found


def sentences(summary: Tree) -> list[str]:
    """Return what is better said than tabulated."""
    problems = summary.get("problems")
    if not problems:
        return []
    lines = []
    if problems["auc"] is not None:
        lines.append(f"AUC {problems['auc']:.3f}, Brier score {problems['brier']:.3f}")
    if problems["ece"] is not None:
        lines.append(
            f"calibration error {problems['ece']:.3f} over {problems['ece_rows']} answers; chance "
            f"alone gives up to {problems['ece_p95']:.3f}"
        )
    for wanted, cut in problems["send_to_a_person"].items():
        if cut:
            lines.append(
                f"send {cut['to_person']:.0%} to a person (under {cut['threshold']:.2f}) to "
                f"be right {float(wanted):.0%} of the time"
            )
    for prior, view in problems["prior"].items():
        if view["accuracy"]:
            estimate = view["accuracy"]
            lines.append(
                f"among owners with {prior}: accuracy {estimate['value']:.3f} "
                f"[{estimate['low']:.3f}, {estimate['high']:.3f}]"
            )
    return lines + running(problems)


def wrong_decisions(summary: Tree) -> list[str]:
    """Return the first businesses and ties that were decided otherwise than they must be.

    >>> wrong_decisions({"decisions": {"wrong": {"d-001": "rule D3, not D2"}}})
    ['! d-001: rule D3, not D2']
    """
    lines = []
    for name in ("decisions", "businesses"):
        wrong = summary.get(name, {}).get("wrong", {})
        lines += [f"! {id_}: {why}" for id_, why in list(wrong.items())[:WRONG_SHOWN]]
        if len(wrong) > WRONG_SHOWN:
            lines.append(f"! and {len(wrong) - WRONG_SHOWN} more {name} (--json lists all)")
    return lines


def running(problems: Tree) -> list[str]:
    """Return what the run was like: errors, repeats, latency, tokens."""
    lines = []
    if problems["errors"]:
        lines.append(f"{problems['errors']} of {problems['rows']} rows ended in an error: wrong")
    if (spread := problems["spread"]) and spread["low"] is not None:
        unstable = spread["unstable"]
        lines.append(
            f"{spread['repeats']} repeats: accuracy from {spread['low']:.3f} to "
            f"{spread['high']:.3f}; {unstable['right']} of {unstable['total']} answers changed"
        )
    if problems["latency_p50"] is not None:
        lines.append(
            f"live calls: {problems['live']}, median {problems['latency_p50']:.2f} s, "
            f"95th percentile {problems['latency_p95']:.2f} s"
        )
    usage = problems["usage"]
    if usage["calls"]:
        lines.append(
            f"{usage['calls']} calls, {usage['input_tokens']} tokens in, "
            f"{usage['output_tokens']} out; answered from the cache: "
            f"{problems['cached']['right']} of {problems['cached']['total']}"
        )
    return lines


def shown(rate: Tree) -> tuple[str, str, str]:
    """Return a rate as cells: the value, its counts, its interval.

    >>> shown({"right": 3, "total": 4, "value": 0.75, "low": 0.301, "high": 0.954})
    ('0.750', '3/4', '0.301–0.954')
    """
    if rate["value"] is None:
        return "–", "0/0", ""
    return (
        f"{rate['value']:.3f}",
        f"{rate['right']}/{rate['total']}",
        f"{rate['low']:.3f}–{rate['high']:.3f}",
    )


def _mixed(problems: Tree) -> bool:
    """Return whether other languages were counted apart."""
    return "other_languages" in problems


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("", "value", "counts", "95 % interval"):
        table.add_column(name, justify="left" if not name else "right", overflow="fold")
    return table
