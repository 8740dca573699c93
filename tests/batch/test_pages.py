"""The pages of a batch: their names, their index, and what a review makes of them."""

import json
from dataclasses import replace
from datetime import date

import pytest

from support.forms_out import answer_forms
from triage_agent.advice import Profile
from triage_agent.batch.apply_reviews import apply_to_out
from triage_agent.batch.form import Form
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.page_names import PageNames
from triage_agent.batch.pages import WantedPages
from triage_agent.batch.read_output import how_to_read, read_out
from triage_agent.batch.renewed_pages import rewrite_pages
from triage_agent.batch.reviews import Review, text_key
from triage_agent.batch.write_output import run_path
from triage_agent.reports.letterhead import Letterhead
from triage_agent.settings import Adviser

HEAD = Letterhead("", date(2026, 11, 9), Adviser("Ann Ray", colour="#aa3311"))
FORMS = (
    "Client,problem\n"
    "Müller & Söhne,orders are typed by hand\n"
    "Acme,a vague thing\n"
    "acme!,build an app\n"
)
CLIENT = Form(7, "7", (), Profile(), None, None, ())


@pytest.mark.parametrize(
    ("names", "pages"),
    [
        (["Acme Dental", "Beta"], ["acme-dental", "beta"]),
        (["Acme", "ACME!", "acme"], ["acme", "acme-row-3", "acme-row-4"]),
        (["Acme", "Acme", "Acme row 3"], ["acme", "acme-row-3", "acme-row-3-row-4"]),
        (["index", "con", ""], ["index-row-2", "con-", "row-4"]),
        (["../../etc/passwd", "a\\b:c*?", "…"], ["etc-passwd", "a-b-c", "row-4"]),
        (["商店", "Žižkov", "x" * 300], ["商店", "žižkov", "x" * 40]),
    ],
)
def test_a_page_is_named_after_the_business_safely_and_once(names, pages):
    given = PageNames()
    forms = [replace(CLIENT, number=row, id=str(row), company=name) for row, name in
             enumerate(names, start=2)]  # fmt: skip
    assert [given.name(form) for form in forms] == pages


@pytest.fixture
def batch(tmp_path):
    (tmp_path / "in.csv").write_text(FORMS, "utf-8")
    out = tmp_path / "out.csv"
    wanted = WantedPages(tmp_path / "pages", tmp_path / "summary.html", letterhead=HEAD)
    answer_forms(tmp_path / "in.csv", out, pages=wanted)
    return out


def test_a_page_names_its_client_its_date_and_who_made_it(batch):
    page = (batch.parent / "pages" / "müller-söhne.html").read_text("utf-8")
    assert "Advice for Müller &amp; Söhne · 9 November 2026" in page
    assert "Ann Ray" in page
    assert "border-color: #aa3311" in page


def test_the_index_and_the_summary_list_every_business_with_a_link(batch):
    index = (batch.parent / "pages" / "index.html").read_text("utf-8")
    summary = (batch.parent / "summary.html").read_text("utf-8")
    for name in ("m%C3%BCller-s%C3%B6hne", "acme", "acme-row-4"):
        assert f'<a href="{name}.html">' in index
        assert f'<a href="pages/{name}.html">' in summary
    assert "Hire a fractional AI officer." in index


def test_without_pages_the_summary_lists_the_businesses_without_links(tmp_path):
    (tmp_path / "in.csv").write_text(FORMS, "utf-8")
    summary = tmp_path / "summary.html"
    answer_forms(tmp_path / "in.csv", tmp_path / "out.csv", pages=WantedPages(None, summary))
    assert '<th scope="row">acme!</th>' in summary.read_text("utf-8")
    assert "<a " not in summary.read_text("utf-8")


def answered(out):
    """Answer the vague problem of Acme, and return what was applied."""
    reading = how_to_read(out)
    (vague,) = [row for row in read_out(out, reading) if row.form.company == "Acme"]
    text = vague.results[0].text
    review = Review(
        row=3,
        problem=1,
        id="3",
        text_sha256=text_key(text),
        label="build-software",
        outcome="classified",
        at="2026-01-01T00:00:00+00:00",
    )
    return reading, apply_to_out(out, reading, {review.text_sha256: review})


def test_after_an_answer_just_the_pages_that_no_longer_hold_are_written_again(batch):
    folder = batch.parent / "pages"
    before = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    reading, applied = answered(batch)
    rewritten = rewrite_pages(batch, reading, applied.businesses, HEAD)
    after = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert rewritten.pages == ("acme.html",)
    assert any("acme.html" in line for line in rewritten.lines)
    assert {name for name in after if after[name] != before[name]} == {"acme.html", "index.html"}
    assert "Hire a fractional CTO." in after["acme.html"]
    summary = (batch.parent / "summary.html").read_text("utf-8")
    assert "<dt>problems to look at</dt><dd>0</dd>" in summary
    assert "words, words-1" in summary  # how it was made is said as before


def test_a_page_written_again_is_the_page_that_a_new_run_writes(batch):
    reading, applied = answered(batch)
    rewrite_pages(batch, reading, [*applied.businesses, "row 2", "row 4"], HEAD)
    again = {p.name: p.read_text("utf-8") for p in (batch.parent / "pages").iterdir()}
    (batch.parent / "out.csv.reviews.jsonl").write_text("")
    wanted = WantedPages(batch.parent / "new", letterhead=HEAD)
    answer_forms(batch.parent / "in.csv", batch.parent / "new.csv", pages=wanted)
    for name in ("müller-söhne.html", "acme-row-4.html"):
        assert (batch.parent / "new" / name).read_text("utf-8") == again[name]


@pytest.mark.parametrize("named", ["reports", "report"])
def test_a_file_that_is_no_page_of_ours_is_never_written_over(batch, named):
    """OUT and its record may have come from somebody else, and name any file of this machine."""
    mine = batch.parent / "mine"
    mine.mkdir()
    for name in ("index.html", "acme.html"):
        (mine / name).write_text("my own page")
    record = json.loads(run_path(batch).read_text("utf-8"))
    record["pages"] = {named: "mine" if named == "reports" else "mine/acme.html"}
    run_path(batch).write_text(json.dumps(record))
    reading, applied = answered(batch)
    assert rewrite_pages(batch, reading, applied.businesses, HEAD).pages == ()
    assert {path.read_text() for path in mine.iterdir()} == {"my own page"}


def test_pages_of_clients_that_left_are_named_and_stay(tmp_path):
    forms, pages = tmp_path / "in.csv", WantedPages(tmp_path / "pages")
    head = "Company,Problem,Revenue\n"
    forms.write_text(f"{head}Acme,orders are typed,3M\nBeta,build an app,3M\n", "utf-8")
    lines = answer_forms(forms, tmp_path / "out.csv", pages=pages)
    assert "earlier run" not in "\n".join(lines)
    (pages.folder / "mine.html").write_text("my own", "utf-8")
    forms.write_text(f"{head}Acme,orders are typed,3M\n", "utf-8")
    (line,) = [
        line
        for line in answer_forms(forms, tmp_path / "out2.csv", pages=pages)
        if "earlier run" in line
    ]
    assert "1 page of an earlier run is still in" in line
    assert "beta.html" in line
    assert "mine.html" not in line
    assert sorted(path.name for path in pages.folder.iterdir()) == [
        "acme.html",
        "beta.html",
        "index.html",
        "mine.html",
    ]


def test_a_business_grouped_by_an_address_is_called_by_its_name_everywhere(tmp_path):
    (tmp_path / "in.csv").write_text(
        "Email,Company,problem\nmara@x.com,,orders are typed by hand\n"
        "mara@x.com,Linton Dental,a vague thing\nMARA@x.com,Linton Dental,build an app\n",
        "utf-8",
    )
    out, folder = tmp_path / "out.csv", tmp_path / "pages"
    wanted = WantedPages(folder, tmp_path / "summary.html", letterhead=HEAD)
    columns = Columns(group_by="Email")
    lines = answer_forms(tmp_path / "in.csv", out, pages=wanted, columns=columns)
    assert "Each business is called as 'Company' says." in lines
    assert sorted(one.name for one in folder.iterdir()) == ["index.html", "linton-dental.html"]
    pages = [*folder.iterdir(), tmp_path / "summary.html"]
    assert "@x.com" not in "".join(page.read_text("utf-8") for page in pages)
    text = next(iter(read_out(out, how_to_read(out)))).results[0].text
    review = Review(
        row=2,
        problem=1,
        id="2",
        text_sha256=text_key(text),
        label="build-software",
        outcome="classified",
        at="2026-01-01T00:00:00+00:00",
    )
    reading = how_to_read(out)
    applied = apply_to_out(out, reading, {review.text_sha256: review})
    assert rewrite_pages(out, reading, applied.businesses, HEAD).pages == ("linton-dental.html",)
