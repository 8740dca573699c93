"""Checks a backend with one real question, and reports what works."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, replace

from triage_agent.errors import ReplyError, ServiceError, StopError, TriageError
from triage_agent.models.factory import OpenBackend, open_backend
from triage_agent.settings import USER_FILE, Backend, Choice, Options, choose_backend, user_file
from triage_agent.types import Problem

ATTEMPTS = 2  # who checks a server that fails is told so within seconds
LEAST_S = 20.0  # that other ways to ask are given to answer
SAMPLE = "Leads get lost because nobody follows up on them fast enough."


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: whether it passed, the detail in words, and the exit code if it failed."""

    check: str
    ok: bool | None  # None: it did not, and nothing depends on it
    detail: str
    exit_code: int = 0


def check_backend(options: Options) -> list[CheckResult]:
    """Return the checks of a backend, first which one and why; no result shows a key."""
    choice = choose_backend(options)
    results = [CheckResult("backend", True, f"{choice.backend.value}, because {choice.why}")]
    if choice.backend is not Backend.EMBEDDED:
        key = "a key is set" if choice.api_key else "no key is set (fine for most local servers)"
        results.append(CheckResult("key", True, key))
    started = time.perf_counter()
    try:
        # Fresh: a cached answer would say nothing about the server.
        opened = open_backend(replace(options, fresh=True))
        results.append(CheckResult("model", True, opened.line))
        if opened.llm:
            opened.llm.chat.attempts = ATTEMPTS
        if choice.backend in {Backend.EMBEDDED, Backend.CASCADE}:
            results.append(CheckResult("loading", True, f"{time.perf_counter() - started:.2f} s"))
        asyncio.run(_ask_all(opened, results))
    except TriageError as error:
        results.append(_failure(error))
    return [*results, *_servers_here(options, choice, results)]


def _servers_here(
    options: Options, choice: Choice, results: list[CheckResult]
) -> list[CheckResult]:
    """Return the model servers on this machine, for who named no model or one that fails."""
    unset = choice.backend is Backend.EMBEDDED and options.backend is Backend.AUTO
    if not unset and not any(one.check == "endpoint" and not one.ok for one in results):
        return []
    from triage_agent.models.llm import find_local_servers  # imports the client's HTTP

    return [
        CheckResult(f"on this machine ({one.port})", True, one.in_words)
        for one in find_local_servers()
    ]


async def _ask_all(opened: OpenBackend, results: list[CheckResult]) -> None:
    """Add what the sample question shows, of both models of a cascade; and close the backend."""
    async with aclosing(opened):
        parts = opened.model.parts
        for one in parts:
            started = time.perf_counter()
            try:
                prediction = await one.predict(Problem("doctor", SAMPLE))
            except TriageError as error:
                results.append(_failure(error))
                await _look_further(opened, error, results)
                return
            took = time.perf_counter() - started
            if one.output_mode:
                results.append(CheckResult("endpoint", True, "reachable, and it accepts the key"))
                # Of an LLM each way has a line of its own, below.
                way = f" (by {one.output_mode})" if one.backend == Backend.TYPED else ""
                results.append(CheckResult("structured output", True, f"works{way}"))
                results += _thinking(opened)
            check = f"one question to {one.backend}" if len(parts) > 1 else "one question"
            results.append(CheckResult(check, True, f"{prediction.label.value}, {took:.2f} s"))
            if one.output_mode:
                await _walk(opened, results, max(LEAST_S, 2 * took), answered=True)


async def _look_further(
    opened: OpenBackend, error: TriageError, results: list[CheckResult]
) -> None:
    """Add what helps with an error of the service: another address, or another way to ask."""
    if opened.llm is None:
        return
    if error.kind == "not_found":
        from triage_agent.models.llm import address_with_version

        if url := await address_with_version(opened.llm.chat):
            found = f"an API answers at {url}: try --base-url {url}"
            results.append(CheckResult("address", None, found))
    elif isinstance(error, ReplyError) or error.kind in {"bad_request", "server"}:
        await _walk(opened, results, LEAST_S)


async def _walk(
    opened: OpenBackend, results: list[CheckResult], seconds: float, *, answered: bool = False
) -> None:
    """Add a line for each way in which the LLM can be held to a schema."""
    if opened.llm is None:
        return
    from triage_agent.models.llm import walk

    chat = opened.llm.chat
    known = chat.output_mode if answered and not chat.dialect.ignored else None
    rungs = await walk(chat, await opened.llm.model.request(SAMPLE), seconds, known)
    results += [CheckResult(rung.name, rung.works or None, rung.says) for rung in rungs]


def _thinking(opened: OpenBackend) -> list[CheckResult]:
    """Return what was seen of the LLM's thinking, and how to say so in the settings."""
    chat = opened.llm.chat if opened.llm else None
    limit = chat.extras.learned(chat.dialect) if chat else 0
    if chat is None or not (chat.thinks or limit):
        return []
    said = "the model thinks before it answers" if chat.thinks else "the answers are long"
    if limit:
        said += (
            f"; an answer needed a limit of {limit:,} tokens. So that a run need not find this out "
            f"again, put this line into {user_file() or USER_FILE}: max_output_tokens = {limit}"
        )
    return [CheckResult("thinking", True, said)]


def _failure(error: TriageError) -> CheckResult:
    """Return the failed check that an error stands for."""
    if isinstance(error, ReplyError):
        check = "structured output"
    elif isinstance(error, StopError) and error.kind == "key":
        check = "key"
    elif isinstance(error, StopError | ServiceError):
        check = "endpoint"
    else:
        check = "settings"
    # A doctor's only row failed: that is the run, so 5 and not 3 (some rows).
    return CheckResult(
        check,
        False,
        error.message,
        max(error.exit_code, 5) if check != "settings" else error.exit_code,
    )
