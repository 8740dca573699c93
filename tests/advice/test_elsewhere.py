"""Who could help with what is out of scope: by words in a file that one may edit."""

import pytest
from pydantic import ValidationError

from triage_agent.advice.decision import decide
from triage_agent.advice.elsewhere import HelperWords, helper_words, who_helps
from triage_agent.advice.plan import advice_for
from triage_agent.types import Abstention, Classification, Label, Outcome


def row(text, because=Abstention.NEITHER, number=1):
    outcome = Outcome.ABSTAINED if because else Outcome.CLASSIFIED
    label = None if because else Label.AUTOMATE
    return Classification(
        f"7.{number}", text, outcome, "b", "m", label=label, abstained_because=because
    )


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("We can’t find staff: nobody applies for our vacancies", "a recruiter"),
        ("A former client is suing us over a trademark", "a lawyer"),
        ("We have to prepare for the tax audit", "an accountant"),
        ("Our LOGO looks ten years old", "a designer"),
        ("The printer in the office jams", "IT support"),
        ("The bank refused us a loan", "a bank or a broker"),
        ("Morale is low since the move", "an HR adviser"),
        ("Our landlord raised the rent again", "an estate agent"),
        ("The logo on the tax form needs an auditor and an accountant", "an accountant"),
        ("It rains on every market day", None),
        ("We sell taxis and parenting courses", None),
    ],
)
def test_the_words_of_a_problem_out_of_scope_say_who_could_help(text, who):
    assert who_helps(row(text)) == who


@pytest.mark.parametrize("because", [None, Abstention.TOO_VAGUE, Abstention.UNKNOWN_LANGUAGE])
def test_nobody_else_is_named_for_what_is_not_out_of_scope(because):
    assert who_helps(row("We cannot hire drivers", because)) is None


def test_the_plan_names_the_problem_by_its_number_and_first_words():
    rows = [
        row("Leads get lost", None),
        row("Our logo is old", number=2),
        row("It rains", number=3),
    ]
    plan = advice_for(rows, decide(rows)).plan
    (said,) = plan.elsewhere
    assert said.startswith("Problem 2 (“Our logo is old”) is about neither")
    assert said.endswith("a designer could help.")


@pytest.mark.parametrize(
    "broken",
    [
        {"says": "{who} helps with {problem}"},
        {"helpers": ()},
        {"helpers": ({"who": "a recruiter", "cues": ()},)},
        {"helpers": ({"who": "somebody with a very long name", "cues": ("hire",)},)},
    ],
)
def test_a_file_that_does_not_fit_is_refused(broken):
    with pytest.raises(ValidationError):
        HelperWords.model_validate({**helper_words().model_dump(), **broken})
