"""Situations with a known answer, in several wordings: the embedded model must get them right."""

import pytest

from triage_agent.classify.classifier import classify
from triage_agent.models.embedded.model import EmbeddedModel
from triage_agent.types import Label, Problem

pytestmark = pytest.mark.anyio

BUILD = [
    "We want a mobile app that our members can download to book classes.",
    "Our customers keep asking for an app on their phones where they can follow their order.",
    "We need to build a web platform where landlords and tenants find each other.",
    "We have to decide between AWS and Azure before we launch, and nobody here can judge that.",
    "Is Azure or Amazon's cloud the right place for our product? Costs are running away from us.",
    "We are about to hire five developers and nobody here has ever managed engineers.",
    "I need somebody to recruit and lead a team of five programmers.",
    "I'm starting a SaaS company and need a technical co-founder.",
    "I have a software start-up idea and money, but no technical partner to build it with.",
    "Our core system is twenty years old and has to be moved off the old mainframe.",
    "We must migrate from our legacy ERP database to something modern without losing data.",
]
AUTOMATE = [
    "Customer service answers the same emails all day; replies should go out by themselves.",
    "Our support team types the same replies to customers again and again.",
    "We want agents that find leads for us and qualify them.",
    "Could an AI agent look for new prospects and put them on our list?",
    "Two people type supplier invoices into the accounting program by hand.",
    "Manual data entry from paper forms into our spreadsheet takes forever.",
    "Somebody checks our competitors' prices every morning; we would like an alert instead.",
    "We want to know at once when a competitor changes a price.",
    "Outreach emails should be drafted, sent and tracked without us doing it one by one.",
    "I write every cold email by hand and lose track of who answered.",
    "We lose leads because nobody follows up fast enough.",
    "Leads go cold because we call them back too late.",
    "New enquiries wait for days until somebody answers, and by then they have bought elsewhere.",
    "Our inventory data is always wrong.",
    "Our stock data is always wrong.",
    "The stock count in the system never matches what is on the shelf.",
    "We spend 40 hours a week on reporting.",
    "Forty hours a week go into putting reports together.",
    "Every week the team loses a whole working week building reports from spreadsheets.",
]
KNOWN = [(text, Label.BUILD) for text in BUILD] + [(text, Label.AUTOMATE) for text in AUTOMATE]


@pytest.fixture(scope="module")
def model():
    return EmbeddedModel()


@pytest.mark.parametrize(("text", "label"), KNOWN, ids=[text for text, _ in KNOWN])
async def test_a_situation_with_a_known_answer_gets_it(model, text, label):
    row = await classify(Problem("1", text), model)
    assert (row.label, row.abstained_because) == (label, None)


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda text: text.rstrip(".") + "!"])
async def test_small_changes_of_form_change_no_known_answer(model, change):
    rows = [(await classify(Problem("1", change(text)), model), label) for text, label in KNOWN]
    assert [row.text for row, label in rows if row.label is not label] == []
