"""Advisers sign in: by a link the first time, then by a password; and what nobody gets past."""

from datetime import UTC, datetime, timedelta

import pytest

from support.inbox_desk import NAME, PASSWORD, desk_at, hidden, invited
from triage_agent.errors import SettingsError
from triage_agent.web.advisers import first_link, password_link
from triage_agent.web.database import stored
from triage_agent.web.passwords import Passwords
from triage_agent.web.sign_in import own_path

ANOTHER, WRONG = "another lamp is blue", "a wrong password"


@pytest.fixture
def desk(tmp_path):
    with desk_at(tmp_path / "data") as found:
        yield found


@pytest.fixture
def signed_in(desk):
    desk.welcome()
    return desk


def ago(**span):
    return stored(datetime.now(UTC) - timedelta(**span))


def change(desk, statement, *values):
    with desk.database.transaction() as connection:
        connection.execute(statement, values)


def is_in(desk):
    return desk.client.get("/inbox", follow_redirects=False).status_code == 200


def test_the_link_of_the_first_start_sets_a_name_and_a_password_and_lets_the_adviser_in(desk):
    page = desk.welcome()
    assert page.url.path == "/inbox"
    assert is_in(desk)
    assert first_link(desk.options) is None


def test_a_link_works_once(desk):
    link = first_link(desk.options)
    desk.welcome(link)
    desk.client.cookies.clear()
    page = desk.welcome(link, name="Eve")
    assert page.status_code == 404
    assert "used already" in page.text
    assert not is_in(desk)


def test_a_link_is_not_valid_after_a_day(desk):
    link = first_link(desk.options)
    change(desk, "UPDATE invitation SET made_at = ?", ago(hours=25))
    assert desk.welcome(link).status_code == 404


def test_a_new_link_ends_the_one_before(desk):
    first = first_link(desk.options)
    second = first_link(desk.options)
    assert desk.welcome(first).status_code == 404
    assert desk.welcome(second).url.path == "/inbox"


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        pytest.param("short", "short", "at least 12", id="short"),
        pytest.param(PASSWORD, PASSWORD + "x", "differ", id="mistyped"),
        pytest.param("abababababab", "abababababab", "too easy", id="hardly varies"),
        pytest.param("x" * 300, "x" * 300, "at most 256", id="too long"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused_and_the_link_stays_valid(
    desk, password, again, says
):
    link = first_link(desk.options)
    path = link.removeprefix(desk.options.address)
    page = desk.client.post(path, data={"name": NAME, "password": password, "again": again})
    assert page.status_code == 422
    assert says in page.text
    assert password not in page.text
    assert desk.welcome(link).url.path == "/inbox"


def test_the_command_makes_a_link_for_another_password_while_the_server_runs(signed_in):
    desk = signed_in
    link = password_link(desk.options)
    assert is_in(desk)  # until it is used
    desk.client.cookies.clear()
    page = desk.welcome(link, name="Eve", password=ANOTHER)
    assert page.url.path == "/inbox"
    desk.client.cookies.clear()
    assert desk.sign_in().status_code == 422
    assert desk.sign_in(password=ANOTHER).status_code == 303
    assert not desk.database.row("SELECT 1 FROM adviser WHERE name = 'Eve'")


def test_the_command_asks_for_a_name_if_there_are_several_advisers(signed_in):
    signed_in.welcome(invited(signed_in, "Bob"))
    with pytest.raises(SettingsError, match="Ann, Bob"):
        password_link(signed_in.options)
    with pytest.raises(SettingsError, match="called 'Cid'"):
        password_link(signed_in.options, "Cid")
    assert password_link(signed_in.options, "bob")


def test_a_new_password_ends_all_sessions(signed_in):
    desk = signed_in
    page = desk.post("/inbox/account/password", now=PASSWORD, password=ANOTHER, again=ANOTHER)
    assert page.url.path == "/sign-in"
    assert not is_in(desk)
    assert not desk.database.rows("SELECT * FROM session")


def test_the_password_is_changed_only_by_who_knows_it(signed_in):
    page = signed_in.post("/inbox/account/password", now="wrong", password=ANOTHER, again=ANOTHER)
    assert page.status_code == 422
    assert is_in(signed_in)


def test_each_sign_in_has_a_new_cookie_and_ends_the_session_before(signed_in):
    desk = signed_in
    before = desk.client.cookies["triage-session"]
    desk.sign_in()
    assert desk.client.cookies["triage-session"] != before
    assert len(desk.database.rows("SELECT * FROM session")) == 1


def test_the_data_hold_neither_the_cookie_nor_the_password_nor_a_link(signed_in):
    desk = signed_in
    link = password_link(desk.options)
    secrets = PASSWORD, desk.client.cookies["triage-session"], link.rpartition("/")[2]
    for path in desk.options.data.iterdir():
        raw = path.read_bytes()
        assert not [one for one in secrets if one.encode() in raw], path.name
    kept = desk.database.row("SELECT password FROM adviser")["password"]
    assert kept.startswith("$argon2id$")


def test_the_cookie_is_closed_to_scripts_and_other_sites(desk):
    cookie = desk.welcome().history[0].headers["set-cookie"]
    assert cookie.startswith("triage-session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_with_https_the_cookie_belongs_to_this_host_alone(tmp_path):
    with desk_at(tmp_path, public_url="https://triage.example.com") as desk:
        cookie = desk.welcome().history[0].headers["set-cookie"]
    assert cookie.startswith("__Host-triage-session=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("column", "span", "stays"),
    [
        ("used_at", {"hours": 11}, True),
        ("used_at", {"hours": 12, "minutes": 1}, False),
        ("made_at", {"days": 13}, True),
        ("made_at", {"days": 14, "minutes": 1}, False),
    ],
)
def test_a_session_ends_twelve_hours_after_its_last_use_and_after_two_weeks(
    signed_in, column, span, stays
):
    change(signed_in, f"UPDATE session SET {column} = ?", ago(**span))  # noqa: S608
    assert is_in(signed_in) is stays


def test_a_session_that_is_used_goes_on(signed_in):
    change(signed_in, "UPDATE session SET used_at = ?", ago(hours=11))
    assert is_in(signed_in)
    used = signed_in.database.row("SELECT used_at FROM session")["used_at"]
    assert used > ago(minutes=1)


def test_signing_out_ends_the_session_in_the_data_too(signed_in):
    cookie = signed_in.client.cookies["triage-session"]
    assert signed_in.post("/sign-out").url.path == "/sign-in"
    signed_in.client.cookies.set("triage-session", cookie)
    assert not is_in(signed_in)


def test_signing_out_everywhere_ends_the_sessions_of_other_browsers_and_nobody_elses(signed_in):
    desk = signed_in
    other = desk.client.cookies["triage-session"]
    desk.client.cookies.clear()
    desk.welcome(invited(desk, "Bob"))
    bobs = desk.client.cookies["triage-session"]
    desk.client.cookies.clear()
    desk.sign_in()
    desk.post("/sign-out", everywhere="yes")
    for cookie, stays in ((other, False), (bobs, True)):
        desk.client.cookies.clear()
        desk.client.cookies.set("triage-session", cookie)
        assert is_in(desk) is stays


def test_somebody_who_does_not_exist_is_refused_like_a_wrong_password(signed_in):
    desk = signed_in
    desk.client.cookies.clear()
    wrong, nobody = desk.sign_in(password=WRONG), desk.sign_in(name="Nobody")
    assert (wrong.status_code, nobody.status_code) == (422, 422)
    assert wrong.text.replace(NAME, "") == nobody.text.replace("Nobody", "")


def test_a_password_is_checked_whether_or_not_somebody_has_the_name(signed_in, monkeypatch):
    desk, checked = signed_in, []
    passwords = desk.client.app.state.site.passwords
    monkeypatch.setattr(passwords, "_verified", lambda kept, _: checked.append(kept[:10]) or False)
    desk.client.cookies.clear()
    desk.sign_in()
    desk.sign_in(name="Nobody")
    assert checked == ["$argon2id$"] * 2


def test_even_a_guess_at_the_hash_of_nobody_lets_nobody_in(signed_in, monkeypatch):
    desk = signed_in
    monkeypatch.setattr(desk.client.app.state.site.passwords, "_verified", lambda *_: True)
    desk.client.cookies.clear()
    assert desk.sign_in(name="Nobody").status_code == 422


def test_one_address_may_try_five_times_a_minute(desk):
    answers = [desk.sign_in().status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_one_name_may_be_tried_thirty_times_an_hour_from_wherever(signed_in, monkeypatch):
    desk, addresses = signed_in, iter(range(100))
    monkeypatch.setattr("triage_agent.web.sign_in.who", lambda _: str(next(addresses)))
    passwords = desk.client.app.state.site.passwords
    monkeypatch.setattr(passwords, "_verified", lambda *_: False)
    desk.client.cookies.clear()
    answers = [desk.sign_in(password=WRONG).status_code for _ in range(31)]
    assert answers == [422] * 30 + [429]
    assert desk.sign_in(name=f" {NAME.upper()} ").status_code == 429
    assert desk.sign_in(name="Bob").status_code == 422


PAGES = [
    "/inbox",
    "/inbox/1",
    "/inbox/1/report",
    "/inbox/1/report.pdf",
    "/inbox/review",
    "/inbox/figures",
    "/inbox/forms",
    "/inbox/forms/intake",
    "/inbox/account",
    "/inbox/tokens",
    "/inbox/tokens/1",
    "/inbox/receivers",
    "/inbox/submissions.csv",
    "/inbox/submissions.xlsx",
    "/inbox/cases.jsonl",
]
FORMS = [
    "/sign-out",
    "/inbox/1/correct",
    "/inbox/1/undo",
    "/inbox/1/check",
    "/inbox/1/delete",
    "/inbox/review/undo",
    "/inbox/forms/make",
    "/inbox/forms/intake/secret",
    "/inbox/forms/intake/end-secret",
    "/inbox/forms/intake/columns",
    "/inbox/forms/intake/again",
    "/inbox/forms/intake/remove",
    "/inbox/account/password",
    "/inbox/account/feed",
    "/inbox/account/invite",
    "/inbox/account/remove",
    "/inbox/tokens/make",
    "/inbox/tokens/end",
    "/inbox/receivers/make",
    "/inbox/receivers/renew",
    "/inbox/receivers/remove",
    "/inbox/receivers/again",
]


def test_every_page_of_the_inbox_is_in_these_tables(desk):
    paths = {
        (
            route.path.replace("{id:int}", "1").replace("forms/{name}", "forms/intake"),
            "POST" in route.methods,
        )
        for route in desk.client.app.routes
        if route.path.startswith(("/inbox", "/sign-out"))
    }
    known = {(path.replace(".csv", ".{kind}").replace(".xlsx", ".{kind}"), False) for path in PAGES}
    assert paths == known | {(path, True) for path in FORMS} | {("/inbox/feed/{secret}", False)}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_inbox_is_for_who_is_signed_in(desk, path):
    answer = desk.client.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?to=%2Finbox")


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_for_who_is_signed_in(desk, path):
    answer = desk.client.post(path, follow_redirects=False)
    assert answer.headers["location"] == "/sign-in"


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", ["", "0" * 64, "é"], ids=["none", "another", "not ASCII"])
def test_a_form_without_the_token_of_the_session_is_refused(signed_in, path, token):
    answer = signed_in.client.post(path, data={"csrf": token})
    assert answer.status_code == 403
    assert is_in(signed_in)


def test_the_token_of_another_session_is_refused(signed_in):
    desk = signed_in
    token = hidden(desk.get("/inbox").text, "csrf")
    desk.sign_in()
    assert desk.client.post("/sign-out", data={"csrf": token}).status_code == 403


def test_a_form_from_another_site_is_refused_even_with_the_token(signed_in):
    token = hidden(signed_in.get("/inbox").text, "csrf")
    headers = {"origin": "https://evil.example"}
    answer = signed_in.client.post("/sign-out", data={"csrf": token}, headers=headers)
    assert answer.status_code == 403
    assert is_in(signed_in)


def test_after_sign_in_an_adviser_is_where_they_wanted_to_be(signed_in):
    desk = signed_in
    desk.client.cookies.clear()
    page = desk.get("/inbox?words=late+bills&state=firm")
    to = hidden(page.text, "to")
    assert to == "/inbox?words=late+bills&state=firm"
    assert desk.sign_in(to=to).headers["location"] == to


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/inbox",
        "//evil.example/inbox",
        "/\\evil.example",
        "/inbox/..//evil.example\\",
        "/inbox//evil.example",
        "/inbox\r\nset-cookie: a=b",
        "javascript:alert(1)",
        "/t/secret",
        "/inboxes",
        "",
    ],
)
def test_sign_in_leads_nowhere_but_to_the_inbox(signed_in, to):
    signed_in.client.cookies.clear()
    assert own_path(to) == "/inbox"
    assert signed_in.sign_in(to=to).headers["location"] == "/inbox"


def test_an_adviser_invites_another_and_removes_them(signed_in):
    desk = signed_in
    page = desk.post("/inbox/account/invite", name="  Bob  Lee ")
    link = hidden_value(page.text, "link")
    anns = desk.client.cookies["triage-session"]
    desk.client.cookies.clear()
    assert desk.welcome(link).url.path == "/inbox"
    bobs = desk.client.cookies["triage-session"]
    assert "You are signed in as Bob Lee" in desk.get("/inbox/account").text
    desk.client.cookies.clear()
    desk.client.cookies.set("triage-session", anns)
    number = desk.database.row("SELECT id FROM adviser WHERE name = 'Bob Lee'")["id"]
    desk.post("/inbox/account/remove", adviser=number)
    assert "Bob Lee" not in desk.get("/inbox/account").text
    desk.client.cookies.clear()
    desk.client.cookies.set("triage-session", bobs)
    assert not is_in(desk)
    assert desk.sign_in(name="Bob Lee").status_code == 422


def hidden_value(page, id):  # noqa: A002
    return page.split(f'id="{id}" value="')[1].split('"')[0]


def test_an_invitation_does_not_take_over_somebody_elses_name(signed_in):
    signed_in.welcome(invited(signed_in, "Bob"))
    page = signed_in.post("/inbox/account/invite", name="ann")
    assert page.status_code == 422
    assert "is an adviser already" in page.text
    assert not signed_in.database.rows("SELECT * FROM invitation")


def test_the_last_adviser_cannot_remove_themselves(signed_in):
    page = signed_in.post("/inbox/account/remove", adviser="1")
    assert page.status_code == 422
    assert "only adviser" in page.text
    assert is_in(signed_in)


def test_a_removed_adviser_can_be_invited_again(signed_in):
    desk = signed_in
    desk.welcome(invited(desk, "Bob"))
    desk.post("/inbox/account/remove", adviser="1")
    page = desk.post("/inbox/account/invite", name="Ann")
    desk.client.cookies.clear()
    assert desk.welcome(hidden_value(page.text, "link"), name="").url.path == "/inbox"
    assert len(desk.database.rows("SELECT * FROM adviser")) == 2


@pytest.mark.anyio
async def test_a_password_is_kept_with_the_effort_that_rfc_9106_recommends():
    passwords = Passwords()
    kept = await passwords.hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await passwords.is_right(kept, PASSWORD)
    assert not await passwords.is_right(kept, PASSWORD.upper())
