"""Advice as a Markdown page that a consultant can send."""

import re
from collections.abc import Iterable, Sequence

from triage_agent.advice import Plan
from triage_agent.decide import Decision
from triage_agent.records import Classification
from triage_agent.wording import abstained_words, decided_words, review_words

# Everything that Markdown or HTML could take for more than text.
SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>&~])")


def advice_page(title: str, rows: Sequence[Classification], decision: Decision, plan: Plan) -> str:
    """Return one business's page; text from outside is escaped."""
    mark = " (provisional)" if decision.provisional else ""
    lines = [f"# {escape(title)}", "", f"**{plan.headline}{mark}** {plan.because}", ""]
    lines += _section("Good to know", map(escape, plan.notes))
    lines += ["## The problems", ""]
    for number, row in enumerate(rows, start=1):
        lines += [f"{number}. {escape(row.text)}", ""]
        lines += [f"   {line}  " for line in _about(row)]
        lines.append("")
    for facts in plan.roles.values():
        low, high = facts.usd_per_month.low, facts.usd_per_month.high
        lines += [f"## The {facts.name}", "", "| | |", "|---|---|"]
        lines += [
            f"| cost a month | ${low:,}–{high:,} |",
            f"| hours a month | {facts.hours_per_month.low}–{facts.hours_per_month.high} |",
            f"| time to a return | {facts.time_to_return} |",
            f"| focus | {facts.focus} |",
            f"| builds | {facts.builds} |",
            f"| in 60 days shows | {facts.within_60_days} |",
            "",
        ]
    trace = (
        f"{step.rule.value} {'applies' if step.applied else 'does not apply'}: {step.because}"
        for step in decision.verdict.trace
    )
    lines += _section("Rules that decided", map(escape, trace))
    lines += _section("What would change it", plan.would_change)
    lines += _section("Prepare first", plan.prepare)
    lines += _section("The first 60 days", plan.first_60_days)
    lines += _section("Watch for these red flags", plan.watch_for)
    return "\n".join(lines).rstrip() + "\n"


def escape(text: str) -> str:
    r"""Return text that Markdown shows as it is, on one line.

    >>> escape("a *b*\n<script>")
    'a \\*b\\* \\<script\\>'
    """
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _about(row: Classification) -> Iterable[str]:
    """Yield what is said about one problem."""
    if row.error:
        yield f"error: {escape(row.error.message)}"
    if row.abstained_because:
        yield f"no label: {abstained_words(row.abstained_because)}"
    if row.label:
        yield f"**{row.label.value}**, {decided_words(row)}"
    if row.rationale:
        yield escape(row.rationale)
    if row.evidence:
        yield "evidence: " + "; ".join(f"“{escape(quote)}”" for quote in row.evidence)
    if row.needs_review:
        yield f"needs review: {review_words(row)}"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    """Return a titled list, or nothing if it is empty."""
    items = [f"- {line}" for line in lines]
    return [f"## {title}", "", *items, ""] if items else []
