"""An adviser in a real browser: from the first link to a correction and an export."""

import csv
import sqlite3
from contextlib import closing
from zipfile import ZipFile

import pytest

from browser.conftest import served
from support.browsing import LONG, THREE, TIE, answer, begin, faults, finish, fits
from support.inbox_desk import NAME, PASSWORD
from triage_agent.web import ServeOptions, first_link, password_link

pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip group browser")

pytestmark = pytest.mark.browser
VAGUE = (
    "1. Some thing is wrong with us\n2. That thing of ours is late\n3. Invoices are typed by hand"
)
VIEWS = {
    "320": {"width": 320},
    "320 dark": {"width": 320, "dark": True},
    "1400": {"width": 1400},
    "1400 dark": {"width": 1400, "dark": True},
}
EVERY_VIEW = pytest.mark.parametrize(
    "view",
    [pytest.param(name, marks=pytest.mark.view(**view)) for name, view in VIEWS.items()],
)
PAGES = (
    "/inbox",
    "/inbox?words=nothing+of+it",
    "/inbox/1",
    "/inbox/3",
    "/inbox/4",
    "/inbox/5",
    "/inbox/review",
    "/inbox/figures",
    "/inbox/account",
)


def port_of(address):
    return int(address.rpartition(":")[2])


@pytest.fixture(scope="module")
def desk(browser, tmp_path_factory):
    """Yield the address of a server with five submissions, and the cookies of its adviser.

    Submission 1 is firm, 2 took the quiz, 3 has long words, 4 is not finished, 5 is to be checked
    blind.
    """
    folder = tmp_path_factory.mktemp("data")
    with served(folder) as address:
        context = browser.new_context()
        page = context.new_page()
        begin(page, address, THREE)
        answer(page)
        for text in (TIE, LONG):
            begin(page, address, text)
            finish(page)
        begin(page, address, THREE)
        begin(page, address, "Stock is counted on paper")
        finish(page)
        with closing(sqlite3.connect(folder / "triage.sqlite3")) as data, data:
            data.execute("UPDATE submission SET spot_check = 1 WHERE id = 5")
        welcomed(page, folder, address)
        yield address, context.cookies()
        context.close()


@pytest.fixture
def signed_in(page, desk):
    """A page of the signed-in adviser, and the address of the server."""
    address, cookies = desk
    page.context.add_cookies(cookies)
    return page, address


@pytest.fixture
def own_desk(page, tmp_path):
    """The page of an adviser of a server of its own, whose doubtful problems are to be reviewed."""
    with served(tmp_path) as address:
        begin(page, address, VAGUE)
        finish(page)
        welcomed(page, tmp_path, address)
        yield page, address


def welcomed(page, folder, address):
    """Set the first adviser's password."""
    page.goto(first_link(ServeOptions(folder, port=port_of(address))))
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    page.wait_for_url("**/inbox")


def tab_to(page, name):
    """Press Tab until the element with this name or text has the focus."""
    named = "(document.activeElement.labels?.[0] ?? document.activeElement).innerText.trim()"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(named).startswith(name):
            return
    raise AssertionError(f"Tab never reached {name}")


def downloaded(page, name):
    """Return the file behind a link."""
    with page.expect_download() as coming:
        page.get_by_role("link", name=name).click()
    return coming.value.path()


def test_the_keyboard_alone_leads_from_the_first_link_to_a_correction(page, tmp_path):
    with served(tmp_path) as address:
        begin(page, address, THREE)
        answer(page)
        page.goto(first_link(ServeOptions(tmp_path, port=port_of(address))))
        for label, typed in (
            ("Your name", NAME),
            ("Password", PASSWORD),
            ("The same password again", PASSWORD),
        ):
            tab_to(page, label)
            page.keyboard.type(typed)
        page.keyboard.press("Enter")
        page.wait_for_url("**/inbox")
        tab_to(page, "Sign out")
        page.keyboard.press("Enter")
        page.wait_for_url("**/sign-in")
        for label, typed in (("Your name", NAME), ("Password", PASSWORD)):
            tab_to(page, label)
            page.keyboard.type(typed)
        page.keyboard.press("Enter")
        page.wait_for_url("**/inbox")
        tab_to(page, "Search for words")
        page.keyboard.type("stock")
        page.keyboard.press("Enter")
        page.wait_for_url("**words=stock**")
        tab_to(page, "No. 1")
        page.keyboard.press("Enter")
        page.wait_for_url("**/inbox/1")
        tab_to(page, "The whole report")
        page.keyboard.press("Enter")
        page.wait_for_url("**/inbox/1/report")
        page.go_back()
        tab_to(page, "Software to build")
        page.keyboard.press("Enter")
        page.get_by_text(
            f"{NAME}: problem 1 from “Work to automate” to “Software to build”"
        ).wait_for()
        assert page.inner_text("h1") == "Hire a fractional CTO."
        tab_to(page, "Undo")
        page.keyboard.press("Enter")
        page.get_by_text("taken back by").wait_for()
        assert page.inner_text("h1") == "Hire a fractional AI officer."


def test_the_first_link_works_once_and_a_lost_password_is_set_anew(page, tmp_path):
    with served(tmp_path) as address:
        options = ServeOptions(tmp_path, port=port_of(address))
        link = first_link(options)
        page.goto(link)
        page.get_by_label("Your name").fill(NAME)
        page.get_by_label("Password", exact=True).fill("password1234")
        page.get_by_label("The same password again").fill("password1234")
        page.get_by_role("button", name="Set the password and sign in").click()
        assert page.get_by_role("alert").count() == 1
        assert faults(page) == []
        assert page.get_by_label("Your name").input_value() == NAME
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("The same password again").fill(PASSWORD)
        page.get_by_role("button", name="Set the password and sign in").click()
        page.wait_for_url("**/inbox")
        page.goto(link)
        assert page.inner_text("h1") == "This link does not work"
        assert faults(page) == []
        page.goto(password_link(options))
        assert f"You sign in as {NAME}." in page.inner_text("main")
        assert faults(page) == []


def test_search_and_filter_find_and_show_all_forgets_them(signed_in):
    page, address = signed_in
    page.goto(f"{address}/inbox")
    assert page.locator(".submissions > li").count() == 5
    page.get_by_label("Search for words").fill("counted")
    page.get_by_label("Which ones").select_option("Not finished")
    page.get_by_role("button", name="Show").click()
    assert [one.get_attribute("href") for one in page.locator(".who a").all()] == ["/inbox/4"]
    assert page.get_by_label("Which ones").input_value() == "unfinished"
    page.get_by_role("link", name="Show all").click()
    assert page.locator(".submissions > li").count() == 5


def press(page, key):
    """Press a key once the page listens to keys."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)


def test_the_review_queue_is_answered_and_undone_by_keys(own_desk):
    page, address = own_desk
    page.goto(f"{address}/inbox/review")
    articles, active = page.locator(".queue article"), "document.activeElement.innerText"
    assert articles.count() == 2
    assert "Some thing" in page.evaluate(active)
    press(page, "j")
    assert "That thing" in page.evaluate(active)
    press(page, "j")  # the last one stays
    assert "That thing" in page.evaluate(active)
    press(page, "k")
    assert "Some thing" in page.evaluate(active)
    press(page, "1")
    page.get_by_text("problem 1: “Software to build”").wait_for()
    assert "That thing" in page.evaluate(active)
    press(page, "3")
    page.get_by_text("Nothing is left to be looked at.").wait_for()
    page.get_by_role("button", name="Undo my last answer").press("Enter")
    page.get_by_text("problem 1: “Software to build”").wait_for()
    press(page, "u")
    page.get_by_text("2 things to look at").wait_for()
    press(page, "2")
    page.get_by_text("problem 1: “Work to automate”").wait_for()


def test_what_is_typed_into_a_note_is_no_key_of_the_queue(own_desk):
    page, address = own_desk
    page.goto(f"{address}/inbox/review")
    page.get_by_text("Add a note").first.click()
    page.get_by_label("Add a note").first.focus()
    page.keyboard.type("1 of 3 is sold; ask Judy, just us")
    assert "2 things to look at" in page.inner_text("main")
    page.get_by_role("button", name="Software to build").first.click()
    page.get_by_text("problem 1: “Software to build”").wait_for()
    page.goto(f"{address}/inbox/1")
    assert (
        page.get_by_label("Add a note").first.input_value() == "1 of 3 is sold; ask Judy, just us"
    )
    assert faults(page) == []


@pytest.mark.view(scripts=False)
def test_with_scripting_off_the_buttons_do_the_same_and_no_keys_are_named(own_desk):
    page, address = own_desk
    page.goto(f"{address}/inbox/review")
    assert not page.get_by_text("Keys: j next").is_visible()
    page.get_by_role("button", name="Software to build").first.click()
    page.get_by_role("button", name="Undo my last answer").click()
    assert "2 things to look at" in page.inner_text("main")


def test_all_submissions_are_taken_along_as_csv_and_as_a_workbook(signed_in):
    page, address = signed_in
    page.goto(f"{address}/inbox")
    with downloaded(page, "CSV").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Number"] for row in rows] == ["1", "2", "3"]
    with ZipFile(downloaded(page, "Excel workbook")) as book:
        assert any("sheet1" in name for name in book.namelist())
    page.goto(f"{address}/inbox/review")
    assert downloaded(page, "Eval cases").exists()


def test_a_blind_check_is_answered_before_the_result_is_shown(own_desk, tmp_path):
    page, address = own_desk
    with closing(sqlite3.connect(tmp_path / "triage.sqlite3")) as data, data:
        data.execute("UPDATE submission SET spot_check = 1")
    page.goto(f"{address}/inbox/review")
    page.get_by_role("link", name="Check it").click()
    assert "sure" not in page.inner_text("ol, form.choices, h1")
    for one in page.locator("fieldset").all():
        one.get_by_label("Work to automate").check()
    page.get_by_role("button", name="Show me the result").click()
    said = page.get_by_text("At the blind check an adviser said: Work to automate.")
    said.first.wait_for()
    assert said.count() == 3


@EVERY_VIEW
@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_inbox_fits_and_axe_finds_nothing(signed_in, path, view):
    page, address = signed_in
    page.goto(address + path)
    assert page.url == address + path
    assert fits(page), view
    assert faults(page) == []


@EVERY_VIEW
def test_the_page_to_sign_in_fits_and_axe_finds_nothing(page, desk, view):
    page.goto(f"{desk[0]}/sign-in")
    assert fits(page), view
    assert faults(page) == []


@EVERY_VIEW
def test_an_invitation_fits_and_axe_finds_nothing(own_desk, view):
    page, address = own_desk
    page.goto(f"{address}/inbox/account")
    page.get_by_label("Their name").fill("Bob " + "B" * 70)
    page.get_by_role("button", name="Make a link").click()
    assert "/welcome/" in page.get_by_label("Link for Bob").input_value()
    assert fits(page), view
    assert faults(page) == []


def test_what_is_hidden_is_hidden(signed_in):
    page, address = signed_in
    page.goto(f"{address}/inbox/account")
    assert not page.locator("input[name=username]").is_visible()
