"""Lines of forms and minutes that answer other questions are no problem."""

import pytest

from triage_agent.intake import split_problems
from triage_agent.models.embedded.splitter import split_text


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(
            "1. Your name: Pat Quinn\n2. Industry: Roofing\n"
            "3. Main challenge: Estimates are measured twice because the first sheet gets lost\n"
            "4. Second challenge: Homeowners want to see the progress online\n"
            "5. Third challenge: none\n6. Do you build software for customers? No",
            [
                "Estimates are measured twice because the first sheet gets lost",
                "Homeowners want to see the progress online",
            ],
            id="a numbered form",
        ),
        pytest.param(
            "Which task eats your week?\nI merge nine spreadsheets into the rent roll.\n\n"
            "What do your tenants complain about?\nThey cannot report a leak online.\n\n"
            "Do you sell software?\nNo\n\nHow many employees do you have?\n14",
            [
                "I merge nine spreadsheets into the rent roll.",
                "They cannot report a leak online.",
            ],
            id="questions above their answers",
        ),
        pytest.param(
            "Company name\nBlue Heron Tours\nYour role\nOwner\nBiggest headache\n"
            "Bookings arrive in three inboxes and get copied to a wall calendar\n"
            "Second headache\nGuests want an app with their tickets",
            [
                "Bookings arrive in three inboxes and get copied to a wall calendar",
                "Guests want an app with their tickets",
            ],
            id="labels above their answers",
        ),
        pytest.param(
            "Minutes – Board meeting 4 May\nPresent: J. Cole, R. Iyer\nExcused: P. Stone\n\n"
            "Job sheets are handwritten and half of them never reach the office.\n"
            "The estimator quit and nobody prices small jobs.\n\n"
            "Actions: Ravi to call the bank\nNext meeting: 1 June",
            [
                "Job sheets are handwritten and half of them never reach the office.",
                "The estimator quit and nobody prices small jobs.",
            ],
            id="minutes",
        ),
        pytest.param(
            "Standup 4/5\nJo - deliveries late again, nobody told the clients\n"
            "Kim - stock count wrong in two shops\nAl - nothing\nACTION: Jo to order labels",
            [
                "Jo - deliveries late again, nobody told the clients",
                "Kim - stock count wrong in two shops",
            ],
            id="a standup",
        ),
        pytest.param(
            "# Intake call\n## About the client\n22 people, bakery chain.\n## Pain points\n"
            "* Orders from cafes arrive by text and are typed into Excel\n"
            "* The loyalty app was never finished\n## Follow-up\n* Send price list",
            [
                "Orders from cafes arrive by text and are typed into Excel",
                "The loyalty app was never finished",
            ],
            id="notes with headings",
        ),
    ],
)
def test_what_answers_another_question_is_set_aside(text, problems):
    assert [one.text for one in split_text(text).problems] == problems


def test_a_label_before_a_statement_says_what_it_is_about():
    text = (
        "Phone: nobody picks it up after four, and callers give up\n"
        "Address: half of our letters come back since we moved"
    )
    found = split_problems(text)
    assert not found.furniture
    assert " ".join(one.text for one in found.problems).split() == text.split()


@pytest.mark.parametrize(
    "text",
    [
        "Next steps are unclear for our customers after they pay: nobody tells them anything.",
        "Industry: roofing\nCompany: Quinn & Sons",
        "Agreed: nothing, because nobody takes minutes and every meeting starts from the beginning",
    ],
)
def test_a_single_line_or_a_text_of_nothing_else_is_read(text):
    found = split_problems(text)
    assert " ".join(one.text for one in found.problems).split() == text.split()
