"""The inbox's pages about forms that arrive by themselves."""

import html
import json
import re

import pytest
from tinyhtml5.parser import HTMLParser

from support.hooks import ANSWERS, ASKED, COMPANY, REVENUE, form_of, signature
from support.inbox_desk import desk_at
from triage_agent.web.hooks import Hooks

PAGE = "/inbox/forms/intake"


@pytest.fixture
def desk(tmp_path):
    with desk_at(tmp_path / "data") as found:
        found.welcome()
        yield found


def make(desk, kind="tally", name="intake"):
    """Make a hook, and return the page that shows its secret."""
    return desk.post("/inbox/forms/make", name=name, kind=kind)


def shown(page, id):  # noqa: A002
    """Return the value of a field that is shown."""
    return html.unescape(page.text.split(f'id="{id}" value="')[1].split('"')[0])


def send(desk, page, number, answers, kind="tally"):
    """Send an answer as the tool does that was given what a page shows."""
    body = json.dumps(form_of(kind, number, answers)).encode()
    signed = signature(kind, shown(page, "secret"), body, f"answer-{number}", 0)
    path = shown(page, "new-address").removeprefix(desk.options.address)
    answer = desk.client.post(path, content=body, headers=dict(one.split(": ") for one in signed))
    rest(desk)
    return answer


def rest(desk):
    desk.client.portal.call(desk.client.app.state.site.arrivals.resting)


def chosen(page):
    """Return {question: what it is about} of the form on a page, and the form's fields."""
    fields = dict(re.findall(r'name="(column-\d+)" value="([^"]*)"', page))
    for name, options in re.findall(r'<select id="(role-\d+)"(.*?)</select>', page, re.S):
        picked = re.search(r'value="([^"]*)" selected', options)
        fields[name] = picked[1] if picked else ""
    fields = {name: html.unescape(value) for name, value in fields.items()}
    roles = {
        fields[name]: fields[name.replace("column", "role")]
        for name in fields
        if name.startswith("column")
    }
    return roles, fields


def choose(desk, **roles):
    """Choose what questions are about, and return the page that follows."""
    known, fields = chosen(desk.get(PAGE).text)
    by_name = {
        f"role-{n}": role
        for n, name in enumerate(known, 1)
        for q, role in roles.items()
        if name.startswith(q)
    }
    page = desk.post(f"{PAGE}/columns", **{**fields, **by_name})
    rest(desk)
    return page


def test_a_form_is_connected_read_and_found_in_the_inbox(desk):
    assert "There is no form yet" in desk.get("/inbox/forms").text
    page = make(desk)
    assert page.status_code == 200
    assert "Send one answer of the form first" in page.text
    assert send(desk, page, 1, ANSWERS).json() == {"status": "accepted"}
    waiting = desk.get(PAGE).text
    assert "Choose once what each question is about" in waiting
    assert "Nothing is read until you choose" in waiting
    assert ANSWERS[ASKED] in waiting  # as an example
    roles, fields = chosen(waiting)
    assert {name: role for name, role in roles.items() if role} == {
        ASKED: "problem",
        COMPANY: "company",
        REVENUE: "revenue",
    }
    after = desk.post(f"{PAGE}/columns", **fields)
    rest(desk)
    assert after.url.path == PAGE
    inbox = desk.get("/inbox").text
    assert ">intake</option>" in inbox
    assert "Acme" in desk.get("/inbox?source=intake").text
    assert "from intake" in desk.get("/inbox/1").text
    send(desk, page, 2, {**ANSWERS, COMPANY: "Another"})
    assert "Another" in desk.get("/inbox?source=intake").text


def test_a_secret_is_shown_once(desk):
    page = make(desk)
    secret = shown(page, "secret")
    again = desk.get(PAGE)
    assert secret not in again.text
    assert shown(again, "address") == f"{desk.options.address}/hooks/intake"
    new = desk.post(f"{PAGE}/secret")
    assert secret not in new.text
    assert shown(new, "secret") not in desk.get(PAGE).text
    assert "The old one still works" in new.text
    assert "The old one still works" not in desk.post(f"{PAGE}/end-secret").text


def test_an_address_with_a_secret_is_shown_once(desk):
    page = make(desk, "jotform")
    address = shown(page, "new-address")
    assert address == f"{desk.options.address}{Hooks(desk.database).named('intake').path}"
    assert address not in desk.get(PAGE).text
    assert 'id="secret"' not in page.text
    assert shown(desk.post(f"{PAGE}/secret"), "new-address") != address


def test_the_script_for_google_is_shown_once_with_address_and_secret_in_it(desk):
    page = make(desk, "google")
    script = html.unescape(page.text.split('class="code">')[1].split("</textarea>")[0])
    assert f'const ADDRESS = "{shown(page, "new-address")}";' in script
    assert f'const SECRET = "{shown(page, "secret")}";' in script
    assert "example.com" not in script
    assert 'class="code"' not in desk.get(PAGE).text
    assert 'class="code"' not in make(desk, "json", "another").text


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("", "tally", "A name has at most 40"),
        ("page", "tally", "A name has at most 40"),
        ("-a", "tally", "A name has at most 40"),
        ("a b", "tally", "A name has at most 40"),
        ("é", "tally", "A name has at most 40"),
        ("a/../b", "tally", "A name has at most 40"),
        ("x" * 41, "tally", "A name has at most 40"),
        ("intake", "another", "Choose where"),
        ("Taken ", "tally", "There is a form called taken already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_stays_in_the_form(desk, name, kind, says):
    make(desk, name="taken")
    page = make(desk, kind, name)
    assert page.status_code == 422
    assert says in page.text
    assert f'name="name" value="{html.escape(name.strip().lower())}"' in page.text.replace(
        name, name.strip().lower()
    )
    assert len(Hooks(desk.database).all()) == 1


def test_columns_that_cannot_be_are_refused_and_stay_in_the_form(desk):
    page = make(desk)
    send(desk, page, 1, ANSWERS)
    none = choose(desk, What="", Company="company")
    assert none.status_code == 422
    assert "at least one question" in none.text
    assert chosen(none.text)[0][ASKED] == ""
    twice = choose(desk, Company="revenue", Yearly="revenue")
    assert twice.status_code == 422
    assert "Only problems can have several" in twice.text
    assert Hooks(desk.database).named("intake").mapping is None
    both = choose(desk, Company="problem")
    assert both.status_code == 200
    assert Hooks(desk.database).named("intake").mapping.problem_column == (ASKED, COMPANY)


def test_the_unit_of_the_revenue_and_its_rate_are_read_and_kept(desk):
    page = make(desk)
    send(desk, page, 1, {**ANSWERS, REVENUE: "3,000"})
    for wrong in ({"unit": "bananas"}, {"rate": "x"}, {"rate": "0"}, {"rate": "inf"}):
        _, fields = chosen(desk.get(PAGE).text)
        refused = desk.post(f"{PAGE}/columns", **fields, **wrong)
        assert refused.status_code == 422
        assert f'value="{next(iter(wrong.values()))}"' in refused.text
    desk.post(f"{PAGE}/columns", **fields, unit="EUR thousands", rate="1.1")
    rest(desk)
    assert "$3.3M" in desk.get("/inbox/1/report").text
    assert 'value="EUR thousands"' in desk.get(PAGE).text
    assert 'value="1.1"' in desk.get(PAGE).text


def test_what_a_tool_says_of_an_answer_is_no_question(desk):
    page = make(desk)
    send(desk, page, 1, ANSWERS)
    assert list(chosen(desk.get(PAGE).text)[0]) == [ASKED, COMPANY, REVENUE]


def test_what_failed_is_shown_with_its_reason_and_can_be_tried_again(desk):
    page = make(desk)
    send(desk, page, 1, ANSWERS)
    choose(desk)
    send(desk, page, 2, {"What goes wrong?": "Stock is counted twice", COMPANY: "Beta"})
    failed = desk.get(PAGE).text
    assert "A question that is read is not in it" in failed
    assert "It is not tried again by itself" in failed
    assert "1 failed" in desk.get("/inbox/forms").text
    assert "Stock is counted twice" in failed  # the example of the new question
    desk.post(f"{PAGE}/again", do="again")
    rest(desk)
    assert "A question that is read is not in it" in desk.get(PAGE).text
    roles, _ = chosen(failed)
    assert ASKED not in roles  # it is not in the form any more
    choose(desk, What="problem")
    assert "Not yet a submission" not in desk.get(PAGE).text
    assert "Beta" in desk.get("/inbox").text


def test_what_failed_can_be_deleted(desk):
    page = make(desk)
    send(desk, page, 1, ANSWERS)
    choose(desk)
    send(desk, page, 2, {"What goes wrong?": "Stock is counted twice"})
    after = desk.post(f"{PAGE}/again", do="delete")
    assert "Not yet a submission" not in after.text
    assert send(desk, page, 2, {"What goes wrong?": "x"}).json() == {"status": "known"}


def test_a_form_is_disconnected_and_its_submissions_stay(desk):
    page = make(desk)
    send(desk, page, 1, ANSWERS)
    choose(desk)
    assert desk.post(f"{PAGE}/remove").url.path == "/inbox/forms"
    assert desk.get(PAGE).status_code == 404
    assert send(desk, page, 2, ANSWERS).status_code == 404
    assert "Acme" in desk.get("/inbox?source=intake").text


def test_the_page_says_who_did_what(desk):
    page = make(desk)
    send(desk, page, 1, ANSWERS)
    desk.client.post("/hooks/intake", content=b"{}")
    choose(desk)
    said = desk.get(PAGE).text.split("What happened")[1]
    for words in (
        "Questions chosen (Ann)",
        "signature was missing",
        "An answer arrived",
        "Connected (Ann)",
    ):
        assert words in said


def test_a_submission_says_how_its_form_was_read(desk):
    page = make(desk)
    send(desk, page, 1, {**ANSWERS, REVENUE: "a <b>lot</b>"})
    choose(desk)
    said = desk.get("/inbox/1").text.split("How the form was read")[1]
    assert "The revenue counts as unknown" in said
    assert "<b>" not in said


def test_markup_in_a_form_is_text_on_these_pages(desk):
    bad = '<script>alert("x")</script>'
    page = make(desk)
    send(desk, page, 1, {f"{bad}\n?": bad, ASKED: bad + " is typed by hand"})
    for path in (PAGE, "/inbox/forms", "/inbox"):
        assert bad not in desk.get(path).text
    roles, fields = chosen(desk.get(PAGE).text)
    assert f"{bad}\n?" in roles
    browser = {name: value.replace("\n", "\r\n") for name, value in fields.items()}
    number = next(name for name, value in fields.items() if value == f"{bad}\n?")
    desk.post(f"{PAGE}/columns", **browser | {number.replace("column", "role"): "company"})
    rest(desk)
    assert Hooks(desk.database).named("intake").mapping.company_column == f"{bad}\n?"
    assert bad not in desk.get("/inbox").text
    assert bad not in desk.get("/inbox/1").text
    assert desk.database.row("SELECT company FROM submission")["company"] == bad


def test_an_adviser_corrects_a_form_that_arrived_as_any_other(desk):
    page = make(desk)
    several = {**ANSWERS, ASKED: "1. Orders are typed by hand\n2. Please build an app"}
    send(desk, page, 1, several)
    choose(desk)
    before = desk.database.row("SELECT recommendation FROM submission")[0]
    desk.correct(1, 1, "build-software")
    after = desk.database.row("SELECT recommendation, company FROM submission")
    assert (before, *after) == ("take-the-quiz", "fractional-cto", "Acme")
    assert "$3M" in desk.get("/inbox/1/report").text  # what the form said of the business stays
    assert "Acme" in desk.get("/inbox/submissions.csv").text


def test_an_adviser_deletes_what_came_from_a_form_and_nothing_else(desk):
    page = make(desk)
    send(desk, page, 1, {**ANSWERS, ASKED: "Quokkas are typed by hand"})
    choose(desk)
    desk.owner("- Bills are sent late", company="Owner")
    assert "Delete this submission" in desk.get("/inbox/1").text
    assert "Delete this submission" not in desk.get("/inbox/2").text
    assert desk.post("/inbox/2/delete").status_code == 404
    assert desk.post("/inbox/1/delete").url.path == "/inbox"
    assert desk.get("/inbox/1").status_code == 404
    assert "Owner" in desk.get("/inbox").text
    raw = b"".join(one.read_bytes() for one in desk.options.data.iterdir() if one.is_file())
    assert b"quokka" not in raw.lower()
    assert send(desk, page, 1, ANSWERS).json() == {"status": "known"}
    assert desk.get("/inbox/1").status_code == 404


ODD = {
    "half a character": '{"What is your biggest problem?": "Late \\ud800 bills", "b": ["\\udfff"]}',
    "a half in a question": '{"What is your biggest problem? \\ud800": "Late bills"}',
    "not a number": '{"What is your biggest problem?": NaN, "Company": Infinity}',
    "a large number": '{"What is your biggest problem?": 1e999, "Company": 1e308}',
    "twice": '{"Company": "a", "Company": "b", "What is your biggest problem?": "Late bills"}',
    "a null character": '{"What is your biggest problem?": "Late \\u0000 bills", "\\u0000": 1}',
    "nested": '{"What is your biggest problem?": {"a": {"b": [[["Late bills"]]]}}}',
    "deep": '{"What is your biggest problem?": ' + "[" * 500 + "]" * 500 + "}",
    "many questions": json.dumps({f"Question {n}": "Late bills" for n in range(5000)}),
    "a long question": json.dumps({"Why? " * 20_000: "Late bills"}),
    "an empty question": '{"": "Late bills", " ": "Late bills"}',
    "terminal codes": '{"What is your biggest problem?": "\\u001b[31mLate bills", "\\u202e": "x"}',
    "formulas": '{"What is your biggest problem?": "=HYPERLINK(1)", "Company": "=1+1"}',
}


@pytest.mark.parametrize("body", ODD.values(), ids=list(ODD))
def test_odd_answers_break_no_page(desk, body):
    page = make(desk, "json-address")
    path = shown(page, "new-address").removeprefix(desk.options.address)
    answer = desk.client.post(path, content=body, headers={"idempotency-key": "1"})
    assert answer.status_code == 202
    rest(desk)
    for _ in range(2):  # before and after its columns are chosen
        for one in (PAGE, "/inbox/forms", "/inbox", "/inbox/submissions.csv"):
            assert desk.get(one).status_code == 200
        roles, fields = chosen(desk.get(PAGE).text)
        if roles and "problem" not in roles.values():
            fields["role-1"] = "problem"
        assert desk.post(f"{PAGE}/columns", **fields).status_code in {200, 422}
        rest(desk)
    for row in desk.database.rows("SELECT id FROM submission"):
        assert desk.get(f"/inbox/{row['id']}").status_code == 200
        assert desk.get(f"/inbox/{row['id']}/report").status_code == 200
    left = desk.database.rows("SELECT error FROM delivery WHERE payload IS NOT NULL")
    assert "fault" not in [row["error"] for row in left]


def test_every_page_is_valid_html(desk):
    page = make(desk)
    send(desk, page, 1, ANSWERS)
    pages = [page, desk.get(PAGE)]
    choose(desk)
    send(desk, page, 2, {"What goes wrong?": "Stock is counted twice"})
    pages += [desk.get(PAGE), desk.get("/inbox/forms"), desk.post(f"{PAGE}/secret")]
    pages.append(desk.get("/inbox/1"))
    for one in pages:
        parser = HTMLParser(namespace_html_elements=False)
        parser.parse(one.text)
        assert parser.errors == []
