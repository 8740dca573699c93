"""The inbox: what is listed, found and shown, what is corrected, and what is undone."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.inbox_desk import AUTOMATE, MIXED, desk_at, invited
from triage_agent.files import HERE
from triage_agent.web.corrections import Reading
from triage_agent.web.database import Database
from triage_agent.web.finding import Filter, found, match_of
from triage_agent.web.state import State
from triage_agent.web.texts import shipped_texts

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def desk(tmp_path):
    with desk_at(tmp_path / "data") as made:
        made.welcome()
        yield made


def listed(page):
    """Return the numbers of the submissions on a page, in their order."""
    parts = page.text.split('<p class="who"><a href="/inbox/')[1:]
    return [int(part.split('"')[0]) for part in parts]


def test_a_new_inbox_says_that_there_is_nothing_yet(desk):
    assert "There is no submission yet" in desk.get("/inbox").text


def test_no_text_has_a_name_that_a_template_reads_as_something_else():
    names = {name for part in shipped_texts().values() for name in part}
    assert not [name for name in names if hasattr(dict, name)]


def test_every_text_of_the_pages_is_used():
    templates = "".join(path.read_text("utf-8") for path in (HERE / "web").rglob("*.j2"))
    code = "".join(path.read_text("utf-8") for path in (HERE / "web").rglob("*.py"))
    built = tuple(
        {*re.findall(r'"([a-z_]+_)" ?~', templates), *re.findall(r'f"([a-z_]+_)\{', code)}
    )
    for part, words in shipped_texts().items():
        for name in words:
            key = name.removesuffix("_title") if part == "errors" else name
            used = f"texts.{part}.{key}" in templates or f'"{key}"' in templates + code
            assert used or key.startswith(built), f"{part}.{name}"


def test_the_list_says_who_asked_what_came_of_it_how_sure_and_whether_it_is_firm(desk):
    desk.owner(AUTOMATE, company="Acme Bakery")
    page = desk.get("/inbox").text
    assert "Acme Bakery" in page
    assert "Orders are typed by hand" in page
    assert "An AI officer, part-time" in page
    assert ">Firm</span>" in page
    assert "At least 90 % sure" in page
    assert "This site" in page
    assert "today" in page


def test_what_an_owner_writes_is_shown_as_text(desk):
    desk.owner(f"- {SCRIPT} orders are typed by hand\n- Bills are late", company=SCRIPT)
    for path in ("/inbox", "/inbox/1", "/inbox/review", "/inbox/1/report"):
        page = desk.get(path).text
        assert SCRIPT not in page, path


def test_an_unfinished_one_is_listed_with_what_was_written_so_far(desk):
    desk.client.post("/", data={"text": AUTOMATE, "agree": "yes", "once": "x" * 30})
    assert "Not finished" in desk.get("/inbox").text
    page = desk.get("/inbox/1").text
    assert "not come to a result yet" in page
    assert "Bills are sent late" in page


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Submission 1 is firm, 2 is provisional and needs review, 3 is not finished; to be read."""
    with desk_at(tmp_path_factory.mktemp("data") / "data") as made:
        made.welcome()
        made.owner(AUTOMATE, company="Acme")
        made.owner(MIXED, company="Bolt & Co")
        cakes = {"text": "- Cakes burn\n- Late cakes", "agree": "yes", "once": "x"}
        made.client.post("/", data=cakes)
        yield made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [3, 2, 1]),
        ("state=firm", [1]),
        ("state=provisional", [2]),
        ("state=review", [2]),
        ("state=unfinished", [3]),
        ("recommendation=fractional-ai-officer", [2, 1]),
        ("recommendation=fractional-cto", []),
        ("source=page", [3, 2, 1]),
        ("source=hook", []),
        ("words=cakes", [3]),
        ("words=cake", [3]),
        ("words=BURN+late", [3]),
        ("words=typed&state=firm", [1]),
        ("words=bolt", [2]),
        ("words=nothing+of+it", []),
        ("state=nonsense&recommendation=nonsense&before=nonsense", [3, 2, 1]),
        ("before=3", [2, 1]),
        ("before=99999999999999999999", [3, 2, 1]),
    ],
)
def test_a_filter_and_a_search_find_what_fits(three, query, expected):
    assert listed(three.get(f"/inbox?{query}")) == expected


HOSTILE = [
    '"', "'", "a AND", "OR", "NOT", "NEAR(", "a NEAR/2 b", "company:x", "{company}:x", "-a", "+a",
    "*", "a*", "^a", "(", ")", "a OR (b", "%", "_", "\x00", "a\x00b", "--", ";DROP TABLE adviser",
    "\ud800", "🍰", "हिन्दी", "x" * 5_000, "a " * 500, '"a" "b', "\\", "{", "}", "[a]", ":", "…",
]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE, ids=ascii)
def test_whatever_is_typed_into_the_search_is_no_error(three, words):
    page = three.client.get("/inbox", params={"words": words.encode("utf-8", "replace")})
    assert page.status_code == 200


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    made = Database(tmp_path_factory.mktemp("data"))
    yield made
    made.close()


@given(st.text())
def test_no_text_is_an_error_of_the_search(database, words):
    assert found(database, Filter(words=words)) == ([], 0)


def test_operators_are_searched_for_as_words():
    assert match_of("late AND (bills OR") == '"late"* "AND"* "(bills"* "OR"*'
    assert match_of('"" * -') == ""


def test_pages_are_told_apart_by_the_last_number_and_keep_the_filter(desk, monkeypatch):
    monkeypatch.setattr("triage_agent.web.finding.ON_A_PAGE", 2)
    for _ in range(5):
        desk.owner("Orders are typed by hand")
    first = desk.get("/inbox?words=orders")
    assert listed(first) == [5, 4]
    desk.owner("Orders are typed by hand")  # what comes in meanwhile moves nothing
    address = first.text.split('rel="next"')[0].split('<a href="')[-1].split('"')[0]
    assert listed(desk.get(address.replace("&amp;", "&"))) == [3, 2]
    assert 'rel="next"' not in desk.get("/inbox?before=2").text


def test_the_page_of_a_submission_holds_the_verdict_and_leads_to_the_report(three):
    page = three.get("/inbox/2").text
    assert "Hire a fractional AI officer" in page
    assert ">Provisional</span>" in page
    assert "What would make it firm" in page
    assert "Please build an app" in page
    report = three.get("/inbox/2/report")
    assert "Bolt &amp; Co" in report.text
    assert "script" not in report.headers["content-security-policy"]


def test_what_is_too_vague_to_tell_is_not_shown_as_of_neither_kind(desk):
    desk.owner("- Orders are typed by hand\n- All of it is vague\n- Bills are sent late")
    part = desk.get("/inbox/1").text.split('id="problem-2"')[1].split('id="problem-3"')[0]
    assert "too vague" in part
    assert "aria-pressed" not in part
    desk.correct(1, 2, "automate-process")
    assert "from “no answer” to “Work to automate”" in desk.get("/inbox/1").text
    desk.correct(1, 2, "neither")
    part = desk.get("/inbox/1").text.split('id="problem-2"')[1].split('id="problem-3"')[0]
    assert 'value="neither" data-key="3" aria-pressed="true"' in part


def test_a_note_goes_with_a_correction_into_the_report_and_away_with_it(desk):
    desk.owner(AUTOMATE)
    desk.correct(1, 2, "build-software", note=f" They sell it {SCRIPT} ")
    page = desk.get("/inbox/1").text
    assert "They sell it &lt;script&gt;" in page.split('id="problem-2"')[1]
    assert "They sell it" not in page.split('id="problem-2"')[0]
    assert "They sell it &lt;script&gt;" in desk.get("/inbox/1/report").text
    assert "They sell it" in desk.get("/inbox/submissions.csv").text
    last = page.split('name="change" value="')[1].split('"')[0]
    desk.post("/inbox/1/undo", change=last)
    assert "They sell it" not in desk.get("/inbox/1").text + desk.get("/inbox/1/report").text


def test_a_note_alone_can_be_changed_and_the_change_has_its_place(desk):
    desk.owner(AUTOMATE)
    desk.correct(1, 1, "build-software", note="A first thought")
    desk.correct(1, 1, "build-software", note="A second thought")
    desk.correct(1, 1, "build-software", note="A second thought")
    page = desk.get("/inbox/1").text
    assert "A second thought" in page
    assert "A first thought" not in page
    assert page.count("Ann: problem 1 from") == 2


def test_a_note_follows_its_problem_and_ends_with_the_owners_own_word(desk):
    path = desk.owner(AUTOMATE)
    desk.correct(1, 2, "build-software", note="Sold to others")
    desk.client.post(f"{path}/verdict", data={"problems": "change"})
    pieces = {"piece-1": "", "piece-2": "Bills are sent late", "piece-3": "Reports eat up Fridays"}
    pieces["new"] = "Stock is counted on paper"
    desk.client.post(path, data={"id": "split", "do": "confirm", **pieces})
    assert desk.get(path).url.path.endswith("/verdict")
    assert "Sold to others" in desk.get("/inbox/1").text.split('id="problem-1"')[1]
    desk.client.post(f"{path}/again/unclear/1", data={"unclear:1": "existing_process"})
    assert desk.get(path).url.path.endswith("/verdict")
    assert "Sold to others" not in desk.get("/inbox/1").text


def test_a_note_that_is_too_long_is_refused_and_nothing_is_changed(desk):
    desk.owner(AUTOMATE)
    answer = desk.correct(1, 2, "build-software", note="x" * 1_001)
    assert answer.status_code == 422
    assert "at most 1000 characters" in answer.text
    assert "Nobody has changed anything" in desk.get("/inbox/1").text


@pytest.mark.parametrize("number", ["99", "99999999999999999999", "0"])
def test_there_is_no_page_for_a_submission_that_is_not_there(desk, number):
    assert desk.get(f"/inbox/{number}").status_code == 404


def test_a_correction_changes_the_verdict_for_adviser_and_owner_and_names_who_made_it(desk):
    path = desk.owner(MIXED)
    before = desk.get("/inbox/1").text
    assert "An AI officer" in desk.get("/inbox").text
    page = desk.correct(1, 3, "build-software")
    assert page.url.path == "/inbox/1"
    assert "Hire a fractional CTO" in page.text
    assert "Hire a fractional CTO" not in before
    assert "Software to build (as Ann said)" in page.text
    assert "Ann: problem 3 from “Work to automate” to “Software to build”" in page.text
    owners = desk.get(f"{path}/verdict").text
    assert "Hire a fractional CTO" in owners
    assert "Software to build (as the adviser said)" in owners
    assert "A CTO, part-time" in desk.get("/inbox").text


def test_what_a_person_decided_stays_decided_by_a_person(desk):
    desk.owner(MIXED)
    desk.correct(1, 3, "build-software")
    kept = desk.client.app.state.site.submissions.by_id(1)
    assert [row["decided_by"] for row in kept.advice["problems"]] == ["model", "model", "person"]
    assert kept.advice["recommendation"] == "fractional-cto"


def test_a_correction_is_undone_and_what_was_said_before_counts_again(desk):
    desk.owner(MIXED)
    first = desk.get("/inbox/1").text
    desk.correct(1, 3, "build-software")
    twice = desk.correct(1, 3, "neither").text
    assert "No answer" in twice
    once = undo(desk, 1, twice)
    assert "Software to build (as Ann said)" in once.text
    none = undo(desk, 1, once.text)
    assert "(as Ann said)" not in none.text
    assert verdict(none.text) == verdict(first)
    assert none.text.count("taken back by Ann") == 2
    assert 'action="/inbox/1/undo"' not in none.text


def undo(desk, number, page):
    change = page.split('name="change" value="')[1].split('"')[0]
    return desk.post(f"/inbox/{number}/undo", change=change)


def verdict(page):
    return page.split("<h1>")[1].split("</h1>")[0]


def test_a_second_undo_of_the_same_change_is_refused(desk):
    desk.owner(MIXED)
    page = desk.correct(1, 3, "build-software").text
    assert undo(desk, 1, page).status_code == 200
    again = undo(desk, 1, page)
    assert again.status_code == 422
    assert "taken back already" in again.text


def test_another_adviser_can_undo_and_is_named(desk):
    desk.owner(MIXED)
    page = desk.correct(1, 3, "build-software").text
    desk.client.cookies.clear()
    desk.welcome(invited(desk, "Bob"))
    assert "taken back by Bob" in undo(desk, 1, page).text


def test_the_owners_own_correction_after_the_advisers_counts(desk):
    path = desk.owner(MIXED)
    desk.correct(1, 3, "build-software")
    talk = owners_talk(desk)
    talk.talk.correct(3, None)
    keep(desk, talk)
    assert "as the adviser said" not in desk.get(f"{path}/verdict").text
    page = desk.get("/inbox/1").text
    assert "(as Ann said)" not in page
    assert 'action="/inbox/1/undo"' not in page  # it would undo the owner's


def owners_talk(desk):
    site = desk.client.app.state.site
    return Reading.of(site, site.submissions.by_id(1))


def keep(desk, reading):
    site = desk.client.app.state.site
    advice = desk.client.portal.call(reading.talk.advice)
    state = State.of(reading.talk, reading.memory)
    site.submissions.keep(reading.submission, state, advice)


def test_a_correction_of_a_text_that_the_owner_has_changed_is_refused(desk):
    desk.owner(MIXED)
    page = desk.post("/inbox/1/correct", problem=3, text="0" * 64, kind="build-software")
    assert page.status_code == 422
    assert "owner has changed this problem" in page.text
    assert not desk.database.rows("SELECT * FROM change")


@pytest.mark.parametrize(
    "form",
    [
        {"problem": "0"},
        {"problem": "99"},
        {"problem": "²"},
        {"problem": "-1"},
        {"problem": "1", "kind": "nonsense"},
        {},
    ],
    ids=str,
)
def test_a_correction_that_makes_no_sense_changes_nothing(desk, form):
    desk.owner(MIXED)
    assert desk.post("/inbox/1/correct", **{"kind": "neither", **form}).status_code == 422
    assert not desk.database.rows("SELECT * FROM change")


def test_what_is_not_finished_cannot_be_corrected(desk):
    desk.client.post("/", data={"text": AUTOMATE, "agree": "yes", "once": "x" * 30})
    assert desk.post("/inbox/1/correct", problem=1, kind="neither").status_code == 404


def test_what_an_owner_deletes_is_gone_from_the_inbox_with_what_was_changed(desk):
    path = desk.owner(MIXED)
    desk.correct(1, 3, "build-software")
    desk.client.post(f"{path}/delete")
    assert listed(desk.get("/inbox")) == []
    assert desk.get("/inbox/1").status_code == 404
    assert "Nothing is left" in desk.get("/inbox/review").text
    assert not desk.database.rows("SELECT * FROM change")


def test_the_feed_names_submissions_and_holds_no_word_of_an_owner(three):
    account = three.get("/inbox/account").text
    address = account.split('id="feed-address" value="')[1].split('"')[0]
    cookies = dict(three.client.cookies)
    three.client.cookies.clear()  # a news reader is not signed in
    feed = three.get(address)
    three.client.cookies.update(cookies)
    assert feed.headers["content-type"].startswith("application/atom+xml")
    assert "Submission 1: an AI officer, part-time (firm)" in feed.text
    assert feed.text.index("Submission 2") < feed.text.index("Submission 1")
    assert "Submission 3" not in feed.text
    for words in ("Acme", "Bolt", "Orders", "app"):
        assert words not in feed.text.replace("application", "")


def test_a_feed_is_well_formed_without_a_submission(desk):
    account = desk.get("/inbox/account").text
    address = account.split('id="feed-address" value="')[1].split('"')[0]
    assert ET.fromstring(desk.get(address).text).tag.endswith("feed")  # noqa: S314  (our own)


def test_a_feed_ends_when_it_gets_another_address_and_when_its_adviser_is_removed(desk):
    def address():
        account = desk.get("/inbox/account").text
        return account.split('id="feed-address" value="')[1].split('"')[0]

    first = address()
    desk.post("/inbox/account/feed")
    second = address()
    assert desk.get(first).status_code == 404
    assert desk.get(second).status_code == 200
    desk.client.cookies.clear()
    desk.welcome(invited(desk, "Bob"))
    desk.post("/inbox/account/remove", adviser="1")
    assert desk.get(second).status_code == 404
    assert desk.get(second[:-1] + "é").status_code == 404


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(words="orders"),
        Filter(recommendation="both", state="firm"),
        Filter(state="unfinished", source="page", before=9),
        Filter(state="review"),
    ],
    ids=str,
)
def test_what_is_wanted_is_found_without_reading_whole_rows(database, wanted, monkeypatch):
    asked = []
    rows = database.rows
    monkeypatch.setattr(database, "rows", lambda *query: asked.append(query) or rows(*query))
    found(database, wanted)
    query, *values = asked[0]
    plan = [row["detail"] for row in rows(f"EXPLAIN QUERY PLAN {query}", *values)]
    assert any("COVERING INDEX submission_found" in step for step in plan), plan
