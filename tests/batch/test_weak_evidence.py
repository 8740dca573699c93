"""What stands against a column that is read though its name does not ask for a problem."""

import pytest

from triage_agent.batch.cell_dates import DATE
from triage_agent.batch.column_kinds import Kind, look_at
from triage_agent.batch.input_columns import Columns, understand_columns
from triage_agent.tables import Row

WANTED = [
    "The printed menu never matches what the kitchen has",
    "Guests wait for the bill because there is one card reader",
    "Staff swap shifts by phone and nobody writes it down",
    "Bookings for groups are lost between two calendars",
]
SOLD = [
    "Bakes bread and cakes for hotels and cafes in the north",
    "Runs four garden centres with plants from their own fields",
    "Builds wooden kitchens for the owners of small flats",
    "Trades wine and oil from family farms across the south",
]
BAKED = ["Wir backen Brot und Kuchen", "Wir bauen Gärten an", "Wir planen Küchen", "Wir keltern"]
COMPANIES = ["Alder Bakery", "Birch Gardens", "Cedar Kitchens", "Dogwood Wines"]


def understood(cells, **more):
    rows = [
        Row(number, dict(zip(cells, row, strict=True)))
        for number, row in enumerate(zip(*cells.values(), strict=True), start=2)
    ]
    return understand_columns([*cells], rows, **more)


def careful(found):
    return [note for note in found.notes if note.startswith("Careful: few texts")]


@pytest.mark.parametrize("name", ["Description", "Notes", "Text", "Remarks", "Q7"])
def test_a_text_that_tells_what_is_sold_is_doubted(name):
    found = understood({"Company": COMPANIES, name: SOLD})
    assert found.columns.problems == (name,)
    assert careful(found)[0].startswith(f"Careful: few texts in {name!r} have words")


@pytest.mark.parametrize(
    ("cells", "more"),
    [
        ({"Company": COMPANIES, "Description": WANTED}, {}),
        ({"Company": COMPANIES, "Feedback": SOLD}, {}),
        ({"Company": COMPANIES, "How can we help?": SOLD}, {}),
        ({"Ticket ID": ["A-1", "A-2", "A-3", "A-4"], "Description": SOLD}, {}),
        ({"Company": COMPANIES, "Notes": SOLD}, {"called": "complaints of May"}),
        ({"Company": COMPANIES, "Notes": SOLD}, {"named": Columns(("Notes",))}),
        ({"Firma": COMPANIES, "Beschreibung": BAKED}, {}),
        ({"Company": COMPANIES, "Biggest problem": SOLD}, {}),
    ],
    ids=[
        "cells that tell problems", "a name that asks", "a question that asks", "tickets",
        "a file of complaints", "as the user named it", "another language", "a problem by its name",
    ],
)  # fmt: skip
def test_what_shows_that_problems_are_told_leaves_no_doubt(cells, more):
    assert not careful(understood(cells, **more))


TOPICS = ["bread; wine; tea", "wine; tea", "bread; tea; oil of the south", "wine; oil of the south"]


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param({"Interests": TOPICS}, id="choices of several"),
        pytest.param(
            {"Address": ["9 High St, by the old mill", "2 Low Road, near the bank",
                         "14 Mill Lane, up the hill", "7 Dock Road, next to the pub"]},
            id="addresses",
        ),
        pytest.param(
            {"Sub-product": ["Loan (with a car as pledge)", "Card for the whole family",
                             "Account with a free overdraft", "Plan to save for a house"]},
            id="names of products",
        ),
        pytest.param({"Q9": ["", "", "Ask the owner about the shop", ""]}, id="a single cell"),
        pytest.param(
            {"title": ["The week in bread and wine", "The year of the small mills",
                       "What the farms have in store", "The list for this summer"]},
            id="titles of other things",
        ),
        pytest.param(
            {"Which apply?: Late goods, again and again": ["Late goods, again and again", "", "",
                                                           "Late goods, again and again"]},
            id="ticks",
        ),
    ],
)  # fmt: skip
def test_what_stands_alone_is_not_read_for_that(cells):
    found = understood({"Company": COMPANIES, **cells})
    assert not found.columns.problems
    assert "--problem-column" in found.refusal


def test_titles_are_read_if_they_tell_problems():
    assert understood({"Key": ["A", "B", "C", "D"], "title": WANTED}).columns.problems == ("title",)


def test_the_only_form_is_read_though_its_cell_is_a_single_one():
    assert understood({"Company": ["Alder"], "Q7": WANTED[:1]}).columns.problems == ("Q7",)


def test_an_option_to_tick_is_no_problem_though_its_name_asks_for_one():
    option = "Which statement best describes your problem?: Nothing fits together here"
    said = ["Nothing fits together here"] * 3 + [""]
    assert look_at(said, option).kind is Kind.CLOSED
    assert understood({option: said, "Main problem": WANTED}).columns.problems == ("Main problem",)


@pytest.mark.parametrize(
    "text",
    [
        "1 de enero de 2017", "12. März 2026", "le 3 février 2025", "Montag, 3. Mai 2027 10:15",
        "terça-feira, 3 de março de 2026", "15 gennaio 2026", "12 mei 2026", "agosto de 2026",
        "13/May/24 3:31 PM", "Sunday, March 3rd, 2026",
    ],
)  # fmt: skip
def test_dates_are_known_with_the_month_in_words(text):
    assert DATE.fullmatch(text)
    assert look_at([text] * 2).kind is Kind.DATES


@pytest.mark.parametrize("text", ["1 set", "In May 2026 the till broke twice", "3 marks", "März"])
def test_other_texts_with_a_month_are_no_dates(text):
    assert not DATE.fullmatch(text)


def test_a_column_of_dates_is_read_as_no_problem_whatever_it_is_called():
    days = ["1 de enero de 2026", "14 de marzo de 2026", "2 de abril de 2026", "30 de mayo de 2026"]
    assert not understood({"fecha del problema": days}).columns.problems
    assert not understood({"problema": days}).columns.problems
