"""Whole exports of our own making, in layouts and languages as people have them."""

import json
import tomllib
from pathlib import Path

import pytest

from triage_agent.batch.form import read_form
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.understanding import understand, wish_of
from triage_agent.errors import InputError
from triage_agent.tables import TableOptions

EXPORTS = {
    one["name"]: one
    for one in tomllib.loads(Path(__file__).with_name("exports.toml").read_text("utf-8"))["export"]
}


def read(path):
    """Return the columns of a file, its forms, and what was reported."""
    wish = wish_of(
        path, TableOptions(), Columns(), usd_rate=None, split=None, max_problems=None,
        quiz_scale=None, mapping=None,
    )  # fmt: skip
    notes = []
    table, reading = understand(wish, notes.append, labels_only=False)
    return reading.columns, [read_form(row, reading) for row in table.rows()], notes


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read_without_options(name, tmp_path):
    export = EXPORTS[name]
    path = tmp_path / "export.csv"
    path.write_text(export["text"], encoding="utf-8")
    columns, forms, _ = read(path)
    assert [*columns.problems] == export["problems"]
    assert columns.company == export.get("company")
    assert columns.revenue == export.get("revenue")
    assert [form.profile.revenue.band.value for form in forms] == export["bands"]


def test_ids_of_customers_are_no_names_and_that_is_said(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(EXPORTS["only a number of the customer"]["text"], encoding="utf-8")
    _, _, notes = read(path)
    assert (
        "No business is called as 'Client' says, which holds ids. Name the column with the names "
        "if there is one: --company-column."
    ) in notes


BOARD = {
    "id": "5f1",
    "name": "Discovery calls",
    "lists": [{"id": "l1", "name": "To call"}, {"id": "l2", "name": "Called"}],
    "actions": [{"type": "commentCard", "data": {"text": "We will call them"}}],
    "customFields": [
        {"id": "f1", "name": "Turnover", "type": "text"},
        {"id": "f2", "name": "Region", "type": "list",
         "options": [{"id": "o1", "value": {"text": "North"}}]},
    ],
    "cards": [
        {"id": "c1", "name": "Alder Bakery", "idList": "l2", "closed": False,
         "desc": "Orders are typed from e-mails every single morning", "labels": [{"name": "new"}],
         "customFieldItems": [{"idCustomField": "f1", "value": {"text": "$700k"}},
                              {"idCustomField": "f2", "idValue": "o1", "value": None}]},
        {"id": "c2", "name": "Birch Dental", "idList": "l1", "closed": False,
         "desc": "Recalls are forgotten because nobody owns the list", "labels": [],
         "customFieldItems": []},
    ],
}  # fmt: skip


def test_the_cards_of_a_board_are_the_forms(tmp_path):
    path = tmp_path / "board.json"
    path.write_text(json.dumps(BOARD), encoding="utf-8")
    columns, forms, notes = read(path)
    assert (columns.problems, columns.revenue) == (("desc",), "Turnover")
    assert [form.texts for form in forms] == [(card["desc"],) for card in BOARD["cards"]]
    assert [form.profile.revenue.band.value for form in forms] == ["under-1m", "unknown"]
    assert any("the forms are under 'cards'" in note for note in notes)


def test_a_unit_under_the_header_is_applied_and_no_form(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "Firm,Problem,Turnover\n,in a sentence,in $k\nAlder,Orders are typed from e-mails,850\n"
        'Birch,Recalls are forgotten each week,"2,300"\n',
        encoding="utf-8",
    )
    _, forms, notes = read(path)
    assert [str(form.profile.revenue) for form in forms] == ["at least $0", "$850K", "$2.3M"]
    assert [form.no_form is None for form in forms] == [False, True, True]
    assert (
        "A row under the header gives the unit of 'Turnover', 'in $k', which is applied." in notes
    )


def test_the_rows_of_a_longer_table_beside_are_no_forms(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "Firm,Problem,,Vendor,Complaint about the vendor\n"
        "Alder,Orders are typed from e-mails,,Voss,They deliver the boxes too late every week\n"
        ",,,Lind,Their invoices never fit what was ordered\n",
        encoding="utf-8",
    )
    columns, forms, notes = read(path)
    assert columns.problems == ("Problem",)
    assert [form.no_form for form in forms] == [None, "only the table beside"]
    assert any(note.startswith("Another table stands beside") for note in notes)


def test_what_stands_on_both_sides_of_an_empty_column_is_doubted(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "Firm,Problem,,Vendor,Complaint about the vendor\n"
        "Alder,Orders are typed from e-mails,,Voss,They deliver the boxes too late every week\n"
        "Birch,Recalls are forgotten each week,,Lind,Their invoices never fit what was ordered\n",
        encoding="utf-8",
    )
    assert any(note.startswith("Careful: 'column_3' is empty") for note in read(path)[2])


def test_the_currency_that_nothing_names_is_said(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "Firma;Problem;Umsatz\nMoser;Angebote schreiben wir abends von Hand;2,4 Mio\n"
        "Lamm;Reservierungen gehen jede Woche verloren;600 Tsd\n",
        encoding="utf-8",
    )
    assert (
        "Where an amount in 'Umsatz' names no currency, it is read as US dollars. If it is "
        'another, say so, like --revenue-unit "EUR".'
    ) in read(path)[2]


def test_several_names_of_a_business_are_none_and_that_is_said(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "Company,Organisation,Problem\nAlder,Alder Group,Orders are typed from e-mails\n"
        "Birch,Birch Group,Recalls are forgotten each week\n",
        encoding="utf-8",
    )
    columns, _, notes = read(path)
    assert columns.company is None
    assert (
        "Several columns may name the business, and none is taken for it: 'Company', "
        "'Organisation' (--company-column)."
    ) in notes


@pytest.mark.parametrize(
    ("names", "company"),
    [
        (("Reed Dental", "Baker & Sons", "Moss Ltd"), "Name"),
        (("Ann Reed", "Tom Baker", "Mia Moss"), None),
        (("Fix the print shop", "Move the bar list", "Law school forms"), None),
    ],
)
def test_a_mere_name_is_that_of_a_business_only_if_it_is_written_so(names, company, tmp_path):
    path = tmp_path / "export.csv"
    texts = ("Orders are typed from e-mails", "Recalls are forgotten", "The site is out of date")
    rows = [f"{name},{text}" for name, text in zip(names, texts, strict=True)]
    path.write_text("\n".join(["Name,Problem", *rows]), encoding="utf-8")
    assert read(path)[0].company == company


UNSURE = {
    "German, nothing asks for a problem": (
        "Firma;Ziele für 2027;Vorstellung des Betriebs\n"
        "Moser;Wir wollen zwei neue Läden in der Stadt eröffnen;Ein Betrieb mit neun Leuten\n"
        "Lamm;Unser Gasthof soll am Sonntag geschlossen bleiben;Ein Haus am See mit Garten\n"
        "Huber;Der Sohn soll die Leitung bald ganz übernehmen;Wir verkaufen Brillen seit 1950\n"
    ),
    "two texts and no word for either": (
        "Firm,Part A,Part B\n"
        "Alder,Orders are typed from e-mails each morning,We tried a plug-in for the mail\n"
        "Birch,Recalls are forgotten by all of us,The old list was moved to a new sheet\n"
        "Cedar,Our site shows rooms that were sold,The agency wants to look at it again\n"
    ),
    "a question that nothing knows beside remarks": (
        "Firm,What would be different in a perfect week?,Remarks\n"
        "Alder,Orders are not typed from e-mails each morning,She was late for the call today\n"
        "Birch,Recalls are not forgotten by all of us,He has two other practices in town\n"
        "Cedar,Our site shows the rooms that are free,They found us at the fair in May\n"
    ),
    "only what was done": (
        "Firm,Measures taken,Status\n"
        "Alder,We told them to use the new form instead,open\n"
        "Birch,We sent them a list of all the systems,closed\n"
        "Cedar,We asked the agency to look at the site,open\n"
    ),
}


@pytest.mark.parametrize("name", UNSURE)
def test_where_nothing_decides_the_option_is_named(name, tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(UNSURE[name], encoding="utf-8")
    with pytest.raises(InputError, match="--problem-column"):
        read(path)
