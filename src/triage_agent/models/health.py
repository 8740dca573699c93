"""Checks a backend with one real question, and reports what works."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, replace

from triage_agent.errors import ReplyError, ServiceError, StopError, TriageError
from triage_agent.models.factory import OpenBackend, open_backend
from triage_agent.settings import Backend, Options, choose_backend
from triage_agent.types import Problem

ATTEMPTS = 2  # who checks a server that fails is told so within seconds
SAMPLE = "Leads get lost because nobody follows up on them fast enough."


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: whether it passed, the detail in words, and the exit code if it failed."""

    check: str
    ok: bool
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
    return results


async def _ask_all(opened: OpenBackend, results: list[CheckResult]) -> None:
    """Add what the sample question shows, of both models of a cascade; and close the backend."""
    async with aclosing(opened):
        parts = opened.model.parts
        for one in parts:
            started = time.perf_counter()
            prediction = await one.predict(Problem("doctor", SAMPLE))
            took = time.perf_counter() - started
            if one.output_mode:
                results.append(CheckResult("endpoint", True, "reachable, and it accepts the key"))
                results.append(
                    CheckResult("structured output", True, f"works (by {one.output_mode})")
                )
            check = f"one question to {one.backend}" if len(parts) > 1 else "one question"
            results.append(CheckResult(check, True, f"{prediction.label.value}, {took:.2f} s"))


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
