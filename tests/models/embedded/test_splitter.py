"""The learned judge of `split_problems`."""

import numpy as np
import pytest

from triage_agent.intake import split_problems, units_in
from triage_agent.models import EmbeddedJudge, Limits, UnitReading, split_text

LIMITS = Limits(several=0.8, several_list=0.8, doubt_list=0.1, cut=0.6, cut_list=0.6)


@pytest.fixture(scope="module")
def judge():
    return EmbeddedJudge()


def test_numbered_problems_are_told_apart(judge):
    text = "1. Leads wait three days for a call\n2. Stock is counted by hand and always wrong"
    assert len(split_problems(text, judge).problems) == 2


def test_one_sentence_never_loads_the_encoder():
    judge = EmbeddedJudge()
    split_problems("Nobody calls our leads back in time", judge)
    assert "_encoder" not in vars(judge)


def test_a_text_longer_than_the_encoder_reads_loses_nothing(judge):
    text = "Leads wait for days. Stock is wrong. " * 120
    found = split_problems(text, judge)
    parts = (*found.problems, *found.context, *found.furniture)
    assert sum(len("".join(one.text.split())) for one in parts) == len("".join(text.split()))


def test_the_same_text_is_always_read_alike(judge):
    text = "Invoices go out late, and the stock is wrong. Customers want an app."
    assert split_problems(text, judge) == split_problems(text, judge)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(
            "Biggest problem:\nInvoices are typed by hand\nSecond problem:\nLeads get lost",
            ["Invoices are typed by hand", "Leads get lost"],
            id="labels on lines of their own",
        ),
        pytest.param(
            "Build us an app.\n\nBest,\nAnn\n\nOn top of that, invoices are typed by hand daily.",
            ["Build us an app.", "On top of that, invoices are typed by hand daily."],
            id="a problem behind the signature",
        ),
        pytest.param(
            "① invoices go out late ② guests want to book online",
            ["invoices go out late", "guests want to book online"],
            id="numbers in circles",
        ),
    ],
)
def test_no_problem_is_lost_beside_labels_signatures_and_marks(judge, text, problems):
    assert [one.text for one in split_problems(text, judge).problems] == problems


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(
            ["customers ring all day", "quotes are retyped", "no-shows"], id="clauses and a noun"
        ),
        pytest.param(
            [
                "Kunden rufen den ganzen Tag an",
                "Angebote werden abgetippt",
                "Termine werden vergessen",
            ],
            id="in a language that the judge was not trained on",
        ),
    ],
)
def test_short_entries_between_semicolons_are_a_list(judge, entries):
    assert [one.text for one in split_problems("; ".join(entries), judge).problems] == entries


def test_each_line_of_a_list_without_marks_is_an_entry(judge):
    lines = [
        "returns processed by hand",
        "product descriptions written one by one for 4 marketplaces",
        "customer emails 150/day same ten questions",
        "ad spend reporting takes monday",
    ]
    assert [one.text for one in split_problems("\n".join(lines), judge).problems] == lines
    assert [one.text for one in split_problems("\n".join(lines[1:]), judge).problems] == lines[1:]


@pytest.mark.parametrize(
    "around",
    [
        "Hi there, {}",
        "Dear Ms Hill,\n\n{}\n\nBest regards,\nTom Reed\n+44 1632 960 111",
        "{}\n\nSent from my iPhone",
        '"{}"',
        "[EXTERNAL EMAIL] Do not click on links.\n\n{}",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "The berths are kept in a wall calendar. Members would like to pay their fees online.",
        "1) the fuel log is added up by hand 2) nobody knows who has paid for the winter",
        "We lose guests since nobody answers the radio at night, and they sail on to another.",
        "no time for quotes, stock is never right and the shop wants a web site",
    ],
)
def test_what_stands_around_a_text_does_not_change_how_it_is_read(around, text):
    found, alone = split_text(around.format(text)), split_text(text)
    assert [one.text for one in found.problems] == [one.text for one in alone.problems]
    assert found.holds_several == alone.holds_several


@pytest.mark.parametrize(
    ("several", "sure", "verdict"),
    [
        pytest.param(0.7, 0.7, (False, True), id="one problem"),
        pytest.param(0.9, 0.5, (True, False), id="several that stay whole"),
        pytest.param(0.9, 0.7, (True, True), id="several that are taken apart"),
    ],
)
def test_how_sure_a_reading_is_says_what_may_be_done_with_the_text(several, sure, verdict):
    text = "Permits are filed late. The museum has no ticket shop."
    units, _ = units_in(text)
    reading = UnitReading(several, sure, np.array([0, 0]), np.array([0, 1]))
    found = LIMITS.verdict(text, units, reading)
    assert (found.several, found.sure) == verdict
