"""The report as a PDF: offered where it can be made, to those who may read the report."""

import sys

import anyio
import pytest

from support.inbox_desk import AUTOMATE, desk_at
from triage_agent.web.engine import TooBusyError
from triage_agent.web.printing import MOST_WAITING, Printer


@pytest.fixture
def made(monkeypatch):
    """A stand-in for the library, which is an extra; the pages of which PDFs were asked for."""
    pages = []
    monkeypatch.setattr("triage_agent.web.printing.check_pdf", lambda: None)
    monkeypatch.setattr(
        "triage_agent.web.printing.as_pdf", lambda page: pages.append(page) or b"%PDF-1.7 made"
    )
    return pages


def test_without_the_extra_no_page_leads_to_a_pdf_and_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with desk_at(tmp_path / "data") as desk:
        desk.welcome()
        path = desk.owner(AUTOMATE)
        assert "report.pdf" not in desk.get(f"{path}/verdict").text + desk.get("/inbox/1").text
        assert desk.get(f"{path}/report.pdf").status_code == 404
        assert desk.get("/inbox/1/report.pdf").status_code == 404


def test_with_it_the_result_leads_to_the_report_as_pdf(tmp_path, made):
    with desk_at(tmp_path / "data") as desk:
        path = desk.owner(AUTOMATE, company="Acme & Söhne")
        assert f'href="{path}/report.pdf"' in desk.get(f"{path}/verdict").text
        sent = desk.get(f"{path}/report.pdf")
        assert sent.headers["content-type"] == "application/pdf"
        assert sent.headers["content-disposition"] == 'attachment; filename="report.pdf"'
        assert sent.headers["cache-control"] == "no-store"
        assert sent.content == b"%PDF-1.7 made"
        assert made == [desk.get(f"{path}/report").text]


def test_an_owner_who_is_not_done_is_sent_on_and_a_stranger_finds_none(tmp_path, made):
    with desk_at(tmp_path / "data") as desk:
        form = {"text": AUTOMATE, "agree": "yes", "once": "x" * 30}
        path = desk.client.post("/", data=form).url.path
        sent = desk.client.get(f"{path}/report.pdf", follow_redirects=False)
        assert (sent.status_code, sent.headers["location"]) == (303, path)
        assert desk.get("/t/nobody/report.pdf").status_code == 404
        assert made == []


def test_an_adviser_gets_it_from_the_inbox_and_nobody_else(tmp_path, made):
    with desk_at(tmp_path / "data") as desk:
        desk.owner(AUTOMATE)
        away = desk.client.get("/inbox/1/report.pdf", follow_redirects=False)
        assert (away.status_code, made) == (303, [])
        desk.welcome()
        assert 'href="/inbox/1/report.pdf"' in desk.get("/inbox/1").text
        assert desk.get("/inbox/1/report.pdf").content == b"%PDF-1.7 made"


def test_before_a_blind_check_is_answered_there_is_no_pdf(tmp_path, made):
    with desk_at(tmp_path / "data", check_every=1) as desk:
        desk.owner(AUTOMATE)
        desk.welcome()
        assert desk.get("/inbox/1/report.pdf").status_code == 404
        assert made == []


def test_more_than_may_wait_are_asked_to_come_again(monkeypatch, made):
    async def main():
        printer, go_on, answers = Printer(), anyio.Event(), []

        async def held(_work, _page):
            await go_on.wait()
            return b"%PDF"

        monkeypatch.setattr("triage_agent.web.printing.anyio.to_thread.run_sync", held)

        async def ask():
            answers.append(await printer.pdf("page"))

        async with anyio.create_task_group() as tasks:
            for _ in range(MOST_WAITING + 1):
                tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(TooBusyError):
                await printer.pdf("page")
            go_on.set()
        assert len(answers) == MOST_WAITING + 1

    anyio.run(main)


def test_the_pdf_of_a_result_is_one(tmp_path):
    pytest.importorskip("weasyprint")
    with desk_at(tmp_path / "data") as desk:
        path = desk.owner(f"{AUTOMATE}\n- نحن نكتب الفواتير باليد 🍰")
        assert desk.get(f"{path}/report.pdf").content.startswith(b"%PDF-")
