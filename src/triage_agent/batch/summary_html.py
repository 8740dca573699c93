"""A whole batch as one HTML page: the review queue first, then how everything is distributed."""

from collections import Counter
from collections.abc import Mapping

from triage_agent.advice import plan_words
from triage_agent.batch.summary import MOST_SHOWN, Summary
from triage_agent.reports import bar_chart, drawn, rendered
from triage_agent.types import Function


def summary_page(title: str, summary: Summary, facts: Mapping[str, str], out: str) -> str:
    """Return the page; `facts` say how the batch was made, `out` is the name of its output."""
    functions = plan_words().functions
    areas = Counter({functions[Function(name)]: n for name, n in summary.functions.items()})
    distributions = {
        "Recommendations": ("Recommendation", summary.recommendations),
        "Labels": ("Label", summary.labels),
        "Areas of the business": ("Area", areas),
    }
    return rendered(
        "summary.html.j2",
        title=title,
        summary=summary,
        facts=facts,
        out=out,
        most_shown=MOST_SHOWN,
        distributions=[
            (name, head, counts, drawn(bar_chart(name.lower(), counts)), sum(counts.values()))
            for name, head, counts in (
                (name, head, _most_first(counts)) for name, (head, counts) in distributions.items()
            )
            if counts
        ],
        errors=_most_first(summary.errors),
    )


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts, the largest first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
