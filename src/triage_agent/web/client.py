"""A thin client of the HTTP API, for programs in Python."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx2

from triage_agent.errors import InputError, ServiceError, StopError

TIMEOUT_S = 60.0


class Client:
    """Asks a server of `triage serve`; a context manager.

        with Client("https://triage.example.com", token) as client:
            advice = client.advise("Leads get lost. Stock is wrong.", revenue="3M")

    Answers are the JSON contracts of the command line (docs/reference/json.md) as dicts. Every
    request carries an idempotency key, so a call that is repeated with `key` is not done twice.
    """

    def __init__(self, url: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """Remember where to ask; nothing is sent yet."""
        self._http = httpx2.Client(
            base_url=url.rstrip("/") + "/api/v1",
            headers={"authorization": f"Bearer {token}"},
            timeout=timeout_s,
        )

    def classify(
        self, problems: Sequence[str | Mapping[str, str]], *, key: str | None = None
    ) -> list[dict[str, Any]]:
        """Return a row for each problem; one may be a text, or {"id": …, "text": …}.

        Raises what `advise` raises.
        """
        rows: list[dict[str, Any]] = self._post("classify", {"problems": [*problems]}, key)["rows"]
        return rows

    def advise(
        self, problems: str | Sequence[str], *, key: str | None = None, **business: Any
    ) -> dict[str, Any]:
        """Return whom to hire; `business` is revenue, sells_software, quiz and the like.

        Raises:
            InputError: The request is not as it must be; the message says where.
            StopError: The token does not work, or is not for this.
            ServiceError: The server failed or is busy; `retryable` and `wait_s` say what to do.
        """
        given = problems if isinstance(problems, str) else [*problems]
        return self._post("advise", {"problems": given, **business}, key)

    def decide(
        self, problems: Sequence[Mapping[str, Any]], *, key: str | None = None, **business: Any
    ) -> dict[str, Any]:
        """Return whom to hire, from rows that `classify` gave; raises what `advise` raises."""
        return self._post("decide", {"problems": [*problems], **business}, key)

    def quiz(self, answers: Mapping[str, int]) -> dict[str, Any]:
        """Return the result of the readiness quiz; raises what `advise` raises."""
        return self._post("quiz", {"answers": dict(answers)}, None)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _post(self, path: str, asked: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        headers = {"idempotency-key": key or uuid4().hex}
        try:
            answer = self._http.post(f"/{path}", json=asked, headers=headers)
        except httpx2.HTTPError as error:
            raise ServiceError(
                f"{self._http.base_url.host} cannot be reached ({type(error).__name__}).",
                "connection",
            ) from error
        try:
            value: Any = answer.json()
        except ValueError:
            value = None
        if answer.is_success and isinstance(value, dict):
            return value
        detail = value.get("detail") if isinstance(value, dict) else None
        said = f"{self._http.base_url.host} answered {answer.status_code}: {detail or 'no reason'}"
        if answer.status_code in {401, 403}:
            raise StopError(said, "key" if answer.status_code == 401 else "forbidden")
        if answer.status_code in {400, 404, 413, 422}:
            raise InputError(said)
        wait = answer.headers.get("retry-after", "")
        raise ServiceError(
            said,
            "rate_limit" if answer.status_code == 429 else "server",
            wait_s=float(wait) if wait.isdigit() else None,
        )
