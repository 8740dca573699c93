"""Checks a backend with one real question, and says in words what works."""

import asyncio
import time
from dataclasses import dataclass

from triage_agent.backends import open_backend
from triage_agent.errors import ReplyError, ServiceError, StopError, TriageError
from triage_agent.model import Model
from triage_agent.records import Prediction, Problem
from triage_agent.settings import Backend, Choice, Tuning

SAMPLE = "Leads get lost because nobody follows up on them fast enough."


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it passed, what it says, and the exit code if it did not."""

    check: str
    ok: bool
    says: str
    exit_code: int = 0


def examine(choice: Choice, *, prompt: str, timeout_s: float) -> list[Finding]:
    """Return the findings about a backend, the chosen one and why first; no finding shows a key."""
    findings = [Finding("backend", True, f"{choice.backend.value}, because {choice.why}")]
    if choice.backend is Backend.LLM:
        key = "a key is set" if choice.api_key else "no key is set (fine for most local servers)"
        findings.append(Finding("key", True, key))
    started = time.perf_counter()
    try:
        # Fresh: a remembered answer would say nothing about the server.
        opened = open_backend(choice, Tuning(prompt, timeout_s, fresh=True))
        loaded = time.perf_counter()
        findings.append(Finding("model", True, opened.line))
        prediction = asyncio.run(_ask(opened.model))
    except TriageError as error:
        return [*findings, _failure(error)]
    took = time.perf_counter() - loaded
    if choice.backend is Backend.LLM:
        findings.append(Finding("endpoint", True, "reachable, and it accepts the key"))
        findings.append(Finding("structured output", True, f"works ({_enforced(opened.model)})"))
    else:
        findings.append(Finding("loading", True, f"{loaded - started:.2f} s"))
    answer = f"{prediction.label.value}, {took:.2f} s"
    return [*findings, Finding("one question", True, answer)]


async def _ask(model: Model) -> Prediction:
    """Return the answer to the sample question, and close the model."""
    try:
        return await model.predict(Problem("doctor", SAMPLE))
    finally:
        await model.aclose()


def _failure(error: TriageError) -> Finding:
    """Return the finding that an error stands for, named after the check that it failed."""
    if isinstance(error, ReplyError):
        check = "structured output"
    elif isinstance(error, StopError) and error.kind == "key":
        check = "key"
    elif isinstance(error, StopError | ServiceError):
        check = "endpoint"
    else:
        check = "settings"
    # A doctor's only row failed: that is the run, so 5 and not 3 (some rows).
    return Finding(
        check,
        False,
        error.message,
        max(error.exit_code, 5) if check != "settings" else error.exit_code,
    )


def _enforced(model: Model) -> str:
    """Return how the server was made to hold to the schema, as far as the model tells."""
    chat = getattr(model, "chat", None)
    dialect = getattr(chat, "dialect", None)
    return f"by {dialect.rung.value}" if dialect else "as asked"
