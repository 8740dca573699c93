"""What is kept of a question and its answer."""

import hashlib
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.models.llm.cache_entry import key_of, pack, unpack
from triage_agent.models.llm.prompt import Reply, ValidReply
from triage_agent.models.protocols import ChatRequest, Message
from triage_agent.types import Label, Signals, Usage

REQUEST = ChatRequest(
    messages=(Message("system", "Sort problems."), Message("user", "Rapports à la main")),
    schema_name="triage",
    schema={"type": "object", "required": ["label", "why"], "properties": {"label": {}, "why": {}}},
    max_output_tokens=500,
)
URL, MODEL = "https://api.example.com/v1", "gpt-5-mini"


def key(request=REQUEST, base_url=URL, model=MODEL):
    return key_of(base_url, model, request)


def test_a_key_is_the_digest_of_a_canonical_question():
    # If this fails, the canonical form has changed, and every kept answer is paid for again.
    question = (
        '{"base_url":"https://api.example.com/v1","max_output_tokens":500,'
        '"messages":[["system","Sort problems."],["user","Rapports \\u00e0 la main"]],'
        '"model":"gpt-5-mini","sample":0,"schema":["triage",{"properties":{"label":{},"why":{}},'
        '"required":["label","why"],"type":"object"}],"temperature":0.0}'
    )
    assert key() == hashlib.sha256(question.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(key(base_url="https://api.example.org/v1"), id="the address"),
        pytest.param(key(model="gpt-5-nano"), id="the model"),
        pytest.param(key(replace(REQUEST, messages=REQUEST.messages[1:])), id="a message"),
        pytest.param(key(replace(REQUEST, messages=REQUEST.messages[::-1])), id="their order"),
        pytest.param(
            key(
                replace(
                    REQUEST, messages=(Message("user", "Sort problems."), *REQUEST.messages[1:])
                )
            ),
            id="a role",
        ),
        pytest.param(key(replace(REQUEST, schema={"type": "object"})), id="the schema"),
        pytest.param(
            key(replace(REQUEST, schema={**REQUEST.schema, "required": ["why", "label"]})),
            id="the order in which the reply is written",
        ),
        pytest.param(key(replace(REQUEST, schema_name="other")), id="the schema's name"),
        pytest.param(key(replace(REQUEST, max_output_tokens=501)), id="the completion limit"),
        pytest.param(key(replace(REQUEST, temperature=0.5)), id="the temperature"),
        pytest.param(key(replace(REQUEST, sample=1)), id="the number of the vote"),
    ],
)
def test_whatever_decides_an_answer_is_in_the_key(other):
    assert re.fullmatch("[0-9a-f]{64}", other)
    assert other != key()


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(key(base_url=URL + "/"), id="a slash at the end of the address"),
        pytest.param(key(replace(REQUEST, temperature=0)), id="zero as a whole number"),
        pytest.param(
            key(replace(REQUEST, schema=dict(reversed(REQUEST.schema.items())))),
            id="the order in which the schema's names were written",
        ),
    ],
)
def test_what_means_the_same_has_the_same_key(same):
    assert same == key()


def test_messages_cannot_be_shifted_into_each_other():
    joined = (Message("user", 'a"],["user","b'),)
    apart = (Message("user", "a"), Message("user", "b"))
    assert key(replace(REQUEST, messages=joined)) != key(replace(REQUEST, messages=apart))


def test_half_a_surrogate_pair_has_a_key():
    assert key(replace(REQUEST, messages=(Message("user", "\ud83d"),))) != key()


TEXT = "Priya copies 40 orders a week by hand, 0049 170 1234567 rings, and the shop loses leads."
ANSWER = ValidReply(
    Reply(
        **dict.fromkeys(Signals.__dataclass_fields__, False),
        label=Label.AUTOMATE,
        function="sales",
        evidence=["copies 40 orders a week by hand", "the shop loses leads", "never said"],
        rationale="Because Priya copies 40 orders a week by hand. "
        "Key: sk-abc12345678, 0049 170 1234567",
        confidence_percent=90,
    ),
    0.87,
    Usage(2, 1200, 150),
    "json_schema",
)


def test_an_answer_is_unpacked_as_it_was_but_for_what_is_private():
    answer = unpack(pack(ANSWER, TEXT), TEXT)
    rationale = "Because Priya copies 40 orders a week by hand. Key: [key], 0049 170 1234567"
    assert answer == replace(ANSWER, reply=ANSWER.reply.model_copy(update={"rationale": rationale}))
    assert unpack(pack(answer, TEXT), TEXT) == answer


def test_no_words_of_the_problem_are_packed():
    packed = pack(ANSWER, TEXT)
    assert packed.isascii()
    assert "never said" in packed
    words = TEXT.split()
    for at in range(len(words) - 2):
        assert " ".join(words[at : at + 3]) not in packed
    assert not re.search("leads|sk-abc|170|Priya", packed)


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_any_words_can_be_packed(words, text):
    reply = ANSWER.reply.model_copy(update={"evidence": [words], "rationale": words})
    packed = pack(replace(ANSWER, reply=reply), text)
    assert packed.isascii()
    assert pack(unpack(packed, text), text) == pack(unpack(packed, text), text)
