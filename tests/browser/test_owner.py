"""An owner in a real browser: from a paste to the report, and away again."""

import pytest

from support.browsing import GO_ON, THREE, TIE, answer, begin, faults, fits

pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip group browser")

pytestmark = pytest.mark.browser
PAGES = ("/", "/quiz", "/roles", "/situations", "/red-flags", "/returns")


@pytest.mark.view(scripts=False)
def test_from_a_paste_to_the_report_with_scripting_off(page, address):
    begin(page, address, THREE)
    assert page.inner_text("h1") == "I read three problems. Is that right?"
    answer(page)
    assert page.inner_text("h1") == "Hire a fractional AI officer."
    page.get_by_role("link", name="The whole report").click()
    assert page.inner_text("h1").startswith("Hire a fractional AI officer.")
    assert "Advice for Acme & Sons" in page.inner_text("main")


def test_a_tie_asks_the_quiz_and_back_shows_what_was_chosen(page, address):
    begin(page, address, TIE)
    answer(page)
    assert "0 of 8 answered" in page.inner_text("main")
    page.locator("input[type=radio]").nth(2).check()
    page.click(GO_ON)
    page.get_by_role("button", name="Back").click()
    assert page.locator("input[type=radio]").nth(2).is_checked()
    for _ in range(8):
        page.locator("input[type=radio]").nth(2).check()
        page.click(GO_ON)
    assert page.url.endswith("/verdict")


def test_delete_my_answers_and_the_link_is_dead(page, address):
    begin(page, address, THREE)
    answer(page)
    link = page.url
    page.get_by_role("link", name="Delete my answers").click()
    page.get_by_role("button", name="Yes, delete everything").click()
    assert page.inner_text("h1") == "Deleted"
    page.goto(link)
    assert page.inner_text("h1") == "There is no such page"


def test_the_keyboard_alone_leads_to_the_verdict(page, address):
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_label("What are the three biggest problems").focus()
    page.keyboard.type("Leads get lost every week")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What is your company called?").wait_for()
    page.get_by_label("What is your company called?").focus()
    page.keyboard.type("Acme")
    page.keyboard.press("Enter")
    for asked in ("What is the yearly revenue", "Do you sell, or are you building"):
        page.get_by_role("heading", name=asked).wait_for()
        page.locator("input[type=radio]").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    page.wait_for_url("**/verdict")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "_",
    [
        pytest.param(0, marks=pytest.mark.view(width=320)),
        pytest.param(1, marks=pytest.mark.view(width=1400, dark=True)),
    ],
    ids=["320", "1400 dark"],
)
def test_a_page_fits_and_axe_finds_nothing(page, address, path, _):
    page.goto(address + path)
    assert fits(page)
    assert faults(page) == []


@pytest.mark.view(width=320)
def test_each_page_of_a_conversation_fits_and_axe_finds_nothing(page, address):
    begin(page, address, TIE)
    seen = 0
    while not page.url.endswith("/verdict"):
        assert fits(page)
        assert faults(page) == []
        if page.locator("input[type=radio]").count():
            page.locator("input[type=radio]").nth(1).check()
        page.click(GO_ON)
        seen += 1
    assert seen == 12
    assert fits(page)
    assert faults(page) == []


@pytest.mark.view(width=320)
def test_a_result_of_the_quiz_and_of_the_flags_fits_and_axe_finds_nothing(page, address):
    page.goto(f"{address}/quiz")
    for one in page.locator("fieldset").all():
        one.locator("input").nth(1).check()
    page.get_by_role("button", name="Show my result").click()
    assert "33 of 100" in page.inner_text("main")
    assert fits(page)
    assert faults(page) == []
    page.goto(f"{address}/red-flags?role=fractional-cto")
    for one in page.locator("fieldset").all():
        one.locator("input").first.check()
    page.get_by_role("button", name="Show what it means").click()
    assert "doing the job of the other role" in page.inner_text("main")
    assert fits(page)
    assert faults(page) == []
