"""The options that several commands share: each declared once, with default, help and limits."""

import math
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from triage_agent.errors import SettingsError

DEFAULT_THRESHOLD = 0.65  # below this probability the tie rules decide
LONGEST = 10_000  # characters of a model's name, an address or a key; some keys are long tokens
CHECKED_LATER = {"prior", "cascade_threshold", "cascade_accuracy", "cascade_calls"}
USUAL_PRIOR = 0.5  # the embedded model was calibrated for it
DEFAULT_CASCADE_ACCURACY = 0.97  # of the problems that the embedded model keeps


class Backend(StrEnum):
    """What reads the problems."""

    AUTO = "auto"
    LLM = "llm"
    EMBEDDED = "embedded"
    CASCADE = "cascade"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about an option beside its name, type and default."""

    help: str
    flag: str | None = None  # None: the name with dashes; a flag may be switched off with --no-
    short: str | None = None
    env: str | None = None  # None: TRIAGE_ and the name
    least: float | None = None
    most: float | None = None
    secret: bool = False  # no file may set it, and no output shows it


@dataclass(frozen=True, slots=True)
class Options:
    """Who reads the problems, and how; a command offers those that concern it."""

    backend: Annotated[
        Backend,
        Setting(
            "Who reads the problems. auto: the LLM if a model is named, else the embedded model. "
            "cascade: the embedded model, and the LLM where that is not confident enough. "
            "typed: a decision model, which gives probabilities and no text."
        ),
    ] = Backend.AUTO
    model: Annotated[
        str | None, Setting("Name of the LLM, or of the decision model.", short="-m")
    ] = None
    base_url: Annotated[
        str | None, Setting("Address of an OpenAI-compatible server.", env="OPENAI_BASE_URL")
    ] = None
    api_key: Annotated[
        str | None,
        Setting(
            "Key for the server. Better given in the environment.",
            env="OPENAI_API_KEY",
            secret=True,
        ),
    ] = field(default=None, repr=False)
    prior: Annotated[
        float,
        Setting(
            "Share of build-software problems that the embedded model expects, between 0 and 1."
        ),
    ] = USUAL_PRIOR
    cascade_threshold: Annotated[
        float | None,
        Setting("Ask the LLM where the embedded model is less confident.", least=0.5, most=1),
    ] = None
    cascade_accuracy: Annotated[
        float | None,
        Setting(
            "Set that threshold so that the embedded model is right in this share of the problems "
            f"it keeps. Default: {DEFAULT_CASCADE_ACCURACY}.",
            least=0.5,
            most=1,
        ),
    ] = None
    cascade_calls: Annotated[
        float | None,
        Setting(
            "Set that threshold so that at most about this share of the problems goes to the LLM.",
            least=0,
            most=1,
        ),
    ] = None
    prompt: Annotated[
        str,
        Setting("Name of a shipped prompt, or the path of your own (LLM and decision model only)."),
    ] = "guide"
    threshold: Annotated[
        float, Setting("Below this probability the tie rules decide.", least=0.5, most=1)
    ] = DEFAULT_THRESHOLD
    review_below: Annotated[
        float | None,
        Setting(
            "Have a person look at labels less probable than this. Default: as measured for the "
            "model; without a measurement, none for this reason.",
            least=0,
            most=1,
        ),
    ] = None
    timeout: Annotated[float, Setting("Seconds to wait for one LLM answer.", least=0.1)] = 120.0
    votes: Annotated[
        int,
        Setting("Number of LLM samples per problem; the majority label wins.", least=1, most=15),
    ] = 1
    redact: Annotated[
        bool | None,
        Setting(
            "Hide e-mail addresses and numbers from the LLM. Default: hidden, unless the LLM runs "
            "on this machine."
        ),
    ] = None
    max_concurrency: Annotated[
        int, Setting("Maximum number of requests at the same time.", least=1)
    ] = 64
    rpm: Annotated[float | None, Setting("Maximum number of requests per minute.", least=1)] = None
    tpm: Annotated[float | None, Setting("Maximum number of tokens per minute.", least=1)] = None
    max_cost: Annotated[
        float | None, Setting("Maximum number of USD to spend on this output.", least=0)
    ] = None
    price: Annotated[
        str | None, Setting("USD per million tokens, INPUT/OUTPUT, for example 0.25/2.00.")
    ] = None
    brief: Annotated[
        bool, Setting("Ask the LLM for the label and the signals only, which is faster.")
    ] = False
    fresh: Annotated[bool, Setting("Ask the LLM again, even where the cache has an answer.")] = (
        False
    )
    account: str = ""  # under which spending adds up across runs: the output's path
    cache: Path | None = None  # the cache's file; None: in the user's cache folder

    @property
    def max_cost_usd(self) -> Decimal | None:
        """The cap as an exact amount; None: no cap."""
        return None if self.max_cost is None else Decimal(str(self.max_cost))


@dataclass(frozen=True, slots=True)
class Choice:
    """The backend that will be used, and the reason in words."""

    backend: Backend  # never AUTO
    why: str
    model: str = ""
    base_url: str | None = None  # None: the client's default, api.openai.com
    api_key: str | None = field(default=None, repr=False)


@cache
def settings_of_options() -> dict[str, tuple[Any, Setting]]:
    """Return {option: (its type, what is known about it)}, in the order of help texts."""
    hints = get_type_hints(Options, include_extras=True)
    return {
        one.name: (hints[one.name].__origin__, hints[one.name].__metadata__[0])
        for one in fields(Options)
        if hasattr(hints[one.name], "__metadata__")
    }


def variable_of(option: str) -> str:
    """Return the environment variable that sets an option.

    >>> variable_of("base_url"), variable_of("votes")
    ('OPENAI_BASE_URL', 'TRIAGE_VOTES')
    """
    return settings_of_options()[option][1].env or f"TRIAGE_{option.upper()}"


def choose_backend(options: Options) -> Choice:
    """Return the backend to use.

    `auto` takes the LLM if a model is named, else the embedded model: a key alone sends nothing
    anywhere. Raises `SettingsError` if the LLM or the cascade is wanted without a model.
    """
    wanted, model = options.backend, _trimmed(options, "model", blanks=True)
    if wanted is Backend.EMBEDDED:
        return Choice(Backend.EMBEDDED, "--backend embedded asks for it")
    if wanted is Backend.AUTO and not model:
        return Choice(Backend.EMBEDDED, "no model is named by --model or TRIAGE_MODEL")
    if not model:
        raise SettingsError(
            f"--backend {wanted.value} needs the name of a model. Give it with --model or "
            "TRIAGE_MODEL."
        )
    return Choice(
        Backend.LLM if wanted is Backend.AUTO else wanted,
        "a model is named" if wanted is Backend.AUTO else f"--backend {wanted.value} asks for it",
        model,
        _trimmed(options, "base_url") or None,
        _trimmed(options, "api_key") or None,
    )


def _trimmed(options: Options, name: str, *, blanks: bool = False) -> str:
    """Return a text without the blanks and line ends around it, which copying leaves; "" for None.

    Raises `SettingsError`, without the text, which may be a key, if such stand within it too.
    """
    text: str = (getattr(options, name) or "").strip()
    place = f"--{name.replace('_', '-')} (or {variable_of(name)})"
    if not text.isprintable() or (" " in text and not blanks):
        kinds = "a line break or another character" if blanks else "a blank, or a character"
        raise SettingsError(f"{place} holds {kinds} that it cannot hold. Correct it.")
    if len(text) > LONGEST:
        raise SettingsError(
            f"{place} has {len(text):,} characters, and {LONGEST:,} is the limit. Correct it."
        )
    return text


def check_values(options: Options) -> None:
    """Raise `SettingsError` for a value of the wrong type, or outside its limits.

    The command line checks its own; this is for those who call the library.
    """
    for name, (kind, setting) in settings_of_options().items():
        value = getattr(options, name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = isinstance(value, kind) or (number and isinstance(float(value), kind))
        if fits and number:
            least = -math.inf if setting.least is None else setting.least
            most = math.inf if setting.most is None else setting.most
            fits = least <= value <= most or name in CHECKED_LATER
        if not fits:
            shown = "what was given" if setting.secret else repr(value)
            limits = [
                f"{words} {limit:g}"
                for words, limit in (("at least", setting.least), ("at most", setting.most))
                if limit is not None
            ]
            wanted = getattr(kind, "__name__", str(kind)).replace(" | None", "")
            raise SettingsError(f"{name} must be {' and '.join([wanted, *limits])}, not {shown}.")


def check_options(choice: Choice, options: Options) -> None:
    """Raise `SettingsError` for an option that cannot work, or that the backend would ignore."""
    check_values(options)
    if not 0 < options.prior < 1:
        raise SettingsError(
            f"--prior must be between 0 and 1, for example 0.3, not {options.prior:g}."
        )
    if options.prior != USUAL_PRIOR and choice.backend in {Backend.LLM, Backend.TYPED}:
        reader = "the LLM" if choice.backend is Backend.LLM else "a decision model"
        raise SettingsError(
            f"--prior is for the embedded model and the cascade, and this run uses {reader} "
            f"({choice.why}). Leave it out, or choose with --backend."
        )
    known = settings_of_options()
    given = {
        f"--{name.replace('_', '-')}": (value, known[name][1].least)
        for name in ("cascade_threshold", "cascade_accuracy", "cascade_calls")
        if (value := getattr(options, name)) is not None
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
            raise SettingsError(f"{name} must be between {least:g} and 1, not {value:g}.")
