"""Advice as a Markdown page that a consultant can send."""

import re
from collections.abc import Iterable

from triage_agent.advice import (
    Advice,
    FirstDays,
    QuizResult,
    described,
    owners_questions,
    side_by_side,
)
from triage_agent.privacy import clean
from triage_agent.reports.contract import made_by
from triage_agent.reports.evidence import shown_evidence
from triage_agent.reports.letterhead import NO_LETTERHEAD, Letterhead
from triage_agent.reports.wording import (
    abstained_words,
    decided_words,
    firmness_words,
    headline_words,
    label_words,
    review_words,
    trace_line,
)
from triage_agent.types import Classification

# Everything that Markdown or HTML could take for more than text.
SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>&~])")


def advice_markdown(advice: Advice, letterhead: Letterhead = NO_LETTERHEAD) -> str:
    """Return one business's page; text from outside is escaped."""
    rows, decision, plan = advice.problems, advice.decision, advice.plan
    lines = [f"# {escape(letterhead.title)}", ""]
    lines += [escape(letterhead.made), ""] if letterhead.made else []
    lines += [f"**{headline_words(advice)}** {escape(plan.because)}", ""]
    lines += [escape(" ".join(plan.who)), ""] if plan.who else []
    lines += [means, ""] if (means := firmness_words(advice)) else []
    lines += _section("To make it firm, settle", map(escape, decision.to_settle))
    lines += _section("Good to know", map(escape, plan.notes))
    lines += _section("What to do now", map(escape, plan.first_days.instead))
    lines += ["## The problems", ""]
    for number, row in enumerate(rows, start=1):
        lines += [f"{number}. {escape(row.text) or '(no text)'}", ""]
        lines += [f"   {line}  " for line in _about(row)]
        lines.append("")
    lines += _section("What would change it", plan.would_change)
    lines += _section("Who could help with the rest", map(escape, plan.elsewhere))
    lines += _quiz(decision.quiz) if decision.quiz else []
    for facts in plan.roles.values():
        lines += [f"## The {facts.name}", "", "| | |", "|---|---|"]
        lines += [f"| {name} | {value} |" for name, value in described(facts)]
        lines.append("")
    lines += _section("What the stated hours cost", map(escape, plan.hours_cost))
    lines += _section("Prepare first", plan.prepare)
    lines += _days(plan.first_days)
    names = {role.value: facts.name for role, facts in plan.roles.items()}
    for interview in plan.first_days.interviews:
        lines += [f"## What to ask at the interview ({names[interview.role]})", ""]
        for number, (question, listen_for) in enumerate(interview.questions, start=1):
            lines.append(f"{number}. {escape(question)} *Listen for: {escape(listen_for)}*")
        lines.append("")
    lines += _section("Watch for these red flags", plan.watch_for)
    trace = (escape(trace_line(step)) for step in decision.verdict.trace)
    lines += _section("The rules that decided", trace)
    lines += [f"Read by {escape(readers)}" for readers in [made_by(rows)] if readers]
    return "\n".join(lines).rstrip() + "\n"


def escape(text: str) -> str:
    r"""Return text that Markdown shows as it is, clean and on one line.

    >>> escape("a *b*\n<script>")
    'a \\*b\\* \\<script\\>'
    """
    return SPECIAL.sub(r"\\\1", " ".join(clean(text).split()))


def _about(row: Classification) -> Iterable[str]:
    """Yield the lines about one problem."""
    if row.error:
        yield f"error: {escape(row.error.message)}"
    if row.abstained_because:
        yield f"no label: {abstained_words(row.abstained_because)}"
    if row.label:
        yield f"**{label_words(row.label)}**, {decided_words(row)}"
    if row.rationale:
        yield escape(row.rationale)
    if quotes := shown_evidence(row):
        yield "evidence: " + "; ".join(f"“{escape(quote)}”" for quote in quotes)
    if row.hours_per_week is not None:
        yield f"hours a week, as the text says: {row.hours_per_week:,g}"
    if row.needs_review:
        yield f"needs review: {review_words(row)}"


def _quiz(result: QuizResult) -> list[str]:
    """Return the taken quiz as a table."""
    lines = [f"## Readiness: {result.score:.0f} of 100", "", "| | points of 3 | level |"]
    lines.append("|---|---|---|")
    lines += [f"| {d.dimension} | {d.points} | {d.level} |" for d in result.dimensions]
    return [*lines, ""]


def _days(days: FirstDays) -> list[str]:
    """Return the plan, one heading per stage; nothing if there is none."""
    lines = ["## The first 60 days", ""] if days.stages else []
    for stage in days.stages:
        lines += [f"### {stage.title}", "", *(f"- {escape(line)}" for line in stage.lines), ""]
    return lines


def _section(title: str, lines: Iterable[str]) -> list[str]:
    """Return a titled list, or nothing if it is empty."""
    items = [f"- {line}" for line in lines]
    return [f"## {title}", "", *items, ""] if items else []


def roles_markdown() -> str:
    """Return the comparison and the questions as a Markdown page."""
    compared = side_by_side()
    lines = [f"# {_titled(' or '.join(compared.names))}?", ""]
    lines += [_table_row(("", *compared.names)), _table_row(("---",) * 3)]
    lines += [_table_row(row) for row in compared.rows]
    for one in owners_questions():
        lines += ["", f"**{one.question}** {one.answer}"]
    return "\n".join(lines) + "\n"


def _table_row(cells: Iterable[str]) -> str:
    """Return one row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _titled(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]
