"""The HTTP API: tokens, contracts, errors in one form, and nothing done twice."""

import html
import json
import re
import shlex
import threading
from datetime import UTC, datetime, timedelta

import pytest

from support.site import WordModel, site
from triage_agent.web.database import stored
from triage_agent.web.problem_details import MEDIA_TYPE

INVOICES, APP = "Invoices are typed by hand", "Customers want an app here"
ALL = ("classify", "advise", "quiz", "decide")


@pytest.fixture(scope="module")
def model():
    return WordModel()


@pytest.fixture(scope="module")
def client(tmp_path_factory, model):
    with site(tmp_path_factory.mktemp("data"), model) as one:
        one.headers["authorization"] = f"Bearer {token(one, *ALL)}"
        yield one


def token(client, *scopes):
    return client.app.state.site.tokens.make("test", scopes)


class TestTheAnswers:
    def test_classify_gives_a_row_for_each_problem_in_its_order(self, client):
        asked = {"problems": [INVOICES, {"id": "b", "text": APP}]}
        answer = client.post("/api/v1/classify", json=asked).json()
        rows = answer["rows"]
        assert [(row["id"], row["label"]) for row in rows] == [
            ("1", "automate-process"),
            ("b", "build-software"),
        ]
        assert answer["schema_version"] == rows[0]["schema_version"] == 2

    def test_advise_takes_a_text_apart_and_decides(self, client):
        asked = {"problems": f"1. {INVOICES}\n2. {APP}\n3. Stock is counted", "revenue": "3M"}
        answer = client.post("/api/v1/advise", json=asked).json()
        assert answer["recommendation"] == "fractional-ai-officer"
        assert len(answer["problems"]) == 3

    def test_decide_counts_rows_as_classify_gave_them_and_as_a_person_corrected_them(self, client):
        asked = {"problems": [INVOICES, APP, "Stock is counted"]}
        rows = client.post("/api/v1/classify", json=asked).json()["rows"]
        business = {"revenue": "3M", "sells_software": False}
        first = client.post("/api/v1/decide", json={"problems": rows, **business}).json()
        assert first["recommendation"] == "fractional-ai-officer"
        rows[0] |= {"label": "build-software", "decided_by": "person"}
        changed = client.post("/api/v1/decide", json={"problems": rows, **business}).json()
        assert changed["recommendation"] == "fractional-cto"

    def test_the_quiz_is_asked_and_scored(self, client):
        questions = client.get("/api/v1/quiz").json()["questions"]
        answers = {one["id"]: 2 for one in questions}
        result = client.post("/api/v1/quiz", json={"answers": answers}).json()
        assert (len(questions), result["raw"], result["passed"]) == (8, 16, True)

    def test_its_description_names_every_path_and_loads_nothing_from_elsewhere(self, client):
        described = client.get("/api/openapi.json").json()
        assert set(described["paths"]) == {
            "/v1/classify",
            "/v1/advise",
            "/v1/decide",
            "/v1/quiz",
        }


class TestItsDescription:
    def test_programs_learn_that_a_token_is_needed(self, client):
        described = client.get("/api/openapi.json").json()
        assert described["servers"] == [{"url": "/api"}]
        assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
        asked = described["paths"]["/v1/advise"]["post"]
        assert asked["security"] == [{"token": []}]
        assert {"401", "403", "409", "413", "422", "429", "503"} <= set(asked["responses"])

    def test_people_read_the_same_on_a_page_without_scripts(self, client):
        page = client.get("/api/docs")
        assert page.status_code == 200
        for path in ("POST /api/v1/classify", "POST /api/v1/advise", "GET /api/v1/quiz"):
            assert f"<code>{path}</code>" in page.text
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert "unsafe" not in page.headers["content-security-policy"]
        assert "Yearly, as 3M, $750k or 250k a month." in page.text

    def test_each_command_on_it_works_as_it_stands(self, client):
        page = html.unescape(client.get("/api/docs").text)
        commands = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.S)
        assert len(commands) == 5
        for command in commands:
            words = shlex.split(command)
            url = words[-1].removeprefix("http://127.0.0.1:8787")
            body = words[words.index("-d") + 1] if "-d" in words else None
            kind = {"content-type": "application/json"}
            method = "POST" if body else "GET"
            answer = client.request(method, url, content=body, headers=kind)
            assert answer.status_code == 200, (command, answer.text)


class TestTheErrors:
    @pytest.mark.parametrize(
        ("path", "asked", "word"),
        [
            ("classify", {"problems": []}, "problems"),
            ("classify", {"problem": ["x"]}, "problem"),
            ("classify", {"problems": ["x" * 20_001]}, "problems"),
            ("advise", {"problems": "- \n-"}, "problem"),
            ("advise", {"problems": APP, "revenue": "lots"}, "lots"),
            ("quiz", {"answers": {"data": 3}}, "quiz"),
            ("quiz", {"answers": {"data": 9}}, "data"),
            ("decide", {"problems": [{"id": "1"}]}, "Problem 1"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_place(self, client, path, asked, word):
        answer = client.post(f"/api/v1/{path}", json=asked)
        assert (answer.status_code, answer.headers["content-type"]) == (422, MEDIA_TYPE)
        assert word in answer.json()["detail"]

    def test_what_was_written_is_not_repeated_in_an_error(self, client):
        answer = client.post("/api/v1/classify", json={"problems": [{"id": "", "text": "Zebra"}]})
        assert answer.status_code == 422
        assert "Zebra" not in answer.text

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"problems": NaN}', b"\xff"])
    def test_a_body_that_is_no_json_object_is_a_problem_too(self, client, body):
        answer = client.post("/api/v1/classify", content=body)
        assert (answer.status_code, answer.headers["content-type"]) == (422, MEDIA_TYPE)

    def test_a_path_that_is_not_there_is_a_problem_too(self, client):
        for answer in (client.get("/api/v1/nothing"), client.delete("/api/v1/quiz")):
            assert answer.status_code in {404, 405}
            assert answer.headers["content-type"] == MEDIA_TYPE

    def test_what_is_refused_at_the_door_is_a_problem_too(self, client):
        long = client.post("/api/v1/classify", json={"problems": ["x" * 20_000] * 60})
        elsewhere = client.post("/api/v1/quiz", json={}, headers={"origin": "https://evil.example"})
        named = client.get("/api/v1/quiz", headers={"host": "evil.example"})
        for answer, status in ((long, 413), (elsewhere, 403), (named, 421)):
            assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
            assert answer.json()["status"] == status

    def test_so_is_a_body_that_grows_too_long_while_it_is_read(self, client):
        def pieces():
            for _ in range(20):
                yield b" " * 100_000

        kind = {"content-type": "application/json"}
        long = client.post("/api/v1/classify", content=pieces(), headers=kind)
        assert (long.status_code, long.headers["content-type"]) == (413, MEDIA_TYPE)
        assert "1,000,000 bytes" in long.json()["detail"]

    def test_a_fault_of_ours_is_a_problem_without_its_words(self, tmp_path, caplog):
        class Broken(WordModel):
            async def predict(self, problem):
                raise ValueError(problem.text)

        with site(tmp_path, Broken(), raise_server_exceptions=False) as client:
            header = {"authorization": f"Bearer {token(client, 'classify')}"}
            asked = {"problems": ["Wombats"]}
            answer = client.post("/api/v1/classify", json=asked, headers=header)
            uses = client.app.state.site.tokens.uses(1)
        assert (answer.status_code, answer.headers["content-type"]) == (500, MEDIA_TYPE)
        assert "Wombats" not in answer.text
        assert [use.status for use in uses] == [500]
        ours = [one for one in caplog.records if one.name.startswith("triage_agent")]
        assert any("ValueError" in one.getMessage() for one in ours)
        assert not any("Wombats" in one.getMessage() for one in ours)


class TestTokens:
    def test_without_one_that_works_nothing_is_answered(self, client):
        for header in ("", "Bearer", "Bearer nonsense", "Basic abc", "Bearer é"):
            answer = client.get("/api/v1/quiz", headers={"authorization": header.encode()})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"

    def test_one_that_is_not_for_this_is_refused(self, client):
        header = {"authorization": f"Bearer {token(client, 'quiz')}"}
        assert client.get("/api/v1/quiz", headers=header).status_code == 200
        asked = {"problems": [INVOICES]}
        assert client.post("/api/v1/classify", json=asked, headers=header).status_code == 403

    def test_one_that_was_ended_works_no_longer(self, client):
        tokens = client.app.state.site.tokens
        one = tokens.make("gone", ["quiz"])
        tokens.end(tokens.find(one).id)
        header = {"authorization": f"Bearer {one}"}
        assert client.get("/api/v1/quiz", headers=header).status_code == 401

    def test_its_use_is_noted_and_the_data_hold_no_token(self, tmp_path):
        with site(tmp_path) as client:
            one = token(client, "classify")
            header = {"authorization": f"Bearer {one}"}
            client.post("/api/v1/classify", json={"problems": [INVOICES]}, headers=header)
            client.post("/api/v1/classify", json={}, headers=header)
            uses = client.app.state.site.database.rows("SELECT what, status FROM token_use")
        what = "POST /api/v1/classify"
        assert [tuple(use) for use in uses] == [(what, 200), (what, 422)]
        held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert one.encode() not in held

    def test_who_guesses_tokens_has_to_wait_and_who_has_one_goes_on(self, tmp_path):
        with site(tmp_path) as client:
            client.app.state.site.limiter._rates._clock = lambda: 1000.0
            header = {"authorization": "Bearer nonsense"}
            statuses = [client.get("/api/v1/quiz", headers=header).status_code for _ in range(25)]
            own = {"authorization": f"Bearer {token(client, 'quiz')}"}
            assert client.get("/api/v1/quiz", headers=own).status_code == 200
        assert statuses == [401] * 20 + [429] * 5

    def test_who_asks_too_often_is_told_when_to_come_back_and_others_go_on(self, tmp_path):
        with site(tmp_path) as client:
            client.app.state.site.limiter._rates._clock = lambda: 1000.0  # however slow a test is
            often, other = ({"authorization": f"Bearer {token(client, 'quiz')}"} for _ in range(2))
            answers = [client.get("/api/v1/quiz", headers=often) for _ in range(130)]
            late = [one for one in answers if one.status_code == 429]
            assert [one.status_code for one in answers] == [200] * 120 + [429] * 10
            assert {one.headers["retry-after"] for one in late} == {"1"}
            assert client.get("/api/v1/quiz", headers=other).status_code == 200
            noted = client.app.state.site.database.rows("SELECT 1 FROM token_use WHERE token = 1")
            assert len(noted) == 120

    def test_after_a_day_no_answer_is_kept_and_after_ninety_no_use(self, tmp_path):
        with site(tmp_path) as client:
            header = {"authorization": f"Bearer {token(client, 'classify')}"}
            asked = {"problems": ["Wombats are typed by hand"]}
            for key in ("old", "new"):
                headers = {**header, "idempotency-key": key}
                client.post("/api/v1/classify", json=asked, headers=headers)
            kept = client.app.state.site
            with kept.database.transaction() as connection:
                old = stored(datetime.now(UTC) - timedelta(hours=25))
                connection.execute("UPDATE answered SET made_at = ? WHERE key = 'old'", (old,))
                old = stored(datetime.now(UTC) - timedelta(days=91))
                connection.execute("UPDATE token_use SET made_at = ? WHERE id = 1", (old,))
            kept.tokens.forget_old()
            assert [row["key"] for row in kept.database.rows("SELECT key FROM answered")] == ["new"]
            assert [use.id for use in kept.tokens.uses(1)] == [2]


class TestOnce:
    def test_the_same_key_gets_the_same_answer_and_nothing_is_read_twice(self, client, model):
        asked, key = {"problems": ["Orders are copied"]}, {"idempotency-key": "one"}
        first = client.post("/api/v1/classify", json=asked, headers=key)
        before = len(model.texts)
        again = client.post("/api/v1/classify", json=asked, headers=key)
        assert again.content == first.content
        assert again.headers["idempotency-replayed"] == "true"
        assert len(model.texts) == before

    def test_the_same_key_for_another_request_is_refused(self, client):
        key = {"idempotency-key": "two"}
        client.post("/api/v1/classify", json={"problems": [INVOICES]}, headers=key)
        other = client.post("/api/v1/classify", json={"problems": [APP]}, headers=key)
        assert other.status_code == 422
        path = client.post("/api/v1/advise", json={"problems": [INVOICES]}, headers=key)
        assert path.status_code == 422

    def test_an_error_of_the_caller_frees_no_one_else_and_may_be_corrected(self, client):
        key = {"idempotency-key": "three"}
        wrong = client.post("/api/v1/advise", json={"problems": "-"}, headers=key)
        assert wrong.status_code == 422
        right = client.post("/api/v1/advise", json={"problems": APP}, headers=key)
        assert right.status_code == 200

    def test_while_the_first_is_under_way_the_second_is_told_so(self, tmp_path):
        class Held(WordModel):
            def __init__(self):
                super().__init__()
                self.begun, self.go = threading.Event(), threading.Event()

            async def predict(self, problem):
                self.begun.set()
                self.go.wait(10)
                return await super().predict(problem)

        model = Held()
        with site(tmp_path, model) as client:
            headers = {
                "authorization": f"Bearer {token(client, 'classify')}",
                "idempotency-key": "k",
            }
            asked, answers = {"problems": [INVOICES]}, []

            def ask():
                answers.append(client.post("/api/v1/classify", json=asked, headers=headers))

            first = threading.Thread(target=ask)
            first.start()
            assert model.begun.wait(5)
            ask()
            model.go.set()
            first.join()
        assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_a_row_of_the_contract_is_read_back_as_it_was(client):
    rows = client.post("/api/v1/classify", json={"problems": [INVOICES]}).json()["rows"]
    decided = client.post("/api/v1/decide", json={"problems": rows}).json()
    assert json.dumps(decided["problems"]) == json.dumps(rows)
