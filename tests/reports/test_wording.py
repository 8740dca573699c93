"""What an answer is called is the same in OUT, in the summary, on a page, and in a terminal."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from support.businesses import PORTAL, TYPED, UNSURE, VAGUE, decision_of
from triage_agent.advice.plan import advice_for
from triage_agent.batch.pages import summary_page
from triage_agent.batch.summary import BatchSummary
from triage_agent.reports import answer_words, decided_words, show_problem
from triage_agent.reports.html import advice_html
from triage_agent.reports.markdown import advice_markdown
from triage_agent.types import DecidedBy, ReviewReason

BY_RULE = replace(
    TYPED,
    probability=0.75,
    decided_by=DecidedBy.TB3,
    review_reasons=(ReviewReason.UNCERTAIN,),
)
BY_PERSON = replace(TYPED, probability=None, decided_by=DecidedBy.PERSON)
OUT_OF_SCOPE = replace(VAGUE, decided_by=DecidedBy.PERSON)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (BY_RULE, "75 % sure; a rule decided: a recurring process done by staff is named"),
        (BY_PERSON, "as a person said"),
        (OUT_OF_SCOPE, "too vague to tell which kind is meant (as a person said)"),
        (PORTAL, decided_words(PORTAL)),
        (UNSURE, decided_words(UNSURE)),
    ],
    ids=["a rule", "a person", "a person, no label", "the model", "unsure"],
)
def test_one_answer_is_explained_in_one_way_everywhere(row, says):
    rows = [row, replace(PORTAL, id="2"), replace(TYPED, id="3")]
    decision = decision_of(rows)
    advice = advice_for(rows, decision)
    summary = BatchSummary()
    summary.add(2, "Acme", rows, decision)
    terminal = Console(file=StringIO(), width=200)
    show_problem(terminal, 1, row)
    assert says in answer_words(row)
    assert says in terminal.file.getvalue()
    assert says in advice_html(advice)
    assert says in advice_markdown(advice)
    if row.needs_review:
        assert says in summary_page("Summary", summary, {}, "out.csv")
