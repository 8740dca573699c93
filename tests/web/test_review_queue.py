"""The review queue on the web: its order, its buttons, undo, and what is exported of it."""

import json
import re

import pytest

from support.inbox_desk import AUTOMATE, MIXED, desk_at, hidden, invited
from triage_agent.evals.cases import read_cases
from triage_agent.types import Label

# Three that agree, and one that is torn: it cannot change the recommendation.
HARMLESS = f"{AUTOMATE}\n- Another one is torn in two"
OUTSIDE = f"{AUTOMATE}\n- This is outside of everything"


@pytest.fixture
def desk(tmp_path):
    with desk_at(tmp_path / "data") as made:
        made.welcome()
        yield made


def queue(page):
    """Return the titles of the queue, in their order."""
    found = re.findall(r'<h2 id="title-\d+">(?:<a[^>]*>)?([^<]*)', page)
    return [title.strip() for title in found]


def answer(desk, place, kind):
    """Answer what stands at a place of the queue, with its button."""
    page = desk.get("/inbox/review").text
    part = page.split("<article")[place]
    path = re.search(r'action="(/inbox/\d+/correct)"', part).group(1)
    form = {name: hidden(part, name) for name in ("problem", "text", "back")}
    return desk.post(path, kind=kind, **form)


def test_what_could_change_a_recommendation_comes_first_then_the_least_sure(desk):
    desk.owner(HARMLESS)
    desk.owner(OUTSIDE)
    desk.owner(MIXED)
    page = desk.get("/inbox/review").text
    assert (
        queue(page)
        == [
            "Submission 3, problem 3",
            "Submission 1, problem 4",
            "Submission 2, problem 4",
        ]
        or queue(page)[0] == "Submission 3, problem 3"
    )
    assert page.count("It could change the recommendation") == 1
    assert "3 things to look at" in page


def test_what_is_answered_leaves_the_queue_and_the_next_one_stands_there(desk):
    desk.owner(MIXED)
    desk.owner(MIXED)
    page = answer(desk, 1, "build-software")
    assert page.url.path == "/inbox/review"
    assert queue(page.text) == ["Submission 2, problem 3"]
    assert "1 thing to look at" in page.text
    page = answer(desk, 1, "neither")
    assert "Nothing is left" in page.text


def test_undo_takes_back_the_last_answer_and_then_the_one_before(desk):
    desk.owner(MIXED)
    desk.owner(MIXED)
    answer(desk, 1, "build-software")
    answer(desk, 1, "neither")
    page = desk.post("/inbox/review/undo")
    assert queue(page.text) == ["Submission 2, problem 3"]
    assert "Submission 1, problem 3: “Software to build”" in page.text
    page = desk.post("/inbox/review/undo")
    assert len(queue(page.text)) == 2
    assert 'action="/inbox/review/undo"' not in page.text
    page = desk.post("/inbox/review/undo")
    assert page.status_code == 422
    assert "nothing of yours to undo" in page.text


def test_undo_takes_back_nothing_of_another_adviser(desk):
    desk.owner(MIXED)
    answer(desk, 1, "build-software")
    desk.client.cookies.clear()
    desk.welcome(invited(desk, "Bob"))
    assert desk.post("/inbox/review/undo").status_code == 422
    assert desk.database.row("SELECT undone_by FROM change")["undone_by"] is None


def test_an_owner_who_goes_back_is_not_in_the_queue(desk):
    path = desk.owner(MIXED)
    assert queue(desk.get("/inbox/review").text)
    desk.client.post(path, data={"do": "back"})
    assert not queue(desk.get("/inbox/review").text)


def test_a_long_queue_shows_its_beginning_and_says_how_long_it_is(desk, monkeypatch):
    monkeypatch.setattr("triage_agent.web.review.AT_ONCE", 2)
    for _ in range(3):
        desk.owner(MIXED)
    page = desk.get("/inbox/review").text
    assert len(queue(page)) == 2
    assert "3 things to look at" in page
    assert "These are the first 2" in page


def test_the_script_of_the_keys_is_a_file_of_ours_that_the_policy_allows(desk):
    desk.owner(MIXED)
    page = desk.get("/inbox/review")
    assert re.findall(r"<script[^>]*>", page.text) == ['<script src="/static/review.js" defer>']
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert desk.get("/static/review.js").status_code == 200


def test_what_advisers_said_is_an_eval_set(desk, tmp_path):
    desk.owner(MIXED)
    desk.owner(OUTSIDE)
    desk.correct(1, 3, "build-software")
    desk.correct(2, 4, "neither")
    desk.correct(2, 1, "automate-process")
    desk.correct(2, 2, "build-software")
    desk.post("/inbox/review/undo")
    answer_ = desk.get("/inbox/cases.jsonl")
    assert "attachment" in answer_.headers["content-disposition"]
    path = tmp_path / "cases.jsonl"
    path.write_bytes(answer_.content)
    cases = {case.id: (case.text, case.label) for case in read_cases(path)}
    assert cases == {
        "1-3": ("This is torn between them", Label.BUILD),
        "2-1": ("Orders are typed by hand", Label.AUTOMATE),
        "2-4": ("This is outside of everything", None),
    }


def test_the_same_text_is_one_case(desk):
    desk.owner(MIXED)
    desk.owner(MIXED)
    for number in (1, 2):
        desk.correct(number, 3, "build-software")
    lines = desk.get("/inbox/cases.jsonl").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["1-3"]
