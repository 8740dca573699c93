import pytest

from triage_agent.batch.column_names import find_column
from triage_agent.errors import InputError

COLUMNS = ["Timestamp", "Biggest problem", "biggest_challenge", "7", "D", "Note", "note"]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        pytest.param("Biggest problem", "Biggest problem", id="its name"),
        pytest.param("BIGGEST  PROBLEM?", "Biggest problem", id="case, blanks and punctuation"),
        pytest.param("biggestChallenge", "biggest_challenge", id="camelCase"),
        pytest.param("2", "Biggest problem", id="its place"),
        pytest.param("B", "Biggest problem", id="its letter"),
        pytest.param("7", "7", id="a name that is a number"),
        pytest.param("D", "D", id="a name that is a letter"),
        pytest.param("note", "note", id="the exact one of two that are alike"),
    ],
)
def test_a_column_is_named_by_name_by_place_or_by_letter(name, column):
    assert find_column(name, COLUMNS, "--problem-column") == column


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NOTE", 'several columns. Did you mean: --id-column "Note" or --id-column "note".'),
        ("9", "the table has 7"),
        ("0", "the table has 7"),
        ("XFD", "is not a column"),
        ("bigest problem", '--id-column "Biggest problem"'),
        ("zzz", 'Write: --id-column "Timestamp".'),
    ],
)
def test_a_name_that_is_no_column_is_answered_with_one_that_works(name, said):
    with pytest.raises(InputError) as refused:
        find_column(name, COLUMNS, "--id-column")
    assert said in refused.value.message
