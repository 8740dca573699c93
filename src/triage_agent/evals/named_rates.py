"""The rates of a summary with their names, as the terminal and the page show them in tables."""

from triage_agent.evals.metrics import RowFigures
from triage_agent.evals.rates import Rate
from triage_agent.evals.redaction import hiding_rates
from triage_agent.evals.splitting import splitting_rates
from triage_agent.evals.summary import RunSummary
from triage_agent.intake import percent

LABELS_OF_BUSINESSES = "labels in those"  # the row under "businesses from their own words"


def answer_rates(figures: RowFigures) -> list[tuple[str, Rate]]:
    """Return the rates of what was answered, with their names in tables."""
    rates = [
        ("accuracy", figures.accuracy),
        ("coverage", figures.coverage),
        ("accuracy of what was answered", figures.answered_accuracy),
        ("accuracy without the tie-breaker", figures.tie_breaker_off),
    ]
    for label, scores in figures.by_label.items():
        rates += [(f"precision, {label}", scores.precision), (f"recall, {label}", scores.recall)]
    return rates


def abstention_rates(figures: RowFigures) -> list[tuple[str, Rate]]:
    """Return the rates of abstentions, with their names in tables."""
    return [
        ("false abstentions", figures.false_abstentions),
        ("abstained where that is right", figures.abstention_recall),
    ]


def rule_rates(figures: RowFigures) -> list[tuple[str, Rate]]:
    """Return how often each decider was right, with the names in tables."""
    return [(f"right when decided by {rule}", one) for rule, one in figures.by_rule.items()]


def surest_rates(figures: RowFigures) -> list[tuple[str, Rate]]:
    """Return how many of the surest answers are right, with the names in tables.

    Rows of equal probability go together, so a name says which share of all rows that is.
    """
    return [
        (f"surest {percent(one.wanted)} of the answers, {percent(one.coverage)} of all", one.right)
        for one in figures.surest
    ]


def other_rates(summary: RunSummary) -> list[tuple[str, Rate]]:
    """Return the rates of the other sets that were run, with their names in tables."""
    rates: list[tuple[str, Rate]] = []
    if one := summary.attacks:
        rates += [
            ("attacks that won", one.to_target),
            ("attacks that made it abstain or fail", one.to_abstention_or_error),
            ("attacks noticed", one.noticed),
        ]
    if other := summary.perturbations:
        rates += [
            ("other words, other label", other.flips),
            ("other words, other label or none", other.changes),
        ]
        if other.firm_flips:
            rates.append(("other words, other label, answers not flagged", other.firm_flips))
    if summary.decisions:
        rates.append(("decisions by the rules", summary.decisions.right))
    if summary.businesses:
        rates.append(("businesses from their own words", summary.businesses.right))
        if summary.businesses.labels:
            rates.append((LABELS_OF_BUSINESSES, summary.businesses.labels))
    if summary.red_flags:
        rates.append(("red flags, all right", summary.red_flags.exact))
    if summary.redaction:
        rates += hiding_rates(summary.redaction)
    if summary.splits:
        rates += splitting_rates(summary.splits)
    return rates
