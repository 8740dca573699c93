"""How a decision service is asked, and which of its answers can be used."""

import json

import pytest

from triage_agent.errors import ReplyError
from triage_agent.models.llm.decision_dialect import (
    BY_NAME,
    LISTS,
    SYSTEM_ONE,
    as_decision_refusal,
    read_decisions,
)
from triage_agent.models.llm.error_bodies import read_refusal
from triage_agent.models.protocols import ChatRequest, Message
from triage_agent.types import Usage

ASKED = {
    "kind": {"instructions": "Which?", "choices": {"a": "The first.", "b": "The second."}},
    "big": {"instructions": "It is big."},
}
REQUEST = ChatRequest((Message("user", "A problem."),), "decisions", ASKED, 64)
KIND = {"type": "choice", "choice": "a", "probabilities": {"a": 0.9, "b": 0.1}, "confidence": 0.1}
BIG = {"type": "noul", "noul": 0.25}
LISTED_KIND = KIND | {
    "name": "kind",
    "probabilities": [{"value": "b", "probability": 0.1}, {"value": "a", "probability": 0.9}],
}
LISTED_BIG = {"type": "predicate", "name": "big", "probability": 0.25}
READ = {"statements": {"big": 0.25}, "choices": {"kind": {"a": 0.9, "b": 0.1}}}


def read(answers, **more):
    return read_decisions({"answers": answers, **more}, ASKED, "m")


def kind(**changes):
    return {"kind": {k: v for k, v in (KIND | changes).items() if v is not None}, "big": BIG}


def shares(**given):
    return kind(probabilities=given)


def test_questions_go_out_as_lists_of_predicates_and_choices():
    assert LISTS.body(REQUEST, "m") == {
        "model": "m",
        "input": "A problem.",
        "questions": [
            {
                "type": "choice",
                "name": "kind",
                "instructions": "Which?",
                "choices": [
                    {"value": "a", "description": "The first."},
                    {"value": "b", "description": "The second."},
                ],
            },
            {"type": "predicate", "name": "big", "instructions": "It is big."},
        ],
    }


@pytest.mark.parametrize("dialect", [SYSTEM_ONE, BY_NAME], ids=lambda one: one.title)
def test_questions_go_out_by_name_as_nouls_and_choices_with_criteria(dialect):
    assert dialect.body(REQUEST, "m") == {
        "model": "m",
        "state": "A problem.",
        "questions": {
            "kind": {
                "type": "choice",
                "instructions": "Which?",
                "criteria": ASKED["kind"]["choices"],
            },
            "big": {"type": "noul", "instructions": "It is big."},
        },
    }


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"kind": KIND, "big": BIG}, id="by name"),
        pytest.param([LISTED_KIND, LISTED_BIG], id="as a list with names"),
        pytest.param([LISTED_BIG, LISTED_KIND], id="in another order"),
        pytest.param(
            [LISTED_KIND | {"name": None}, LISTED_BIG | {"name": None}], id="nameless, in order"
        ),
        pytest.param(
            {"kind": KIND, "big": BIG, "more": {"type": "noul"}}, id="one nobody asked for"
        ),
        pytest.param(kind(confidence=None), id="without confidence"),
        pytest.param(kind(confidence=7), id="with a confidence that is none"),
        pytest.param(kind(choice=None), id="without the choice, which the probabilities give"),
    ],
)
def test_answers_are_read_from_their_probabilities_in_either_shape(answers):
    assert json.loads(read(answers).text) == READ


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        pytest.param(shares(a=0.9, b=0.4), "sum to 1.3", id="a sum over 1"),
        pytest.param(shares(a=0.5, b=0.1), "sum to 0.6", id="a sum under 1"),
        pytest.param(shares(a=0.0, b=0.0), "sum to 0", id="nothing likely"),
        pytest.param(shares(a=1.2, b=-0.2), "between 0 and 1", id="a negative one"),
        pytest.param(shares(a=float("nan"), b=0.1), "between 0 and 1", id="NaN"),
        pytest.param(shares(a=float("inf"), b=0.1), "between 0 and 1", id="infinity"),
        pytest.param(shares(a=10**400, b=0.1), "between 0 and 1", id="a number of 400 digits"),
        pytest.param(shares(a="0.9", b=0.1), "is missing", id="words"),
        pytest.param(shares(a=True, b=False), "is missing", id="true and false"),
        pytest.param(shares(a=0.9, b=None), "is missing", id="null"),
        pytest.param(shares(a=1.0), "that were offered", id="one choice short"),
        pytest.param(shares(a=0.9, b=0.1, c=0.0), "that were offered", id="one too many"),
        pytest.param(shares(A=0.9, B=0.1), "that were offered", id="in other letters"),
        pytest.param(kind(probabilities=None), "no probabilities", id="only a confidence"),
        pytest.param(kind(choice="b"), "highest probability", id="the second choice"),
        pytest.param(kind(choice="c"), "highest probability", id="a choice nobody offered"),
        pytest.param(kind(choice=["a"]), "highest probability", id="a list as the choice"),
        pytest.param({"kind": KIND}, "no answer", id="a question left out"),
        pytest.param({"kind": KIND, "big": 0.5}, "no answer", id="a bare number"),
        pytest.param({"kind": KIND, "big": {"noul": 1.3}}, "between 0 and 1", id="noul over 1"),
        pytest.param({"kind": KIND, "big": {"type": "noul"}}, "is missing", id="noul without one"),
        pytest.param([LISTED_KIND], "no answer", id="a list one short"),
        pytest.param([LISTED_KIND | {"name": None}], "no answer", id="nameless and one short"),
        pytest.param(
            [LISTED_KIND, LISTED_BIG, LISTED_BIG], "no answer", id="two answers to one question"
        ),
        pytest.param([None, LISTED_KIND], "no answer", id="null in a list"),
        pytest.param(
            [LISTED_KIND | {"probabilities": [{"value": "a", "probability": 0.5}] * 2}, LISTED_BIG],
            "one for each choice",
            id="the same choice twice",
        ),
        pytest.param(
            [LISTED_KIND | {"probabilities": [{"value": True, "probability": 1}]}, LISTED_BIG],
            "one for each choice",
            id="true as a choice",
        ),
    ],
)
def test_an_answer_that_cannot_be_used_is_an_error_and_no_guess(answers, why):
    with pytest.raises(ReplyError, match=why) as error:
        read(answers, usage={"input_tokens": 10, "output_tokens": 2})
    assert error.value.kind == "bad_schema"
    assert error.value.usage == Usage(1, 10, 2)  # it was paid for


@pytest.mark.parametrize(
    ("given", "p"),
    [({"a": 0.67, "b": 0.34}, 0.67 / 1.01), ({"a": 0.66, "b": 0.33}, 0.66 / 0.99)],
    ids=["a little over", "a little under"],
)
def test_probabilities_that_were_rounded_to_two_decimals_are_made_to_sum_to_1(given, p):
    found = json.loads(read(shares(**given)).text)["choices"]["kind"]
    assert found == pytest.approx({"a": p, "b": 1 - p})


def test_of_two_equal_probabilities_either_may_be_the_choice():
    for choice in ("a", "b"):
        found = json.loads(read(kind(choice=choice, probabilities={"a": 0.5, "b": 0.5})).text)
        assert found["choices"]["kind"] == {"a": 0.5, "b": 0.5}


def test_a_question_that_was_declined_is_left_out():
    found = json.loads(read({"kind": {"type": "refusal"}, "big": BIG}).text)
    assert found == {"statements": {"big": 0.25}, "choices": {}}


@pytest.mark.parametrize(
    "payload", [None, [], "x", {}, {"answers": None}, {"answers": []}, {"answers": "a"}], ids=repr
)
def test_a_payload_without_answers_is_empty_and_asked_for_again(payload):
    with pytest.raises(ReplyError) as error:
        read_decisions(payload, ASKED, "m")
    assert error.value.kind == "empty"


def refusal(status, body):
    return as_decision_refusal(read_refusal(status, json.dumps(body), {}))


MISSING_STATE = {"detail": [{"loc": ["body", "state"], "msg": "Field required", "type": "missing"}]}
NO_MODEL = {"error": {"message": "no such model", "code": "model_not_found"}}


@pytest.mark.parametrize(
    ("dialect", "status", "body", "then"),
    [
        pytest.param(LISTS, 404, {"detail": "Not Found"}, SYSTEM_ONE, id="no such path"),
        pytest.param(LISTS, 405, {"detail": "Method Not Allowed"}, SYSTEM_ONE, id="no such method"),
        pytest.param(LISTS, 501, {}, SYSTEM_ONE, id="not implemented"),
        pytest.param(LISTS, 422, MISSING_STATE, BY_NAME, id="the other shape at this path"),
        pytest.param(LISTS, 404, NO_MODEL, None, id="the path is there, the model is not"),
        pytest.param(LISTS, 400, {"error": {"message": "Invalid."}}, None, id="another complaint"),
        pytest.param(LISTS, 500, {"error": {"message": "state"}}, None, id="a failing server"),
        pytest.param(LISTS, 401, {}, None, id="a key that is wrong"),
        pytest.param(SYSTEM_ONE, 404, {}, None, id="the second path is missing too"),
        pytest.param(BY_NAME, 422, MISSING_STATE, None, id="the other shape does not fit either"),
    ],
)
def test_a_server_without_the_endpoint_is_asked_in_the_next_way(dialect, status, body, then):
    assert dialect.after_refusal(refusal(status, body)) == then


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            400,
            {"detail": {"error_type": "api_usage_error", "message": "Unknown model: x"}},
            "Unknown model: x",
        ),
        (422, MISSING_STATE, "body.state: Field required"),
        (422, {"detail": ["odd", 3]}, "odd; 3"),
        (404, {"detail": "Not Found"}, "Not Found"),
        (400, {"error": {"message": "Bad."}}, "Bad."),
    ],
    ids=["System One", "a validation", "an odd list", "FastAPI", "OpenAI"],
)
def test_the_servers_own_words_are_found_in_every_shape(status, body, message):
    assert refusal(status, body).message == message


def test_a_missing_key_is_one_whatever_the_status_and_a_text_too_long_is_about_the_text():
    no_key = {"detail": {"error_type": "authentication_error", "message": "Must supply a key!"}}
    assert refusal(403, no_key).status == 401
    too_long = {"detail": {"error_type": "max_tokens_exceeded", "message": "Too many."}}
    assert refusal(400, too_long).about_text
    assert LISTS.after_refusal(refusal(400, too_long)) is None
