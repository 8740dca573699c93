"""Asks one question on every rung of the ladder, so that a person sees which of them work."""

import asyncio
from dataclasses import dataclass, replace

from triage_agent.errors import ReplyError, ServiceError, TriageError
from triage_agent.intake import counted
from triage_agent.models.llm.addresses import is_local
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.llm.dialect import OutputMode
from triage_agent.models.llm.error_bodies import refusal_inside
from triage_agent.models.llm.reading import read_answer
from triage_agent.models.llm.transport import look_at
from triage_agent.models.protocols import ChatRequest

NAMES = {
    OutputMode.JSON_SCHEMA: "strict schema",
    OutputMode.TOOL: "tool call",
    OutputMode.JSON_OBJECT: "JSON object",
    OutputMode.PLAIN: "plain words",
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to hold a model to a schema, and what came of it here."""

    name: str
    works: bool
    says: str


async def walk(
    chat: OpenAIChat, request: ChatRequest, seconds: float, known: str | None = None
) -> list[Rung]:
    """Return what each rung answers; the mode that is known to work is not asked again.

    All are asked at once, and whichever has not answered in time counts as not working. A run uses
    the first that works.
    """
    rungs = await asyncio.gather(
        *(_try(chat, request, mode, seconds, known=mode == known) for mode in chat.modes)
    )
    used = next((rung for rung in rungs if rung.works), None)
    return [replace(r, says="works, and will be used") if r is used else r for r in rungs]


async def _try(
    chat: OpenAIChat, request: ChatRequest, mode: OutputMode, seconds: float, *, known: bool
) -> Rung:
    """Return what one rung answers."""
    name = NAMES[mode]
    try:
        if not known:
            async with asyncio.timeout(seconds):
                read_answer(
                    await chat.ask_once(request, mode), brief=request.brief, about=request.text
                )
    except TimeoutError:
        return Rung(name, works=False, says=f"no answer within {counted(round(seconds), 'second')}")
    except ReplyError:
        return Rung(name, works=False, says="the reply did not fit")
    except TriageError as error:
        kind = error.kind if isinstance(error, ServiceError) else ""
        how = "refused" if kind == "bad_request" else "failed"
        _, _, said = error.message.partition(" It said: ")
        return Rung(name, works=False, says=f"{how}: {said or error.message}")
    return Rung(name, works=True, says="works")


async def address_with_version(chat: OpenAIChat) -> str | None:
    """Return the address that the API of the same server is found at; None: at none.

    It is asked for its list of models, without a key and without any text.
    """
    url = chat.address.with_version
    if url is None:
        return None
    looked = await look_at(f"{url}/models", is_local(chat.host))
    if looked is None:
        return None
    status, body = looked
    return url if status in {401, 403} or (status == 200 and not refusal_inside(body)) else None
