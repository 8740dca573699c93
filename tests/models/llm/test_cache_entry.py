"""What is kept of a question and its answer."""

import hashlib
import json
import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.models.llm.cache_entry import is_redacted, key_of, label_tokens, pack, unpack
from triage_agent.models.llm.logprobs import label_probability
from triage_agent.models.protocols import ChatReply, ChatRequest, Message, Token
from triage_agent.types import Usage

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


@given(
    st.builds(
        ChatReply,
        st.text(st.characters(exclude_categories=())),
        st.builds(Usage, st.integers(0, 9), st.integers(0, 10**6), st.integers(0, 10**6)),
        output_mode=st.sampled_from(["", "json_schema", "plain"]),
    )
)
def test_a_reply_survives_packing(reply):
    packed = pack(reply)
    assert packed.isascii()
    assert unpack(packed) == reply


def cut_up(text, chance):
    """Return a text as tokens of random sizes, some of them empty, with log-probabilities."""
    tokens = []
    while text:
        size = chance.randint(0, 9)
        others = (("a", -chance.random()),) * chance.randint(0, 2)
        tokens.append(Token(text[:size], -chance.random() / 3, others))
        text = text[size:]
    return tuple(tokens)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"label":"automate-process","evidence":["a","b"]}', id="plain"),
        pytest.param('Sure!\n{ "label" : "build-software" }', id="chatty and spaced"),
        pytest.param(
            '{"evidence":["say \\"label\\": \\"build-software\\""],"label":"automate-process"}',
            id="a quote that plays at being the label",
        ),
        pytest.param('{"label":"build-software","label":"automate-process"}', id="two labels"),
        pytest.param('{"labels":[]}', id="no label"),
        pytest.param("", id="nothing"),
    ],
)
def test_the_kept_tokens_give_the_same_probability(text):
    for seed in range(100):
        tokens = cut_up(text, random.Random(seed))  # noqa: S311 (no secret)
        kept = unpack(pack(ChatReply(text, Usage(), tokens))).tokens
        for label in ("automate-process", "build-software"):
            assert label_probability(kept, label) == label_probability(tokens, label)


def test_a_reply_kept_before_alternatives_were_asked_for_can_still_be_read():
    old = '["{}",[1,20,3],[["build",-0.1],["-software",-0.2]],"tool"]'
    assert unpack(old).tokens == (Token("build", -0.1), Token("-software", -0.2))


def test_few_tokens_of_a_long_reply_are_kept():
    text = json.dumps({"why": "words " * 200, "label": "build-software", "more": "words " * 200})
    tokens = [Token(text[place : place + 4], -0.1) for place in range(0, len(text), 4)]
    assert 1 < len(label_tokens(tokens)) < 12


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ('{"confidence_percent": 91, "label": "build-software"}', True),
        ('{"rationale": "[EMAIL_1] designs the 2,000 forms of 2026-11-23"}', True),
        ('{"rationale": "ann@example.com"}', False),
        (r'{"rationale": "ann\u0040example.com"}', False),
        ('{"evidence": ["fine", "call 415-555-2671"]}', False),
        ('{"a": {"b": [{"c": "the key is sk-abc12345"}]}}', False),
        ("no JSON, but ann@example.com", False),
        ("[" * 100_000, True),
    ],
)
def test_a_reply_with_somebodys_address_in_it_is_noticed(text, redacted):
    assert is_redacted(text) is redacted
