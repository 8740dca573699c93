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
    CASCADE = "cascade"


DEFAULT_THRESHOLD = 0.65  # under it the tie rules decide
USUAL_PRIOR = 0.5  # the embedded model was calibrated for it


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
    brief: bool = False  # label and signals only; for evaluations
    fresh: bool = False  # do not read answers from the ledger
    cache: Path | None = None  # the ledger's file; None: the user's cache folder
    max_concurrency: int = 64
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    account: str = ""  # under which spending adds up across runs: the output's path
    max_cost_usd: Decimal | None = None
    price: str | None = None  # USD a million tokens, "input/output"; None: from the price file
    prior: float = USUAL_PRIOR  # share of build-software that the embedded model expects
    # At most one of the three says when the cascade asks the LLM; None of them: an accuracy of
    # `cascade.WANTED_ACCURACY`.
    cascade_threshold: float | None = None  # where the embedded model is less sure than this
    cascade_accuracy: float | None = None  # so often that what the embedded model keeps is right
    cascade_calls: float | None = None  # about this share of the problems at most


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
    key alone sends nothing anywhere. Raises `SettingsError` if the LLM or the cascade is wanted
    without a model.
    """
    model = (model or environment.get("TRIAGE_MODEL") or "").strip()
    if wanted is Backend.EMBEDDED:
        return Choice(Backend.EMBEDDED, "--backend embedded asks for it")
    if wanted is Backend.AUTO and not model:
        return Choice(Backend.EMBEDDED, "no model is named by --model or TRIAGE_MODEL")
    if not model:
        raise SettingsError(
            f"{'The cascade' if wanted is Backend.CASCADE else 'The LLM backend'} needs the name "
            "of a model. Give it with --model or TRIAGE_MODEL."
        )
    return Choice(
        Backend.LLM if wanted is Backend.AUTO else wanted,
        "a model is named" if wanted is Backend.AUTO else f"--backend {wanted.value} asks for it",
        model,
        base_url or environment.get("OPENAI_BASE_URL") or None,
        api_key or environment.get("OPENAI_API_KEY") or None,
    )


def check_tuning(choice: Choice, tuning: Tuning) -> None:
    """Raise `SettingsError` for a setting that cannot work, or that the backend would ignore."""
    if not 0 < tuning.prior < 1:
        raise SettingsError(
            f"--prior {tuning.prior:g} is no share of problems: it must lie between 0 and 1, "
            "like 0.3."
        )
    if tuning.prior != USUAL_PRIOR and choice.backend is Backend.LLM:
        raise SettingsError(
            "--prior is for the embedded model and the cascade, and this run uses the LLM "
            f"({choice.why}). Leave it out, or choose with --backend."
        )
    given = {
        name: (value, least)
        for name, value, least in (
            ("--cascade-threshold", tuning.cascade_threshold, 0.5),
            ("--cascade-accuracy", tuning.cascade_accuracy, 0.5),
            ("--cascade-calls", tuning.cascade_calls, 0.0),
        )
        if value is not None
    }
    if len(given) > 1:
        raise SettingsError(
            f"{' and '.join(given)} exclude each other: each says when the LLM is asked."
        )
    for name, (value, least) in given.items():
        if choice.backend is not Backend.CASCADE:
            raise SettingsError(
                f"{name} is for --backend cascade, and this run uses {choice.backend.value} "
                f"({choice.why})."
            )
        if not least <= value <= 1:
            raise SettingsError(f"{name} {value:g} must lie between {least:g} and 1.")
