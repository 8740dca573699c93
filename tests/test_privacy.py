"""What is masked before text goes into a log, a cache or a message."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.privacy import mask

FRAMES = [
    pytest.param("{}", id="alone"),
    pytest.param("Please write to {} or call.", id="in a sentence"),
    pytest.param("({})", id="in brackets"),
    pytest.param('"{}",', id="in quotation marks"),
    pytest.param("Contact:{}.", id="after a colon"),
    pytest.param("one\n{}\ntwo", id="on a line of its own"),
    pytest.param("contact={}", id="after an equals sign"),
]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com",
        "Ann.Lee+billing@mail.example.co.uk",
        "ann_lee-1@example.travel",
        "ANN@EXAMPLE.COM",
        "josé@exämple.com",
        "a@b.co",
    ],
)
def test_an_email_address_is_replaced_and_the_text_around_it_stays(frame, address):
    assert mask(frame.format(address)) == frame.format("[e-mail]")


@pytest.mark.parametrize(
    "address",
    [
        "o'brien@example.com",
        "ann&bob@example.com",
        "ann!@example.com",
        "bounce=ann@example.com",
        "ann#1@example.com",
        "ann~@example.com",
        f"{'a' * 64}@example.com",
    ],
)
def test_no_email_address_survives_however_rare_its_characters(address):
    masked = mask(f"Write to {address} today")
    assert "@" not in masked
    assert "Write to " in masked


@pytest.mark.parametrize("frame", [frame for frame in FRAMES if frame.id != "in brackets"])
@pytest.mark.parametrize(
    "number",
    [
        "555-010-9999",
        "(555) 010-9999",
        "+1 555 010 9999",
        "+1 (555) 010-9999",
        "+15550109999",
        "555.010.9999",
        "5550109999",
        "1-800-555-0199",
        "+44 (0)20 7946 0958",
        "+49 30 901820",
        "0176 12345678",
    ],
)
def test_a_phone_number_is_replaced_and_the_text_around_it_stays(frame, number):
    assert mask(frame.format(number)) == frame.format("[number]")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("(555-010-9999)", id="in brackets"),
        pytest.param("555 - 010 - 9999", id="dashes with spaces around them"),
        pytest.param("555–010–9999", id="en dashes"),
        pytest.param("555‑010‑9999", id="hyphens that do not break"),
        pytest.param("555\u00a0010\u00a09999", id="spaces that do not break"),
        pytest.param("555-010-9999x12", id="with an extension"),
        pytest.param("555-010-9999ext12", id="with an extension in a word"),
        pytest.param("Phone5550109999", id="right behind a word"),
    ],
)
def test_a_phone_number_does_not_survive_however_it_is_written(number):
    masked = mask(f"Call {number} today")
    assert "555" not in masked
    assert "9999" not in masked


@pytest.mark.parametrize("secret", ["555-010-9999", "ann@example.com"])
def test_what_stands_on_a_line_of_its_own_is_masked_when_a_message_shows_it_quoted(secret):
    written = f"Call me:\n{secret}"
    message = f"The row {written!r} cannot be read."
    assert secret not in mask(message)
    assert "9999" not in mask(message)


@pytest.mark.parametrize(
    "key",
    [
        "sk-abcdef123456",
        "sk-proj-Ab3dEf6hIj9",
        "sk-****3456",
        "gsk_abcdef123456",
        "hf_abcdefghij",
        "Bearer eyJhbGciOi.abc.def",
        "bearer abcdef",
    ],
)
def test_a_key_is_replaced(key):
    assert mask(f"Refused: {key} is not known") == "Refused: [key] is not known"


def test_a_login_inside_an_address_is_replaced_and_the_host_stays():
    assert mask("at https://ann:secret@llm.example/v1") == "at https://[login]@llm.example/v1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "We spend 40 hours a week on 1,200 orders.",
        "Revenue is $3,000,000 or 12.5 % more than in 2023.",
        "https://llm.example/v1 answered 429 after 30 s.",
        "Line 12 of answers.json needs {data: 0..3}.",
        "The task-list and the risk-register are at step 3.",
        "2024-05-06 at 10:30",
        "@ann says no",
    ],
)
def test_text_without_a_secret_stays_as_it_is(text):
    assert mask(text) == text


words = st.text("abcdefghij éñ,;:()'\"\n", max_size=20)
local_parts = st.from_regex(r"\A[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,20}[A-Za-z0-9])?\Z")
domains = st.from_regex(r"\A(?:[a-z0-9]{1,12}(?:-[a-z0-9]{1,8})?\.){1,3}[a-z]{2,8}\Z")


@given(words, local_parts, domains, words)
def test_no_email_address_survives(before, local, domain, after):
    masked = mask(f"{before} {local}@{domain} {after}")
    assert "@" not in masked
    assert "[e-mail]" in masked


groups = st.lists(st.from_regex(r"\A[0-9]{2,5}\Z"), min_size=3, max_size=5).filter(
    lambda parts: len("".join(parts)) >= 9
)


@given(words, st.sampled_from(["", "+"]), groups, st.sampled_from([" ", "-", ".", "", "/"]), words)
def test_no_phone_number_in_groups_survives(before, plus, parts, joint, after):
    masked = mask(f"{before} {plus}{joint.join(parts)} {after}")
    assert not any(character.isdigit() for character in masked)


@given(st.text())
def test_masking_what_is_masked_changes_nothing_more(text):
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "1" * 100_000, "a@" * 50_000, "1 " * 50_000, "a." * 50_000, "sk-" * 40_000],
    ids=lambda text: text[:4],
)
def test_long_text_made_to_be_slow_is_masked_soon(text):
    started = time.process_time()
    mask(text)
    assert time.process_time() - started < 2
