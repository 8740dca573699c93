"""A long wait is said, once for all who share it."""

import logging

import pytest

from triage_agent.models.llm.waits import Waits

NOW = [0.0]


@pytest.fixture
def waits(caplog):
    caplog.set_level(logging.WARNING, "triage_agent")
    NOW[0] = 0.0
    return Waits("llm.test", lambda: NOW[0])


@pytest.mark.parametrize(
    ("told", "said"),
    [
        pytest.param([(0, 20.0)], 0, id="a short one is not worth a word"),
        pytest.param([(0, 21.0)], 1, id="a long one is"),
        pytest.param([(0, 60.0), (1, 59.5), (5, 60.0)], 1, id="one that many share is said once"),
        pytest.param([(0, 60.0), (61, 60.0)], 2, id="the next one is another"),
        pytest.param([(0, 30.0), (1, 600.0)], 2, id="a longer one is another"),
    ],
)
def test_what_is_said(waits, caplog, told, said):
    for moment, seconds in told:
        NOW[0] = moment
        waits.say(seconds)
    assert len(caplog.messages) == said


def test_it_is_said_for_whom_and_how_long(waits, caplog):
    waits.say(300)
    assert caplog.messages == ["waiting 5 minutes for llm.test"]
