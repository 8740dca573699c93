"""`triage serve password`: a link for an adviser who has none, or has forgotten their password."""

import re

from support.inbox_desk import PASSWORD, desk_at, invited
from support.program import triage


def password(folder, *more):
    return triage("serve", "password", "--data", str(folder), *more)


def test_the_link_of_the_command_works_at_the_server_that_runs(tmp_path):
    folder = tmp_path / "data"
    with desk_at(folder) as desk:
        desk.welcome()
        desk.welcome(invited(desk, "Bob"))
        result = password(folder, "bob", "--public-url", "https://triage.example.com")
        assert result.returncode == 0, result.stderr
        link = result.stdout.decode().strip()
        assert re.fullmatch(r"https://triage\.example\.com/welcome/[\w-]{43}", link)
        desk.client.cookies.clear()
        path = link.removeprefix("https://triage.example.com")
        assert "You sign in as Bob" in desk.get(path).text
        page = desk.client.post(path, data={"password": PASSWORD, "again": PASSWORD})
        assert page.url.path == "/inbox"


def test_a_name_that_nobody_has_is_refused_with_those_that_there_are(tmp_path):
    folder = tmp_path / "data"
    with desk_at(folder) as desk:
        desk.welcome()
        desk.welcome(invited(desk, "Bob"))
    result = password(folder, "Cid")
    assert result.returncode == 2
    assert b"Ann, Bob" in result.stderr
    assert password(folder).returncode == 2
