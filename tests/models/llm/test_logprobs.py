import math

import pytest

from triage_agent.models.llm.logprobs import label_probability, tokens_of
from triage_agent.models.protocols import Token

BUILD = "build-software"


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([], None),
        ([('{"label": "', -1.0), ("build-software", -0.2), ('"}', -1.0)], math.exp(-0.2)),
        ([('{"label":', -1.0), (' "build', -0.2), ("-soft", -0.1), ('ware"', 0.0)], math.exp(-0.3)),
        ([(c, -0.01) for c in '{"label" : "build-software"}'], math.exp(-0.14)),
        ([('{"label": "build-software", "x": "', -0.3), ("y", -9.0)], math.exp(-0.3)),
        ([('{"label": "', 0.0), ("build-software", -5.0), ('"', 0.0)], 0.5),
        ([('{"label": "', 0.0), ("build-software", -math.inf), ('"', 0.0)], 0.5),
        ([('{"label": "', 0.0), ("build-software", 0.4), ('"', 0.0)], 1.0),
        ([('{"label": "', 0.0), ("", -3.0), ("build-software", -0.2), ('"', 0.0)], math.exp(-0.2)),
        ([('{"label": "', 0.0), ("automate-process", -0.2), ('"', 0.0)], None),
        ([('{"rationale": "', 0.0), ("build-software", -0.2), ('"', 0.0)], None),
        ([('{"label": "build-soft', -0.1)], None),
    ],
    ids=[
        "no tokens",
        "the label is one token",
        "the label is in pieces, and shares tokens with its quotes",
        "a token for each character",
        "one token carries more than the label",
        "never under a half",
        "an impossible token",
        "never over one",
        "an empty token has no part in it",
        "the other label",
        "another key",
        "cut off inside the label",
    ],
)
def test_without_alternatives_the_probability_of_a_label_is_that_of_all_its_tokens(
    tokens, expected
):
    found = label_probability([Token(*token) for token in tokens], BUILD)
    assert found == (None if expected is None else pytest.approx(expected))


def reply(others, before='{"label": "', word="build"):
    """Return the tokens of a reply, with alternatives where the label begins."""
    rest = Token(BUILD.removeprefix(word.lstrip(' "')) + '"}', -0.01)
    return [Token(before, -0.1), Token(word, -0.9, tuple(others.items())), rest]


LN = math.log


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (reply({"build": LN(0.4), "autom": LN(0.1), "maybe": LN(0.5)}), 0.8),
        (reply({"build": LN(0.3), "b": LN(0.1), "autom": LN(0.05), "auto": LN(0.05)}), 0.8),
        (reply({"build": LN(0.3), "autom": LN(0.1), " automate": LN(0.6)}), 0.75),
        (
            reply({' "build': LN(0.3), ' "auto': LN(0.1), "auto": LN(0.6)}, '{"label":', ' "build'),
            0.75,
        ),
        (reply({"build": LN(0.8), "x": LN(0.1), "y": LN(0.05)}), 0.8 / 0.85),
        (reply({"build": LN(0.2), "autom": LN(0.6)}), 0.5),
        (reply({"build-software": LN(0.6), 'automate-process"': LN(0.2)}), 0.75),
        (reply({"maybe": LN(0.9), "autom": LN(0.1)}), math.exp(-0.91)),
        (reply({"build": 0.5, "autom": -math.inf}), 1.0),
        (reply({"build": -0.01}), math.exp(-0.01)),
        (reply({"build": LN(0.5), "b": LN(0.4)}), 0.9),
        (reply({"build": LN(0.5), "b": LN(0.1), "x": 800.0}), 1.0),
    ],
    ids=[
        "what went to neither label does not count",
        "several beginnings of a label count together",
        "a blank before the label is not the label",
        "a token that begins with the quote",
        "a label that is not listed counts as the least likely alternative",
        "never under a half",
        "whole labels, with the quote after",
        "alternatives that leave the own label out are not believed",
        "impossible numbers stay a probability",
        "the own label is the only alternative told",
        "all alternatives told are the own label",
        "an impossible alternative",
    ],
)
def test_with_alternatives_the_two_labels_share_what_went_to_either(tokens, expected):
    found = label_probability(tokens, BUILD)
    assert found == pytest.approx(max(0.5, expected))


@pytest.mark.parametrize(
    ("told", "others"),
    [
        (
            [{"token": "{", "logprob": -0.1}, {"token": "[", "logprob": -3}],
            (("{", -0.1), ("[", -3.0)),
        ),
        ({"{": -0.1, "[": -3}, (("{", -0.1), ("[", -3.0))),
        ([{"token": "{"}, "no", {"token": "[", "logprob": -3}], (("[", -3.0),)),
        ([], ()),
        ([{"token": "{", "logprob": 10**400}], ()),
        (None, ()),
        ("many", ()),
    ],
    ids=[
        "OpenAI's form",
        "the older form",
        "odd entries are passed over",
        "none",
        "a number too large",
        "null",
        "a text",
    ],
)
def test_alternatives_are_read_in_both_forms(told, others):
    texts = ['{"label": "', BUILD, '"}']
    one = [{"token": text, "logprob": -0.1, "top_logprobs": told} for text in texts]
    old = {"tokens": texts, "token_logprobs": [-0.1] * 3, "top_logprobs": [told] * 3}
    assert tokens_of({"content": one}) == tokens_of(old)
    assert tokens_of(old) == tuple(Token(text, -0.1, others) for text in texts)


def test_alternatives_are_read_only_where_the_label_stands():
    told = [{"token": "x", "logprob": -0.1}]
    texts = ['{"why": "', "because", '", "label": "', BUILD, '", "more": "', "no", '"}']
    rows = [{"token": text, "logprob": -0.1, "top_logprobs": told} for text in texts]
    tokens = tokens_of({"content": rows})
    assert [bool(token.others) for token in tokens] == [
        False,
        False,
        True,
        True,
        True,
        False,
        False,
    ]
