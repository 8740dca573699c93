"""Advice as Markdown: the same content as the page, and a form's text as text."""

from dataclasses import replace

import pytest

from support.businesses import BUSINESSES, PORTAL, TYPED, VAGUE, decision_of
from support.hostile import HOSTILE, forged, steering
from triage_agent.advice.plan import advice_for
from triage_agent.reports.markdown import advice_markdown, escape


def page_of(rows, *business, **more):
    decision = decision_of(rows, *business, **more)
    return advice_markdown(advice_for(rows, decision))


def headings(page):
    return [line.lstrip("# ") for line in page.splitlines() if line.startswith("#")]


def test_the_page_of_a_tie_that_a_quiz_decided_holds_everything_in_its_order():
    page = page_of(*BUSINESSES["tie"])
    assert headings(page) == [
        "Advice",
        "To make it firm, settle",
        "The problems",
        "What would change it",
        "Readiness: 67 of 100",
        "The fractional AI officer",
        "What the stated hours cost",
        "The first 60 days",
        "Where to start",
        "Week 1",
        "By day 30",
        "By day 60",
        "Leave out of it",
        "What to ask at the interview (fractional AI officer)",
        "Watch for these red flags",
        "The rules that decided",
    ]
    assert "| Process clarity | 2 | Written |" in page
    assert "hours a week, as the text says: 40" in page
    assert page.endswith("Read by the built\\-in model \\(embedded\\-1\\-test\\)\n")


def test_without_a_decision_it_says_what_to_do():
    page = page_of([TYPED, PORTAL])
    assert "## What to do now" in page
    assert "The first 60 days" not in page
    assert "What to ask" not in page


@pytest.mark.parametrize(
    "text", ["<script>x</script>", "[a](b)", "# a", "| a |", "a\n\n- b", "`x`"]
)
def test_a_forms_text_is_text_in_the_problems_and_in_the_plan(text):
    page = page_of([replace(TYPED, text=text, evidence=(text,)), TYPED, VAGUE])
    assert page.count(escape(text)) >= 3
    assert text not in page.replace(escape(text), "")


def test_a_provisional_verdict_says_so():
    assert "Hire a fractional AI officer. (provisional)" in page_of([TYPED, VAGUE])
    assert "(provisional)" not in page_of([TYPED, TYPED])


def test_a_forms_text_turns_nothing_round_and_forges_no_line():
    row = replace(TYPED, text=f"We type {HOSTILE}", evidence=(HOSTILE,), rationale=HOSTILE)
    page = page_of([replace(row, model=HOSTILE), TYPED, VAGUE])
    assert steering(page) == set()
    assert forged(page) == []
