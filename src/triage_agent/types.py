"""The nouns of triage: what goes in, what a model says, what comes out.

Read this module first. A `Problem` is read by a model, which gives a `Prediction`;
`classify` turns that into a `Classification`; `decide` counts the classifications of one
business and gives a `Recommendation` (see `decide`).
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Label(StrEnum):
    """Which of the two kinds of work a problem calls for."""

    BUILD = "build-software"
    AUTOMATE = "automate-process"


class Outcome(StrEnum):
    """How a row ended; exactly one of these for every row."""

    CLASSIFIED = "classified"
    ABSTAINED = "abstained"
    ERROR = "error"


class Abstention(StrEnum):
    """Why a row has no label although nothing failed."""

    NEITHER = "neither"
    TOO_VAGUE = "too_vague"
    UNKNOWN_LANGUAGE = "unknown_language"


class DecidedBy(StrEnum):
    """Who chose the label: the model, a tie rule (see `tiebreak`) or a person."""

    MODEL = "model"
    TB1 = "TB1"
    TB2 = "TB2"
    TB3 = "TB3"
    TB4 = "TB4"
    PERSON = "person"


class ReviewReason(StrEnum):
    """Why a person should look at a row that has a label."""

    TB4 = "TB4"
    NO_EVIDENCE = "no_evidence"
    INSTRUCTS_READER = "instructs_reader"
    TRUNCATED = "truncated"
    BACKENDS_DISAGREE = "backends_disagree"


class Function(StrEnum):
    """The part of the business that a problem belongs to."""

    SALES = "sales"
    MARKETING = "marketing"
    SUPPORT = "support"
    FINANCE = "finance"
    HR = "hr"
    OPERATIONS = "operations"
    REPORTING = "reporting"
    INVENTORY = "inventory"
    SCHEDULING = "scheduling"
    COMPLIANCE = "compliance"
    IT = "it"
    PRODUCT = "product"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Problem:
    """One free-text description, in the owner's words."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Signals:
    """What a model noticed about a problem; the tie rules read these and never the text."""

    customer_facing_software: bool = False
    custom_system: bool = False
    engineering_leadership: bool = False
    existing_process: bool = False
    mixed: bool = False
    neither: bool = False
    too_vague: bool = False
    instructs_reader: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What a prediction cost, retries included."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class MadeBy:
    """Which of several models gave a prediction."""

    model: str
    prompt: str | None = None  # None: that model has no prompt


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says about one problem, before any rule is applied."""

    label: Label
    signals: Signals
    p_build: float | None = None  # chance of build-software, 0 to 1; None: the backend gives none
    probability_from: str | None = None  # where p_build comes from; None with p_build None
    function: Function = Function.OTHER
    evidence: tuple[str, ...] = ()  # words that stand in the text, at most three
    rationale: str = ""  # one or two sentences for a non-technical owner
    known_language: bool = True
    truncated: bool = False  # the model saw only the beginning of the text
    votes: tuple[Label, ...] = ()  # the labels of repeated samples; empty: a single answer
    usage: Usage = field(default_factory=Usage)
    made_by: MadeBy | None = None  # None: the model that was asked
    disputed: bool = False  # another model that read the text gives the other label

    @property
    def abstained_because(self) -> Abstention | None:
        """Why this is not an answer; None if it is one."""
        if not self.known_language:  # first: what else was noticed in it means nothing
            return Abstention.UNKNOWN_LANGUAGE
        if self.signals.neither:
            return Abstention.NEITHER
        return Abstention.TOO_VAGUE if self.signals.too_vague else None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a row ended in an error."""

    type: str
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Classification:
    """The result of one row: the contract that other programs rely on (see `report.as_row`)."""

    id: str
    text: str
    outcome: Outcome
    backend: str
    model: str
    label: Label | None = None  # None unless the outcome is `classified`
    p_build: float | None = None  # the backend's probability before any tie rule
    probability: float | None = None  # the chance that the final label is right; None: not fitted
    probability_from: str | None = None
    decided_by: DecidedBy | None = None  # None unless the outcome is `classified`
    abstained_because: Abstention | None = None
    review_reasons: tuple[ReviewReason, ...] = ()
    signals: Signals | None = None  # None if no model has read the text
    function: Function | None = None
    hours_per_week: float | None = None  # None: the text states no hours a week
    evidence: tuple[str, ...] = ()
    rationale: str = ""
    truncated: bool = False
    prompt: str | None = None  # None: the backend has no prompt
    usage: Usage = field(default_factory=Usage)
    duration_s: float = 0.0
    error: Failure | None = None

    @property
    def needs_review(self) -> bool:
        """Whether a person should look at this row."""
        return bool(self.review_reasons)
