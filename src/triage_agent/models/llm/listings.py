"""What a model server says of itself: small GET requests that hold no text of the user.

Nothing is asked through a proxy, no redirect is followed, and an answer counts only as far as it is
short JSON. What a server lists is text from outside: names are cleaned here.
"""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from triage_agent.errors import SettingsError, StopError
from triage_agent.models.llm.addresses import read_address
from triage_agent.privacy import one_line

MAX_BYTES = 1024 * 1024  # of an answer; a router that lists 400 models sends 0.3 MB
MOST_MODELS = 1_000
LONGEST_NAME = 300  # characters; llama.cpp names a model by the path of its file
NAMES_SHOWN = 5
LISTING_TIMEOUT_S = 10.0

Session = aiohttp.ClientSession
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one GET request."""

    status: int
    value: Any = None  # its JSON; None: it is none, or too long


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One entry of a server's list of models."""

    name: str
    owner: str = ""  # `owned_by`, by which many servers name themselves
    chats: bool = True  # False: it is for embeddings
    loaded: bool = True  # False: the server says that it is not in memory
    elsewhere: bool = False  # the server sends the text on to another host


def open_session(key: str = "") -> Session:
    """Return a session for GET requests; `key` is sent if there is one."""
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return Session(headers=headers, auto_decompress=False, trust_env=False)


async def get(session: Session, url: str) -> Answer | None:
    """Return the answer; None: nobody is there, or what is there speaks no HTTP."""
    try:
        async with session.get(url, allow_redirects=False) as response:
            body = bytearray()
            async for part in response.content.iter_chunked(64 * 1024):
                body += part
                if len(body) > MAX_BYTES:
                    return Answer(response.status)
            return Answer(response.status, _decoded(body))
    except (aiohttp.ClientError, OSError, ValueError):  # the last for headers that are none
        return None


def _decoded(body: bytearray) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of asynchronous work, also where a loop is already running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def read_models(value: Any) -> tuple[ListedModel, ...] | None:
    """Return the models in a listing, whatever its kind; None: it is no listing.

    >>> read_models({"object": "list", "data": [{"id": "qwen3", "owned_by": "vllm"}]})
    (ListedModel(name='qwen3', owner='vllm', chats=True, loaded=True, elsewhere=False),)
    >>> read_models({"object": "list", "data": None}), read_models({"status": "ok"})
    ((), None)
    """
    if not isinstance(value, dict):
        return None
    found = next((name for name in ("data", "models") if name in value), None)
    if found is None or not isinstance(value[found], list | None):
        return None
    return tuple(_entries(value[found] or ()))


def _entries(listed: Any) -> Iterator[ListedModel]:
    for entry in listed[:MOST_MODELS]:
        if not isinstance(entry, dict):
            continue
        name = entry.get("id", entry.get("name"))
        if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
            continue
        if one_line(name) != name or not name.isprintable():
            continue  # it could not be given back to the server as it is
        owner = entry.get("owned_by")
        yield ListedModel(
            name,
            owner if isinstance(owner, str) else "",
            chats=_chats(name, entry),
            loaded=_loaded(entry),
            elsewhere=bool(entry.get("remote_host")) or runs_elsewhere(name),
        )


def _loaded(entry: dict[str, Any]) -> bool:
    """Return whether a model is in memory; True where the server does not say."""
    status = entry.get("status")  # of llama.cpp with several models, and of `transformers serve`
    if isinstance(status, dict):
        return status.get("value") in ("loaded", None)
    return entry.get("state") in ("loaded", None)  # of LM Studio


def _chats(name: str, entry: dict[str, Any]) -> bool:
    """Return whether a model answers questions, as far as the listing tells."""
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, list) and capabilities:
        return "completion" in capabilities or "chat" in capabilities
    kind = entry.get("type")
    if isinstance(kind, str) and kind in {"llm", "vlm"}:
        return True
    return "embed" not in f"{kind} {name}".casefold()


def runs_elsewhere(model: str) -> bool:
    """Return whether a model's name says that Ollama sends the text on to its own service.

    >>> runs_elsewhere("gpt-oss:120b-cloud"), runs_elsewhere("glm-4.6:cloud")
    (True, True)
    >>> runs_elsewhere("qwen3:8b"), runs_elsewhere("nextcloud")
    (False, False)
    """
    tag = model.partition(":")[2].casefold()
    return tag == "cloud" or tag.endswith("-cloud")


def ask_for_model(base_url: str, key: str = "") -> str:
    """Return the name of the only model of a server, or of the only one that is loaded.

    Raises `StopError` if the server does not say, `SettingsError` if there are none or several.
    """

    async def ask() -> Answer | None:
        try:
            async with asyncio.timeout(LISTING_TIMEOUT_S), open_session(key) as session:
                return await get(session, f"{base_url}/models")
        except TimeoutError:
            return None

    answer, place = run_apart(ask()), read_address(base_url).place
    if answer is None:
        raise StopError(
            f"Nothing answers at {place}, so its model is not known. Start the server there, or "
            "give its address with --base-url and the model's name with --model.",
            "unreachable",
        )
    if answer.status in {401, 403}:
        raise StopError(
            f"{place} does not tell its model without a key that it accepts. Set OPENAI_API_KEY.",
            "key",
        )
    models = read_models(answer.value) if answer.status == 200 else None
    if models is None:
        raise StopError(
            f"{place} does not tell its model (answer {answer.status}). Run again in a minute if "
            "it is still starting; else write the model's name behind the colon in --model.",
            "not_found",
        )
    usable = [one.name for one in models if one.chats]
    loaded = [one.name for one in models if one.chats and one.loaded]
    candidates = loaded or usable
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise SettingsError(f"The server at {place} has no model yet that can answer. Load one.")
    raise SettingsError(
        f"The server at {place} has {len(candidates)} models. Write the name of one behind the "
        f"colon in --model: {names_in_words(candidates)}."
    )


def names_in_words(names: list[str]) -> str:
    """Return the first names, and how many more there are.

    >>> names_in_words(["a", "b"]), names_in_words(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    shown, rest = ", ".join(names[:NAMES_SHOWN]), len(names) - NAMES_SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
