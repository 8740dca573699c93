"""Everything that can go wrong, as one tree; each leaf says who can act on it.

    TriageError
    ├── SettingsError    you: an option, a key, a model name, a data file     exit 2
    ├── InputError       you: a text, a file, a row                           exit 4
    ├── ReplyError       the model: it answered, but not usably               exit 3
    ├── ServiceError     the service: it failed; `retryable` says whether to try later     exit 3
    └── StopError        the service: no later try can work, the run stops    exit 5

A `ReplyError` or `ServiceError` ends one row; the others end the run. Every message is masked
and on one line (see `privacy`): it may quote a file's name or a server's words, which may hold
a person's words, or a line break that would make a line of its own.
"""

from typing import Any

from triage_agent.privacy import mask, one_line
from triage_agent.types import Failure, Usage


class TriageError(Exception):
    """The base of every error that this package raises.

    Attributes:
        message: What happened and what to do next, masked, on one line.
        kind: Which of the errors of its class it is; empty: the class says it all.
        exit_code: The exit code of the command line.
        retryable: Whether the same call may succeed later.
        usage: What the attempts cost that ended in this error.
    """

    exit_code = 1
    retryable = False

    def __init__(self, message: str, kind: str = "") -> None:
        self.message, self.kind = mask(one_line(message)), kind
        self.usage = Usage()
        super().__init__(self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how a copy is made in another process, whatever the class asks of its maker."""
        return _copied, (type(self), self.__dict__.copy())

    @property
    def type(self) -> str:
        """A short name for programs, such as `InputError` or, with its kind, `reply_empty`."""
        name = type(self).__name__
        return f"{name.removesuffix('Error').lower()}_{self.kind}" if self.kind else name

    @property
    def failure(self) -> Failure:
        """The error as a result holds it."""
        return Failure(self.type, self.message, self.retryable)


class SettingsError(TriageError):
    """A setting, a key, a model name or a data file that cannot work."""

    exit_code = 2


class InputError(TriageError):
    """A text, file or row that cannot be read; the message names the place."""

    exit_code = 4


class ReplyError(TriageError):
    """A model answered, but not in a shape that can be used.

    Attributes:
        kind: `refusal`, `truncated`, `content_filter`, `empty`, `not_json` or `bad_schema`.
        reply: The raw text for the caller; it never goes into the message.
        complaint: What does not fit, without advice: for the model, which may correct it.
    """

    exit_code = 3

    def __init__(
        self,
        message: str,
        kind: str,
        reply: str = "",
        usage: Usage | None = None,
        complaint: str = "",
    ) -> None:
        super().__init__(message, kind)
        self.reply, self.usage, self.complaint = reply, usage or Usage(), complaint


class ServiceError(TriageError):
    """The service failed in a way that may pass.

    Attributes:
        kind: `timeout`, `connection`, `dns`, `tls`, `certificate`, `proxy`, `not_json`,
            `unreadable`, `rate_limit`, `server` or `bad_request`.
        wait_s: How many seconds the service asked us to wait; None: it did not say.
        sent: Whether the request may have reached the service, which may then bill it.
    """

    exit_code = 3

    def __init__(
        self,
        message: str,
        kind: str,
        *,
        retryable: bool = True,
        wait_s: float | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(message, kind)
        self.retryable, self.wait_s, self.sent = retryable, wait_s, sent


class StopError(TriageError):
    """The service answered what no retry can change; the results so far are kept.

    Attributes:
        kind: `key`, `forbidden`, `not_found`, `quota`, `unreachable`, or `stopped` for those that
            only waited.
    """

    exit_code = 5

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message, kind)


def _copied(kind: type[TriageError], values: dict[str, Any]) -> TriageError:
    """Return an error of a kind with these attributes."""
    error = kind.__new__(kind, values["message"])
    error.__dict__.update(values)
    return error
