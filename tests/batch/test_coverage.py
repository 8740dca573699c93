"""How many forms tell nothing in the columns that are read, and columns that few people answer."""

import csv

import pytest

from triage_agent.batch.coverage import coverage_note
from triage_agent.batch.input_columns import Columns, understand_columns
from triage_agent.batch.request import BatchRequest
from triage_agent.batch.run import run_batch
from triage_agent.batch.understanding import understand, wish_of
from triage_agent.tables import Row, TableOptions

LIFT = "If you took the lift, describe how it went"
ADD = "What would you add to this waiting room?"
ADDED = [
    "More chairs, and a table for the children",
    "A clock that can be read from the door",
    "Somebody who says how long it still takes",
    "Fresh air, the windows never open",
    "A place where a pram can stand",
]
FEW = "Do you have difficulties with the invoices? (other)"
OPEN = "Open remarks on difficulties that were not asked about"


def understood(cells):
    rows = [
        Row(number, dict(zip(cells, row, strict=True)))
        for number, row in enumerate(zip(*cells.values(), strict=True), start=2)
    ]
    return understand_columns([*cells], rows)


def test_a_description_by_few_does_not_beat_a_question_that_most_answer():
    told = understood(
        {LIFT: ["", "", "", "", "", "It shook and smelled of oil"], ADD: [*ADDED, ""]}
    )
    assert not told.columns.problems
    assert told.refusal.startswith(
        f"2 columns hold free text, and no name says which of them is the problem: {ADD!r}"
    )


def test_a_description_by_most_beats_a_question_that_few_answer():
    told = understood(
        {LIFT: [*ADDED, ""], ADD: ["", "", "", "", "", "A lamp over the desk by the door"]}
    )
    assert told.columns.problems == (LIFT,)


def test_a_mention_is_read_too_where_far_more_people_answer_it():
    few = ["", "", "", "", "", "The totals on them are never the same twice"]
    told = understood({FEW: few, OPEN: [*ADDED, ""]})
    assert told.columns.problems == (FEW, OPEN)
    assert any(
        note.startswith(f"Read too, since many rows hold a text only there: {OPEN!r}")
        for note in told.notes
    )
    told = understood({FEW: [*ADDED, few[-1]], OPEN: [*ADDED, ""]})
    assert told.columns.problems == (FEW,)


def test_the_problems_of_others_are_not_read_though_all_rows_hold_them():
    others = "Challenges of our customers"
    few = ["", "", "", "", "", "The totals on them are never the same twice"]
    assert understood({"Main challenge": few, others: [*ADDED, ""]}).columns.problems == (
        "Main challenge",
    )


def test_a_list_of_these_problems_asks_for_one_told_in_words():
    asked = "Do you experience these problems with deliveries? (other)"
    assert understood({asked: [*ADDED, ""]}).columns.problems == (asked,)
    assert not understood({asked: ["yes", "no", "no", "yes", "yes", ""]}).columns.problems


def test_what_most_people_wrote_is_named_first_among_what_is_not_read():
    told = understood(
        {
            "Biggest problem": [*ADDED, ""],
            **{
                f"Why {n}?": ["", "", "", "", "", "Because nobody asked us about it"] for n in "abc"
            },
            "Why d?": [*ADDED, ""],
        }
    )
    note = next(note for note in told.notes if note.startswith("Not read"))
    assert "'Why d?', 'Why a?', 'Why b?' and 1 more" in note


def note_on(tmp_path, header, rows, **named):
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    wish = wish_of(
        path, TableOptions(), Columns(**named), usd_rate=None, split=None, max_problems=None,
        quiz_scale=None, mapping=None,
    )  # fmt: skip
    table, reading = understand(wish, lambda _: None, labels_only=False)
    return coverage_note(table, reading, table.survey().rows)


TICKETS = [
    ["T-1", "Door of shop 2 does not lock", "It stays open each night, and nobody is told"],
    ["T-2", "Scanner reads every code twice", ""],
    ["T-3", "Labels are printed askew", "n/a"],
    ["T-4", "Prices of May are still shown", "The list was sent in April and never loaded"],
]


def test_forms_without_a_text_are_counted_and_where_they_have_one_is_said(tmp_path):
    header = ["Issue key", "Summary", "Description"]
    assert note_on(tmp_path, header, TICKETS) == (
        "2 of 4 forms have no text in 'Description'; 2 of them have one in 'Summary'. To read it "
        'too: --problem-column "Description" --problem-column "Summary"'
    )


SAID = [["Alder", f"Order {n} was typed twice and sent to the wrong address"] for n in range(120)]
SILENT = ["Birch Dental Group", ""]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (SAID[:5], None),
        ([*SAID[:5], ["", ""], SILENT], "1 of 6 forms has no text in 'Description'."),
        ([*SAID, SILENT], None),
        ([SILENT, *SAID], "1 of the first 100 forms has no text in 'Description'."),
    ],
    ids=["all have one", "empty rows are no forms", "beyond the sample", "in the sample"],
)
def test_only_what_was_seen_is_counted(rows, said, tmp_path):
    assert note_on(tmp_path, ["Firm", "Description"], rows) == said


def test_a_dry_run_says_it(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text("Firm,Biggest problem\nAlder,Orders are typed from e-mails\nBirch,\n", "utf-8")
    said = []
    run_batch(BatchRequest(path, tmp_path / "out.csv", dry_run=True), said.append)
    assert "1 of 2 forms has no text in 'Biggest problem'." in said
