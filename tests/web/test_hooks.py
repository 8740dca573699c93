"""Forms that arrive by themselves, sent by curl with signatures made by openssl."""

import json
import logging
import socket
import time
from unittest import mock

import pytest

from support.hooks import ANSWERS, ASKED, COMPANY, MAPPING, REVENUE, curl, served, undone
from support.site import WordModel
from triage_agent.batch import FormMapping
from triage_agent.models import OpenBackend
from triage_agent.triage import AsyncTriage
from triage_agent.types import Failure
from triage_agent.web.deliveries import MOST_WAITING, RETRIES_S, Deliveries, Trouble
from triage_agent.web.hooks import Hooks
from triage_agent.web.rates import Rate
from triage_agent.web.submissions import Submissions

KINDS = ["typeform", "tally", "jotform", "google", "json", "json-address"]
SIGNED = ["typeform", "tally", "google", "json"]
TIMED = ["google", "json"]
IN_ADDRESS = ["jotform", "json-address"]
AUTOMATE = "fractional-ai-officer"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with served(tmp_path_factory.mktemp("hooks") / "data") as one:
        yield one


@pytest.fixture
def server(running):
    running.forget()
    return running


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_is_taken_at_once_and_becomes_a_submission(server, kind):
    tool = server.hook(kind)
    assert tool.send(1) == (202, {"status": "accepted"})
    assert server.submissions(kind) == [("Acme", AUTOMATE)]
    assert undone(server.database, kind) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_twice_is_stored_once(server, kind):
    tool = server.hook(kind)
    assert [tool.send(1)[1] for _ in range(3)] == [{"status": "accepted"}] + [
        {"status": "known"}
    ] * 2
    assert len(server.submissions(kind)) == 1
    assert tool.send(1) == (202, {"status": "known"})  # after it has become a submission
    assert tool.send(2) == (202, {"status": "accepted"})
    assert len(server.submissions(kind)) == 2


@pytest.mark.parametrize("kind", SIGNED)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"secret": "whsec_AAAA"}, id="another secret"),
        pytest.param({"signed": b"{}"}, id="another body"),
    ],
)
def test_a_wrong_signature_is_refused_and_nothing_is_stored(server, kind, changes):
    tool = server.hook(kind)
    status, answer = tool.send(1, **changes)
    assert (status, answer["detail"]) == (401, "The signature is missing or wrong.")
    assert undone(server.database, kind) == []
    assert server.submissions(kind) == []
    assert Hooks(server.database).trail(kind)[0].what == "wrong signature"


@pytest.mark.parametrize("kind", SIGNED)
def test_a_missing_signature_is_a_wrong_one(server, kind):
    tool = server.hook(kind)
    assert curl(tool.address(), "-d", tool.body(1).decode())[0] == 401
    assert curl(tool.address(), "-d", "")[0] == 401


@pytest.mark.parametrize("kind", TIMED)
@pytest.mark.parametrize(("ago", "status"), [(290, 202), (310, 401), (-290, 202), (-310, 401)])
def test_a_signed_time_must_be_within_five_minutes(server, kind, ago, status):
    tool = server.hook(kind)
    found, answer = tool.send(1, moment=time.time() - ago)
    assert found == status
    assert status == 202 or "five minutes" in answer["detail"]


@pytest.mark.parametrize("kind", TIMED)
def test_a_replay_under_another_id_or_time_is_refused(server, kind):
    tool = server.hook(kind)
    options = tool.options(1, tool.body(1), moment=time.time() - 400)
    assert curl(tool.address(), *options)[0] == 401
    fresh = [one.replace(f"{int(time.time() - 400)}", f"{int(time.time())}") for one in options]
    assert curl(tool.address(), *fresh)[0] == 401
    options = tool.options(1, tool.body(1))
    assert curl(tool.address(), *options)[0] == 202
    assert curl(tool.address(), *options) == (202, {"status": "known"})
    other = [one.replace("answer-1", "answer-2") for one in options]
    assert curl(tool.address(), *other)[0] == 401
    assert len(server.submissions(kind)) == 1


@pytest.mark.parametrize("kind", IN_ADDRESS)
def test_a_wrong_secret_in_the_address_is_no_address(server, kind):
    tool = server.hook(kind)
    path, _, secret = tool.address().rpartition("/")
    assert len(bytes.fromhex(secret)) * 8 == 128
    options = tool.options(1, tool.body(1))
    for wrong in (f"{path}/{'0' * 32}", f"{path}/{secret[:-1]}", f"{path}/%C3%A9", path):
        status, answer = curl(wrong, *options)
        assert (status, answer["detail"]) == (404, "There is no hook with this address.")
    assert undone(server.database, kind) == []


@pytest.mark.parametrize("kind", SIGNED)
def test_a_tool_that_signs_has_no_secret_in_its_address(server, kind):
    tool = server.hook(kind)
    assert tool.hook.secrets[0] not in tool.address()
    options = tool.options(1, tool.body(1))
    assert curl(f"{tool.address()}/{tool.hook.secrets[0][:20]}", *options)[0] == 404


def test_there_is_no_hook_of_another_name(server):
    tool = server.hook("json")
    options = tool.options(1, tool.body(1))
    assert curl(f"{server.address}/hooks/another", *options)[0] == 404
    assert curl(tool.address(), "-X", "GET")[0] == 405


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_secret_works_beside_the_one_before_until_that_is_ended(server, kind):
    tool, hooks = server.hook(kind), Hooks(server.database)
    before, was = tool.hook.secrets[0], tool.address()

    def send(number, secret, address):
        return curl(address, *tool.options(number, tool.body(number), secret=secret))[0]

    hooks.rotate(kind, 1)
    after, now = tool.hook.secrets[0], tool.address()
    assert after != before
    assert [send(1, before, was), send(2, after, now)] == [202, 202]
    hooks.end_before(kind, 1)
    refused = 404 if kind in IN_ADDRESS else 401
    assert [send(3, before, was), send(4, after, now)] == [refused, 202]
    hooks.rotate(kind, 1)
    with server.database.transaction() as connection:
        connection.execute("UPDATE hook SET before_until = '2026-01-01T00:00:00.000Z'")
    assert send(5, after, now) == refused  # a day later


def test_the_data_hold_no_secret_that_works(server):
    senders = [server.hook(kind) for kind in KINDS]
    for tool in senders:
        tool.send(1)
    server.rest()
    for path in server.site.options.data.iterdir():
        raw = path.read_bytes()
        assert not [one.name for one in senders if one.hook.secrets[0].encode() in raw], path.name


@pytest.mark.parametrize("kind", KINDS)
def test_an_oversized_body_is_refused(server, kind):
    tool = server.hook(kind)
    body = tool.body(1, {**ANSWERS, ASKED: "x" * 1_000_001})
    file = server.site.options.data / "body"
    file.write_bytes(body)
    assert curl(tool.address(), "--data-binary", f"@{file}")[0] == 413
    chunked = ["-H", "transfer-encoding: chunked", "-H", "expect:"]  # it does not say its length
    assert curl(tool.address(), "--data-binary", f"@{file}", *chunked)[0] == 413
    assert undone(server.database, kind) == []


def test_a_slow_body_is_refused(server, monkeypatch):
    monkeypatch.setattr("triage_agent.web.security.BODY_S", 0.3)
    tool = server.hook("json")
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as one:
        head = f"POST {tool.hook.path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 999\r\n\r\n{{"
        one.sendall(head.encode())
        assert one.recv(1000).startswith(b"HTTP/1.1 408")
    assert undone(server.database, "json") == []


def test_a_packed_body_is_refused(server):
    tool = server.hook("json")
    options = [*tool.options(1, tool.body(1)), "-H", "content-encoding: gzip"]
    assert curl(tool.address(), *options)[0] == 415


NOT_JSON = {
    "cut": b"{",
    "array": b"[]",
    "text": b'"text"',
    "not UTF-8": b"\xff{}",
    "deep array": b"[" * 5000,
    "deep": b'{"a":' * 5000,
    "null": b"null",
    "a number without end": b'{"a": ' + b"9" * 5000 + b"}",
}
NO_ANSWER = {"no answer": b'{"a": 1}', "an odd one": b'{"data": 1, "form_response": [1]}'}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        *((kind, body) for kind in KINDS if kind != "jotform" for body in NOT_JSON),
        *((kind, body) for kind in ("typeform", "tally") for body in NO_ANSWER),
    ],
)
def test_what_is_no_answer_of_the_tool_is_refused(server, kind, body):
    tool, body = server.hook(kind), {**NOT_JSON, **NO_ANSWER}[body]
    file = server.site.options.data / "body"
    file.write_bytes(body)
    options = [*tool.options(1, b"{}", signed=body)[2:], "--data-binary", f"@{file}"]
    status, answer = curl(tool.address(), *options)
    assert status == 400
    assert answer["detail"].startswith("This is not")
    assert undone(server.database, kind) == []


@pytest.mark.parametrize(
    "options",
    [
        ["-d", "rawRequest={}&submissionID=1"],
        ["-F", "submissionID=1"],
        ["-F", "rawRequest={}", "-F", "submissionID=1"],
        ["-F", 'rawRequest={"q1_a": "b"}'],
        ["-H", "content-type: multipart/form-data", "-d", "x"],
        ["-H", "content-type: multipart/form-data; boundary=é", "-d", "x"],
        ["-H", "content-type: multipart/form-data; boundary=a", "-d", "--a\r\nx"],
        [part for n in range(200) for part in ("-F", f"a{n}=b")],
        ["-F", "rawRequest=@/dev/null", "-F", "submissionID=1"],
    ],
    ids=["urlencoded", "no answers", "empty", "no id", "none", "odd", "cut", "many", "a file"],
)
def test_what_is_no_answer_of_jotform_is_refused(server, options):
    tool = server.hook("jotform")
    assert curl(tool.address(), *options)[0] == 400
    assert undone(server.database, "jotform") == []


def test_jotforms_encoding_is_utf_8_whatever_it_says(server):
    tool = server.hook("jotform")
    kind = "content-type: multipart/form-data; charset=utf-7; boundary=a"
    raw = json.dumps({"q3_whatIs": "Orders +AGE- é", "q4_company": "Ünal"}, ensure_ascii=False)
    parts = {"submissionID": "7", "rawRequest": raw}
    body = "".join(
        f'--a\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    assert curl(tool.address(), "-H", kind, "--data-binary", f"{body}--a--\r\n")[0] == 202
    assert server.submissions("jotform")[0][0] == "Ünal"


def test_an_answer_needs_an_id_by_which_it_is_known_again(server):
    tool = server.hook("json-address")
    assert curl(tool.address(), "-d", json.dumps(ANSWERS))[0] == 400
    for name in ("id", "submission_id"):
        assert curl(tool.address(), "-d", json.dumps({name: 7, **ANSWERS}))[0] == 202
    assert len(server.submissions("json-address")) == 1  # both are the answer 7


def test_an_answer_of_typeform_that_is_not_finished_or_blank_is_left_alone(server):
    tool = server.hook("typeform")
    partial = json.loads(tool.body(1)) | {"event_type": "form_response_partial"}
    for body in (json.dumps(partial).encode(), tool.body(1, dict.fromkeys(ANSWERS, ""))):
        assert tool.send(1, body=body) == (202, {"status": "ignored"})
    assert undone(server.database, "typeform") == []


def test_a_question_that_was_not_answered_is_empty_and_one_that_is_gone_is_trouble(server):
    typeform, tally = server.hook("typeform"), server.hook("tally")
    for tool in (typeform, tally):
        assert tool.send(1, {**ANSWERS, COMPANY: ""})[0] == 202
        assert server.submissions(tool.name) == [("", AUTOMATE)]
        changed = {name: text for name, text in ANSWERS.items() if name != REVENUE}
        assert tool.send(2, changed)[0] == 202
        assert len(server.submissions(tool.name)) == 1
        assert undone(server.database, tool.name) == [(1, Trouble.COLUMNS)]
        Hooks(server.database).map(
            tool.name, FormMapping(mapping_version=1, problem_column=(ASKED,)), 1
        )
        server.ring()
        assert len(server.submissions(tool.name)) == 2
        assert undone(server.database, tool.name) == []


def test_a_program_may_leave_out_what_is_empty_but_not_every_problem(server):
    tool = server.hook("json")
    tool.send(1, {ASKED: "Orders are typed by hand"})
    assert server.submissions("json") == [("", AUTOMATE)]
    tool.send(2, {"Something else": "Orders are typed by hand"})
    server.rest()
    assert undone(server.database, "json") == [(1, Trouble.COLUMNS)]


def test_several_forms_at_once_are_trouble(server):
    tool = server.hook("json")
    tool.send(1, body=json.dumps({"rows": [ANSWERS, ANSWERS]}).encode())
    server.rest()
    assert undone(server.database, "json") == [(1, Trouble.SHAPE)]
    assert server.submissions("json") == []


def test_until_the_columns_are_chosen_forms_wait(server):
    tool = server.hook("json", mapping=None)
    for number in range(3):
        assert tool.send(number)[0] == 202
    assert server.submissions("json") == []
    assert undone(server.database, "json") == [(0, None)] * 3
    Hooks(server.database).map("json", MAPPING, 1)
    server.ring()
    assert len(server.submissions("json")) == 3


def test_a_hook_takes_no_more_than_it_can_hold(server, monkeypatch):
    monkeypatch.setattr("triage_agent.web.deliveries.MOST_WAITING", 2)
    assert MOST_WAITING == 1000
    tool = server.hook("json", mapping=None)
    assert [tool.send(number)[0] for number in range(3)] == [202, 202, 503]
    assert tool.send(1) == (202, {"status": "known"})


class Failing(WordModel):
    """A model that fails until it is told not to."""

    def __init__(self):
        super().__init__()
        self.fails = 1

    async def predict(self, problem):
        if self.fails:
            raise self.error
        return await super().predict(problem)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [(None, Trouble.SERVICE), (RuntimeError("Orders are typed"), Trouble.FAULT)],
    ids=["the service", "an error of ours"],
)
def test_what_failed_is_tried_again_and_each_time_later(tmp_path, caplog, error, trouble):
    from triage_agent.errors import ServiceError

    model = Failing()
    model.error = error or ServiceError("Orders are typed", Failure("timeout", "Orders", True))
    triage = AsyncTriage.over(OpenBackend(model, ""))
    with served(tmp_path / "data", triage) as server, caplog.at_level(logging.DEBUG):
        tool = server.hook("json")
        tool.send(1)
        server.rest()
        waits = []
        for tries in range(1, len(RETRIES_S) + 1):
            assert undone(server.database, "json") == [(tries, trouble)]
            waits.append(Deliveries(server.database).seconds_to_next())
            with server.database.transaction() as connection:
                connection.execute("UPDATE delivery SET again_at = '2026-01-01T00:00:00.000Z'")
            server.ring()
            server.rest()
        assert waits == pytest.approx(RETRIES_S, abs=20)
        assert Deliveries(server.database).seconds_to_next() is None  # a person has to try again
        assert server.submissions("json") == []
        model.fails = 0
        Deliveries(server.database).again("json")
        server.ring()
        assert server.submissions("json") == [("Acme", AUTOMATE)]
    assert "typed" not in caplog.text


def test_a_server_that_dies_between_the_submission_and_its_verdict_makes_no_second_one(server):
    tool, keep, given = server.hook("json"), Submissions.keep, []

    def keep_the_second_time(*arguments):
        given.append(arguments)
        if len(given) == 1:
            raise OSError("the machine went off")
        return keep(*arguments)

    with mock.patch.object(Submissions, "keep", keep_the_second_time):
        tool.send(1)
        assert server.submissions("json") == [("", None)]  # no verdict yet
        assert undone(server.database, "json") == [(1, Trouble.FAULT)]
        Deliveries(server.database).again("json")
        server.ring()
        assert server.submissions("json") == [("Acme", AUTOMATE)]


def test_what_takes_the_server_down_each_time_is_left_alone_at_last(tmp_path):
    counted, model = [], WordModel()
    predict = model.predict

    async def predict_and_look(problem):
        counted.append(server.database.row("SELECT tries FROM delivery WHERE id = 2")["tries"])
        return await predict(problem)

    model.predict = predict_and_look
    with served(tmp_path / "data", AsyncTriage.over(OpenBackend(model, ""))) as server:
        tool = server.hook("json", mapping=None)
        tool.send(1)
        tool.send(2)
        server.rest()
        with server.database.transaction() as connection:  # as it stands after so many crashes
            connection.execute("UPDATE delivery SET tries = 7 WHERE id = 1")
            mapping = MAPPING.model_dump_json()
            connection.execute("UPDATE hook SET mapping = ?", (mapping,))
        server.ring()
        assert len(server.submissions("json")) == 1
        assert undone(server.database, "json") == [(8, Trouble.FAULT)]
        assert counted == [1]  # a try is counted before it is made
        Hooks(server.database).map("json", MAPPING, 1)
        server.ring()
        assert len(server.submissions("json")) == 2


def test_a_worker_that_fails_goes_on_and_takes_no_page_with_it(server, caplog):
    tool, due, failed = server.hook("json"), Deliveries.due, []

    def due_the_second_time(deliveries):
        failed.append(1)
        if len(failed) == 1:
            raise OSError("Orders are typed by hand")
        return due(deliveries)

    with mock.patch.object(Deliveries, "due", due_the_second_time):
        tool.send(1)
        tool.send(2)
        assert len(server.submissions("json")) == 2
    assert "while forms wait" in caplog.text
    assert "typed" not in caplog.text
    assert server.site.database.row("SELECT 1")


def test_one_that_fails_holds_up_no_other(server):
    tool = server.hook("json")
    tool.send(1, {"Something else": "?"})
    tool.send(2)
    assert len(server.submissions("json")) == 1


def test_many_wrong_signatures_are_slowed_down_and_a_right_one_is_not(server, monkeypatch):
    monkeypatch.setattr("triage_agent.web.receiving.GUESSES", Rate(3, seconds=60))
    tool = server.hook("json")
    answers = [tool.send(number, signed=b"{}")[0] for number in range(5)]
    assert answers == [401, 401, 401, 429, 429]
    assert tool.send(1)[0] == 202
    wrong = [one for one in Hooks(server.database).trail("json") if one.what == "wrong signature"]
    assert len(wrong) == 3  # the trail is not flooded


@pytest.mark.parametrize("rate", ["SENT", "RECEIVED"])
def test_one_address_and_one_hook_may_send_so_often(server, monkeypatch, rate):
    monkeypatch.setattr(f"triage_agent.web.receiving.{rate}", Rate(3, seconds=60))
    tool = server.hook("json")
    assert [tool.send(number)[0] for number in range(5)] == [202, 202, 202, 429, 429]


def test_the_trail_says_what_came_and_who_changed_what(server):
    tool = server.hook("json")
    tool.send(1)
    tool.send(1)
    tool.send(2, signed=b"{}")
    tool.send(3, moment=1)
    tool.send(4, body=b"[]")
    Hooks(server.database).rotate("json", 1)
    trail = [(one.what, one.adviser) for one in Hooks(server.database).trail("json")]
    assert trail == [
        ("secret changed", "Ann"),
        ("not readable", None),
        ("too old", None),
        ("wrong signature", None),
        ("sent again", None),
        ("received", None),
        ("columns chosen", "Ann"),
        ("made", "Ann"),
    ]


def test_the_log_holds_nothing_of_a_form(server, caplog):
    with caplog.at_level(logging.DEBUG):
        for kind in KINDS:
            tool = server.hook(kind)
            tool.send(1, {**ANSWERS, ASKED: "Quokkas are typed by hand"})
            tool.send(2, body=b'{"quokka": ')
            tool.send(3, signed=b"{}")
            server.rest()
            assert tool.hook.secrets[0] not in caplog.text
    assert "quokka" not in caplog.text.lower()
    assert "quokka" not in str(list(map(tuple, server.database.rows("SELECT * FROM hook_use"))))
