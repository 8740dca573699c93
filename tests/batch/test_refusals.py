"""What a refusal offers: columns that may hold problems, the likeliest first, and nothing else."""

import pytest

from triage_agent.batch.input_columns import NONE_NAMED, Columns, understand_columns
from triage_agent.batch.row_keys import id_column
from triage_agent.tables import Row

CLOSED = {
    "Survey date": ["2026-05-01", "2026-05-02", "2026-05-03", "2026-05-04", "2026-05-05"],
    "Age": ["31", "44", "27", "60", "38"],
    "Gender": ["female", "male", "male", "female", "female"],
    "Rating": ["Good", "Poor", "Fair", "Good", "Good"],
    "Industry": ["Bakery", "Garden", "Bakery", "Wine", "Bakery"],
    "Complaint kind": ["Late goods", "Rude staff", "Late goods", "Late goods", "Rude staff"],
    "Annual revenue": ["3M", "1M", "2M", "5M", "4M"],
}


def understood(cells, named=NONE_NAMED):
    rows = [
        Row(number, dict(zip(cells, row, strict=True)))
        for number, row in enumerate(zip(*cells.values(), strict=True), start=2)
    ]
    return understand_columns([*cells], rows, named)


def test_what_speaks_of_complaints_is_offered_and_no_age_date_rating_or_revenue():
    refusal = understood(CLOSED).refusal
    assert refusal.startswith(
        "No column holds problems in words: 'Complaint kind' holds closed answers. If one is to be "
        'read all the same, name it: --problem-column "Complaint kind".'
    )
    assert not any(repr(name) in refusal for name in CLOSED if name != "Complaint kind")


def test_where_nothing_is_text_no_column_is_offered():
    cells = {name: CLOSED[name] for name in ("Survey date", "Age")}
    refusal = understood(cells).refusal
    assert refusal.startswith("No column holds problems in words: ids, dates, numbers")
    assert "name it with --problem-column." in refusal
    assert '--problem-column "Age"' not in refusal


def test_a_description_that_is_empty_is_named():
    refusal = understood({"Name": ["Ann Baker", "Tom Reed"], "Description": ["", None]}).refusal
    assert refusal.startswith("'Description' is empty in the rows that were looked at. ")


LONG = ["The oven of the second shop is cold on Mondays", "Flour is ordered by phone and by mail",
        "Nobody knows which van has the spare keys", "The list of guests is on three papers",
        "Prices on the web are those of last summer"]  # fmt: skip


def test_the_fullest_texts_are_offered_first_and_never_counted_away():
    few = ["", "", "", "We had not thought of it before", "It was as we thought it would be"]
    cells = {**{f"Part {name}": few for name in "abcdef"}, "Part z": LONG}
    refusal = understood(cells).refusal
    assert (
        "7 columns hold free text, and no name says which of them is the problem: 'Part z',"
        in refusal
    )
    assert 'Name it: --problem-column "Part z" or' in refusal


def test_what_is_offered_is_read_if_it_is_named():
    assert understood(CLOSED, Columns(("Complaint kind",))).columns.problems == ("Complaint kind",)


@pytest.mark.parametrize(
    "name", ["complaint_id", "Feedback_ID", "id_ticket", "Grievance no", "Customer request key"]
)
def test_the_number_of_what_somebody_told_is_the_id(name):
    cells = {"Firm": ["Alder", "Birch"], name: ["C-1", "C-2"]}
    assert id_column([*cells], cells) == name


@pytest.mark.parametrize(
    "cells",
    [
        {"complaint_id": ["C-1", "C-1"]},
        {"complaint no": ["it is late", "it is dear"]},
        {"complaint": ["C-1", "C-2"]},
    ],
    ids=["the same twice", "words", "no number by its name"],
)
def test_what_tells_no_rows_apart_is_no_id(cells):
    assert id_column([*cells], cells) is None


def test_an_id_of_the_row_comes_before_that_of_a_ticket():
    cells = {"feedback_id": ["F-1", "F-2"], "Response ID": ["R-1", "R-2"]}
    assert id_column([*cells], cells) == "Response ID"
