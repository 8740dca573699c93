"""The short view: the answer on one screen, whatever the advice, with nothing cut that counts."""

import io
import re
from dataclasses import replace
from itertools import product

import pytest
from rich.cells import cell_len
from rich.console import Console

from support.businesses import FAILED, PORTAL, QUIZ, READY, TYPED, UNSURE, VAGUE
from support.hostile import HOSTILE
from triage_agent.advice.decision import decide
from triage_agent.advice.plan import advice_for
from triage_agent.advice.rules import Profile, Recommendation
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.reports.verdict import MOST_PROBLEMS, first_words, show_verdict
from triage_agent.types import Abstention, DecidedBy, ReviewReason

SCREEN = 24
TEXTS = {
    "short": "Leads get lost",
    "long": "Every Monday somebody copies all orders from the shop into the ledger by hand. " * 40,
    "one word": "x" * 500,
    "Chinese": "客户的订单每天都要手工输入到三个不同的系统里，" * 9,
    "emoji": "📦📦 orders 👩‍💻 are typed 🔁 by hand " * 6,
    "marks": "e\u0301" * 200,
    "none": "",
}
NEITHER = replace(
    VAGUE, abstained_because=Abstention.NEITHER, text="We cannot find and hire drivers"
)
SAID = replace(TYPED, decided_by=DecidedBy.PERSON)
SEVERAL = replace(
    UNSURE, holds_several=True, review_reasons=(ReviewReason.HOLDS_SEVERAL, ReviewReason.UNCERTAIN)
)
POOR = replace(TYPED, hours_per_week=2.0)
KINDS = {
    "all to automate": [TYPED],
    "one to automate": [TYPED, NEITHER, NEITHER, NEITHER],
    "both kinds": [TYPED, PORTAL],
    "mostly to build": [PORTAL, PORTAL, TYPED],
    "several to settle": [UNSURE, PORTAL, VAGUE, FAILED, SEVERAL],
    "all abstained": [VAGUE, NEITHER],
    "all failed": [FAILED],
    "as the owner said": [SAID, NEITHER, PORTAL],
    "hours that do not pay": [POOR],
    "hours that do not pay, a tie": [POOR, PORTAL],
}
BUSINESSES = {
    "3M": ("3M", None, None),
    "unknown": ("", None, None),
    "across 1M": ("$500K-$2M", None, None),
    "500k": ("500k", False, None),
    "20M, sells": ("20M", True, None),
    "3M, ready": ("3M", None, READY),
    "unknown, weak quiz": ("", None, QUIZ),
}
COUNTS = (1, 3, 9, 12)
AN_ID = re.compile(
    r"\b(?:D[0-4]|TB[1-4])\b|\b[a-z]+-(?:software|process|cto|officer|lead|quiz|yourself|decision)\b"
    r"|\b[a-z]+_[a-z]+\b|\bproblem \d+\.\d|[{}]"
)


def rows_of(kind, count, text=None):
    """Return this many problems, of the kind's in turn."""
    made = KINDS[kind]
    rows = [made[number % len(made)] for number in range(count)]
    return [
        replace(row, id=f"7.{number}", text=row.text if text is None else text, evidence=())
        for number, row in enumerate(rows, start=1)
    ]


def advice_on(rows, business="3M"):
    revenue, sells, quiz = BUSINESSES[business]
    return advice_for(rows, decide(rows, Profile(parse_revenue(revenue), sells), quiz))


def shown(advice, width=80, **options):
    console = Console(file=(out := io.StringIO()), width=width, highlight=False, markup=False)
    show_verdict(console, advice, **options)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("kind", KINDS)
def test_above_a_menu_the_verdict_leaves_the_room_that_it_needs(kind, width):
    menu, tallest = 8, 16 if width == 60 else 15  # at 60 the blank line above may scroll away
    for count, business in product(COUNTS, BUSINESSES):
        advice = advice_on(rows_of(kind, count), business)
        lines = shown(advice, width, rest="", below=menu)
        told, case = " ".join(" ".join(lines).split()), (count, business, "\n".join(lines))
        assert len(lines) <= tallest, case
        assert told.startswith(advice.plan.headline), case
        if advice.decision.to_settle and width == 80:
            assert advice.decision.to_settle[0] in told, case


def test_the_verdict_says_who_is_recommended_and_what_that_costs():
    told = " ".join(" ".join(shown(advice_on(rows_of("all to automate", 3)))).split())
    assert "A fractional AI officer is a part-time" in told
    assert "10–20 hours and $3,000–5,000 a month" in told
    told = " ".join(" ".join(shown(advice_on(rows_of("mostly to build", 3)))).split())
    assert "A fractional CTO is a part-time" in told
    assert "15–30 hours and $5,000–15,000 a month" in told
    assert "$" not in "".join(shown(advice_on(rows_of("both kinds", 4))))  # a tie is no hire yet


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_fits_on_one_screen_and_no_line_is_wider_than_it(kind, text):
    for count, business in product(COUNTS, BUSINESSES):
        advice = advice_on(rows_of(kind, count, TEXTS[text]), business)
        lines = shown(advice)
        assert len(lines) < SCREEN, (count, business, "\n".join(lines))
        assert max(map(cell_len, lines)) <= 80, (count, business, "\n".join(lines))


@pytest.mark.parametrize("width", [80, 60, 40])
@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_or_figure_is_cut_and_no_id_is_shown(kind, width):
    for count, business in product(COUNTS, BUSINESSES):
        advice = advice_on(rows_of(kind, count), business)
        lines = shown(advice, width)
        told, case = " ".join(" ".join(lines).split()), (count, business, "\n".join(lines))
        assert max(map(cell_len, lines)) <= width, case
        assert not AN_ID.search(told), case
        assert f"{advice.plan.headline} {advice.plan.because}" in re.sub(
            r" \((?:firm|provisional|not settled: one problem only)\)", "", told
        ), case
        if advice.decision.to_settle:
            assert advice.decision.to_settle[0] in told, case
        assert advice.plan.first_days.first_steps[0] in told, case
        assert width < 80 or all(who in told for who in advice.plan.who), case
        answers = [line for line in lines if re.match(r" +\d  ", line)]
        more = re.search(r"and (\d+) more", told.partition("Provisional until")[0])
        assert len(answers) + int(more[1] if more else 0) == count, case
        assert len(answers) <= MOST_PROBLEMS, case
        assert not re.search(r"\d%", told), case


def test_every_problem_has_its_answer_and_how_sure_it_is_on_its_line():
    made = [TYPED, replace(TYPED, probability=0.9999), UNSURE, PORTAL, VAGUE, FAILED, NEITHER, SAID]
    rows = [replace(row, id=str(number)) for number, row in enumerate(made, start=1)]
    found = [*shown(advice_on(rows[:4])), *shown(advice_on(rows[4:]))]
    lines = [line.split("  ") for line in found if re.match(r" +\d  ", line)]
    ends = [[part.strip() for part in line if part.strip()][2:] for line in lines]
    assert ends == [
        ["automate", "98 % sure"],
        ["automate", "over 99 % sure"],
        ["automate", "not sure"],
        ["build"],
        ["too vague"],
        ["not answered"],
        ["neither kind", "ask a recruiter"],
        ["automate", "as you said"],
    ]


@pytest.mark.parametrize(
    ("kind", "business", "recommendation", "mark"),
    [
        ("all to automate", "3M", Recommendation.FRACTIONAL_AI_OFFICER, "(firm)"),
        ("several to settle", "3M", Recommendation.FRACTIONAL_AI_OFFICER, "(provisional)"),
        (
            "one to automate",
            "3M",
            Recommendation.FRACTIONAL_AI_OFFICER,
            "(not settled: one problem only)",
        ),
        ("both kinds", "3M", Recommendation.TAKE_THE_QUIZ, ""),
        ("all failed", "3M", Recommendation.NO_DECISION, "(provisional)"),
    ],
)
def test_the_first_line_says_whether_it_is_firm(kind, business, recommendation, mark):
    advice = advice_on(rows_of(kind, 5 if kind == "several to settle" else 4), business)
    assert advice.recommendation is recommendation
    assert shown(advice)[1] == f"{advice.plan.headline} {mark}".rstrip()


def test_what_firm_and_provisional_mean_is_said():
    told = " ".join(shown(advice_on(rows_of("all to automate", 4))))
    assert "provisional" not in told.lower()
    assert "Firm: nothing that is still open could change it." in told
    told = " ".join(shown(advice_on(rows_of("several to settle", 5))))
    assert "Provisional until this is settled:" in told
    assert "Firm:" not in told
    told = " ".join(shown(advice_on(rows_of("one to automate", 4))))
    assert "One problem is little to go by" in told
    assert "Firm:" not in told


def test_a_text_stays_on_its_line():
    lines = shown(advice_on([replace(TYPED, text=HOSTILE), PORTAL, TYPED]))
    assert [line[:5] for line in lines if re.match(r" +\d  ", line)] == ["  1  ", "  2  ", "  3  "]


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("Leads get lost", 14, "Leads get lost"),
        ("Leads get lost", 13, "Leads get lo…"),
        ("Leads get lost", 10, "Leads get…"),
        ("订单订单", 8, "订单订单"),
        ("订单订单", 7, "订单订…"),
        ("订单订单", 6, "订单…"),
        ("", 12, "(no text)"),
        ("two\nlines", 12, "two lines"),
    ],
)
def test_first_words_take_no_more_columns_than_there_are(text, room, expected):
    assert first_words(text, room) == expected
    assert cell_len(first_words(text, room)) <= room
