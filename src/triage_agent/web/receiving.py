"""What a form tool is answered: 202 once its form is on the disk, and the work is done behind."""

import time
from typing import NoReturn

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from triage_agent.errors import InputError
from triage_agent.web.deliveries import Deliveries, FullError
from triage_agent.web.engine import RETRY_AFTER_S
from triage_agent.web.hook_kinds import Arrived
from triage_agent.web.hook_signatures import Verdict, is_secret
from triage_agent.web.hooks import Hook, Hooks
from triage_agent.web.problem_details import ProblemError, problem
from triage_agent.web.security import GUESSES, RECEIVED, SENT, who
from triage_agent.web.site import Site, site_of

WAIT = {"retry-after": str(RETRY_AFTER_S)}
NOT_FOUND = "There is no hook with this address."
REFUSED = {
    Verdict.WRONG: "The signature is missing or wrong.",
    Verdict.OLD: "The signed time is more than five minutes from now. Sign it anew.",
}


async def receive(request: Request) -> Response:
    """Take what a form tool sends, or say why it is not taken."""
    try:
        return JSONResponse({"status": await _taken(request)}, 202)
    except ProblemError as error:
        return problem(error)


ROUTES = [
    Route("/hooks/{source}", receive, methods=["POST"]),
    Route("/hooks/{source}/{secret}", receive, methods=["POST"]),
]


async def _taken(request: Request) -> str:
    """Return what became of a form: `accepted`, `known` or `ignored`; raises `ProblemError`."""
    site = site_of(request)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ProblemError(415, "Send it unpacked.")
    if not await site.limiter.allows(SENT, "sent", who(request)):
        raise ProblemError(429, "Too many forms from one address in a minute.", WAIT)
    hook = await _hook(request)
    body = await request.body()
    await _check_signature(request, hook, body)
    if not await site.limiter.allows(RECEIVED, "received", hook.name):
        raise ProblemError(429, "Too many forms in a minute.", WAIT)
    try:
        arrived = await hook.tool.read(request.headers, body)
    except InputError as error:
        await anyio.to_thread.run_sync(Hooks(site.database).note, hook.name, "not readable")
        raise ProblemError(400, error.message) from error
    if arrived is None:
        return "ignored"
    return await _kept(site, hook, arrived)


async def _kept(site: Site, hook: Hook, arrived: Arrived) -> str:
    deliveries = Deliveries(site.database)
    try:
        is_new = await anyio.to_thread.run_sync(
            deliveries.take, hook.name, arrived.sent_id, arrived.content
        )
    except FullError as error:
        raise ProblemError(503, "Too many forms wait here. Send it again later.", WAIT) from error
    site.arrivals.ring()
    return "accepted" if is_new else "known"


async def _hook(request: Request) -> Hook:
    """Return the hook of an address; one whose secret stands there is found by that alone."""
    site, secret = site_of(request), request.path_params.get("secret")
    hook = await anyio.to_thread.run_sync(Hooks(site.database).named, request.path_params["source"])
    if hook is None or (hook.tool.signature is None) == (secret is None):
        raise ProblemError(404, NOT_FOUND)
    if secret is not None and not any(is_secret(secret, one) for one in hook.secrets):
        await _refuse(request, hook, "wrong address", ProblemError(404, NOT_FOUND))
    return hook


async def _check_signature(request: Request, hook: Hook, body: bytes) -> None:
    """Raise `ProblemError` unless a body is signed with a secret of its hook."""
    sign = hook.tool.signature
    if sign is None:
        return
    now = time.time()
    found = [sign(request.headers, body, one, now) for one in hook.secrets]
    if Verdict.RIGHT not in found:
        why = Verdict.OLD if Verdict.OLD in found else Verdict.WRONG
        await _refuse(request, hook, why, ProblemError(401, REFUSED[why]))


async def _refuse(request: Request, hook: Hook, why: str, answer: ProblemError) -> NoReturn:
    """Raise the answer to a secret that does not work; it is noted, up to a rate."""
    site = site_of(request)
    if not await site.limiter.allows(GUESSES, "hook", who(request)):
        raise ProblemError(429, "Too many signatures or addresses that do not work.", WAIT)
    await anyio.to_thread.run_sync(Hooks(site.database).note, hook.name, why)
    raise answer
