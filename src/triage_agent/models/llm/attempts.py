"""What an attempt that failed means: whether another may succeed, when, and what this one cost."""

import openai
from tenacity import RetryCallState
from tenacity.wait import wait_random_exponential

from triage_agent.errors import ReplyError, ServiceError, TriageError
from triage_agent.models.llm.error_bodies import read_refusal
from triage_agent.models.llm.refusals import Refusal
from triage_agent.types import Usage

LONGEST_WAIT_S = 30.0  # when the server does not say how long to wait


def refusal_of(error: openai.APIStatusError) -> Refusal:
    """Return what an answer with an error status says."""
    answer = error.response
    return read_refusal(error.status_code, answer.text, dict(answer.headers))


def never_sent(error: BaseException | None) -> bool:
    """Return whether the request of this attempt has never left this machine."""
    return isinstance(error, ServiceError) and not error.sent


def usage_of(error: TriageError) -> Usage:
    """Return what an attempt used that ended in this error."""
    if isinstance(error, ReplyError):
        return error.usage
    return Usage() if never_sent(error) else Usage(calls=1)


def may_pass(error: BaseException) -> bool:
    """Return whether another attempt may succeed."""
    if isinstance(error, ReplyError):
        return error.kind == "empty"
    return isinstance(error, TriageError) and error.retryable


def wait(state: RetryCallState) -> float:
    """Return the seconds to wait: what the server asks for, else growing with jitter."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ServiceError) and error.wait_s is not None:
        return error.wait_s
    return wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_S)(state)
