"""What a service's error answer is about: the form of the request, this text, the key, the account.

Servers agree neither on statuses nor on codes, so both are asked, and then the words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from triage_agent.models.llm.dialect import Dialect
from triage_agent.models.llm.retry_after import is_daily
from triage_agent.models.llm.server_words import without_echo

RETRIED = frozenset({408, 409, 424, 425, 429, 498})
# Statuses under which servers refuse a parameter: normally 400 and 422; llama-cpp-python crashes
# with 500 on a response_format it does not know, OpenAI forbids logprobs with 403, and routers say
# 404 when none of their back ends takes tools.
FORM = frozenset({400, 422})
FORM_IF_NAMED = frozenset({403, 404, 500, 501})
# Besides what is below 500, statuses with which a server says that it did not begin to answer.
# Any other may be that of a gateway that gave up while the model went on, and is billed.
NOT_BEGUN = frozenset({501, 505, 529})
GAVE_UP = frozenset({408, 499})
MISSING = frozenset({404, 405, 410})  # the model, or an API at this address

QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "budget_exceeded",
        "exceeded_current_quota_error",
        "insufficient_credits",
        "insufficient_balance",
        "arrearage",
        "credit_balance_too_low",
    }
)
QUOTA = re.compile(
    r"budget has been exceeded|exceeded ?budget|over budget|crossed budget|credit balance is too"
    r"|insufficient (?:account )?(?:balance|credit|quota|fund)|billing (?:hard )?limit"
    r"|(?:out of|no) credits|credits? (?:are |is )?exhausted|key limit exceeded"
    r"|monthly (?:limit|quota|budget|spend)|spend(?:ing)? limit",
    re.IGNORECASE,
)
# Gemini says so of a limit that is free again within a minute too, and then names the wait.
NO_WAIT_QUOTA = re.compile(r"exceeded your (?:current |monthly )?quota", re.IGNORECASE)
FILTER_CODES = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "responsibleaipolicyviolation",
        "datainspectionfailed",
        "data_inspection_failed",
        "invalid_prompt",
        "moderation_blocked",
    }
)
FILTER = re.compile(
    r"content.?(?:filter|policy|management)|usage polic|moderation|(?:input|prompt) was flagged"
    r"|inappropriate content|content exists risk|considered high risk|datainspectionfailed"
    r"|safety (?:system|filter|polic)|web application firewall",
    re.IGNORECASE,
)
TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
TOO_LONG = re.compile(
    r"context.length|context.window|context.size|reduce the length|input tokens|request too large"
    r"|tokens?[`' ]+\+[`' ]+max_new_tokens",
    re.IGNORECASE,
)
KEY = re.compile(
    r"api.?key|authenticat|unauthori[sz]ed|credential|access token|\binvalid_token", re.IGNORECASE
)
KEY_CODES = frozenset({"api_key_invalid", "invalid_api_key", "unauthenticated"})
MODEL = re.compile(
    r"(?:model|deployment)\b.{0,80}?\b(?:not (?:found|exist|available|loaded|supported)"
    r"|does(?: not|n't) exist|is (?:unknown|invalid|not valid)|no longer)"
    r"|(?:invalid|unknown|no such|unrecognized|no) (?:model|deployment)|models? loaded"
    r"|no allowed providers",
    re.IGNORECASE | re.DOTALL,
)
MODEL_CODES = frozenset(
    {"model_not_found", "deploymentnotfound", "model_not_exist", "invalid_model"}
)
NO_ENDPOINT = re.compile(
    r"unexpected endpoint|page not found|invalid url|cannot post|no route|^not found\.?$", re.I
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error, in the server's own words.

    What it is about is judged by its codes and by the words that are not an echo of the request.
    """

    status: int  # for an error inside a 200, the one that it names
    message: str = ""
    parameter: str | None = None  # the parameter that the server names as wrong
    codes: frozenset[str] = frozenset()  # everything it calls the error by, in lower case
    wait_s: float | None = None  # how long it asks to wait, in seconds
    page: bool = False  # a web page: by something in front of the API
    inside_200: bool = False
    filtered: tuple[str, ...] = ()  # the kinds of content that a filter found
    own: str | None = None  # the message without its echo of the request; None: the same

    @property
    def own_words(self) -> str:
        """What the server says of its own, nothing if all is an echo."""
        return self.message if self.own is None else self.own

    @property
    def to_show(self) -> str:
        """What a person is shown: its own words, unless there are none."""
        return " ".join(self.own_words.split()) or self.message

    def without_echo_of(self, body: Mapping[str, Any]) -> "Refusal":
        """Return the refusal with what its message repeats of the request marked as such."""
        return replace(self, own=without_echo(self.message, body))

    @property
    def about_quota(self) -> bool:
        """Whether the account has nothing left, whatever the status says."""
        words = self.own_words
        exceeded = self.wait_s is None and NO_WAIT_QUOTA.search(words)
        named = self.codes & QUOTA_CODES or QUOTA.search(words)
        return self.status == 402 or bool(named or exceeded)

    @property
    def daily(self) -> bool:
        """Whether a limit for the day was reached, which may last longer than the wait it names."""
        return self.status == 429 and (
            is_daily(self.own_words) or any("perday" in code for code in self.codes)
        )

    @property
    def about_content(self) -> bool:
        """Whether a filter refused this one text."""
        return (
            self.status in {400, 403, 422, 451}
            and not self.about_quota
            and bool(self.codes & FILTER_CODES or FILTER.search(self.own_words))
        )

    @property
    def about_length(self) -> bool:
        """Whether this one text is too long."""
        return self.status == 413 or bool(
            self.codes & TOO_LONG_CODES or TOO_LONG.search(self.own_words)
        )

    @property
    def about_text(self) -> bool:
        """Whether this one text was refused, which says nothing about the next.

        A web page with a 403 is by a firewall, which reads the text.
        """
        return self.about_content or self.about_length or (self.status == 403 and self.page)

    @property
    def about_key(self) -> bool:
        """Whether the key is what is wrong, whatever the status says."""
        return bool(self.codes & KEY_CODES or KEY.search(self.own_words))

    @property
    def names_key(self) -> bool:
        """Whether a code says so; words alone may be about something else."""
        return bool(self.codes & KEY_CODES) and self.status < 500

    @property
    def names_model(self) -> bool:
        """Whether a code says that the model is not known."""
        return bool(self.codes & MODEL_CODES) and self.status < 500

    @property
    def about_model(self) -> bool:
        """Whether the model is not known there, whatever the status says."""
        return bool(self.codes & MODEL_CODES or MODEL.search(self.own_words))

    @property
    def about_address(self) -> bool:
        """Whether the API is elsewhere."""
        return self.page or not self.message or NO_ENDPOINT.search(self.own_words) is not None

    @property
    def about_reply(self) -> bool:
        """Whether the model's own answer failed a check of the server (Groq: `…_failed`).

        The same request may succeed the next time.
        """
        named = any(code.endswith("_failed") for code in self.codes)
        return named and self.status < 500 and not self.about_content

    @property
    def about_form(self) -> bool:
        """Whether the request's form may be what was refused."""
        other = self.about_text or self.about_quota or self.about_reply
        return self.status in FORM | FORM_IF_NAMED and not other


def may_be_billed(refusal: Refusal) -> bool:
    """Return whether a request that failed in this way may be billed all the same.

    A filter and a limit of length have read the text; a 503 that says when to come back has not.

    >>> may_be_billed(Refusal(504)), may_be_billed(Refusal(429)), may_be_billed(Refusal(503))
    (True, False, True)
    """
    status = refusal.status
    if status == 503 and refusal.wait_s is not None:
        return False
    gave_up = status in GAVE_UP or (status >= 500 and status not in NOT_BEGUN)
    return gave_up or (status < 500 and refusal.about_text)


class RefusedError(Exception):
    """A service answered a request with an error; internal, and explained to the user later."""

    def __init__(self, refusal: Refusal, learned: Dialect | None = None) -> None:
        self.refusal, self.learned = refusal, learned
        super().__init__(refusal.status)
