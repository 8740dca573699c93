"""A revenue in a workbook whose number format shows a currency or a scale."""

from datetime import date

import openpyxl
import pytest

from triage_agent.batch.request import BatchRequest
from triage_agent.batch.run import run_batch
from triage_agent.tables import read_back


def answered(tmp_path, name, cells, **fields):
    book, lines = openpyxl.Workbook(), []
    book.active.append(["Submitted", "Biggest problem", name])
    for value, code in cells:
        book.active.append([date(2026, 5, 1), "Invoices are typed in by hand every week", value])
        book.active.cell(book.active.max_row, 3).number_format = code
    forms, out = tmp_path / "forms.xlsx", tmp_path / "out.jsonl"
    book.save(forms)
    run_batch(BatchRequest(forms, out, **fields), lines.append)
    return [row["triage_recommendation"] for row in read_back(out)], "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "value", "code", "recommendation"),
    [
        ("Revenue", 200_000_000, "[$₹-4009] #,##0", "fractional-ai-officer"),
        ("Revenue", 60_000_000, "#,##0 [$JPY]", "do-it-yourself"),
        ("Revenue", 3_000_000, '_-* #,##0 "€"_-;-* #,##0 "€"_-', "fractional-ai-officer"),
        ("Revenue", 3_000, '#,##0" T€"', "fractional-ai-officer"),
        ("Revenue", 30, '0.0"M"', "full-time-ai-lead"),
        ("Revenue (thousands)", 900_000, "#,##0,", "do-it-yourself"),
        ("Revenue (thousands)", 900, "#,##0", "do-it-yourself"),
        ("Monthly revenue", 300_000, '#,##0,"k"', "fractional-ai-officer"),
        ("Revenue", 30_000_000, '"$"#,##0;[Red]("$"#,##0)', "full-time-ai-lead"),
    ],
)
def test_what_the_number_format_shows_is_applied(tmp_path, name, value, code, recommendation):
    assert answered(tmp_path, name, [(value, code)])[0] == [recommendation]


def test_several_number_formats_make_it_unknown_and_an_option_decides(tmp_path):
    cells = [(30_000_000, '#,##0 "€"'), (30_000_000, "#,##0")]
    found, lines = answered(tmp_path, "Revenue", cells)
    assert found == ["fractional-ai-officer"] * 2  # unknown counts so
    assert "several number formats ('€' and none)" in lines
    assert answered(tmp_path, "Revenue", cells, revenue_unit="EUR")[0] == ["full-time-ai-lead"] * 2
