"""The HTTP API: classify, advise, quiz and decide for other programs, by tokens with scopes."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, cast

import anyio
from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from triage_agent.errors import InputError, TriageError
from triage_agent.triage import AsyncTriage
from triage_agent.web.engine import RETRY_AFTER_S, TooBusyError
from triage_agent.web.problem_details import MEDIA_TYPE, ProblemError, problem
from triage_agent.web.security import CLOSE, GUESSES, REQUESTS, RefusedError, who
from triage_agent.web.service import (
    AdviseAsked,
    ClassifyAsked,
    DecideAsked,
    QuizAsked,
    advised,
    classified,
    decided,
    questions_of_the_quiz,
    quizzed,
)
from triage_agent.web.site import Site
from triage_agent.web.tokens import Token

LONGEST_KEY = 200
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": what, "content": {MEDIA_TYPE: {}}}
    for status, what in (
        (401, "There is no token, or it does not work."),
        (403, "The token is not for this."),
        (409, "A request with this idempotency key is under way."),
        (413, "The request is longer than 1 MB."),
        (422, "The request is not as it must be; `detail` says where."),
        (429, "Too many requests; `Retry-After` says when to come back."),
        (503, "Too many people wait; `Retry-After` says when to come back."),
    )
}
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=LONGEST_KEY,
        description="The same key within a day gets the same answer, and nothing is done twice.",
    ),
]
Shown = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(scheme_name="token", description="An adviser makes it.", auto_error=False)),
]
Result = Callable[[], Awaitable[dict[str, Any]]]


def _after(seconds: int) -> dict[str, str]:
    """Return the header that says when to come back."""
    return {"retry-after": str(seconds)}


WAIT = _after(RETRY_AFTER_S)


def token_for(scope: str) -> Callable[..., Awaitable[Token]]:
    """Return a dependency that gives the token of a request, and refuses one for other things."""

    async def find(request: Request, shown: Shown) -> Token:
        site, found = site_of_api(request), None
        if shown is not None:
            found = await anyio.to_thread.run_sync(site.tokens.find, shown.credentials)
        if found is None:
            if not await site.limiter.allows(GUESSES, "guess", who(request)):
                wait = site.limiter.wait_s(GUESSES, "guess", who(request))
                raise ProblemError(429, "Too many tokens that do not work.", _after(wait))
            raise ProblemError(
                401,
                "Send a token that works (Authorization: Bearer …). An adviser makes one.",
                {"www-authenticate": "Bearer"},
            )
        if not await site.limiter.allows(REQUESTS, "request", str(found.id)):
            wait = site.limiter.wait_s(REQUESTS, "request", str(found.id))
            raise ProblemError(429, "Too many requests with this token.", _after(wait))
        request.state.token = found
        if scope not in found.scopes:
            raise ProblemError(403, f"This token is not for {scope}.")
        return found

    return find


Classifying = Annotated[Token, Depends(token_for("classify"))]
Advising = Annotated[Token, Depends(token_for("advise"))]
Deciding = Annotated[Token, Depends(token_for("decide"))]
Quizzing = Annotated[Token, Depends(token_for("quiz"))]


def create_api() -> FastAPI:
    """Return the API; its state holds the `Site` once the server runs."""
    api = FastAPI(
        title="triage-agent",
        version="1",
        summary="Does a problem call for software to be built, or for work to be automated?",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        responses=RESPONSES,
        exception_handlers={
            ProblemError: _answered,
            RequestValidationError: _not_valid,
            HTTPException: _refused,
            TriageError: _failed,
            TooBusyError: _busy,
            Exception: _broken,
        },
    )
    api.add_middleware(Noted)

    @api.post("/v1/classify", summary="One answer for each problem; a text is never taken apart.")
    async def classify(
        request: Request, asked: ClassifyAsked, token: Classifying, key: Key = None
    ) -> Response:
        return await _once(request, token, key, lambda: _read(request, classified, asked))

    @api.post("/v1/advise", summary="Whom to hire; texts are taken apart into their problems.")
    async def advise(
        request: Request, asked: AdviseAsked, token: Advising, key: Key = None
    ) -> Response:
        return await _once(request, token, key, lambda: _read(request, advised, asked))

    @api.post("/v1/decide", summary="Whom to hire, from problems that are classified.")
    async def decide(
        request: Request, asked: DecideAsked, token: Deciding, key: Key = None
    ) -> Response:
        return await _once(request, token, key, lambda: _made(decided, asked))

    @api.post("/v1/quiz", summary="The result of the readiness quiz.")
    async def quiz(
        request: Request, asked: QuizAsked, token: Quizzing, key: Key = None
    ) -> Response:
        return await _once(request, token, key, lambda: _made(quizzed, asked))

    @api.get("/v1/quiz", summary="The questions of the readiness quiz.")
    async def questions(request: Request, token: Quizzing) -> Response:
        return await _once(request, token, None, lambda: _made(questions_of_the_quiz))

    return api


def site_of_api(request: Request) -> Site:
    """Return what the API shares with the pages."""
    return cast("Site", request.app.state.site)


async def _read(
    request: Request, work: Callable[[AsyncTriage, Any], Awaitable[dict[str, Any]]], asked: Any
) -> dict[str, Any]:
    """Return what some work gives that reads problems."""
    engine = site_of_api(request).engine
    return await engine.run(lambda: work(engine.triage, asked))


async def _made(work: Callable[..., dict[str, Any]], *asked: Any) -> dict[str, Any]:
    """Return what some work gives that reads nothing."""
    return work(*asked)


async def _once(request: Request, token: Token, key: str | None, work: Result) -> Response:
    """Return the result as an answer, the same for the same idempotency key."""
    if key is None:
        return JSONResponse(await work())
    tokens = site_of_api(request).tokens
    # The path too: one key is for one request.
    asked = f"{request.method} {request.url.path}\0".encode() + await request.body()
    before = await anyio.to_thread.run_sync(tokens.claim, token, key, asked)
    if before is not None:
        if not before.same:
            raise ProblemError(422, "This idempotency key was used for another request.")
        if before.status is None:
            raise ProblemError(409, "A request with this key is under way.", WAIT)
        return JSONResponse(before.body, before.status, {"idempotency-replayed": "true"})
    body: dict[str, Any] | None = None
    try:
        body = await work()
        return JSONResponse(body)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(tokens.settle, token, key, body)


class Noted:
    """Writes each use of a token into its audit trail, whatever is answered.

    What is refused because it is too much is not: it would be a write to the disk for each.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; its use is on the disk before its answer is sent."""
        scope.setdefault("state", {})
        noted = False

        async def note(status: int) -> None:
            nonlocal noted
            token: Token | None = scope["state"].get("token")
            if token is None or noted:
                return
            noted = True
            what = f"{scope['method']} {scope['path']}"
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(
                    scope["app"].state.site.tokens.note, token, what, status
                )

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                await note(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, answered)
        except BaseException:
            await note(500)
            raise


async def _answered(_: Request, error: Exception) -> Response:
    return problem(cast("ProblemError", error))


async def _not_valid(_: Request, error: Exception) -> Response:
    """Say what is wrong in a request and where, without what was written there."""
    faults = [
        {"where": "/".join(map(str, one["loc"][1:])) or "body", "what": one["msg"]}
        for one in cast("RequestValidationError", error).errors()
    ]
    first = faults[0]
    return problem(ProblemError(422, f"{first['where']}: {first['what']}.", faults=faults))


async def _refused(_: Request, error: Exception) -> Response:
    """Say why a request reaches nothing, or why its body could not be read."""
    if isinstance(error.__cause__, RefusedError):  # raised where FastAPI reads the body
        return problem(ProblemError(error.__cause__.status, error.__cause__.words, CLOSE))
    status = cast("HTTPException", error).status_code
    words = "There is no such path, or not with this method."
    return problem(ProblemError(status, "The body cannot be read." if status == 400 else words))


async def _failed(_: Request, error: Exception) -> Response:
    """Say what an error of ours says: it is the caller's, or the service's behind us."""
    status = 422 if isinstance(error, InputError) else 502
    return problem(ProblemError(status, cast("TriageError", error).message))


async def _broken(_: Request, error: Exception) -> Response:  # noqa: ARG001
    """Say that something went wrong; the log names the place (`faults`)."""
    return problem(ProblemError(500, "Something went wrong here. Try again in a moment."))


async def _busy(_: Request, error: Exception) -> Response:  # noqa: ARG001
    return problem(ProblemError(503, "Too many people wait. Come back a little later.", WAIT))
