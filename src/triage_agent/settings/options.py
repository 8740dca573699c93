"""The options that several commands share: each declared once, with default, help and limits."""

from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

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


class SplitBy(StrEnum):
    """What takes a text apart where the rules are not sure."""

    RULES = "rules"
    MODEL = "model"


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
        str | None,
        Setting(
            "Name of the LLM, or of the decision model. ollama:NAME, lmstudio:NAME, llamacpp:NAME "
            "and vllm:NAME mean that server on this machine, at its usual address.",
            short="-m",
        ),
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
    split_by: Annotated[
        SplitBy,
        Setting(
            "What takes a text apart that seems to hold several problems, where the rules are not "
            "sure. rules: nothing, it stays whole and needs review. model: the LLM, in one more "
            "call for each such text."
        ),
    ] = SplitBy.RULES
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
    reasoning_effort: Annotated[
        str | None,
        Setting("How long the LLM thinks before it answers, in its own words, like low or none."),
    ] = None
    max_output_tokens: Annotated[
        int | None,
        Setting(
            "Maximum number of tokens of one LLM answer, thinking included. Default: 600, and up "
            "to 16,000 where answers are cut off.",
            least=50,
        ),
    ] = None
    extra_body: Annotated[
        str | None,
        Setting("JSON object, or @FILE, whose values are added to each request to the LLM."),
    ] = None
    brief: Annotated[
        bool, Setting("Ask the LLM for the label and the signals only, which is faster.")
    ] = False
    fresh: Annotated[bool, Setting("Ask the LLM again, even where the cache has an answer.")] = (
        False
    )
    cache_address: Annotated[
        str | None,
        Setting(
            "Address of a PostgreSQL database, postgresql://USER@HOST/DATABASE, that holds the "
            "cache, the spending and the rates of several machines or people. Default: a file in "
            "the user's cache folder.",
            flag="--cache",
            env="TRIAGE_CACHE",
            secret=True,
        ),
    ] = field(default=None, repr=False)
    account: str = ""  # under which spending adds up across runs: the output's path
    cache: Path | None = None  # the cache's file; None: in the user's cache folder

    @property
    def max_cost_usd(self) -> Decimal | None:
        """The cap as an exact amount; None: no cap."""
        return None if self.max_cost is None else Decimal(str(self.max_cost))


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
