"""The inbox's pages about tokens and receivers, and the page about the API, in a real browser."""

from pathlib import Path

import pytest

from support.browsing import faults, fits
from support.receiver import receiving
from triage_agent.web import ServeOptions, first_link

from .conftest import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server, its data folder, and a receiver that it may tell."""
    folder = tmp_path_factory.mktemp("data")
    with receiving() as receiver, served(folder, hook_hosts=["127.0.0.1"]) as address:
        yield address, folder, receiver


@pytest.fixture
def adviser(page, place):
    """A page on which an adviser is signed in; each has a name of their own."""
    address, folder, _ = place
    port = int(address.rpartition(":")[2])
    link = first_link(ServeOptions(Path(folder), port=port))
    if link:
        page.goto(link)
        page.get_by_label("Your name").fill("Ann")
        page.get_by_label("Password", exact=True).fill("seven green lamps")
        page.get_by_label("The same password again").fill("seven green lamps")
        page.get_by_role("button", name="Set the password").click()
    else:
        page.goto(f"{address}/sign-in")
        page.get_by_label("Your name").fill("Ann")
        page.get_by_label("Password").fill("seven green lamps")
        page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Submissions").wait_for()
    return page


@pytest.mark.view(width=320)
def test_a_token_is_made_used_and_ended(adviser, place):
    page, address = adviser, place[0]
    page.get_by_role("link", name="Tokens").click()
    page.get_by_label("Name").fill("Our website")
    page.get_by_label("quiz").check()
    assert fits(page)
    assert faults(page) == []
    page.get_by_role("button", name="Make the token").click()
    token = page.get_by_label("Token for Our website").input_value()
    header = {"authorization": f"Bearer {token}"}
    assert page.request.get(f"{address}/api/v1/quiz", headers=header).status == 200
    page.get_by_role("link", name="Our website").click()
    assert "GET /api/v1/quiz" in page.inner_text("table")
    assert fits(page)
    assert faults(page) == []
    page.get_by_role("link", name="Tokens for programs").click()
    page.get_by_text("End Our website").click()
    page.get_by_role("button", name="End it").click()
    assert "ended by Ann" in page.inner_text("main")
    assert page.request.get(f"{address}/api/v1/quiz", headers=header).status == 401


@pytest.mark.view(width=320, dark=True)
def test_a_receiver_is_added_and_gets_a_new_secret(adviser, place):
    page, receiver = adviser, place[2]
    page.get_by_role("link", name="Receivers").click()
    page.get_by_label("Its address").fill(receiver.url)
    page.get_by_role("button", name="Add it").click()
    first = page.get_by_label(f"Secret of {receiver.url}").input_value()
    assert fits(page)
    assert faults(page) == []
    page.get_by_text(f"Change {receiver.url}").click()
    page.get_by_role("button", name="Make a new secret").click()
    assert page.get_by_label(f"Secret of {receiver.url}").input_value() != first


@pytest.mark.parametrize(
    "_",
    [
        pytest.param(0, marks=pytest.mark.view(width=320)),
        pytest.param(1, marks=pytest.mark.view(width=1400, dark=True)),
    ],
    ids=["320", "1400 dark"],
)
def test_the_page_about_the_api_fits_and_axe_finds_nothing(page, place, _):
    page.goto(f"{place[0]}/api/docs")
    assert page.inner_text("h1") == "How programs ask this server"
    assert fits(page)
    assert faults(page) == []
