"""Finds the model servers that run on this machine, and says how to use one. It chooses none.

Each is asked, on this machine's own loopback address and at the ports that such servers usually
have, for its list of models. What answers with one is asked what else it lists, and is recognised
by that: by the `owned_by` of its models, or by a path that only its kind has.
"""

import asyncio
import shlex
from dataclasses import dataclass, field
from typing import Any

from triage_agent.models.llm.listings import (
    Answer,
    ListedModel,
    Session,
    get,
    names_in_words,
    open_session,
    read_models,
    run_apart,
)
from triage_agent.settings import ADDRESSES

DEADLINE_S = 0.9  # for everything; on loopback a refused connection takes no time
STARTING = 503
# How servers refuse a list of models to who has no key; 500 is LiteLLM without a database.
KEY_WANTED = frozenset({400, 401, 403, 500})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of model server: where it usually listens, and by what it is recognised."""

    name: str
    port: int
    shorthand: str = ""  # of `--model`
    owner: str = ""  # what its models are `owned_by`
    path: str = ""  # else: a path that it alone answers with this key
    key: str = ""
    base: str = "/v1"  # below which its API is
    passes_on: bool = False  # it stands in front of other servers


# In the order in which they are held against a server: several of them answer Ollama's and
# KoboldCpp's paths too, for programs that know nothing else.
KINDS = (
    Kind("vLLM", 8000, "vllm", owner="vllm"),
    Kind("llama.cpp", 8080, "llamacpp", owner="llamacpp"),
    Kind("llama-cpp-python", 8000, owner="me"),
    Kind("SGLang", 30000, owner="sglang"),
    Kind("LMDeploy", 23333, owner="lmdeploy"),
    Kind("KoboldCpp", 5001, owner="koboldcpp"),
    Kind("TabbyAPI", 5000, owner="tabbyAPI"),
    Kind("Docker Model Runner", 12434, owner="docker", base="/engines/v1"),
    Kind("LiteLLM", 4000, path="/health/readiness", key="db", passes_on=True),
    Kind("LM Studio", 1234, "lmstudio", path="/api/v0/models", key="compatibility_type"),
    Kind("LocalAI", 8080, path="/system", key="loaded_models"),
    Kind("text-generation-webui", 5000, path="/v1/internal/model/info", key="model_name"),
    Kind("Text Generation Inference", 8080, path="/info", key="router"),
    Kind("Ollama", 11434, "ollama", path="/api/tags", key="models"),
    Kind("Jan", 1337),  # these two say nowhere what they are
    Kind("GPT4All", 4891),
)


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A model server that answers on this machine."""

    port: int
    base_url: str
    kind: Kind | None = None  # None: it speaks the same language, and does not say what it is
    models: tuple[ListedModel, ...] = ()
    status: int = 200  # of its listing; any other lists nothing

    @property
    def in_words(self) -> str:
        """What it is, what it has, and the command that uses it."""
        there = f"{self._name()} answers at {self.base_url}"
        if self.status != 200 and not self.kind:
            there = f"What answers at {self.base_url} may be a model server"
        if self.status == STARTING:
            return f"{there}, and is still starting. Run triage doctor again in a minute"
        if self.status != 200:
            return f"{there}, and wants a key: set OPENAI_API_KEY to it, then {self._command()}"
        usable = [one for one in self.models if one.chats]
        if not usable:
            return f"{there}, and has no model yet that can answer"
        names = names_in_words([one.name for one in usable])
        has = f"has {'one model' if len(usable) == 1 else f'{len(usable)} models'}: {names}"
        best = min(usable, key=lambda one: (one.elsewhere, not one.loaded))
        warning = ""
        if best.elsewhere:
            warning = ". That model runs at ollama.com, and your text would be sent there"
        elif self.kind and self.kind.passes_on:
            warning = ". It passes text on to other servers: add --redact if they are elsewhere"
        return f"{there}, and {has}. To use it: {self._command(best.name)}{warning}"

    def _name(self) -> str:
        """Return what it is, and how sure that is."""
        if not self.kind:
            return "A model server"
        surely = self.kind.owner or self.kind.path
        return self.kind.name if surely else f"A model server, by its port {self.kind.name},"

    def _command(self, model: str = "NAME") -> str:
        """Return the command that uses a model of this server."""
        shorthand = self.kind.shorthand if self.kind else ""
        if shorthand and ADDRESSES[shorthand] == self.base_url:
            return f"triage advise --model {shlex.quote(f'{shorthand}:{model}')}"
        return f"triage advise --model {shlex.quote(model)} --base-url {self.base_url}"


@dataclass(slots=True)
class _Visit:
    """What was learned at one port, also if the time ran out."""

    port: int
    base: str
    listing: Answer | None = None
    answers: dict[str, Answer] = field(default_factory=dict)  # by path

    async def make(self, session: Session) -> None:
        self.listing = await get(session, self._url(f"{self.base}/models"))
        if self.listing is None or _owned(self.listing):
            return
        lists = _lists_models(self.listing)
        if lists or self.listing.status in KEY_WANTED:
            # Who lists nothing is asked only for what the kinds at this port are known by.
            paths = {kind.path for kind in KINDS if lists or kind.port == self.port} - {""}
            await asyncio.gather(*(self._note(session, path) for path in paths))

    async def _note(self, session: Session, path: str) -> None:
        answer = await get(session, self._url(path))
        if answer is not None and answer.status == 200:
            self.answers[path] = answer

    def _url(self, path: str) -> str:
        return f"http://localhost:{self.port}{path}"

    @property
    def server(self) -> LocalServer | None:
        """The server at this port; None: none that speaks this language."""
        if self.listing is None:
            return None
        kind = _owned(self.listing) or next(filter(self._has_path, KINDS), None)
        if not (kind or _lists_models(self.listing) or _refuses_like_a_model_server(self.listing)):
            return None
        if kind is None:  # where nothing else tells, its port does, for the kinds that say nothing
            mute = (one for one in KINDS if not (one.owner or one.path))
            kind = next((one for one in mute if one.port == self.port), None)
        models = read_models(self.listing.value) or ()
        if kind and kind.path in self.answers:  # its own listing says more about each model
            fuller = read_models(self.answers[kind.path].value) or ()
            said = {one.name: one for one in fuller}
            models = tuple(said.get(one.name, one) for one in models)
        return LocalServer(self.port, self._url(self.base), kind, models, self.listing.status)

    def _has_path(self, kind: Kind) -> bool:
        answer = self.answers.get(kind.path)
        return answer is not None and _holds(answer.value, kind.key)


def find_local_servers(ports: dict[int, str] | None = None) -> list[LocalServer]:
    """Return the model servers on this machine's loopback address, within a second.

    `ports` are those to look at and what their API's path begins with; None: the usual ones.
    """
    if ports is None:
        ports = {kind.port: kind.base for kind in KINDS}
    visits = [_Visit(port, base) for port, base in ports.items()]

    async def look() -> None:
        try:
            async with asyncio.timeout(DEADLINE_S), open_session() as session:
                await asyncio.gather(*(visit.make(session) for visit in visits))
        except TimeoutError:  # what was learned by then counts
            pass

    run_apart(look())
    return [server for visit in visits if (server := visit.server)]


def _lists_models(listing: Answer) -> bool:
    return listing.status == 200 and read_models(listing.value) is not None


def _refuses_like_a_model_server(listing: Answer) -> bool:
    """Return whether this may be a model server that wants a key, or is still loading its model.

    They say so in JSON with an `error`, as OpenAI does.
    """
    said = isinstance(listing.value, dict) and "error" in listing.value
    return said and listing.status in {401, 403, STARTING}


def _owned(listing: Answer) -> Kind | None:
    """Return the kind that a listing's `owned_by` names; None: none that is known."""
    owners = {one.owner for one in read_models(listing.value) or ()}
    return next((kind for kind in KINDS if kind.owner and kind.owner in owners), None)


def _holds(value: Any, key: str) -> bool:
    """Return whether an object has a key, itself or in the entries of its list."""
    if not isinstance(value, dict):
        return False
    listed = value.get("data")
    entries = listed if isinstance(listed, list) else []
    return key in value or any(isinstance(one, dict) and key in one for one in entries)
