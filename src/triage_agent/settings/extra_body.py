"""The user's own part of each request to an LLM: a JSON object, or a file that holds one."""

import json
from pathlib import Path
from typing import Any

from triage_agent.errors import SettingsError

# What a request is made of, so that nothing else may set it, and the option that does, if any.
OURS = {
    "model": "--model",
    "messages": "--prompt",
    "max_tokens": "--max-output-tokens",
    "max_completion_tokens": "--max-output-tokens",
    "reasoning_effort": "--reasoning-effort",
    **dict.fromkeys(("stream", "stream_options", "n", "logprobs", "top_logprobs"), ""),
    **dict.fromkeys(("response_format", "tools", "tool_choice", "functions", "function_call"), ""),
}


def read_extra_body(given: str) -> dict[str, Any]:
    """Return the values to add to each request; `@FILE` names a file that holds them.

    Raises `SettingsError`, without the values, which may be private.

    >>> read_extra_body('{"chat_template_kwargs": {"enable_thinking": false}}')
    {'chat_template_kwargs': {'enable_thinking': False}}
    """
    text, place = given, "--extra-body"
    if given.startswith("@"):
        from triage_agent.files import read_text  # here: pydantic is slow, and few name a file

        place += f" {given}"
        text = read_text(Path(given[1:])).removeprefix("\ufeff")
    try:
        values = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise SettingsError(
            f"{place} is not JSON. Write an object like '{{\"top_p\": 0.9}}', or @ and the name of "
            "a file that holds one."
        ) from error
    if not isinstance(values, dict):
        raise SettingsError(f"{place} must be a JSON object, like '{{\"top_p\": 0.9}}'.")
    for name in values:
        if name in OURS:
            cure = f"use {OURS[name]}" if OURS[name] else "leave it out"
            raise SettingsError(f"{place} may not set {name!r}, which triage sets itself: {cure}.")
    return values


def _refused(constant: str) -> None:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(constant)
