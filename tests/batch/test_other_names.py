"""Where the row of the names is doubtful, the row that would work is named; texts of our own."""

import pytest

from triage_agent.batch.input_columns import Columns
from triage_agent.batch.understanding import understand, wish_of
from triage_agent.errors import InputError
from triage_agent.tables import TableOptions

FORMS = (
    "Alder,Orders are copied from e-mails by hand each morning,Mara calls them back on Friday\n"
    "Birch,Recalls are forgotten because nobody owns the list,Send them our offer of the year\n"
    "Cedar,Quotes leave a week late and clients book elsewhere,Ask for the budget of the year\n"
)


def read(text, tmp_path, **options):
    """Return what was reported of a table, and why it was refused; None: it was read."""
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")
    wish = wish_of(
        path, TableOptions(**options), Columns(), usd_rate=None, split=None, max_problems=None,
        quiz_scale=None, mapping=None,
    )  # fmt: skip
    notes = []
    try:
        understand(wish, notes.append, labels_only=False)
    except InputError as error:
        return notes, str(error)
    return notes, None


LONG_NAMES = (
    "Those that we called,What they said to us in the long call,What we promised to do then\n"
)


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ("Calls of our week,,\n" + LONG_NAMES, 2),
        ("North,South,East\nCompany,Comments,Notes\n", 2),
        ("North,South,East\n", None),
    ],
    ids=["under a title", "known names under others", "none is better"],
)
def test_a_refusal_names_the_row_that_would_work(above, row, tmp_path):
    _, refusal = read(above + FORMS, tmp_path)
    assert refusal is not None
    assert refusal.endswith(f" If row {row} holds the names: --header-row {row}.") is bool(row)
    assert ("--header-row" in refusal) is bool(row)


def test_the_doubt_about_a_first_row_names_the_row_that_would_work(tmp_path):
    text = "North,South,East\nCompany,Problem,Notes\n" + FORMS.replace("Mara calls", "We call")
    notes, _ = read(text, tmp_path, header=True)
    assert any(
        note.startswith("Row 1 is taken as the names")
        and note.endswith("if another row holds the names: --header-row 2.")
        for note in notes
    )


def test_where_no_row_is_better_the_option_stands_alone(tmp_path):
    notes, _ = read("North,South,East\n" + FORMS, tmp_path, header=True)
    assert any(note.endswith("--header-row and its number.") for note in notes)
