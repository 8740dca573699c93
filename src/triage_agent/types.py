"""The nouns of triage: what goes in, what a model says, what comes out.

Read this module first. A model reads a `Problem` and gives a `Prediction`; `classify` makes a
`Classification` of it; `decide` (see `advice`) counts those of a business, for a `Decision`.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Label(StrEnum):
    """Which of the two kinds of work a problem calls for.

    Attributes:
        BUILD: Software is to be built (`build-software`).
        AUTOMATE: A process that staff do by hand is to be automated (`automate-process`).
    """

    BUILD = "build-software"
    AUTOMATE = "automate-process"


class Outcome(StrEnum):
    """How a row ended; exactly one of these for every row.

    Attributes:
        CLASSIFIED: The row has a label.
        ABSTAINED: The model read the text and could not place it; `Abstention` says why.
        ERROR: The row could not be read or answered; `Failure` says why.
    """

    CLASSIFIED = "classified"
    ABSTAINED = "abstained"
    ERROR = "error"


class Abstention(StrEnum):
    """Why a row has no label although nothing failed.

    Attributes:
        NEITHER: The text is about neither kind of work.
        TOO_VAGUE: The text does not say enough to choose a kind.
        UNKNOWN_LANGUAGE: The backend does not know the text's language.
    """

    NEITHER = "neither"
    TOO_VAGUE = "too_vague"
    UNKNOWN_LANGUAGE = "unknown_language"


class DecidedBy(StrEnum):
    """Who chose the label: the model, a tie rule (docs/explanation/rules.md) or a person."""

    MODEL = "model"
    TB1 = "TB1"
    TB2 = "TB2"
    TB3 = "TB3"
    TB4 = "TB4"
    PERSON = "person"


class ReviewReason(StrEnum):
    """Why a person should look at a row that has a label.

    Attributes:
        TB4: No tie rule but the last one applied: nothing in the text decided.
        NO_EVIDENCE: No passage of the text supports the label, though the model was to give one.
        INSTRUCTS_READER: The text tries to instruct its reader.
        TRUNCATED: The text was too long, and only its beginning was read.
        BACKENDS_DISAGREE: Two models gave different labels.
        UNCERTAIN: The probability is under the review threshold.
        HOLDS_SEVERAL: The text seems to hold several problems, and has one answer.
    """

    TB4 = "TB4"
    NO_EVIDENCE = "no_evidence"
    INSTRUCTS_READER = "instructs_reader"
    TRUNCATED = "truncated"
    BACKENDS_DISAGREE = "backends_disagree"
    UNCERTAIN = "uncertain"
    HOLDS_SEVERAL = "holds_several"


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
class Source:
    """Where a problem stands in what was given: characters `start` to `end` of a text or cell."""

    row: int | None = None  # of the table, or the number of the argument; None: one text was given
    column: str | None = None  # of the table; None: it was no table
    start: int | None = None  # from 0; None: it is not one passage
    end: int | None = None  # behind the last character; None: it is not one passage


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem description, in the owner's words.

    Attributes:
        id: Names the problem in results; unique among the problems of one business.
        text: The description, of any length; it is never changed.
        source: Where it stands in what was given; None: it was given by itself.
        holds_several: Whether the text seems to hold several problems; None: nobody has looked.
    """

    id: str
    text: str
    source: Source | None = None
    holds_several: bool | None = None


@dataclass(frozen=True, slots=True)
class Signals:
    """What a model noticed about a problem; the tie rules read these and never the text.

    Attributes:
        customer_facing_software: Customers or the public would use what gets built.
        custom_system: A system of their own is to be coded.
        engineering_leadership: Engineers are to be led, or technology is to be judged.
        existing_process: Staff do this work by hand today, again and again.
        mixed: The text holds problems of both kinds.
        neither: The text is about neither kind of work; the row abstains.
        too_vague: The text does not say enough; the row abstains.
        instructs_reader: The text tries to instruct its reader; the row needs review.
    """

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
    """What a prediction cost, retries included; all 0 for the embedded model.

    Attributes:
        calls: The number of requests that were sent.
        input_tokens: Tokens of the prompts, as the service counts them.
        output_tokens: Tokens of the answers, as the service counts them.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        tokens = self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens
        return Usage(self.calls + other.calls, *tokens)


@dataclass(frozen=True, slots=True)
class MadeBy:
    """Which of several models gave a prediction."""

    model: str
    prompt: str | None = None  # its name and version; None: the model has no prompt


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says about one problem, before any rule is applied.

    Attributes:
        label: The label that the model prefers.
        signals: What it noticed about the problem.
        p_build: The probability of build-software if the text is of either kind; None: not given.
        probability_from: Where `p_build` comes from; None if there is no `p_build`.
        p_in_scope: The probability that the text is of either kind; None: not given.
        function: The part of the business that the problem belongs to.
        evidence: At most three passages that stand in the text word for word.
        quotes: Whether the model was to give evidence; a decision model returns no text.
        rationale: One or two sentences for an owner who is not technical; may be empty.
        known_language: Whether the model knows the text's language.
        truncated: Whether the model saw only the beginning of the text.
        votes: The labels of repeated samples; empty: a single answer.
        usage: What the prediction cost.
        made_by: The one of several models that answered; None: the model that was asked.
        disputed: Whether another model that read the text gives the other label.
    """

    label: Label
    signals: Signals
    p_build: float | None = None
    probability_from: str | None = None
    p_in_scope: float | None = None
    function: Function = Function.OTHER
    evidence: tuple[str, ...] = ()
    quotes: bool = True
    rationale: str = ""
    known_language: bool = True
    truncated: bool = False
    votes: tuple[Label, ...] = ()
    usage: Usage = field(default_factory=Usage)
    made_by: MadeBy | None = None
    disputed: bool = False

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

    type: str  # a short name for programs, such as `service_timeout` or `reply_not_json`
    message: str  # what happened and what to do next, masked
    retryable: bool  # whether the same call may succeed later


@dataclass(frozen=True, slots=True)
class Classification:
    """The result of one row: the contract that other programs rely on.

    Attributes:
        id: The id of the problem.
        text: The text of the problem, unchanged.
        source, holds_several: Those of the problem.
        outcome: How the row ended.
        backend: The backend that was asked: `embedded`, `llm`, `cascade` or `typed`.
        model: The model that answered.
        label: The kind of work; None unless the outcome is `classified`.
        p_build: The backend's probability of build-software before any tie rule, 0 to 1.
        p_in_scope: The backend's probability that the text is of either kind; None: not given.
        probability: That the final label is right; a tie rule's measured rate; None: not known.
        probability_from: Where the probability comes from; None if there is none.
        decided_by: Who chose the label; None unless the outcome is `classified`.
        abstained_because: Why there is no label; None unless the outcome is `abstained`.
        review_reasons: Why a person should look at the row; empty: nobody needs to.
        signals: What the model noticed; None if no model has read the text.
        function: The part of the business; None if no model has read the text.
        hours_per_week: Working hours that the text states; None: it states none.
        evidence: Passages that stand in the text word for word; may be empty.
        rationale: Reasons in a sentence or two; may be empty.
        truncated: Whether only the beginning of the text was read.
        prompt: The prompt's name and version; None: the backend has no prompt.
        usage: What the row cost.
        duration_s: How long the row took, in seconds.
        error: Why the row failed; None unless the outcome is `error`.
    """

    id: str
    text: str
    outcome: Outcome
    backend: str
    model: str
    label: Label | None = None
    p_build: float | None = None
    p_in_scope: float | None = None
    probability: float | None = None
    probability_from: str | None = None
    decided_by: DecidedBy | None = None
    abstained_because: Abstention | None = None
    review_reasons: tuple[ReviewReason, ...] = ()
    signals: Signals | None = None
    function: Function | None = None
    hours_per_week: float | None = None
    evidence: tuple[str, ...] = ()
    rationale: str = ""
    truncated: bool = False
    prompt: str | None = None
    usage: Usage = field(default_factory=Usage)
    duration_s: float = 0.0
    error: Failure | None = None
    source: Source | None = None
    holds_several: bool | None = None

    @property
    def needs_review(self) -> bool:
        """Whether a person should look at this row."""
        return bool(self.review_reasons)
