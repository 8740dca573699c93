"""Two forms of one business are pointed out where nothing says that they belong together."""

import pytest

from support.forms_out import answer_forms
from triage_agent.batch.input_columns import Columns

HEAD = "Email,Company,problem\n"
SAYS = (
    "1 form has the same {0!r} as an earlier one (rows 2 and {1}). Each decides by itself; "
    '--group-by "{0}" makes them one business.'
)
TEXT = "orders are typed by hand"


def said(folder, rows, **fields):
    (folder / "in.csv").write_text(HEAD + "".join(f"{row},{TEXT}\n" for row in rows), "utf-8")
    columns = Columns(("problem",), group_by=fields.pop("group_by", None))
    lines = answer_forms(folder / "in.csv", folder / "out.csv", columns=columns, **fields)
    return [line for line in lines if "earlier one" in line]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["mara@x.com,Linton", "raj@x.com,Ship", "MARA@x.com,Linton LLC"], SAYS.format("Email", 4)),
        (["a@x.com,Linton", "b@x.com,linton.", "c@x.com,Ship"], SAYS.format("Company", 3)),
    ],
    ids=["an address", "a name"],
)
def test_what_two_forms_share_is_pointed_out_with_the_option(tmp_path, rows, says):
    assert said(tmp_path, rows) == [says]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(["a@x.com,Linton", "b@x.com,Ship"], id="nothing"),
        pytest.param([",n/a", ",n/a", ",-", ",-"], id="what is no name"),
        pytest.param(["a@x.com,", "b@x.com,", "c@x.com,"], id="empty cells"),
    ],
)
def test_nothing_is_said_where_forms_share_nothing(tmp_path, rows):
    assert said(tmp_path, rows) == []


def test_rows_that_share_both_are_named_once(tmp_path):
    (line,) = said(tmp_path, ["a@x.com,Linton", "b@x.com,Ship", "a@x.com,Linton"])
    assert "'Email'" in line


def test_nothing_is_said_where_they_are_grouped_or_get_only_labels(tmp_path):
    rows = ["a@x.com,Linton", "a@x.com,Linton"]
    assert said(tmp_path, rows, group_by="Email") == []
    assert said(tmp_path, rows, labels_only=True) == []


def test_at_most_three_pairs_are_shown(tmp_path):
    (line,) = said(tmp_path, ["a@x.com,A"] * 6)
    assert "5 forms have the same 'Email'" in line
    assert "(rows 2 and 3, rows 2 and 4, rows 2 and 5 and 2 more)" in line
