"""A report as a PDF: what is said without the extra, and what it holds with it."""

import sys

import pytest

from support.businesses import BUSINESSES, decision_of
from triage_agent.advice.plan import advice_for
from triage_agent.errors import SettingsError
from triage_agent.reports.files import check_report, write_report
from triage_agent.reports.letterhead import Letterhead
from triage_agent.reports.pdf import _only_data
from triage_agent.settings import Adviser

DOT = (  # a picture of one point
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


@pytest.fixture
def advice():
    rows, *business = BUSINESSES["both"]
    return advice_for(rows, decision_of(rows, *business))


def test_without_the_extra_the_line_that_installs_it_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(SettingsError, match=r"pip install 'triage-agent\[pdf\]'"):
        check_report(tmp_path / "report.pdf")
    check_report(tmp_path / "report.html")


def test_without_the_librarys_own_library_that_is_said(tmp_path, monkeypatch):
    class Missing:
        def find_spec(self, name, *_):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(SettingsError, match="brew install pango"):
        check_report(tmp_path / "report.pdf")


def test_a_report_that_ends_in_pdf_is_one_and_asks_for_nothing_from_outside(tmp_path, advice):
    pytest.importorskip("weasyprint")
    write_report(tmp_path / "report.pdf", advice, Letterhead("Müller & Söhne"))
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("address", ["https://example.org/a.png", "file:///etc/passwd"])
def test_a_page_can_load_nothing_into_its_pdf(address):
    pytest.importorskip("weasyprint")
    with pytest.raises(ValueError, match="disallowed protocol"):
        _only_data().fetch(address)


def test_the_logo_of_the_adviser_is_in_the_pdf(tmp_path, advice):
    pytest.importorskip("weasyprint")
    sizes = []
    for logo in ("", f"data:image/png;base64,{DOT}"):
        write_report(tmp_path / "r.pdf", advice, Letterhead("A", None, Adviser("Ann", logo)))
        sizes.append((tmp_path / "r.pdf").read_bytes().count(b"/Image"))
    assert sizes[1] > sizes[0]
