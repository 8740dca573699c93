import json
from pathlib import Path

import pytest

from triage_agent.batch.input_columns import Columns, resolve_columns, understand_columns
from triage_agent.errors import InputError
from triage_agent.tables import Row

CASES = [
    json.loads(line)
    for line in Path(__file__).with_name("columns_cases.jsonl").read_text("utf-8").splitlines()
]
PAIN = ["We lose leads because nobody calls back", "Stock is never right in both shops",
        "Invoices go out two weeks late each month"]  # fmt: skip
ABOUT = ["A bakery in Leeds with twelve staff", "A group of four dentists in town",
         "We sell garden tables to hotels"]  # fmt: skip
FREQUENCY = ["Weekly", "Never", "Daily"]
NAMES = ["Ann Baker", "Tom Reed", "Mia Chen"]


def table(**cells):
    """Return the columns and rows of a table given by column."""
    columns = list(cells)
    return columns, [
        Row(number, dict(zip(columns, row, strict=True)))
        for number, row in enumerate(zip(*cells.values(), strict=True), start=2)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_columns_of_a_form_are_known_by_their_names_and_cells(case):
    rows = [
        Row(number, dict(zip(case["columns"], cells, strict=True)))
        for number, cells in enumerate(case["rows"], start=2)
    ]
    understood = understand_columns(case["columns"], rows)
    known = understood.columns
    assert list(known.problems) == case["problems"]
    assert (understood.refusal is None) is bool(case["problems"])
    found = {"id": known.id, "revenue": known.revenue, "software": known.sells_software}
    assert {name: found[name] for name in found if name in case} == {
        name: case[name] for name in found if name in case
    }
    assert len(understood.notes) <= 8


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(FREQUENCY, id="frequencies"),
        pytest.param(["Yes", "No", "No"], id="yes and no"),
        pytest.param(["Checked", "Unchecked", "Checked"], id="ticks"),
        pytest.param(["Agree", "Strongly disagree", "Neutral"], id="Likert"),
        pytest.param(["Sales", "Hiring", "Cash"], id="single words"),
        pytest.param(["Sales, Hiring", "Cash", "Cash; Hiring"], id="lists of single words"),
        pytest.param(["3", "1", "2"], id="codes"),
        pytest.param(["OPS-1", "OPS-2", "WEB-13"], id="keys"),
        pytest.param(["2026-05-01", "2026-05-02", "2026-05-03"], id="dates"),
        pytest.param(["a@example.com", "b@example.com", "c@example.com"], id="addresses"),
        pytest.param(["https://example.com/1", "www.example.com", "http://a.example"], id="links"),
        pytest.param(["Slow replies", "Late goods"] * 5, id="a choice among two"),
    ],
)
def test_a_column_named_like_a_problem_is_read_only_unwarned_if_it_tells_one(cells):
    columns, rows = table(Problem=cells)
    understood = understand_columns(columns, rows)
    assert '--problem-column "Problem"' in understood.refusal
    named = understand_columns(columns, rows, Columns(("Problem",)))
    assert named.columns.problems == ("Problem",)
    assert any(note.startswith("Careful: 'Problem'") for note in named.notes)


def test_free_text_that_is_named_brings_no_warning():
    columns, rows = table(Q7=PAIN, Q8=ABOUT)
    notes = understand_columns(columns, rows, Columns(("Q7",))).notes
    assert not [note for note in notes if "Careful" in note]


def test_the_only_free_text_is_taken_and_that_is_said():
    columns, rows = table(Q1=NAMES, Q7=PAIN)
    known, notes = resolve_columns(columns, rows)
    assert known.problems == ("Q7",)
    assert notes[0] == "Problems are read from 'Q7' (the only column of free text)."


def test_what_was_left_is_said_in_groups():
    columns, rows = table(Problem=PAIN, Resolution=ABOUT, Often=FREQUENCY, Name=NAMES, Other=ABOUT)
    _, notes = resolve_columns(columns, rows)
    assert notes[-3:] == (
        "Not read: other texts: 'Other'; replies or solutions: 'Resolution'.",
        "Not read, closed answers or single words: 'Often'.",
        "Only carried along: 'Name'.",
    )


def test_many_columns_that_were_left_are_counted():
    columns, rows = table(Problem=PAIN, **{f"Often {n}": FREQUENCY for n in range(9)})
    assert "'Often 0', 'Often 1', 'Often 2' and 6 more." in resolve_columns(columns, rows)[1][-1]


def test_html_is_noticed():
    columns, rows = table(Problem=[f"<p>{text}</p>" for text in PAIN])
    known, notes = resolve_columns(columns, rows)
    assert known.problems == ("Problem",)
    assert any("HTML" in note for note in notes)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"Name": NAMES, "A": PAIN, "B": ABOUT}, '--problem-column "A" or --problem-column "B".'),
        ({"Name": NAMES, "Resolution": PAIN}, '--problem-column "Resolution".'),
        ({"Name": NAMES, "Challenge": FREQUENCY}, '--problem-column "Challenge".'),
        ({"Name": NAMES, "X $?": PAIN, "B": ABOUT}, "--problem-column 2 ('X $?')"),
        ({"Q" * 70: PAIN, "B": ABOUT}, "--problem-column 1 ('QQ"),
        ({"Call +1 555 010 0103": PAIN, "B": ABOUT}, "--problem-column 1 or"),
        ({"Call +1 555 010 0103": PAIN, "1": ABOUT}, "--problem-column A or"),
    ],
)
def test_a_refusal_names_a_value_that_works(cells, said):
    columns, rows = table(**cells)
    with pytest.raises(InputError) as refused:
        resolve_columns(columns, rows)
    assert said in refused.value.message
    assert "[" not in refused.value.message  # no name is masked
    value = (
        said.removeprefix("--problem-column ")
        .removesuffix(" or")
        .split(" or ")[0]
        .split(" (")[0]
        .strip('".')
    )
    assert len(resolve_columns(columns, rows, Columns((value,)))[0].problems) == 1


def test_a_refusal_comes_after_what_was_understood():
    columns, rows = table(Revenue=["3M", "1M", "2M"], A=PAIN, B=ABOUT)
    understood = understand_columns(columns, rows)
    assert understood.refusal
    assert "The yearly revenue is read from 'Revenue'." in understood.notes
