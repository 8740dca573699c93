"""The HTML pages: whole, valid, self-contained, readable, and safe whatever a form holds.

After a wanted change, write the golden pages again:
`PYTHONPATH=tests python tests/reports/test_html.py`.
"""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from tinyhtml5.parser import HTMLParser

from support.businesses import (
    BUSINESSES,
    FAILED,
    PORTAL,
    QUIZ,
    READY,
    TYPED,
    UNSURE,
    VAGUE,
    decision_of,
)
from triage_agent.advice.decision import decide
from triage_agent.advice.plan import advice_for
from triage_agent.advice.quiz import load_quiz
from triage_agent.advice.rules import Profile, Recommendation
from triage_agent.batch.pages import summary_page
from triage_agent.batch.summary import BatchSummary
from triage_agent.files import HERE
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.reports.html import LONGEST_SHOWN, advice_html, cleaned
from triage_agent.reports.letterhead import Letterhead
from triage_agent.types import Failure, Label

GOLDEN = Path(__file__).parent / "golden"
STYLE = HERE / "reports" / "templates" / "style.css"
ATTACK = """</p><script>alert("1")</script><img src=x onerror='y()'>"><a href="z">&amp;!"""
IDS = [question.id for question in load_quiz().questions]


def page_of(rows, *business, client="", **more):
    decision = decision_of(rows, *business, **more)
    return advice_html(advice_for(rows, decision), Letterhead(client))


PAGES = {
    Recommendation.FRACTIONAL_AI_OFFICER: ([TYPED, UNSURE, PORTAL],),
    Recommendation.FRACTIONAL_CTO: ([TYPED, PORTAL], "3M", None, QUIZ),
    Recommendation.BOTH: BUSINESSES["both"],
    Recommendation.DO_IT_YOURSELF: ([TYPED, UNSURE], "500k"),
    Recommendation.FULL_TIME_AI_LEAD: ([TYPED, UNSURE], "20M"),
    Recommendation.TAKE_THE_QUIZ: ([TYPED, PORTAL],),
    Recommendation.NO_DECISION: ([],),
}


def summary_of(*businesses, out="out.csv"):
    summary = BatchSummary()
    for number, rows in enumerate(businesses, start=2):
        decision = decide(rows, Profile(parse_revenue("3M")))
        summary.add(number, f"b{number}", rows, decision)
    return summary_page("Summary", summary, {"read by": "embedded"}, out)


SUMMARIES = {
    "several": summary_of([TYPED, PORTAL, VAGUE, FAILED], [UNSURE], []),
    "nothing": summary_of(),
    "nothing to review": summary_of([TYPED, TYPED, TYPED]),
}
ALL = {name.value: page_of(*business) for name, business in PAGES.items()} | SUMMARIES


def parsed(page):
    """Return the page as a tree without namespaces, and what is wrong in it."""
    parser = HTMLParser()
    tree = parser.parse(page)
    for one in tree.iter():
        if isinstance(one.tag, str):  # a comment has none
            one.tag = one.tag.rpartition("}")[2]
    return tree, parser.errors


@pytest.mark.parametrize("name", BUSINESSES)
def test_the_whole_report_is_as_it_was(name):
    expected = (GOLDEN / f"{name}.html").read_text(encoding="utf-8")
    assert page_of(*BUSINESSES[name], client=name) == expected


@pytest.mark.parametrize("recommendation", Recommendation)
def test_the_pages_are_those_of_every_recommendation(recommendation):
    assert decision_of(*PAGES[recommendation]).recommendation is recommendation


@pytest.mark.parametrize("page", ALL.values(), ids=ALL)
def test_every_page_is_valid_html(page):
    assert parsed(page)[1] == []


@pytest.mark.parametrize("page", ALL.values(), ids=ALL)
def test_every_page_needs_nothing_from_outside(page):
    tree, _ = parsed(page)
    assert not re.search(r"https?:|url\(|@import|//", page)
    assert {"script", "link", "img", "iframe", "object", "a"} & {
        one.tag for one in tree.iter()
    } == set()
    attributes = {name for one in tree.iter() for name in one.attrib}
    assert {"src", "href", "srcset", "xlink:href", "data", "action"} & attributes == set()
    assert not [name for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("page", ALL.values(), ids=ALL)
def test_every_page_can_be_read_by_a_screen_reader(page):
    tree, _ = parsed(page)
    assert tree.get("lang") == "en"
    levels = [int(one.tag[1]) for one in tree.iter() if re.fullmatch("h[1-6]", str(one.tag))]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(one.get("scope") in {"row", "col"} for one in tree.iter("th"))
    # A drawing is passed over, since its number stands beside it.
    for row in tree.iter("tr"):
        for drawing in row.iter("svg"):
            assert drawing.get("aria-hidden") == "true"
            assert re.search(r"\d", words_in(row))
    assert [*tree.iter("svg")] == [one for row in tree.iter("tr") for one in row.iter("svg")]
    assert all(table.find(".//th[@scope='col']") is not None for table in tree.iter("table"))
    ids = [one.get("id") for one in tree.iter() if one.get("id")]
    assert len(ids) == len(set(ids))


def words_in(tree):
    return " ".join("".join(tree.itertext()).split())


@pytest.mark.parametrize("title", ["Advice", ATTACK])
def test_what_a_form_holds_is_shown_as_text_wherever_it_is_shown(title):
    rows = [
        replace(TYPED, text=f"A {ATTACK} B", evidence=(ATTACK,), rationale=ATTACK),
        replace(PORTAL, text=ATTACK, evidence=()),
        replace(TYPED, id="p", text=ATTACK, evidence=(), hours_per_week=None),
        replace(VAGUE, text="1 < 2 & 'so' \"on\"", backend=ATTACK, model=ATTACK),
        replace(FAILED, error=Failure(ATTACK, ATTACK, retryable=False)),
    ]
    tree, errors = parsed(page_of(rows, client=title))
    assert errors == []
    assert {"script", "img", "a"} & {one.tag for one in tree.iter()} == set()
    text = words_in(tree)
    shown = " ".join(ATTACK.split())
    # Three problems, a rationale, the plan (first, second, left out), the interview, the error,
    # and the reader, who is named twice.
    assert text.count(shown) == 11 + (title == ATTACK) * 2
    assert "1 < 2 & 'so' \"on\"" in text
    assert [mark.text for mark in tree.iter("mark")] == [ATTACK]


def test_what_a_form_holds_is_text_in_the_summary_too():
    summary = BatchSummary()
    failed = replace(FAILED, text=ATTACK, error=Failure(ATTACK, ATTACK, retryable=False))
    rows = [replace(UNSURE, text=ATTACK), failed]
    summary.add(2, ATTACK, rows, decide(rows))
    page = summary_page(ATTACK, summary, {ATTACK: ATTACK}, ATTACK)
    tree, errors = parsed(page)
    assert errors == []
    assert {"script", "img", "a"} & {one.tag for one in tree.iter()} == set()
    assert words_in(tree).count(" ".join(ATTACK.split())) >= 9


@pytest.mark.parametrize(
    "character",
    [
        *("\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\u061c", "\u200b"),
        *("\ud800", "\ufffe", "\U0001ffff"),
    ],
)
def test_characters_that_html_forbids_or_that_turn_text_round_are_left_out(character):
    rows = [replace(TYPED, text=f"We{character} type", evidence=(f"We{character}",))]
    page = page_of(rows, client=f"For {character}")
    assert character not in page
    assert "<mark>We</mark> type" in page
    assert parsed(page)[1] == []
    assert cleaned(character) == ""


def test_what_other_languages_need_stays():
    text = "Größe 大きい כן 🙂 نعم — ½\u200d"
    assert text in page_of([replace(TYPED, text=text, evidence=())])
    assert 'dir="auto"' in page_of([TYPED])


@pytest.mark.parametrize(("length", "more"), [(LONGEST_SHOWN, None), (LONGEST_SHOWN + 1, "1")])
def test_a_very_long_text_is_cut_and_says_so(length, more):
    page = page_of([replace(TYPED, text="x" * length, evidence=())])
    assert "x" * LONGEST_SHOWN in page
    assert ("(and 1 more characters)" in page) is bool(more)


def test_a_provisional_verdict_says_so_first_and_what_it_hangs_on():
    text = words_in(parsed(page_of([TYPED, VAGUE]))[0])
    assert text.index("provisional") < text.index("The problems")
    assert text.count("To make it firm, settle: problem 2 is too vague") == 1
    assert text.count("problem 2 is too vague") == 1
    assert "provisional" not in page_of([TYPED, TYPED, TYPED])


def test_a_quiz_stands_once_each_dimension_with_its_points_and_its_level():
    page = page_of([TYPED, PORTAL], "3M", None, READY)
    rows = [words_in(row) for row in parsed(page)[0].iter("tr")]
    for one in READY.dimensions:
        assert [row for row in rows if row.startswith(one.dimension)] == [
            f"{one.dimension}{one.points}{one.level}"
        ]
        assert page.count(f">{one.dimension}<") == 1
    assert "<svg" not in page_of([TYPED, PORTAL])


def test_a_sentence_that_is_all_evidence_is_not_marked_and_no_line_explains_marks():
    whole = replace(TYPED, text="We type orders.", evidence=("We type orders",))
    explained = "the words that the answer rests on"
    assert "<mark>" not in page_of([whole])
    assert explained not in page_of([whole])
    assert page_of([whole, TYPED]).count("<mark>") == 1
    assert explained in page_of([whole, TYPED])


def test_the_problems_stand_first_and_the_rules_with_their_ids_last():
    titles = [one.text for one in parsed(page_of(*BUSINESSES["tie"]))[0].iter("h2")]
    assert titles[0] == "The problems"
    assert titles[-1] == "The rules that decided"


@pytest.mark.parametrize("page", ALL.values(), ids=ALL)
def test_no_page_shows_a_slug(page):
    slugs = {one.value for one in [*Recommendation, *Label] if "-" in one.value}
    text = words_in(next(parsed(page)[0].iter("body")))  # the style has classes of these names
    assert [slug for slug in slugs if slug in text] == []


def test_the_summary_has_the_queue_first_and_every_count_in_a_table():
    page = SUMMARIES["several"]
    tree, _ = parsed(page)
    assert [one.text for one in tree.iter("h2")] == [
        "Problems to look at",
        "Recommendations",
        "Kinds of problem",
        "Areas of the business",
        "Errors",
    ]
    rows = [words_in(row) for row in tree.iter("tr")]
    for row in (
        "work to automate2 40 %",
        "software to build1 20 %",
        "no label1 20 %",
        "error1 20 %",
    ):
        assert row.replace(" ", "") in [one.replace(" ", "") for one in rows]
    assert "The server took more than 120 s.1" in rows
    assert "service_timeout" not in page  # an id is for programs
    assert "triage review out.csv" in words_in(tree)


def test_a_summary_of_nothing_says_so():
    text = words_in(parsed(SUMMARIES["nothing"])[0])
    assert "Nothing waits for a person." in text
    assert "Recommendations" not in text


def test_a_queue_that_is_too_long_says_how_many_more_and_where():
    summary = BatchSummary()
    for number in range(1, 1235):
        summary.add(number, f"row {number}", [UNSURE], decide([UNSURE]))
    page = summary_page("Summary", summary, {}, "out.xlsx")
    text = words_in(parsed(page)[0])
    assert "The first 200 are shown. 1,034 more stand in out.xlsx" in text
    assert page.count("Stock is wrong") == 200


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


SCHEMES = [
    dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(
        r":root \{(.*?)\}",
        (HERE / "reports" / "templates" / "style.css").read_text(encoding="utf-8"),
        re.S,
    )
]


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "paper", "least"),
    [("ink", "paper", 7), ("muted", "paper", 4.5), ("ink", "raised", 7), ("accent", "paper", 4.5)]
    + [(name, f"{name}-paper", 4.5) for name in ("build", "automate", "warn", "error", "mark")]
    + [(f"chart-{n}", "paper", 3) for n in range(1, 5)],
)
def test_text_stands_out_from_its_background(scheme, text, paper, least):
    assert contrast(scheme[f"--{text}"], scheme[f"--{paper}"]) >= least


def test_both_schemes_define_the_same_colours():
    light, dark = SCHEMES
    assert set(light) == set(dark)


if __name__ == "__main__":
    for name, business in BUSINESSES.items():
        page = page_of(*business, client=name)
        (GOLDEN / f"{name}.html").write_text(page, encoding="utf-8")
