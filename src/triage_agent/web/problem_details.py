"""Errors of the API as RFC 9457 has them: `application/problem+json`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A request that gets an error: its status, what is wrong in words, and headers."""

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers, more


def problem(error: ProblemError) -> JSONResponse:
    """Return an error as an answer.

    >>> problem(ProblemError(404, "There is no such path.")).body
    b'{"type":"about:blank","title":"Not Found","status":404,"detail":"There is no such path."}'
    """
    return JSONResponse(
        {
            "type": "about:blank",
            "title": HTTPStatus(error.status).phrase,
            "status": error.status,
            "detail": error.detail,
            **error.more,
        },
        error.status,
        dict(error.headers or {}),
        MEDIA_TYPE,
    )
