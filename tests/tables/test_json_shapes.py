"""JSON whose rows or texts have another shape than a list of plain objects."""

import io
import json

import pytest

from triage_agent.errors import InputError
from triage_agent.tables import TableOptions, open_table


def rows_of(document):
    table = open_table(io.BytesIO(json.dumps(document).encode()), TableOptions(format="json"))
    return [row.values for row in table.rows()]


PAIN = [{"Pain": "Leads", "Firm": "Pine"}, {"Pain": "Stock", "Firm": "Oak"}]


@pytest.mark.parametrize(
    "document",
    [
        {"Pain": ["Leads", "Stock"], "Firm": ["Pine", "Oak"]},
        {"columns": ["Pain", "Firm"], "data": [["Leads", "Pine"], ["Stock", "Oak"]]},
        {"info": {"cols": [{"name": "Pain"}, {"name": "Firm"}]},
         "rows": [["Leads", "Pine"], ["Stock", "Oak"]]},
        {"a1": {"Pain": "Leads", "Firm": "Pine"}, "b2": {"Pain": "Stock", "Firm": "Oak"}},
    ],
    ids=["columns side by side", "names and lists", "described columns", "an object of objects"],
)  # fmt: skip
def test_rows_are_found_in_other_shapes(document):
    assert rows_of(document) == PAIN


def test_an_object_of_plain_values_is_one_form():
    document = {"Firm": "Pine", "Pains": ["Leads", "Stock"]}
    assert rows_of(document) == [document]


@pytest.mark.parametrize("document", [{}, {"a": [1, 2]}, {"a": 1}])
def test_an_object_without_words_is_refused(document):
    with pytest.raises(InputError, match="does not hold an array of objects"):
        rows_of(document)


def test_an_array_of_texts_is_a_table_of_one_column():
    assert rows_of(["Leads are lost", "Stock is wrong"]) == [
        {"text": "Leads are lost"}, {"text": "Stock is wrong"},
    ]  # fmt: skip


DOCUMENT = {
    "type": "doc",
    "version": 1,
    "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "Stock is "},
                                          {"type": "text", "text": "wrong"}]},
        {"type": "bulletList", "content": [{"type": "listItem", "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": "each week"}]}]}]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (DOCUMENT, "Stock is wrong\neach week"),
        ({"id": "p", "type": "rich_text", "rich_text": [{"plain_text": "Stock "},
                                                       {"plain_text": "is wrong"}]},
         "Stock is wrong"),
        ({"type": "rich_text", "rich_text": []}, None),
        ({"type": "select", "select": {"name": "Retail", "color": "red"}}, "Retail"),
        ({"type": "multi_select", "multi_select": [{"name": "A"}, {"name": "B"}]}, ["A", "B"]),
        ({"type": "number", "number": 7}, 7),
    ],
)  # fmt: skip
def test_texts_are_unwrapped(value, cell):
    assert rows_of([{"fields": {"Pain": value}, "n": 1}]) == [{"fields.Pain": cell, "n": 1}]


def test_questions_on_pages_become_columns():
    pages = [
        {"id": "1", "questions": [
            {"id": "q1", "heading": "What is slow?",
             "answers": [{"text": "Invoices"}, {"row_id": "2", "text": "Stock"}]}]},
        {"id": "2", "questions": [{"id": "q2", "answers": [{"simple_text": "$2M"}]},
                                  {"id": "q3", "answers": []}]},
    ]  # fmt: skip
    assert rows_of({"data": [{"id": "a", "pages": pages}]}) == [
        {"id": "a", "What is slow?": ["Invoices", "Stock"], "q2": "$2M", "q3": None}
    ]
