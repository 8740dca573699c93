"""JSON as form platforms send it becomes a row for each form and a column for each question."""

import json
import zipfile
from pathlib import Path

import pytest

from triage_agent.errors import InputError
from triage_agent.tables import Row, open_table
from triage_agent.tables.platforms import flat

PROBLEM, REVENUE = "What slows you down most?", "Yearly revenue"
TYPEFORM_ANSWERS = [
    {"field": {"id": "f1", "type": "long_text", "ref": "slow"}, "type": "text", "text": "Leads"},
    {"field": {"id": "f2", "ref": "rev"}, "type": "choice", "choice": {"label": "$1M–$5M"}},
    {"field": {"id": "f3", "ref": "tools"}, "type": "choices", "choices": {"labels": ["A", "B"]}},
    {"field": {"id": "f4", "ref": "team"}, "type": "number", "number": 0},
]
QUESTIONS = [{"id": "f1", "title": PROBLEM, "ref": "slow"}, {"id": "f2", "title": REVENUE}]
JOTFORM_ANSWERS = {
    "1": {"name": "header", "order": "1", "text": "Intake", "type": "control_head"},
    "3": {"name": "who", "order": "2", "text": "Name", "answer": {"first": "Ann", "last": "Lee"}},
    "4": {"name": "p", "order": "3", "text": PROBLEM, "answer": "Leads", "type": "control_textbox"},
    "5": {"name": "tick", "order": "4", "text": "Tools", "answer": {"0": "A", "1": "B"}},
}
TALLY_FIELDS = [
    {"key": "question_a", "label": PROBLEM, "type": "TEXTAREA", "value": "Leads"},
    {
        "key": "question_b",
        "label": REVENUE,
        "type": "MULTIPLE_CHOICE",
        "value": ["o2"],
        "options": [{"id": "o1", "text": "under $1M"}, {"id": "o2", "text": "$1M–$5M"}],
    },
]
DOCUMENTS = {
    "airtable": (
        {"records": [{"id": "rec1", "createdTime": "t", "fields": {PROBLEM: "Leads"}}]},
        {"id": "rec1", "createdTime": "t", PROBLEM: "Leads"},
    ),
    "airtable, the records alone": (
        [{"id": "rec1", "fields": {PROBLEM: "Leads", "Tags": ["a", "b"]}}],
        {"id": "rec1", PROBLEM: "Leads", "Tags": ["a", "b"]},
    ),
    "typeform": (
        {
            "total_items": 1,
            "page_count": 1,
            "items": [{"token": "t", "hidden": {"from": "ad"}, "answers": TYPEFORM_ANSWERS}],
        },
        {
            "token": "t",
            "hidden.from": "ad",
            "slow": "Leads",
            "rev": "$1M–$5M",
            "tools": ["A", "B"],
            "team": 0,
        },
    ),
    "typeform's webhook": (
        {
            "event_id": "e",
            "form_response": {
                "token": "t",
                "definition": {"fields": QUESTIONS},
                "answers": TYPEFORM_ANSWERS[:2],
            },
        },
        {"event_id": "e", "token": "t", PROBLEM: "Leads", REVENUE: "$1M–$5M"},
    ),
    "tally's webhook": (
        {"eventType": "FORM_RESPONSE", "data": {"responseId": "r", "fields": TALLY_FIELDS}},
        {"eventType": "FORM_RESPONSE", "responseId": "r", PROBLEM: "Leads", REVENUE: "$1M–$5M"},
    ),
    "tally": (
        {
            "page": 1,
            "questions": QUESTIONS,
            "submissions": [{"id": "s", "responses": [{"questionId": "f1", "answer": "Leads"}]}],
        },
        {"id": "s", PROBLEM: "Leads"},
    ),
    "jotform": (
        {"responseCode": 200, "content": [{"id": "5", "answers": JOTFORM_ANSWERS}]},
        {"id": "5", "Intake": None, "Name": "Ann Lee", PROBLEM: "Leads", "Tools": "A B"},
    ),
    "google forms": (
        {
            "responses": [
                {
                    "responseId": "r",
                    "answers": {
                        "5a": {"questionId": "5a", "textAnswers": {"answers": [{"value": "Leads"}]}}
                    },
                }
            ]
        },
        {"responseId": "r", "5a": "Leads"},
    ),
    "a wrapper that nobody knows": (
        {"meta": {"page": 1}, "export": {"leads": [{"who": {"name": "Ann"}, "problem": "Leads"}]}},
        {"who.name": "Ann", "problem": "Leads"},
    ),
}


@pytest.mark.parametrize(("document", "values"), DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "indented"])
def test_an_export_is_a_row_for_each_form(tmp_path, document, values, indent):
    path = tmp_path / "forms.json"
    path.write_text(json.dumps(document, indent=indent), "utf-8")
    assert [row.values for row in open_table(path).rows()] == [values]


def test_forms_on_a_line_each_are_flattened_too(tmp_path):
    path = tmp_path / "forms.jsonl"
    path.write_text('{"who": {"name": "Ann"}, "problem": "Leads"}\n' * 2)
    rows = list(open_table(path).rows())
    assert rows == [Row(n, {"who.name": "Ann", "problem": "Leads"}) for n in (1, 2)]


def test_where_the_forms_were_found_is_said(tmp_path):
    path = tmp_path / "forms.json"
    path.write_text('{"records": [{"id": "1", "fields": {"Problem": "Leads"}}]}')
    assert open_table(path).notes == ("In the JSON object the forms are under 'records'.",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": [{"x": 1}],\n"b": [{"x": 1}]}', r"several lists: 'a' \(1\), 'b' \(1\)"),
        ('{"a": [1,\n2]}', "does not hold an array of objects"),
        ('{"records": [{"id": 1}', r"not valid JSON \(line 1, column 23\)"),
    ],
)
def test_a_document_without_one_list_of_forms_says_what_it_holds(tmp_path, text, message):
    path = tmp_path / "forms.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        open_table(path)


def test_no_value_is_lost_when_two_columns_would_have_one_name():
    assert flat({"a": {"b": 1}, "a.b": 2}) == {"a.b": 1, "a.b (2)": 2}


ODS_ROWS = (
    "<table:table-row><table:table-cell office:value-type='string'><text:p>{}</text:p>"
    "</table:table-cell><table:table-cell office:value-type='{}' office:{}><text:p>x</text:p>"
    "</table:table-cell></table:table-row>"
)
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)


def ods(path: Path, rows: str) -> Path:
    """Write an OpenDocument sheet with these rows."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content {SPACES}><office:body><office:spreadsheet>"
            f"<table:table table:name='Forms'>{rows}</table:table>"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def test_an_opendocument_sheet_is_read_like_a_workbook(tmp_path):
    header = ODS_ROWS.format("problem", "string", "x='1'").replace("<text:p>x", "<text:p>when")
    row = ODS_ROWS.format("Leads get lost", "date", "date-value='2026-05-01'")
    table = open_table(ods(tmp_path / "forms.ods", header + row))
    assert (table.format, table.sheet, table.columns) == ("ods", "Forms", ("problem", "when"))
    assert list(table.rows()) == [Row(2, {"problem": "Leads get lost", "when": "2026-05-01"})]


def test_a_sheet_full_of_one_cell_is_refused_before_it_is_unpacked(tmp_path):
    many = (
        "<table:table-row table:number-rows-repeated='1048576'><table:table-cell "
        "table:number-columns-repeated='16384' office:value-type='string'><text:p>x</text:p>"
        "</table:table-cell></table:table-row>"
    )
    with pytest.raises(InputError, match="more than 10,000,000 cells"):
        open_table(ods(tmp_path / "forms.ods", many))


def test_a_workbook_of_excel_97_is_read(exports):
    table = open_table(exports / "forms.xls")
    assert table.format == "xls"
    assert [(row.number, *row.values.values()) for row in table.rows()] == [
        (2, "Leads get lost because nobody calls back", "2026-05-01", 3000000),
        (3, "Stock is wrong", "2026-05-02", None),
    ]


@pytest.fixture
def exports():
    """Return the folder of made-up exports."""
    return Path(__file__).parents[1] / "support" / "exports"
