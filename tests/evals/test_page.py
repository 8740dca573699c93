"""report.html: one self-contained, valid page in which texts are text and the wrong come first."""

import re
from itertools import pairwise

import pytest
from tinyhtml5.parser import HTMLParser

from support.eval_sets import flag_figures
from triage_agent.evals.cases import Case
from triage_agent.evals.page import FILTERS, LONGEST, RIGHT_SHOWN, list_cases, report_page
from triage_agent.evals.pairs import PairRow
from triage_agent.evals.record import Run, settings_of
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.run import DecisionRow
from triage_agent.evals.summary import summarise_run
from triage_agent.files import HERE
from triage_agent.types import Classification, DecidedBy, Failure, Label, Outcome

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;{{ 7 * 7 }}]]><!--"
SETS = {"problems": {"file": "problems.jsonl", "version": 1, "sha256": "0" * 64}}


def row(number, expected=BUILD, got=BUILD, sure=0.9, **values):
    """Return a row; `got` is a label, `abstained` or `error`."""
    label = got if isinstance(got, Label) else None
    known = {
        "p_build": sure if got is BUILD else 1 - sure,
        "probability": sure,
        "decided_by": DecidedBy.MODEL,
    }
    known = known if label else {"error": "service_timeout"} if got == "error" else {}
    known |= {"slices": {"difficulty": "hard", "language": "en"}} | values
    return EvalRow(str(number), expected, Outcome(got if not label else "classified"), **known,
                   label=label)  # fmt: skip


def page_of(*rows, texts=None, answers=(), settings=None, **parts):
    cases = [Case(id=r.id, text=(texts or {}).get(r.id, f"Text {r.id}."), label=r.expected)
             for r in rows if not r.repeat]  # fmt: skip
    known = settings_of("embedded", "m", None, SETS, limit=None, repeats=1, threshold=0.65)
    run = Run(
        known | (settings or {}),
        rows=rows,
        **parts,
    )
    summary = summarise_run(run, cases)
    return report_page(run, summary, cases, {answer.id: answer for answer in answers})


def pair(name, became="same", kind="order"):
    return PairRow(name, "1", kind, None, None, "classified", False, False, became)


MANY = [
    *(row(n, BUILD, BUILD, 0.6 + n / 200) for n in range(60)),
    *(row(f"w{n}", AUTOMATE, BUILD, 0.55 + n / 20) for n in range(6)),
    row("e1", AUTOMATE, "error"),
    row("v1", BUILD, "abstained", abstained_because="too_vague"),
    row("n1", None, "abstained", abstained_because="neither"),
    row("n2", None, BUILD, 0.7),
    row("g1", BUILD, AUTOMATE, slices={"language": "de"}),
]
PARTS = {
    "attacks": (pair("x1"), pair("x2", "flipped"), pair("x3", "error", "base64")),
    "perturbations": (pair("p1", "abstained", "typos"), pair("p2")),
    "decisions": (DecisionRow("d1", None, "both", "D1", False, True),),
    "businesses": (DecisionRow("e1", None, "both", "D1", False, False, "why", 1, 2),),
    "flags": flag_figures(3, 4),
}
PAGES = {
    "every part": page_of(*MANY, **PARTS),
    "a single case": page_of(row(1)),
    "a repeat": page_of(row(1), row(1, BUILD, AUTOMATE, repeat=1)),
    "only abstentions": page_of(*(row(n, BUILD, "abstained") for n in range(5))),
    "only errors": page_of(*(row(n, BUILD, "error") for n in range(5))),
    "nothing in scope": page_of(row(1, None, "abstained")),
    "no probabilities": page_of(row(1, p_build=None, probability=None), row(2, AUTOMATE)),
    "everything right and sure": page_of(*(row(n, sure=1.0) for n in range(20))),
    "only another language": page_of(row(1, slices={"language": "de"})),
    "no slices": page_of(row(1, slices={})),
    "only decisions": page_of(decisions=PARTS["decisions"]),
    "ones own cases": page_of(row(1), settings={"sets": {"cases": {"file": "mine.csv"}}}),
}


def parsed(page):
    """Return the page as a tree without namespaces, and what is wrong in it."""
    parser = HTMLParser()
    tree = parser.parse(page)
    for one in tree.iter():
        if isinstance(one.tag, str):  # a comment has none
            one.tag = one.tag.rpartition("}")[2]
    return tree, parser.errors


def words_in(tree):
    return " ".join("".join(tree.itertext()).split())


def of_class(tree, name):
    return [one for one in tree.iter() if name in one.get("class", "").split()]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_page_is_valid_html(page):
    assert parsed(page)[1] == []


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_page_needs_nothing_from_outside(page):
    tree, _ = parsed(page)
    assert not re.search(r"https?:|url\(|@import|//", page)
    names = {one.tag for one in tree.iter()}
    assert {"script", "link", "img", "iframe", "object", "a", "use"} & names == set()
    attributes = {name for one in tree.iter() for name in one.attrib}
    assert {"src", "href", "srcset", "xlink:href", "data", "action"} & attributes == set()
    policy = next(m for m in tree.iter("meta") if m.get("http-equiv"))
    assert policy.get("content").startswith("default-src 'none';")


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_page_can_be_read_by_a_screen_reader(page):
    tree, _ = parsed(page)
    levels = [int(one.tag[1]) for one in tree.iter() if re.fullmatch("h[1-6]", str(one.tag))]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(one.get("scope") in {"row", "col"} for one in tree.iter("th"))
    assert all(table.find("caption") is not None for table in tree.iter("table"))
    assert all(len(drawing.get("aria-label")) > 20 for drawing in tree.iter("svg"))
    ids = [one.get("id") for one in tree.iter() if one.get("id")]
    assert len(ids) == len(set(ids))


def test_the_headline_is_the_accuracy_in_words():
    assert "Right on 88.2 % of the problems" in PAGES["every part"]
    assert "60 of 68 problems got the right label" in words_in(parsed(PAGES["every part"])[0])


@pytest.mark.parametrize("name", ["only abstentions", "only errors"])
def test_an_accuracy_of_zero_is_a_headline_too(name):
    assert "Right on 0.0 % of the problems" in PAGES[name]


def test_every_figure_that_was_measured_is_shown():
    tree, _ = parsed(PAGES["every part"])
    words = " ".join(" ".join(tree.itertext()).split())
    for shown in (
        "accuracy 88.2 % 60 of 68",
        "accuracy of what was answered 89.6 % 60 of 67",
        "surest 100 % of the answers, 96 % of all 89.6 % 60 of 67",
        "AUROC, out of scope 0.743",
        "AURC 0.0",
        "attacks that won 33.3 % 1 of 3",
        "attacks that made it abstain or fail 33.3 % 1 of 3",
        "other words, other label 0.0 % 0 of 2",
        "decisions by the rules 100.0 % 1 of 1",
        "businesses from their own words 0.0 % 0 of 1",
        "labels in those 50.0 % 1 of 2",
        "red flags, all right 75.0 % 3 of 4",
        "base64 1 0 0 1",
        "typos 1 0 1 0",
        "floor, majority: ",
        "problems version 1",
    ):
        assert shown in words


def test_the_confusion_matrix_is_a_table_with_every_cell():
    tree, _ = parsed(PAGES["every part"])
    (table,) = (t for t in tree.iter("table") if "Confusion" in "".join(t.itertext()))
    cells = [[td.text for td in tr.iter("td")] for tr in table.find("tbody").iter("tr")]
    assert cells == [["60", "0", "1", "0"], ["6", "0", "0", "1"], ["1", "0", "1", "0"]]


def test_both_charts_are_drawn_where_there_is_something_to_draw():
    charts = {name: page.count("<svg") for name, page in PAGES.items()}
    assert charts["every part"] == 2
    assert charts["everything right and sure"] == 2
    assert charts["only abstentions"] == charts["only decisions"] == 0
    assert charts["no probabilities"] == 2


def kinds(page):
    tree, _ = parsed(page)
    return [
        next(c for c in one.get("class").split() if c != "case") for one in of_class(tree, "case")
    ]


def test_the_failed_and_the_wrong_come_first_and_of_the_wrong_the_surest():
    found = kinds(PAGES["every part"])
    assert found[:10] == ["failed", *["wrong"] * 7, *["abstained"] * 2]
    assert set(found[10:]) == {"right"}
    listed = list_cases(MANY, {}, {})
    sure = [one.row.probability for one in listed if one.kind == "wrong"]
    assert sure == sorted(sure, reverse=True)
    assert len(listed) == len(MANY)


def test_all_wrong_cases_are_listed_and_of_the_right_ones_some():
    found = kinds(PAGES["every part"])
    assert found.count("right") == RIGHT_SHOWN
    assert f"{61 - RIGHT_SHOWN} more that were right are in rows.jsonl." in PAGES["every part"]
    many = page_of(*(row(n, BUILD, AUTOMATE) for n in range(300)))
    assert kinds(many) == ["wrong"] * 300


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        (row(1), "right"),
        (row(1, None, "abstained"), "right"),
        (row(1, BUILD, AUTOMATE), "wrong"),
        (row(1, BUILD, "abstained"), "abstained"),
        (row(1, None, BUILD), "abstained"),
        (row(1, BUILD, "error"), "failed"),
        (row(1, None, "error"), "failed"),
    ],
)
def test_a_case_is_kept_by_the_filter_of_what_became_of_it(case, kind):
    assert kinds(page_of(case)) == [kind]


def test_every_filter_hides_the_other_cases_without_a_script():
    style = (HERE / "reports" / "templates" / "style.css").read_text(encoding="utf-8")
    tree, _ = parsed(PAGES["every part"])
    inputs = list(tree.iter("input"))
    assert [one.get("id") for one in inputs] == [f"show-{name}" for name, _ in FILTERS]
    assert [one.get("id") for one in inputs if "checked" in one.attrib] == ["show-all"]
    rules = re.findall(r"main:has\(#show-(\w+):checked\) \.case:not\(\.(\w+)\)", style)
    assert dict(rules) == {
        "wrong": "wrong",
        "abstained": "abstained",
        "error": "failed",
        "right": "right",
    }


SAID = "Invoices are typed. Somebody has to build it."


def answer(id_, **values):
    return Classification(id_, "text", Outcome.CLASSIFIED, "b", "m", **values)


def test_a_case_shows_its_text_what_was_expected_what_came_out_and_why():
    page = page_of(
        row("a", AUTOMATE, BUILD, 0.73, decided_by=DecidedBy.TB1),
        row("b", None, "abstained", abstained_because="too_vague"),
        row("c", BUILD, "error"),
        texts={"a": "Invoices are typed."},
        answers=[
            answer("a", rationale="Somebody has to build it."),
            answer("c", error=Failure("service_timeout", "The service was slow.", True)),
        ],
    )
    tree, _ = parsed(page)
    words = [" ".join("".join(one.itertext()).split()) for one in of_class(tree, "case")]
    hard = "difficulty: hard, language: en"
    assert words == [
        f"c · expected build-software · got service_timeout Text c. The service was slow. · {hard}",
        f"a · expected automate-process · got build-software · 73 % sure · by TB1 {SAID} · {hard}",
        f"b · expected no label · got too_vague Text b. · {hard}",
    ]


def test_what_a_case_holds_is_shown_as_text_wherever_it_is_shown():
    slices = {"difficulty": ATTACK, "voice": ATTACK, "language": "en"}
    page = page_of(
        row(ATTACK, BUILD, AUTOMATE, slices=slices),
        row("2", BUILD, "error", error=ATTACK),
        texts={ATTACK: ATTACK, "2": ATTACK},
        answers=[answer(ATTACK, rationale=ATTACK)],
        settings={"sets": {"cases": {"file": ATTACK}}, "model": ATTACK, "prompt": ATTACK},
        attacks=(pair("x", "flipped", kind=ATTACK),),
    )
    tree, errors = parsed(page)
    assert errors == []
    assert {"script", "img", "a"} & {one.tag for one in tree.iter()} == set()
    assert not [name for one in tree.iter() for name in one.attrib if name.startswith("on")]
    words = words_in(tree)
    shown = " ".join(ATTACK.split())
    assert "49" not in shown
    # id, text twice, error, rationale; by slice twice and on the card twice; kind; file;
    # model in the title and above; prompt.
    assert words.count(shown) == 5 + 4 + 1 + 1 + 3


def test_a_text_that_could_not_be_shown_is_cleaned():
    page = page_of(row("1", AUTOMATE), texts={"1": "We\x00 \x1b[31mtype\u202e it"})
    assert parsed(page)[1] == []
    assert "We [31mtype it" in page


@pytest.mark.parametrize(("length", "cut"), [(LONGEST, False), (LONGEST + 1, True)])
def test_a_very_long_text_is_cut_and_that_is_shown(length, cut):
    page = page_of(row("1", AUTOMATE), texts={"1": "x" * length})
    assert ("x" * LONGEST + " …" in page) is cut
    assert "x" * (LONGEST + 1) not in page


def test_equal_runs_have_equal_pages():
    assert page_of(*MANY, **PARTS) == PAGES["every part"]
