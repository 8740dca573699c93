"""Files that hold no table of forms are refused, with the way to one; texts of our own."""

import io

import pytest
from tests.support.rows import as_csv, as_xlsx

from triage_agent.errors import InputError
from triage_agent.tables import TableOptions, open_table

BODY = "Pine,Orders are typed in twice,North\nOak,Leads go cold,South\nElm,Stock is wrong,East\n"
SUMMARY = (
    "Needs of spring\n\nQ1. Which tools?\nAnswer Choices,Response Percent,Responses\n"
    "Paper,60%,6\nSheets,40%,4\n,Answered,10\n,Skipped,2\n\nQ2. What hurts most?\nAnswered,9\n"
)
OTHER_SUMMARY = (
    "Needs of spring\n\nQ1 - Which tools?\n#,Answer,%,Count\n1,Paper,60%,6\n2,Sheets,40%,4\n"
    "\nQ2 - How many?\n#,Answer,%,Count\n1,Few,100%,10\n"
)


def opened(data, **options):
    table = open_table(io.BytesIO(data), TableOptions(**options))
    return table, list(table.rows())


@pytest.mark.parametrize("form", [as_csv, as_xlsx], ids=["csv", "xlsx"])
@pytest.mark.parametrize("text", [SUMMARY, OTHER_SUMMARY], ids=["choices", "shares"])
def test_the_summary_of_a_survey_is_refused_for_its_individual_responses(form, text):
    with pytest.raises(InputError, match=r"summary of a survey.*individual responses"):
        opened(form(text))
    table, _ = opened(form(text), header_row=4, format="xlsx" if form is as_xlsx else "csv")
    assert table.header_row == 4


@pytest.mark.parametrize(
    "text",
    [
        "Firm,Answer,Responses\n" + BODY,
        "Id,Answer Choices,Responses\n" + BODY,
        "Firm,Pain,Count\nAnswered,9,1\nSkipped,Leads go cold,2\nOak,Orders are typed in twice,3\n",
    ],
)
def test_forms_that_have_such_names_are_read(text):
    assert len(opened(text.encode())[1]) == 3


def test_both_sides_of_a_merge_are_refused():
    text = (
        f"<<<<<<< HEAD\nFirm,Pain,Where\n{BODY}=======\nFirm,Pain,Where\nAsh,Late,West\n>>>>>>> b\n"
    )
    with pytest.raises(InputError, match=r"merge that was not finished \(line 1: <<<<<<<\)"):
        opened(text.encode())


def test_lines_that_only_look_like_marks_are_texts():
    cell = '"We got this mail:\n=======\n>>>>>>> please pay\nand pay twice"'
    table, rows = opened(f"Firm,Pain,Where\nAsh,{cell},West\n{BODY}".encode())
    assert (len(table.columns), len(rows)) == (3, 4)


TEXT_LINES = (
    "Calls of spring\nMay, and June\nwith a list, of firms\nFirm,Pain,Where\n"
    + f"{BODY}two calls, no answer\nnobody there\n" * 3
)


def test_lines_that_commas_may_part_are_refused_with_both_ways_out():
    with pytest.raises(InputError) as caught:
        opened(TEXT_LINES.encode())
    said = str(caught.value)
    assert "--delimiter ',' --header-row 4" in said
    assert "If each line is one text: --delimiter ';'." in said
    table, rows = opened(TEXT_LINES.encode(), delimiter=",", header_row=4)
    assert table.columns == ("Firm", "Pain", "Where")
    table, rows = opened(TEXT_LINES.encode(), delimiter=";")
    assert len(table.columns) == 1
    assert rows[0].values[table.columns[0]] == "May, and June"
