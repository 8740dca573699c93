"""The pages of a batch in a browser, on a phone's screen."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from support.forms_out import answer_forms
from triage_agent.batch.pages import WantedPages

pytestmark = pytest.mark.browser

LONG = "Müller-Thurgauische-Gebäudereinigungsgesellschaft"
FORMS = f"Company,problem\nAcme,orders are typed by hand\n{LONG} and Sons,a vague thing\n"


@pytest.mark.parametrize("page", ["pages/index.html", "summary.html"])
def test_no_page_of_a_batch_is_wider_than_a_phone(page, browser, tmp_path):
    (tmp_path / "in.csv").write_text(FORMS, "utf-8")
    wanted = WantedPages(tmp_path / "pages", tmp_path / "summary.html")
    with ThreadPoolExecutor() as thread:  # the browser has this one's event loop
        forms, out = tmp_path / "in.csv", tmp_path / "out.csv"
        thread.submit(answer_forms, forms, out, pages=wanted).result()
    with closing(browser.new_page(viewport={"width": 400, "height": 800})) as shown:
        shown.goto((tmp_path / page).as_uri())
        assert shown.evaluate("document.documentElement.scrollWidth") == 400
        assert shown.get_by_text(LONG).first.is_visible()
