"""Blind checks: nothing tells an adviser the verdict before they answer, and it is counted."""

import re
from dataclasses import replace

import pytest

from support.inbox_desk import AUTOMATE, MIXED, desk_at, hidden
from triage_agent.web.corrections import Reading
from triage_agent.web.spot_checks import ENOUGH, SpotChecks

# What a page would say if it told the verdict of `AUTOMATE`.
TELLS = (
    "AI officer",
    "fractional-ai-officer",
    "Firm</span>",
    "(firm)",
    "90 %",
    "Hire ",
    "data-key",
    "aria-pressed",
)


@pytest.fixture
def desk(tmp_path):
    with desk_at(tmp_path / "data", check_every=1) as made:
        made.welcome()
        yield made


def main_of(page):
    """Return what a page says, without the fields in which one chooses what to see."""
    body = page.split("<main")[1].split("</main>")[0]
    return re.sub(r'<form method="get".*?</form>', "", body, flags=re.S)


def check(desk, number, *kinds):
    page = desk.get(f"/inbox/{number}").text
    form = {}
    for place, kind in enumerate(kinds, start=1):
        form[f"text-{place}"] = hidden(page, f"text-{place}")
        form[f"kind-{place}"] = kind
    return desk.post(f"/inbox/{number}/check", **form)


def test_no_page_tells_the_verdict_before_the_check_is_answered(desk):
    desk.owner(AUTOMATE)
    pages = {
        path: desk.get(path).text
        for path in (
            "/inbox",
            "/inbox?words=orders",
            "/inbox?state=review",
            "/inbox/1",
            "/inbox/1/report",
            "/inbox/review",
            "/inbox/figures",
        )
    }
    for path, page in pages.items():
        assert not [words for words in TELLS if words in main_of(page)], path
    assert "Blind check" in pages["/inbox"]
    assert "Blind check" in pages["/inbox/review"]
    assert "Blind check" in pages["/inbox/1/report"]  # it leads to the check


def test_no_filter_finds_the_verdict_out(desk):
    desk.owner(AUTOMATE)
    queries = [f"recommendation={one}" for one in ("fractional-ai-officer", "fractional-cto")]
    for query in [*queries, "state=firm", "state=provisional"]:
        assert "Acme" not in desk.get(f"/inbox?{query}").text, query
    assert "Acme" in desk.get("/inbox?state=review").text


def test_no_export_and_no_feed_tells_the_verdict(desk):
    desk.owner(AUTOMATE)
    account = desk.get("/inbox/account").text
    address = account.split('id="feed-address" value="')[1].split('"')[0]
    feed = desk.get(address).text
    assert "Submission 1: a blind check" in feed
    assert not [words for words in TELLS if words in feed]
    table = desk.get("/inbox/submissions.csv").content.decode("utf-8-sig")
    assert len(table.splitlines()) == 1  # the header
    assert desk.get("/inbox/cases.jsonl").text == ""


def test_nothing_can_be_corrected_or_undone_before_the_check_is_answered(desk):
    desk.owner(AUTOMATE)
    assert desk.post("/inbox/1/correct", problem=1, kind="neither").status_code == 404
    assert desk.post("/inbox/1/undo", change=1).status_code == 404


def test_the_problems_of_a_blind_check_do_not_stand_in_the_queue(desk):
    desk.owner(f"{AUTOMATE}\n- Another one is torn in two")
    page = desk.get("/inbox/review").text
    assert "Blind check of submission 1" in page
    assert "torn in two" not in page


def test_after_the_answer_the_verdict_is_shown_everywhere_with_what_was_said(desk):
    desk.owner(AUTOMATE)
    page = check(desk, 1, "automate-process", "build-software", "cannot-tell")
    assert page.url.path == "/inbox/1"
    assert "Hire a fractional AI officer" in page.text
    assert "At the blind check an adviser said: Software to build." in page.text
    assert "A fractional AI officer" in main_of(desk.get("/inbox").text)
    assert "Nothing is left" in desk.get("/inbox/review").text
    assert desk.get("/inbox/submissions.csv").text.count("fractional-ai-officer")


def test_a_check_changes_no_verdict_by_itself(desk):
    path = desk.owner(AUTOMATE)
    check(desk, 1, "build-software", "build-software", "build-software")
    assert "AI officer" in desk.get(f"{path}/verdict").text


def test_a_check_counts_what_was_right_and_whether_the_verdict_was(desk):
    for _ in range(3):
        desk.owner(AUTOMATE)
    check(desk, 1, "automate-process", "automate-process", "build-software")
    check(desk, 2, "build-software", "build-software", "cannot-tell")
    check(desk, 3, "cannot-tell", "cannot-tell", "cannot-tell")
    rows = desk.database.rows("SELECT * FROM spot_check ORDER BY submission")
    assert [(row["problems"], row["problems_right"], row["verdict_right"]) for row in rows] == [
        (3, 2, 1),
        (2, 0, 0),
        (0, 0, 1),
    ]


@pytest.mark.parametrize(
    "kinds",
    [(), ("automate-process",), ("automate-process",) * 2 + ("",), ("nonsense",) * 3],
    ids=str,
)
def test_a_check_without_an_answer_for_every_problem_shows_nothing(desk, kinds):
    desk.owner(AUTOMATE)
    page = check(desk, 1, *kinds)
    assert page.status_code == 422
    assert not [words for words in TELLS if words in main_of(page.text)]
    assert not desk.database.rows("SELECT * FROM spot_check")


def test_a_check_is_answered_once(desk):
    desk.owner(AUTOMATE)
    page = desk.get("/inbox/1").text
    check(desk, 1, *["automate-process"] * 3)
    form = {f"text-{n}": hidden(page, f"text-{n}") for n in (1, 2, 3)}
    desk.post("/inbox/1/check", **form, **{f"kind-{n}": "build-software" for n in (1, 2, 3)})
    rows = desk.database.rows("SELECT * FROM spot_check")
    assert [row["problems_right"] for row in rows] == [3]


def test_what_was_said_in_a_check_is_exported_as_an_eval_set(desk):
    desk.owner(AUTOMATE)
    check(desk, 1, "automate-process", "neither", "cannot-tell")
    lines = desk.get("/inbox/cases.jsonl").text.splitlines()
    assert lines == [
        '{"id":"1-1","text":"Orders are typed by hand","label":"automate-process"}',
        '{"id":"1-2","text":"Bills are sent late","label":null}',
    ]


def test_a_provisional_verdict_is_not_checked(desk):
    desk.owner(MIXED)
    assert "Blind check" not in desk.get("/inbox").text


def test_about_one_firm_verdict_in_twenty_is_checked_and_always_the_same_ones(tmp_path):
    with desk_at(tmp_path / "data", check_every=20) as desk:
        submissions = desk.client.app.state.site.submissions
        desk.owner(AUTOMATE)
        known = submissions.by_id(1)
        firm = Advised(desk, known)
        chosen = [number for number in range(2_000) if firm.is_checked(number)]
        assert 60 <= len(chosen) <= 140
        assert chosen == [number for number in range(2_000) if firm.is_checked(number)]


class Advised:
    """A firm verdict, as that of submissions with other numbers."""

    def __init__(self, desk, known):
        site = desk.client.app.state.site
        self._advice = desk.client.portal.call(Reading.of(site, known).talk.advice)
        self._submissions, self._known = site.submissions, known

    def is_checked(self, number):
        return self._submissions._is_checked(replace(self._known, id=number), self._advice)


def test_what_an_owner_deletes_still_counts_and_holds_nothing_of_them(desk):
    path = desk.owner(AUTOMATE)
    check(desk, 1, *["automate-process"] * 3)
    desk.client.post(f"{path}/delete")
    row = desk.database.row("SELECT * FROM spot_check")
    assert (row["submission"], row["answers"], row["problems"]) == (None, "{}", 3)


def checks(desk, right, wrong):
    """Have so many checks answered, of three problems each, all or none of which were right."""
    with desk.database.transaction() as connection:
        for place in range(right + wrong):
            connection.execute(
                "INSERT INTO spot_check (adviser, made_at, answers, problems, problems_right,"
                " verdict_right) VALUES (1, '2026-01-01', '{}', 3, ?, ?)",
                (3 * (place < right), place < right),
            )


def test_how_often_the_program_is_right_is_not_known_before_there_are_enough_checks(desk):
    checks(desk, ENOUGH - 1, 0)
    page = desk.get("/inbox/figures").text
    assert f"Not known yet: {ENOUGH - 1} of the {ENOUGH} blind checks" in page
    assert "interval" not in page


def test_how_often_the_program_is_right_comes_with_its_interval(desk):
    checks(desk, 18, 2)
    page = desk.get("/inbox/figures").text
    assert "Recommendations: 18 of 20 right, 90 % (95 % interval: 70 % to 97 %)." in page
    assert "Problems: 54 of 60 right, 90 % (95 % interval: " in page
    found = SpotChecks(desk.database).figures()
    # Problems of one owner go together: 60 of them prove no more than 20 owners do.
    assert found.problems.low < 0.8


def test_corrections_do_not_count_as_checks(tmp_path):
    with desk_at(tmp_path / "data") as desk:
        desk.welcome()
        desk.owner(MIXED)
        desk.correct(1, 3, "build-software")
        page = desk.get("/inbox/figures").text
        assert f"Not known yet: 0 of the {ENOUGH}" in page
        assert "Corrections by advisers that stand: 1." in page


def test_the_figures_count_by_week_and_by_recommendation(tmp_path):
    with desk_at(tmp_path / "data") as desk:
        desk.welcome()
        desk.owner(AUTOMATE)
        desk.owner(MIXED)
        desk.client.post("/", data={"text": AUTOMATE, "agree": "yes", "once": "x" * 30})
        page = main_of(desk.get("/inbox/figures").text)
        rows = [re.sub(r"<[^>]+>", " ", row).split() for row in page.split("<tr>")[1:]]
        assert ["A", "fractional", "AI", "officer", "2", "1"] in [row[:6] for row in rows]
        weeks = [row for row in rows if re.fullmatch(r"\d{4}-\d\d-\d\d", row[0])]
        assert len(weeks) == 12
        assert weeks[0][1:3] == ["3", "2"]
        assert {tuple(week[1:3]) for week in weeks[1:]} == {("0", "0")}
