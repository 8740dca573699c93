"""Who said it, when, and what was asked stand before what people say, and are no problem."""

import pytest

from triage_agent.intake.chat import turns
from triage_agent.models.embedded.splitter import split_text


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(
            "[4/5/26, 9:01:13 AM] Sam Reed: Hi there\n"
            "[4/5/26, 9:02:40 AM] Sam Reed: every invoice gets typed in twice, once for us and "
            "once for the factor\n"
            "[4/5/26, 9:03:02 AM] You: ok, anything else?\n"
            "[4/5/26, 9:05:55 AM] Sam Reed: patients would like to book by themselves on our site\n"
            "[4/5/26, 9:06:10 AM] Sam Reed: image omitted",
            [
                "every invoice gets typed in twice, once for us and once for the factor",
                "patients would like to book by themselves on our site",
            ],
            id="a chat from a telephone",
        ),
        pytest.param(
            "03.12.25, 17:40 - Messages and calls are end-to-end encrypted. Tap to learn more.\n"
            "03.12.25, 17:41 - Lena: the vans come back and nobody knows what was sold\n"
            "03.12.25, 17:44 - +49 171 5550123: also we need a web shop for the farms\n"
            "03.12.25, 17:45 - Lena: <Media omitted>",
            [
                "the vans come back and nobody knows what was sold",
                "also we need a web shop for the farms",
            ],
            id="the same from another system",
        ),
        pytest.param(
            "Interviewer: What slows you down?\n"
            "Owner: Payroll. I collect the hours by text and type them in every Friday.\n"
            "Interviewer: Anything else?\n"
            "Owner: Members want to book courts on their phone and we have no site for it.",
            [
                "Payroll. I collect the hours by text and type them in every Friday.",
                "Members want to book courts on their phone and we have no site for it.",
            ],
            id="two who take turns",
        ),
        pytest.param(
            "Speaker A 00:00:03\nwhat hurts?\n"
            "Speaker B 00:00:07\nthe purchase orders, we write each one by hand and half of them "
            "come back wrong\n"
            "Speaker A 00:00:31\nand?\n"
            "Speaker B 00:00:40\nour app is four years old and nobody can change it",
            [
                "the purchase orders, we write each one by hand and half of them come back wrong",
                "our app is four years old and nobody can change it",
            ],
            id="a transcript with the names above",
        ),
        pytest.param(
            "What costs you the most time?: We retype lab results into the patient file\n"
            "What do clients ask for? They want to order food for their pets online",
            [
                "We retype lab results into the patient file",
                "They want to order food for their pets online",
            ],
            id="questions with their answers behind them",
        ),
    ],
)
def test_only_what_was_said_is_read(text, problems):
    assert [one.text for one in split_text(text).problems] == problems


@pytest.mark.parametrize(
    "name", ["Ros (office)", "Ros & Jim", "Ros/Office", "Mum ❤️", "office@inn.example", "Ros - Inn"]
)
@pytest.mark.parametrize("form", ["[14/09/2025, 08:1{}:10] {}: ", "14/09/2025, 08:1{} - {}: "])
def test_what_anybody_wrote_is_read_whatever_they_are_called(name, form):
    said = [
        ("Kev", "the boiler log is on paper and nobody can read it"),
        (name, "guests want to book the sauna online, we lose them to the hotel next door"),
        ("Kev", "the rota is a mess every week"),
    ]
    lines = [form.format(n, who) + words for n, (who, words) in enumerate(said)]
    before, empty = turns([*lines, form.format(5, "Kev").removesuffix(": ") + " added Ann"])
    assert [line[before[n] :] for n, line in enumerate(lines)] == [words for _, words in said]
    assert empty == {3}


def test_answers_stand_below_their_questions():
    text = "Q1. What hurts?\nA. bills go out late\nQ2. What else?\nA. nobody knows the stock"
    assert turns(text.split("\n")) == ({1: 3, 3: 3}, {0, 2})


def test_who_goes_on_in_the_next_message_still_says_one_thing():
    said = (
        "every invoice gets typed in twice\n[4/5/26, 9:02] Sam: once for us and once for the factor"
    )
    text = f"[4/5/26, 9:02] Sam: {said}\n[4/5/26, 9:05] Sam: patients would like to book online"
    found = split_text(text)
    assert [one.text for one in found.problems] == [said, "patients would like to book online"]
    assert [one.text for one in found.furniture] == ["[4/5/26, 9:02] Sam:", "[4/5/26, 9:05] Sam:"]


def test_what_comes_after_somebody_else_s_turn_is_another_problem():
    text = (
        "12/4/2025, 14:22 - Mia: we still do the rota on paper\n"
        "12/4/2025, 14:23 - Mia: every change means ten phone calls\n"
        "12/4/2025, 14:25 - You: anything else?\n"
        "12/4/2025, 14:31 - Mia: guests want to order from the table with their phone"
    )
    assert [one.text.split(": ")[-1] for one in split_text(text).problems] == [
        "every change means ten phone calls",
        "guests want to order from the table with their phone",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["Our bakery opens at 5:30 and the orders are on paper", "Customers: they ring all day"],
        ["10:15 the server stopped", "10:20 it stopped again"],
        ["Sales: leads are lost", "Office: bills are late", "Website: no payments"],
        ["What do we do about the rota? Nobody knows."],
        ["Ann: our quotes are late", "Ann: our stock is wrong"],
    ],
)
def test_a_text_that_is_no_chat_keeps_its_lines(lines):
    assert turns(lines) == ({}, set())
