"""Classified problems and the businesses that they make, for the tests of reports."""

from dataclasses import replace

from triage_agent.advice.decision import decide
from triage_agent.advice.quiz import load_quiz, score
from triage_agent.advice.rules import Profile
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Function,
    Label,
    Outcome,
    ReviewReason,
)

IDS = [question.id for question in load_quiz().questions]
TYPED = Classification(
    "problem 1",
    "Hello, we sell garden furniture. We spend 40 hours a week on reporting.",
    Outcome.CLASSIFIED,
    "embedded",
    "embedded-1-test",
    label=Label.AUTOMATE,
    probability=0.9812,
    decided_by=DecidedBy.MODEL,
    function=Function.REPORTING,
    hours_per_week=40.0,
    evidence=("We spend 40 hours a week on reporting",),
    rationale="This looks like recurring work that staff do today.",
)
PORTAL = replace(
    TYPED,
    id="problem 2",
    text="Our customers want a portal & an app",
    label=Label.BUILD,
    probability=None,
    decided_by=DecidedBy.TB1,
    function=Function.PRODUCT,
    hours_per_week=None,
    evidence=("a portal", "portal & an app"),
    rationale="This looks like software for customers.",
)
UNSURE = replace(
    TYPED,
    id="problem 3",
    text="Stock is wrong\nand nobody knows why",
    probability=None,
    decided_by=DecidedBy.TB4,
    function=None,
    hours_per_week=None,
    evidence=(),
    review_reasons=(ReviewReason.TB4, ReviewReason.NO_EVIDENCE),
    rationale="",
)
VAGUE = Classification(
    "problem 3",
    "Our system",
    Outcome.ABSTAINED,
    "embedded",
    "embedded-1-test",
    abstained_because=Abstention.TOO_VAGUE,
)
FAILED = Classification(
    "problem 4",
    "It was late",
    Outcome.ERROR,
    "llm",
    "m-1",
    prompt="guide@1",
    error=Failure("service_timeout", "The server took more than 120 s.", retryable=True),
)


def decision_of(rows, revenue="3M", sells=None, quiz=None):
    return decide(rows, Profile(parse_revenue(revenue), sells), quiz)


QUIZ = score(dict.fromkeys(IDS, 1) | {"process": 3, "data": 0})
READY = score(dict.fromkeys(IDS, 2))
BUSINESSES = {
    "tie": ([TYPED, PORTAL], "3M", False, READY),
    "both": ([TYPED, PORTAL, VAGUE, FAILED], "20M", True, None),
}
