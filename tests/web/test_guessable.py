"""Which passwords are easy to guess."""

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from triage_agent.web.guessable import is_guessable

LONG_ENOUGH = [one for one in FREQUENCY_LISTS["passwords"] if len(one) >= 12]


def test_common_passwords_are_recognised():
    assert len(LONG_ENOUGH) > 50
    assert [one for one in LONG_ENOUGH if not is_guessable(one)] == []


@pytest.mark.parametrize(
    "password",
    ["aaaaaaaaaaaa", "123456789012", "qwertyuiop[]", "Password2026", "p4ssw0rdp4ssw0rd", ""],
)
def test_patterns_are_recognised(password):
    assert is_guessable(password)


@pytest.mark.parametrize("password", ["Annabel Lee 1", "annabellee2026", "triage-agent1"])
def test_names_that_others_know_are_recognised(password):
    assert is_guessable(password, ["Annabel Lee"])


@pytest.mark.parametrize(
    "password",
    [
        "wheel of borrowed plums",
        "Wq7!kd02.zPm",
        "ünter den lindenbäumen wächst moos",
        "wheel of borrowed plums " + "a" * 200,
    ],
)
def test_others_are_taken(password):
    assert not is_guessable(password, ["Annabel Lee"])
