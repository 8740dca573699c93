"""What a file holds and a table cannot: nothing of it is lost without a word."""

import pytest

from triage_agent.tables import open_table

ODD = (
    '{"id": 1, "problem": "a", "sum": NaN, "far": 1e999, "note": "x", "note": "y", "note (2)": "z"}'
)


@pytest.mark.parametrize(
    ("suffix", "text"),
    [(".jsonl", f"{ODD}\n"), (".json", f"[{ODD}]")],
    ids=["JSON Lines", "an array"],
)
def test_odd_values_of_json_are_kept_or_said(tmp_path, suffix, text):
    path = tmp_path / f"forms{suffix}"
    path.write_text(text)
    (row,) = open_table(path).rows()
    assert row.values == {
        "id": 1, "problem": "a", "sum": None, "far": "1e999", "note": "x", "note (3)": "y",
        "note (2)": "z",
    }  # fmt: skip
    assert "NaN, which is no JSON" in row.complaint
    assert "1e999, which is too large" in row.complaint
    assert "a second 'note', which is called 'note (3)'" in row.complaint


def test_what_a_line_held_that_broke_off_is_not_said_of_the_next(tmp_path):
    path = tmp_path / "forms.jsonl"
    path.write_text('{"a": NaN, oops\n{"a": 1}\n')
    bad, good = open_table(path).rows()
    assert "not valid JSON" in bad.complaint
    assert good.complaint is None


def test_cells_without_a_column_are_said(tmp_path):
    path = tmp_path / "forms.csv"
    path.write_text("id,problem\n1,a\n2,we lose leads, and money\n3,c\n4,d\n")
    row = [*open_table(path).rows()][1]
    assert "' and money'" in row.complaint
