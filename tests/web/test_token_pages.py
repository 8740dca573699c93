"""Advisers make tokens for programs, see what they were used for, and end them."""

import re

import pytest

from support.inbox_desk import desk_at
from triage_agent.web.tokens import ON_A_PAGE

READ = {"for-classify": "yes", "for-quiz": "yes"}


@pytest.fixture
def desk(tmp_path):
    with desk_at(tmp_path / "data") as found:
        found.welcome()
        yield found


def make(desk, name="our website", **scopes):
    """Make a token on its page, and return it as it is shown."""
    page = desk.post("/inbox/tokens/make", name=name, **(scopes or READ))
    assert page.status_code == 200, page.text
    return re.search(r'id="token" value="(triage_[\w-]+)"', page.text)[1]


def ask(desk, token, path="quiz"):
    return desk.get(f"/api/v1/{path}", headers={"authorization": f"Bearer {token}"})


def test_a_token_is_made_shown_once_and_works(desk):
    token = make(desk)
    assert ask(desk, token).status_code == 200
    page = desk.get("/inbox/tokens").text
    assert token not in page
    assert "our website" in page
    assert "For classify, quiz" in page
    assert "made by Ann" in page
    held = b"".join(path.read_bytes() for path in desk.options.data.iterdir() if path.is_file())
    assert token.encode() not in held


def test_it_works_for_what_was_ticked_alone(desk):
    token = make(desk, **{"for-classify": "yes"})
    assert ask(desk, token).status_code == 403


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": "x", "for-everything": "yes"}, "Choose what"),
        ({"name": "x"}, "Choose what"),
        ({"name": "", "for-quiz": "yes"}, "Give a name"),
        ({"name": "x" * 81, "for-quiz": "yes"}, "Give a name"),
    ],
    ids=["unknown", "for nothing", "without a name", "too long a name"],
)
def test_a_token_that_cannot_be_is_refused_and_what_was_typed_stays(desk, form, says):
    page = desk.post("/inbox/tokens/make", **form)
    assert page.status_code == 422
    assert says in page.text
    assert f'value="{form["name"]}"' in page.text
    assert not desk.database.rows("SELECT 1 FROM token")


def test_one_that_was_ended_is_refused_and_says_who_ended_it(desk):
    token, other = make(desk, "old shop"), make(desk, "website")
    desk.post("/inbox/tokens/end", token=str(1))
    assert ask(desk, token).status_code == 401
    assert ask(desk, other).status_code == 200
    page = desk.get("/inbox/tokens").text
    assert "ended by Ann" in page
    assert page.index("website") < page.index("old shop")


def test_its_uses_are_listed_with_what_was_answered(desk):
    token = make(desk)
    ask(desk, token)
    ask(desk, token, "nothing")
    header = {"authorization": f"Bearer {token}"}
    desk.client.post("/api/v1/advise", json={"problems": "Zebras"}, headers=header)
    desk.client.post("/api/v1/classify", json={"problems": []}, headers=header)
    page = desk.get("/inbox/tokens/1").text
    listed = re.findall(r"UTC</time></td><td>([^<]+)</td><td[^>]*>(\d+)", page)
    assert listed == [
        ("POST /api/v1/classify", "422"),
        ("POST /api/v1/advise", "403"),
        ("GET /api/v1/quiz", "200"),
    ]
    assert "Zebras" not in page


def test_many_uses_are_shown_a_page_at_a_time(desk):
    make(desk)
    with desk.database.transaction() as connection:
        connection.executemany(
            "INSERT INTO token_use (token, made_at, what, status) VALUES (1, ?, ?, 200)",
            [("2026-11-01T08:00:00.000Z", f"use {number}") for number in range(ON_A_PAGE + 5)],
        )
    page = desk.get("/inbox/tokens/1").text
    assert page.count("<td>use ") == ON_A_PAGE
    following = desk.get(re.search(r'href="([^"]+)" rel="next"', page)[1]).text
    assert following.count("<td>use ") == 5


@pytest.mark.parametrize("number", ["2", "9" * 30])
def test_a_token_that_nobody_made_has_no_page(desk, number):
    assert desk.get(f"/inbox/tokens/{number}").status_code == 404


def test_markup_in_a_name_is_text(desk):
    make(desk, "<script>alert(1)</script>")
    for path in ("/inbox/tokens", "/inbox/tokens/1"):
        assert "<script>alert" not in desk.get(path).text
