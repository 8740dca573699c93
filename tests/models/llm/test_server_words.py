import json

import pytest

from triage_agent.models.llm.server_words import WORD, is_page, shown, text_of_page, without_echo

TEXT = "Invoices go out late because nobody has the time to type them."
BODY = {
    "model": "m",
    "messages": [{"role": "user", "content": TEXT}],
    "temperature": 0.0,
    "response_format": {"type": "json_schema", "json_schema": {"name": "triage", "strict": True}},
}


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>", "502 Bad Gateway nginx"),
        ("<html><head><title>Blocked</title></head><body></body></html>", "Blocked"),
        (
            "<!DOCTYPE html><title>A &amp; B</title><style>p{}</style><script>x</script><p>C</p>",
            "A & B C",
        ),
        ("<html><!-- <b>no</b> --><p>Yes</p></html>", "Yes"),
        ("<html><script>never closed", ""),
        ("<html></html>", ""),
    ],
)
def test_a_page_says_its_title_and_its_words(page, words):
    assert is_page(page)
    assert text_of_page(page) == words


@pytest.mark.parametrize("text", ['{"a": "<html>"}', "<problem>", "plain", "", "error code: 524"])
def test_anything_else_is_no_page(text):
    assert not is_page(text)


@pytest.mark.parametrize(
    ("message", "left"),
    [
        (f"Refused: {TEXT}", "Refused"),
        (f"Refused: {TEXT[:40]}", "Refused"),
        (f"Refused: {TEXT.upper()!r}", "Refused"),
        (f"The input {BODY!r} is wrong", "The input is wrong"),
        (f"The input {json.dumps(BODY)} is wrong", "The input is wrong"),
        ("Unsupported parameter: 'temperature'", "Unsupported parameter temperature"),
        (
            "response_format of type json_schema is unknown",
            "response_format of type json_schema is unknown",
        ),
        ("Invoices go nowhere", "Invoices go nowhere"),
        ("", ""),
    ],
)
def test_what_a_server_repeats_of_a_request_is_no_word_of_its_own(message, left):
    kept = without_echo(message, BODY)
    assert " ".join(WORD.findall(kept)) == left
    assert len(kept) == len(message)


def test_a_key_and_a_person_s_address_are_masked_before_the_words_are_cut():
    said = shown("x" * 190 + " ann.owner@example.com a-secret-of-ours", "a-secret-of-ours")
    assert "ann" not in said
    assert "secret" not in said
    assert len(said) <= 200
