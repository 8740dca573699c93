"""The owner's way from a paste to a verdict, as forms are sent without a script."""

import html
import re

import pytest

from support.site import Form, WordModel, begin, heading, send, site, walk

THREE = "1. Invoices are typed by hand\n2. Stock is counted on paper\n3. Customers want an app here"


@pytest.fixture(scope="module")
def model():
    return WordModel()


@pytest.fixture(scope="module")
def client(tmp_path_factory, model):
    with site(tmp_path_factory.mktemp("data"), model) as one:
        yield one


class TestTheStart:
    def test_says_who_reads_the_text_before_anything_is_sent(self, client):
        page = client.get("/")
        assert "Who reads what you write" in page.text
        assert page.text.index("Who reads") < page.text.index("<textarea")

    def test_without_the_box_ticked_nothing_is_kept_and_the_text_stays(self, client, model):
        before = len(model.texts)
        page = send(client, client.get("/"), text="Leads get lost")
        assert page.status_code == 422
        assert "Please tick the box" in page.text
        assert Form(page.text).fields["text"].strip() == "Leads get lost"
        assert len(model.texts) == before

    @pytest.mark.parametrize("text", ["", "  \n ", "- \n-"])
    def test_a_text_without_a_problem_is_refused_in_words(self, client, text):
        page = begin(client, text)
        assert page.status_code == 422
        assert "problem" in re.search(r'class="wrong"[^>]*>(.*?)<', page.text)[1]

    def test_the_same_form_sent_twice_is_one_conversation(self, client):
        first = client.get("/")
        one = send(client, first, text=THREE, agree="yes")
        other = send(client, first, text=THREE, agree="yes")
        assert one.url == other.url

    def test_a_program_that_fills_in_the_hidden_field_gets_nowhere(self, client):
        page = begin(client, THREE, website="http://spam.example")
        assert page.url.path == "/"


class TestTheConversation:
    def test_leads_from_a_paste_to_a_verdict_and_its_report(self, client):
        page = begin(client, THREE)
        assert heading(page) == "I read three problems. Is that right?"
        page = walk(client, page, company="Acme & Sons <b>")
        assert heading(page) == "Hire a fractional AI officer."
        assert "Acme &amp; Sons &lt;b&gt;" in page.text
        report = client.get(f"{page.url.path.removesuffix('/verdict')}/report")
        assert "Advice for Acme" in report.text
        styles = report.text.count("<style>")
        assert styles == report.headers["content-security-policy"].count("'sha256-") > 0
        assert " style=" not in report.text

    def test_what_was_read_is_not_read_again(self, client, model):
        page = walk(client, begin(client, "Orders are retyped each day"))
        before = len(model.texts)
        client.get(page.url.path)
        client.get(page.url.path)
        assert len(model.texts) == before

    def test_problems_can_be_joined_divided_left_out_and_added(self, client):
        page = begin(client, THREE)
        page = send(client, page, do="join:1")
        assert heading(page) == "I read two problems. Is that right?"
        page = send(client, page, do="remove:2")
        assert heading(page) == "I read one problem. Is that right?"
        page = send(client, page, **{"piece-1": "Late invoices\r\nWrong stock"}, do="divide:1")
        assert heading(page) == "I read two problems. Is that right?"
        page = send(client, page, new="No app for customers", do="add")
        fields = Form(page.text).fields
        assert [fields[f"piece-{n}"].strip() for n in (1, 2, 3)] == [
            "Late invoices",
            "Wrong stock",
            "No app for customers",
        ]

    def test_a_new_problem_that_was_typed_counts_when_enter_confirms(self, client):
        page = begin(client, THREE)
        page = walk(client, send(client, page, new="Calls are not returned", do="confirm"))
        assert "Calls are not returned" in page.text

    def test_back_shows_the_question_before_with_its_answer(self, client):
        page = send(client, begin(client, THREE), do="confirm")
        page = send(client, page, text="Acme", do="confirm")
        page = send(client, page, do="back")
        assert heading(page) == "What is your company called?"
        assert Form(page.text).fields["text"] == "Acme"

    def test_an_amount_is_typed_beside_the_choices(self, client):
        page = send(client, begin(client, THREE), do="confirm")
        page = send(client, page, text="", do="confirm")
        wrong = send(client, page, choice="own", text="lots", do="confirm")
        assert wrong.status_code == 422
        page = send(client, page, choice="own", text="750k", do="confirm")
        assert heading(page) == "Do you sell, or are you building, software for customers?"

    def test_a_page_that_was_left_open_shows_what_is_asked_now(self, client):
        old = begin(client, THREE)
        now = send(client, old, do="confirm")
        assert send(client, old, do="confirm").text == now.text

    def test_a_tie_asks_the_quiz_one_question_after_the_other_with_a_bar(self, client):
        page = begin(client, "1. Invoices are typed by hand\n2. Customers want an app here")
        for values in ({}, {"text": ""}, {"choice": "1M to 10M"}, {"choice": "no"}):
            page = send(client, page, do="confirm", **values)
        assert "0 of 8 answered" in page.text
        assert "It is a tie" in page.text
        page = send(client, page, choice="2", do="confirm")
        assert "1 of 8 answered" in page.text
        page = send(client, page, do="back")
        assert Form(page.text).fields["choice"] == "2"
        for _ in range(8):
            page = send(client, page, choice="2", do="confirm")
        assert page.url.path.endswith("/verdict")

    def test_the_revenue_can_be_changed_beside_the_verdict(self, client):
        page = walk(client, begin(client, THREE))
        page = send(client, page, revenue="500k", software="no")
        assert "yourself" in heading(page)
        page = send(client, page, revenue="many")
        assert page.status_code == 422
        assert "many" in page.text


def kept_answers(client, page):
    """Return the answers, and what was taken back, in the conversation that a page is of."""
    state = client.app.state.site.submissions.by_token(page.url.path.split("/")[2]).state
    return state.drafts | state.answers


class TestAfterTheVerdict:
    def test_a_problem_is_added_and_the_verdict_follows(self, client):
        page = walk(client, begin(client, "1. Invoices are typed\n2. Stock is counted on paper"))
        page = client.post(page.url.path, data={"problems": "change"})
        page = send(client, page, new="Customers want an app here", do="confirm")
        assert page.url.path.endswith("/verdict")
        assert "Customers want an app here" in page.text

    @pytest.mark.parametrize("revenue", ["under 1M", "1M to 10M", "over 10M", "unknown"])
    def test_what_stands_beside_the_verdict_can_be_saved_as_it_is(self, client, revenue):
        page = walk(client, begin(client, THREE), revenue=revenue)
        shown = html.unescape(re.search(r'name="revenue"[^>]* value="([^"]*)"', page.text)[1])
        saved = client.post(page.url.path, data={"revenue": shown, "software": "yes"})
        assert saved.status_code == 200
        assert kept_answers(client, page)["revenue"] == revenue
        assert kept_answers(client, page)["software"] == "yes"

    def test_an_amount_that_was_refused_stands_there_to_be_corrected(self, client):
        page = walk(client, begin(client, THREE))
        page = client.post(page.url.path, data={"revenue": "3 <b>lots", "software": "no"})
        assert page.status_code == 422
        assert 'value="3 &lt;b&gt;lots" aria-invalid="true"' in page.text

    def test_an_answer_about_a_problem_goes_with_it_when_another_is_left_out(self, client):
        page = walk(client, begin(client, THREE))
        page = client.get(page.url.path.replace("verdict", "again/unclear/2"))
        page = send(client, page, **{"unclear:2": "engineering_leadership"})
        page = client.post(page.url.path, data={"problems": "change"})
        page = send(client, page, do="remove:1")
        page = send(client, page, new="Calls are not returned for days", do="add")
        page = walk(client, send(client, page, do="confirm"))
        answers = kept_answers(client, page)
        assert answers["unclear:1"] == "engineering_leadership"
        assert "unclear:2" not in answers

    def test_an_answer_about_a_problem_is_dropped_with_the_text_that_held_it(self, client):
        page = walk(client, begin(client, "Invoices are typed by hand every day"))
        page = client.get(page.url.path.replace("verdict", "again/unclear/1"))
        page = send(client, page, **{"unclear:1": "engineering_leadership"})
        path = page.url.path.removesuffix("/verdict")
        for _ in range(5):
            page = client.post(path, data={"id": "", "do": "back"})
        page = send(client, page, text="Parcels get lost on their way every week", do="confirm")
        page = walk(client, page)
        assert "Parcels get lost" in page.text
        assert "unclear:1" not in kept_answers(client, page)

    def test_an_answer_about_a_problem_is_corrected_and_credited(self, client):
        page = walk(client, begin(client, "Invoices are typed by hand every day"))
        page = client.get(page.url.path.replace("verdict", "again/unclear/1"))
        page = send(client, page, **{"unclear:1": "engineering_leadership"})
        assert heading(page) == "Hire a fractional CTO."
        assert "as you said" in page.text

    def test_the_quiz_can_be_taken_and_shows_its_picture(self, client):
        page = walk(client, begin(client, "Invoices are typed by hand every day"))
        quiz = client.get(page.url.path.replace("verdict", "again/quiz"))
        refused = send(client, quiz, **{"quiz:data": "1"})
        assert refused.status_code == 422
        names = re.findall(r'name="(quiz:[^"]+)" value="0"', quiz.text)
        page = send(client, quiz, **dict.fromkeys(names, "2"))
        assert len(names) == 8
        assert "67 of 100" in page.text
        assert "Radar chart" in page.text

    @pytest.mark.parametrize("path", ["again/unclear/9", "again/unclear/0", "again/company"])
    def test_what_cannot_be_asked_again_is_not_found(self, client, path):
        page = walk(client, begin(client, "Invoices are typed by hand every day"))
        assert client.get(page.url.path.replace("verdict", path)).status_code == 404


class TestWhatIsKept:
    def test_looking_at_a_result_is_no_change_to_it(self, tmp_path):
        # Retention counts from the last change, and an adviser's form is for one version.
        with site(tmp_path) as client:
            page = walk(client, begin(client, THREE))
            submissions = client.app.state.site.submissions
            before = submissions.by_id(1)
            for path in ("verdict", "report", ""):
                client.get(page.url.path.replace("verdict", path).rstrip("/"))
            assert before.advice["plan"]["roles"]
            assert submissions.by_id(1) == before

    def test_a_restart_loses_nothing(self, tmp_path):
        with site(tmp_path) as one:
            page = send(one, begin(one, THREE), do="confirm")
            path = page.url.path
        with site(tmp_path) as other:
            assert heading(other.get(path)) == "What is your company called?"

    def test_a_link_that_nobody_was_given_is_not_found(self, client):
        for path in ("/t/abc", "/t/abc/verdict", "/t/abc/report", "/t/abc/delete"):
            page = client.get(path)
            assert (page.status_code, heading(page)) == (404, "There is no such page")

    def test_the_data_hold_no_link_that_works(self, tmp_path):
        with site(tmp_path) as client:
            token = begin(client, THREE).url.path.rpartition("/")[2]
        kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert len(token) >= 32
        assert token.encode() not in kept

    def test_delete_my_answers_leaves_no_word_of_them_on_the_disk(self, tmp_path):
        with site(tmp_path) as client:
            other = walk(client, begin(client, "Zebrafish are counted by hand"))
            page = walk(
                client,
                begin(client, "Quokkas are typed into a list by hand each day"),
                company="Wombat Ltd",
            )
            gone = client.post(page.url.path.replace("verdict", "delete"))
            assert heading(gone) == "Deleted"
            words = (b"quokka", b"wombat")
            for path in tmp_path.rglob("*"):  # while the server runs: its log too
                held = path.read_bytes().lower() if path.is_file() else b""
                assert not [word for word in words if word in held], path
            assert client.get(page.url.path).status_code == 404
            assert client.get(other.url.path).status_code == 200
        held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert b"ebrafish" in held  # the words of others are there to be found
