"""What a mail program did to a text, broken lines and marks of quotation, changes nothing in it."""

import textwrap

import pytest

from triage_agent.intake import split_problems, units_in
from triage_agent.intake.furniture import lines_of
from triage_agent.intake.wrapping import unquoted, unwrapped

MAIL = (
    "Our harbour office keeps the berths in a wall calendar, and when a boat comes in at night "
    "nobody can tell the skipper where to go. We lose about ten guests a month in the season, and "
    "Jan spends every Monday morning phoning the ones who left without paying."
)
LIST = (
    "1) the slipway is booked on paper and twice a week two boats stand there 2) the fuel log is "
    "added up by hand at the end of the month 3) members would like to pay on our site"
)


def lines(text):
    return [text[line.start : line.end] for line in unwrapped(text, lines_of(text))]


@pytest.mark.parametrize("width", range(44, 100, 7))
@pytest.mark.parametrize(
    "text",
    [MAIL, f"{MAIL} {MAIL}".lower(), MAIL.upper(), LIST],
    ids=["mail", "low", "high", "list"],
)
def test_a_paragraph_is_one_line_at_whatever_width_it_was_broken(text, width):
    broken = textwrap.fill(text, width)
    assert [" ".join(line.split()) for line in lines(broken)] == [text]


@pytest.mark.parametrize("width", range(44, 100, 7))
def test_a_list_on_one_line_keeps_its_items_when_it_is_broken(width):
    found = split_problems(textwrap.fill(LIST, width)).problems
    assert [" ".join(one.text.split()) for one in found] == [
        "the slipway is booked on paper and twice a week two boats stand there",
        "the fuel log is added up by hand at the end of the month",
        "members would like to pay on our site",
    ]


def test_a_line_that_ends_with_an_article_goes_on():
    text = "The rota is made anew each week from the\nmessages that people send"
    assert lines(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "invoices go out late\nstock is wrong\nclients want to book online",
        "Invoices are sent late every month\nStock figures are wrong too\nNo one calls back",
        "Two sites:\nthe old mill in the valley with its shop\nthe yard behind the station",
        "Kind regards,\nTheo Marsh\nBlue Otter Swim School\n07700 900123",
    ],
)
def test_lines_that_somebody_typed_stay(text):
    assert lines(text) == text.split("\n")


@pytest.mark.parametrize("begins", ["- ", "2. ", "b) ", "> ", "[12/03/24, 10:15] Ann: ", "## "])
def test_no_line_is_joined_to_the_one_before_its_mark(begins):
    text = textwrap.fill(MAIL, 60) + f"\n{begins}the gate is opened by hand"
    assert lines(text)[-1] == f"{begins}the gate is opened by hand"


@pytest.mark.parametrize(
    "line",
    [
        "Nobody at the yard knows which of our forty boats is in the\nbest state, so we guess.",
        "Orders come by fax and two of us type them in every day,\nthanks to our old program.",
        "She fills it in on paper, and in the evening it is typed and\nsent with the post to Rome.",
    ],
)
def test_no_part_of_a_sentence_is_a_signature(line):
    found = split_problems(line)
    assert (" ".join(one.text for one in found.problems), found.furniture) == (line, ())


def test_a_mail_that_is_quoted_as_a_whole_is_read_like_any_other():
    text = "> Hi Tom,\n> two points:\n>\n> 1) boats are booked by phone\n> 2) bills are typed"
    found = split_problems(text)
    assert [one.text for one in found.problems] == ["boats are booked by phone", "bills are typed"]
    assert {one.text.strip() for one in found.furniture} == {">", "Hi Tom,"}


def test_items_behind_such_marks_are_a_list():
    text = "> boats are booked by phone\n> bills are typed"
    assert unquoted(text, lines_of(text)) == (lines_of(text), [])


@pytest.mark.parametrize("quotes", ['"{}"', "“{}”", "„{}“", "«{}»"])
def test_quotation_marks_around_the_whole_change_nothing(quotes):
    found = split_problems(quotes.format(LIST))
    assert [one.text for one in found.problems] == [
        one.text for one in split_problems(LIST).problems
    ]
    assert [one.text for one in found.furniture] == [quotes[0], quotes[-1]]


def test_questions_that_a_mail_quotes_between_the_answers_are_no_problem():
    asked = ["> What takes most of your time?", "> What do clients ask for?"]
    said = ["Berths are kept in a wall calendar.", "They would like to pay by phone."]
    text = f"Hi Ann, see below.\n\n{asked[0]}\n{said[0]}\n\n{asked[1]}\n{said[1]}"
    units, _ = units_in(text)
    assert [text[one.start : one.end] for one in units] == said
