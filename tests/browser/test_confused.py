"""People who are confused, hurried or hostile, in a real browser."""

import sqlite3
from contextlib import closing

import pytest

from browser.conftest import served
from support.browsing import GO_ON, THREE, answer, begin, faults, finish, fits
from support.inbox_desk import NAME, PASSWORD
from triage_agent.web import ServeOptions, first_link

pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip group browser")

pytestmark = pytest.mark.browser
ODD = {
    "one endless word": "a" * 20_000,
    "20,000 characters": "Orders get lost every week because nobody writes them down. " * 330,
    "emoji": "\N{SHORTCAKE} " * 200 + "orders are typed by hand",
    "right to left": "نحن نكتب الفواتير باليد كل يوم وننسى نصفها",
    "an override of direction": "\u202eOrders are typed by hand \u202d every day",
    "markup": "<img src=x onerror=alert(1)> orders </textarea><script>alert(2)</script> are late",
}


def kept(folder):
    """Return how many submissions a server keeps."""
    with closing(sqlite3.connect(folder / "triage.sqlite3")) as data:
        return data.execute("SELECT count(*) FROM submission").fetchone()[0]


@pytest.fixture
def own(tmp_path):
    """The address of a server of its own, and its folder."""
    with served(tmp_path) as address:
        yield address, tmp_path


def test_a_double_click_on_the_first_form_is_one_submission(page, own):
    address, folder = own
    page.goto(address)
    page.fill("#text", THREE)
    page.check("#agree")
    page.get_by_role("button", name="Go on").last.dblclick()
    page.get_by_role("heading", name="I read three problems").wait_for()
    assert kept(folder) == 1


def test_the_browsers_back_button_and_another_text_lose_nothing(page, own):
    address, folder = own
    begin(page, address, THREE)
    page.get_by_role("heading", name="I read three problems").wait_for()
    first = page.url
    page.go_back()
    page.fill("#text", "Parcels get lost every week")
    page.check("#agree")
    page.get_by_role("button", name="Go on").last.click()
    page.get_by_role("heading", name="What is your company called?").wait_for()
    assert (kept(folder), page.url != first) == (2, True)
    page.goto(first)
    assert page.inner_text("h1") == "I read three problems. Is that right?"


def test_two_tabs_of_one_conversation_both_go_on_with_what_is_asked_now(page, address):
    begin(page, address, THREE)
    page.click(GO_ON)
    page.get_by_label("What is your company called?").fill("From the first tab")
    other = page.context.new_page()
    other.goto(page.url)
    page.click(GO_ON)
    page.get_by_role("heading", name="What is the yearly revenue").wait_for()
    other.get_by_label("What is your company called?").fill("From the second tab")
    other.click(GO_ON)
    other.get_by_role("heading", name="What is the yearly revenue").wait_for()
    finish(other)
    assert "From the first tab" in other.inner_text("main")


def test_a_form_whose_conversation_was_deleted_meanwhile_finds_nothing(page, address):
    begin(page, address, THREE)
    other = page.context.new_page()
    other.goto(f"{page.url}/delete")
    other.get_by_role("button", name="Yes, delete everything").click()
    page.click(GO_ON)
    assert page.inner_text("h1") == "There is no such page"
    assert faults(page) == []


def test_the_browsers_back_after_the_result_shows_what_was_answered(page, address):
    begin(page, address, THREE)
    answer(page)
    page.wait_for_url("**/verdict")
    page.go_back()
    page.go_back()
    page.reload()
    page.wait_for_url("**/verdict")  # nothing is asked any more
    assert page.inner_text("h1") == "Hire a fractional AI officer."


def test_an_amount_typed_beside_the_choices_counts_without_a_choice(page, address):
    begin(page, address, THREE)
    page.click(GO_ON)
    page.click(GO_ON)
    page.get_by_role("textbox", name="Another answer:").fill("750k")
    page.click(GO_ON)
    page.get_by_role("heading", name="Do you sell, or are you building").wait_for()


@pytest.mark.view(width=320, scripts=False)
def test_a_refused_amount_stands_in_its_field_and_the_reason_above_it(page, address):
    begin(page, address, THREE)
    page.click(GO_ON)
    page.click(GO_ON)
    page.get_by_role("textbox", name="Another answer:").fill("9" * 190)
    page.click(GO_ON)
    assert "more than any business makes" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("textbox", name="Another answer:").input_value() == "9" * 190
    assert fits(page)


@pytest.mark.view(width=320)
@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_whatever_is_written_fits_every_page_up_to_the_report_and_runs_nothing(page, address, text):
    ran = []
    page.on("dialog", lambda dialog: ran.append(dialog.message) or dialog.dismiss())
    begin(page, address, text)
    while not page.url.endswith("/verdict"):
        assert fits(page)
        if page.locator("input[autocomplete=organization]").count():
            page.fill("input[name=text]", f"\u202e{'Ä' * 100}\N{SHORTCAKE}<b>")
        if (choices := page.locator("input[name=choice]:not([value=own])")).count():
            choices.first.check()
        page.click(GO_ON)
    assert fits(page)
    assert faults(page) == []
    page.goto(page.url.replace("verdict", "report"))
    assert fits(page)
    assert ran == []


def test_an_adviser_who_signed_out_in_another_tab_is_asked_to_sign_in(page, own):
    address, folder = own
    begin(page, address, THREE)
    answer(page)
    page.goto(first_link(ServeOptions(folder, port=int(address.rpartition(":")[2]))))
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    page.goto(f"{address}/inbox/1")
    other = page.context.new_page()
    other.goto(f"{address}/inbox")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/sign-in")
    page.get_by_role("button", name="Software to build").first.click()
    page.wait_for_url("**/sign-in")
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox")
    page.goto(f"{address}/inbox/1")
    assert "Nobody has changed anything." in page.inner_text("main")


def test_an_owner_who_changes_a_problem_meanwhile_is_not_overruled_unseen(page, own):
    address, folder = own
    begin(page, address, THREE)
    answer(page)
    owner = page.url.removesuffix("/verdict")
    page.goto(first_link(ServeOptions(folder, port=int(address.rpartition(":")[2]))))
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    page.goto(f"{address}/inbox/1")
    other = page.context.new_page()
    other.goto(f"{owner}/verdict")
    other.get_by_role("button", name="Change or add problems").click()
    other.locator("textarea").first.fill("Parcels get lost every week")
    other.click(GO_ON)
    other.wait_for_url("**/verdict")
    page.get_by_role("button", name="Software to build").first.click()
    page.get_by_role("alert").wait_for()
    assert "The owner has changed this problem" in page.get_by_role("alert").inner_text()
    assert "Parcels get lost every week" in page.inner_text("main")
