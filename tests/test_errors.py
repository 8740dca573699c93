"""The tree of errors: exit codes, short names, and messages that give nobody away."""

import inspect
import pickle
import re

import pytest

from triage_agent import errors
from triage_agent.errors import (
    InputError,
    ReplyError,
    ServiceError,
    SettingsError,
    StopError,
    TriageError,
)
from triage_agent.types import Usage

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, TriageError)
]
ONE_OF_EACH = [
    SettingsError("m"),
    InputError("m"),
    ReplyError("m", "refusal"),
    ServiceError("m", "timeout"),
    StopError("m", "key"),
]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(ONE_OF_EACH[0], 2, id="settings are 2, like usage"),
        pytest.param(ONE_OF_EACH[1], 4, id="input is 4"),
        pytest.param(ONE_OF_EACH[2], 3, id="a bad reply ends a row, 3"),
        pytest.param(ONE_OF_EACH[3], 3, id="a failed service ends a row, 3"),
        pytest.param(ONE_OF_EACH[4], 5, id="what stops the run is 5"),
    ],
)
def test_each_error_carries_the_exit_code_of_the_contract(error, code):
    assert error.exit_code == code


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (SettingsError("m"), "SettingsError"),
        (InputError("m"), "InputError"),
        (ReplyError("m", "not_json"), "reply_not_json"),
        (ServiceError("m", "rate_limit"), "service_rate_limit"),
        (StopError("m", "quota"), "stop_quota"),
    ],
)
def test_each_error_has_a_short_name_for_programs(error, name):
    assert error.type == name


def test_there_are_under_ten_classes_and_the_drawn_tree_shows_every_one():
    assert len(CLASSES) < 10
    drawn = re.findall(r"^ +(?:[├└]── )?(\w+Error)\b", errors.__doc__, re.MULTILINE)
    assert sorted(drawn) == sorted(cls.__name__ for cls in CLASSES)


def test_the_drawn_tree_shows_the_true_exit_codes():
    drawn = dict(re.findall(r"(\w+Error) .*exit (\d)$", errors.__doc__, re.MULTILINE))
    assert drawn == {type(error).__name__: str(error.exit_code) for error in ONE_OF_EACH}


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda error: type(error).__name__)
def test_one_except_catches_every_error_and_it_says_its_message(error):
    assert isinstance(error, TriageError)
    assert str(error) == error.message == "m"


def test_only_a_service_error_may_be_worth_a_second_try():
    assert ServiceError("m", "timeout").retryable is True
    assert ServiceError("m", "bad_request", retryable=False).retryable is False
    others = [error for error in ONE_OF_EACH if not isinstance(error, ServiceError)]
    assert [error.retryable for error in others] == [False] * 4


def test_a_service_error_says_how_long_to_wait_if_the_service_did():
    assert ServiceError("m", "rate_limit", wait_s=2.5).wait_s == 2.5
    assert ServiceError("m", "rate_limit").wait_s is None


def test_a_reply_stays_on_the_error_and_out_of_its_message():
    error = ReplyError("The model refused.", "refusal", "I will not read ann@example.com")
    assert error.reply == "I will not read ann@example.com"
    assert "ann" not in f"{error} {error.message} {error.args}"


@pytest.mark.parametrize("cls", [SettingsError, InputError])
@pytest.mark.parametrize("secret", ["ann@example.com", "+1 (555) 010-9999", "sk-abcdef123456"])
def test_a_message_is_masked_everywhere_it_can_be_read(cls, secret):
    error = cls(f"The server says: {secret} is wrong.")
    assert secret not in f"{error} {error!r} {error.message} {error.args}"
    assert error.message.endswith("is wrong.")


@pytest.mark.parametrize("cls", [ReplyError, ServiceError, StopError])
@pytest.mark.parametrize("secret", ["ann@example.com", "+1 (555) 010-9999", "sk-abcdef123456"])
def test_a_message_about_the_model_is_masked_too(cls, secret):
    error = cls(f"The server says: {secret} is wrong.", "kind")
    assert secret not in f"{error} {error!r} {error.message} {error.args}"
    assert error.kind == "kind"


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda one: type(one).__name__)
def test_an_error_reaches_another_process_as_it_is(error):
    error.usage = Usage(1, 2, 3)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 (its own words)
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)
