"""Advice as one HTML page that needs nothing else: no script, no network, light, dark and printed.

The templates and the style are in templates/. Whatever stands in a value is shown as text.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage_agent.advice import MAX_POINTS, Advice, side_by_side
from triage_agent.files import HERE, atomic_writer
from triage_agent.intake import percent
from triage_agent.privacy import clean
from triage_agent.reports.charts import meter
from triage_agent.reports.contract import made_by
from triage_agent.reports.evidence import passages, shown_evidence
from triage_agent.reports.letterhead import NO_LETTERHEAD, Letterhead
from triage_agent.reports.wording import (
    abstained_words,
    answer_words,
    decided_words,
    firmness_mark,
    firmness_words,
    label_words,
    recommendation_words,
    review_words,
    rule_words,
    sure_words,
)
from triage_agent.types import Classification

if TYPE_CHECKING:  # it is imported where a page is made
    from jinja2 import Environment
    from markupsafe import Markup

LONGEST_SHOWN = 3_000  # characters of a problem; a page is to be read
# What HTML forbids, beyond control characters.
FORBIDDEN = re.compile(
    r"[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane * 0x10000 + last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
SELLS = {True: "yes", False: "no", None: "unknown"}


def advice_html(advice: Advice, letterhead: Letterhead = NO_LETTERHEAD) -> str:
    """Return one business's advice as an HTML page; the same values give the same page."""
    rows, decision, plan = advice.problems, advice.decision, advice.plan
    revenue = decision.profile.revenue
    return rendered(
        "advice.html.j2",
        letterhead=letterhead,
        rows=rows,
        decision=decision,
        plan=plan,
        mark=firmness_mark(advice),
        means=firmness_words(advice),
        revenue="unknown" if revenue.why_unknown else str(revenue),
        sells=SELLS[decision.profile.sells_software],
        facts_table=side_by_side(plan.roles).rows,
        names={role.value: facts.name for role, facts in plan.roles.items()},
        most_points=MAX_POINTS,
        any_marked=any(map(shown_evidence, rows)),
        highlighted=highlighted,
        readers=made_by(rows),
    )


def rendered(template: str, **values: Any) -> str:
    """Return a template filled with values; all of them are escaped except those from `drawn`."""
    return page_templates().get_template(template).render(values)


def write_rendered(path: Path, template: str, **values: Any) -> None:
    """Write what `rendered` returns to a file, piece by piece: a list in it may be long."""
    with atomic_writer(path) as file:
        for piece in page_templates().get_template(template).generate(values):
            file.write(piece.encode("utf-8", "replace"))


def drawn(svg: str) -> "Markup":
    """Return a chart of ours for a template; never to be called with anything from outside."""
    from markupsafe import Markup

    return Markup(svg)  # noqa: S704  (charts escape what they show)


def cleaned(value: Any) -> Any:
    r"""Return text without the characters that HTML forbids, that reorder text or are not seen.

    >>> cleaned("a\x1b[31m\u202eb\ud800")
    'a[31mb'
    """
    return FORBIDDEN.sub("", clean(value)) if type(value) is str else value


def highlighted(row: Classification) -> "Markup":
    """Return a problem's text, its evidence marked where that tells something; cut if very long."""
    from markupsafe import Markup

    forms = {True: Markup("<mark>{}</mark>"), False: Markup("{}")}
    pieces = [
        forms[marked].format(cleaned(piece))
        for piece, marked in passages(row.text[:LONGEST_SHOWN], shown_evidence(row))
    ]
    more = len(row.text) - LONGEST_SHOWN
    if more > 0:
        pieces.append(Markup.escape(f" … (and {more:,} more characters)"))
    return Markup("").join(pieces) or Markup("(no text)")


def _drawn_meter(value: float, most: float, parts: int = 1) -> "Markup":
    return drawn(meter(value, most, parts))


@cache
def page_templates(*others: Path) -> "Environment":
    """Return the templates, every value in them escaped, and a misspelled name an error.

    `others` are folders with more of them, which may use those here.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([*others, HERE / "reports" / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # else each page looks at its files; nor may an update mix two versions
        finalize=cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "abstained_words": abstained_words,
        "answer_words": answer_words,
        "decided_words": decided_words,
        "label_words": label_words,
        "meter": _drawn_meter,
        "percent": percent,
        "recommendation_words": recommendation_words,
        "review_words": review_words,
        "rule_words": rule_words,
        "sure_words": sure_words,
    }
    return environment
