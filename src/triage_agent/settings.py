"""Which backend is used, and why: options first, then the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from triage_agent.errors import SettingsError


class Backend(StrEnum):
    """What reads the problems."""

    AUTO = "auto"
    LLM = "llm"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Choice:
    """The backend that will be used, and the reason in words."""

    backend: Backend  # never AUTO
    why: str
    model: str = ""
    base_url: str | None = None  # None: the client's default, api.openai.com
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the chosen backend is used."""

    prompt: str = "guide"
    timeout_s: float = 120.0
    votes: int = 1
    redact: bool | None = None  # None: for every host but this machine
    fresh: bool = False  # do not read answers from the ledger
    cache: Path | None = None  # the ledger's file; None: the user's cache folder
    max_concurrency: int = 64
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    account: str = ""  # under which spending adds up across runs: the output's path
    max_cost_usd: Decimal | None = None
    price: str | None = None  # USD a million tokens, "input/output"; None: from the price file


def choose_backend(
    wanted: Backend,
    environment: Mapping[str, str],
    *,
    model: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
) -> Choice:
    """Return the backend to use.

    `auto` takes the LLM if a model is named (option or TRIAGE_MODEL), else the embedded model: a
    key alone sends nothing anywhere. Raises `SettingsError` if the LLM is wanted without a model.
    """
    model = (model or environment.get("TRIAGE_MODEL") or "").strip()
    if wanted is Backend.EMBEDDED:
        return Choice(Backend.EMBEDDED, "--backend embedded asks for it")
    if wanted is Backend.AUTO and not model:
        return Choice(Backend.EMBEDDED, "no model is named by --model or TRIAGE_MODEL")
    if not model:
        raise SettingsError(
            "The LLM backend needs the name of a model. Give it with --model or TRIAGE_MODEL."
        )
    return Choice(
        Backend.LLM,
        "--backend llm asks for it" if wanted is Backend.LLM else "a model is named",
        model,
        base_url or environment.get("OPENAI_BASE_URL") or None,
        api_key or environment.get("OPENAI_API_KEY") or None,
    )
