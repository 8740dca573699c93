"""One form as a table with one row."""

import json

import pytest

from triage_agent.batch import (
    FormMapping,
    missing_columns,
    open_arrived,
    propose_mapping,
    read_arrived,
)
from triage_agent.errors import InputError
from triage_agent.models import split_text

ASKED = "What is your biggest problem?"
MAPPING = FormMapping(mapping_version=1, problem_column=(ASKED,), company_column="Company")


def one(**answers):
    return open_arrived(json.dumps({ASKED: "Orders are typed by hand", **answers}))


@pytest.mark.parametrize(
    "content",
    ['{"rows": [{"a": 1}, {"a": 2}]}', "{}", '{"a": {}, "rows": []}', '{"rows": [1, 2]}', "[]"],
)
def test_what_is_not_one_form_is_refused(content):
    with pytest.raises(InputError):
        open_arrived(content)


def test_a_question_without_an_answer_is_a_column_too():
    table = open_arrived(json.dumps({ASKED: "x"}), ["Company", ASKED, "Else"])
    assert table.columns == (ASKED, "Company", "Else")
    assert missing_columns(table, MAPPING) == []


def test_a_column_that_is_missing_counts_as_empty():
    table = one()
    assert missing_columns(table, MAPPING) == ["Company"]
    form = read_arrived(table, MAPPING, split_text)
    assert form.texts == ("Orders are typed by hand",)
    assert form.company == ""


def test_a_column_that_begins_like_those_of_out_is_renamed_as_a_batch_does():
    assert "input triage_label" in one(triage_label="x").columns


def test_a_mapping_is_proposed_unless_nothing_holds_a_problem():
    found = propose_mapping(one(Company="Acme", Revenue="3M"))
    assert (found.problem_column, found.company_column) == ((ASKED,), "Company")
    assert found.revenue_column == "Revenue"
    assert found.columns == (ASKED, "Company", "Revenue")
    assert propose_mapping(open_arrived('{"E-mail": "ann@example.com"}')) is None


def test_texts_that_are_not_split_are_marked_as_holding_several():
    mapping = MAPPING.model_copy(update={"split": False})
    text = "1. Orders are typed by hand\n2. Bills are sent late\n3. Stock is counted twice"
    form = read_arrived(one(**{ASKED: text}), mapping, split_text)
    assert [problem.holds_several for problem in form.problems] == [True]
