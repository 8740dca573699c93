"""How hiding is measured: a value counts as hidden only if nothing of it can still be read."""

from types import SimpleNamespace

import pytest

from triage_agent.errors import InputError
from triage_agent.evals import redaction
from triage_agent.evals.redaction import (
    Private,
    RedactionCase,
    evaluate_redaction,
    is_hidden,
    outcome_of,
)

LINE = (
    '{"id": "r1", "text": "ask ann@example.com, 12 times", "hide": [{"kind": "email", '
    '"value": "ann@example.com"}], "keep": ["12 times"], "half": "held-out"}\n'
)


def seen(text, hidden):
    """Return which characters of a text can be read when the words `hidden` are not shown."""
    start = text.index(hidden)
    return [not start <= at < start + len(hidden) for at in range(len(text))]


@pytest.mark.parametrize(
    ("value", "taken", "hidden"),
    [
        ("415-555-2671", "415-555-2671", True),
        ("415-555-2671", "555-2671", True),
        ("415-555-2671", "5-2671", False),
        ("415-555-2671", "2671", False),
        ("083", "083", True),
        ("083", "08", True),
        ("ann@example.com", "ann@example", True),
        ("ann@example.com", "ann", False),
    ],
)
def test_four_letters_or_digits_in_a_row_give_a_value_away(value, taken, hidden):
    text = f"it is {value}, yes"
    assert is_hidden(value, text, seen(text, taken)) is hidden


def test_a_short_value_must_be_gone():
    assert not is_hidden("083", "it is 083", [True] * 9)


def test_a_value_must_be_hidden_wherever_it_stands():
    text = "hunter2 and again hunter2"
    assert not is_hidden("hunter2", text, seen(text, "hunter2"))


def test_a_value_that_is_not_in_its_text_is_an_error_that_does_not_quote_it():
    with pytest.raises(ValueError, match="7 characters"):
        is_hidden("hunter2", "nothing", [True] * 7)


def test_a_word_elsewhere_in_the_text_is_not_a_part_of_the_value():
    private = Private(kind="email", value="ann@example.com")
    text = "see example.com or ask ann@example.com"
    case = RedactionCase(id="r1", text=text, hide=(private,), keep=("example.com",), half="open")
    assert outcome_of(case).hidden == (("email", True),)
    assert outcome_of(case).kept == (True,)


def test_the_halves_are_counted_apart(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_text(LINE + LINE.replace("held-out", "third"), "utf-8")
    with pytest.raises(InputError, match=r"set\.jsonl, line 2"):
        evaluate_redaction(path)
    path.write_text(LINE, "utf-8")
    figures = evaluate_redaction(path)
    assert figures.recall.value == figures.held_out.recall.value == 1
    assert figures.wrongly_hidden.value == 0
    assert figures.open.recall.value is None
    assert list(figures.held_out.kinds) == ["email"]


def test_what_hides_nothing_and_what_hides_all_is_seen(tmp_path, monkeypatch):
    path = tmp_path / "set.jsonl"
    path.write_text(LINE, "utf-8")
    nothing = lambda text: SimpleNamespace(text=text, originals={})  # noqa: E731
    monkeypatch.setattr(redaction, "redact", nothing)
    assert evaluate_redaction(path).recall.value == 0
    everything = lambda text: SimpleNamespace(text="[KEY_1]", originals={"[KEY_1]": text})  # noqa: E731
    monkeypatch.setattr(redaction, "redact", everything)
    assert evaluate_redaction(path).wrongly_hidden.value == 1
