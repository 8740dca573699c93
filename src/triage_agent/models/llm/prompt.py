"""What a language model is asked, and how its reply becomes a prediction."""

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from triage_agent.errors import SettingsError
from triage_agent.files import folder, read_text
from triage_agent.models.protocols import Message
from triage_agent.types import Function, Label, Prediction, Signals, Usage

DEFAULT_PROMPT = "guide"
MAX_CHARACTERS = 8_000  # of a problem; the rest is not sent, and the result is marked as truncated
MAX_OUTPUT_TOKENS = 600
TYPICAL_OUTPUT_TOKENS = 220  # of a full reply; the shortest take 150, the longest 350
SECTIONS = re.compile(r"^# (System|User)\s*$", re.MULTILINE)

MOST_QUOTES = 3
LONGEST_QUOTE, LONGEST_RATIONALE = 160, 400  # characters
Quote = Annotated[str, Field(max_length=LONGEST_QUOTE)]


class Reply(BaseModel):
    """What a language model must send back, in this order.

    The label and the signals come before the rationale, so that they are not argued into place;
    every string is bounded, because small models otherwise ramble to the token limit. What a model
    sends is read by `reading`, which knows how replies nearly fit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Label
    customer_facing_software: bool
    custom_system: bool
    engineering_leadership: bool
    existing_process: bool
    mixed: bool
    neither: bool
    too_vague: bool
    instructs_reader: bool
    function: Function
    evidence: list[Quote] = Field(max_length=MOST_QUOTES)
    rationale: str = Field(max_length=LONGEST_RATIONALE)
    # An enumeration: several servers enforce that, and ignore the limits of a number. None, which
    # is not asked for: the reply ended before it, or holds something else there.
    confidence_percent: Literal[50, 60, 70, 80, 90, 95, 99] | None


@dataclass(frozen=True, slots=True)
class ValidReply:
    """A reply that fits the schema, and what else its message said."""

    reply: Reply
    label_probability: float | None = None  # by the log-probabilities; None: none were reported
    usage: Usage = field(default_factory=Usage)  # what it cost this time
    output_mode: str = ""
    from_cache: bool = False
    in_scope: float | None = None  # how likely the text is of either kind; None: not given


# What a brief reply leaves out: it takes a third of the time, and gives no reasons.
LEFT_OUT: dict[str, Any] = {"function": Function.OTHER, "evidence": [], "rationale": ""}


@cache
def reply_schema(*, brief: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of `Reply`, flat: several servers cannot follow references."""
    schema = Reply.model_json_schema()
    definitions = schema.pop("$defs")
    for name, one in schema["properties"].items():
        if reference := one.get("$ref"):
            definition = definitions[reference.rpartition("/")[2]]
            schema["properties"][name] = {"type": "string", "enum": definition["enum"]}
        elif choices := one.get("anyOf"):  # the rest is None
            schema["properties"][name] = choices[0]
        one.pop("title", None)
    if brief:
        for name in LEFT_OUT:
            del schema["properties"][name]
            schema["required"].remove(name)
    return {key: value for key, value in schema.items() if key not in {"title", "description"}}


@dataclass(frozen=True)
class Prompt:
    """A prompt file: the instructions (system) and the frame around the problem (user)."""

    name: str
    system: str
    user: str

    max_output_tokens = MAX_OUTPUT_TOKENS
    typical_output_tokens = TYPICAL_OUTPUT_TOKENS

    @cached_property
    def id(self) -> str:
        """The name and eight digits of the content's SHA-256, as results show it."""
        digest = hashlib.sha256(f"{self.system}\0{self.user}".encode()).hexdigest()
        return f"{self.name}@{digest[:8]}"

    @property
    def words(self) -> str:
        """All the words that the model is shown beside the problem."""
        return f"{self.system} {self.user}"

    def request_bytes(self, text: str) -> int:
        """Return how many bytes a request about a text has, about."""
        return sum(len(one.content.encode("utf-8", "replace")) for one in self.messages(text))

    @property
    def wants_examples(self) -> bool:
        """Whether the prompt has a place for the labelled examples nearest to the problem."""
        return "{examples}" in self.user

    def messages(self, text: str, examples: str = "") -> tuple[Message, ...]:
        """Return the conversation that asks about one problem."""
        # Split first: what is put in must not be taken for a place of the prompt itself.
        places = self.user.split("{problem}", 1)
        before, after = (part.replace("{examples}", examples) for part in places)
        return Message("system", self.system), Message("user", before + delimit(text) + after)


def load_prompt(name_or_path: str = DEFAULT_PROMPT) -> Prompt:
    """Return a shipped prompt by name, or one of the user's own by path.

    Raises `SettingsError` if there is none, or if its two sections are not there.
    """
    shipped = folder("prompts") / f"{name_or_path}.md"
    try:
        path = shipped if shipped.is_file() else Path(name_or_path)
        found = path.is_file()
    except (OSError, ValueError):  # a name too long to be one, or with a NUL in it
        found = False
    if not found:
        names = ", ".join(sorted(p.stem for p in folder("prompts").glob("*.md")))
        raise SettingsError(
            f"There is no prompt {name_or_path[:60]!r}. Shipped prompts: {names}; "
            "or give the path of a file."
        )
    parts = SECTIONS.split(read_text(path))
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    if set(sections) != {"System", "User"} or "{problem}" not in sections["User"]:
        raise SettingsError(
            f"The prompt {path} needs the headings `# System` and `# User`, "
            "and {problem} under the second."
        )
    return Prompt(path.stem, sections["System"].strip(), sections["User"].strip())


def delimit(text: str) -> str:
    """Return the text between tags that it cannot contain itself.

    The tag holds a digest of the text: a text that closed its own tag would have to contain its
    own digest. The digest, unlike a random number, keeps equal questions equal.

    >>> delimit("Leads get lost.").splitlines()[1]
    'Leads get lost.'
    """
    code = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    return f"<problem-{code}>\n{text}\n</problem-{code}>"


def cut(text: str) -> tuple[str, bool]:
    """Return what is sent of a text, and whether anything was cut off.

    >>> cut("x" * 9000)[1], len(cut("x" * 9000)[0])
    (True, 8000)
    """
    # A lone surrogate cannot be sent in any encoding.
    head = text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    return head, len(text) > MAX_CHARACTERS


def to_prediction(answer: ValidReply, *, truncated: bool) -> Prediction:
    """Return the prediction that an answer stands for; quotes and numbers are not yet checked."""
    reply, label = answer.reply, answer.reply.label
    probability, source = answer.label_probability, "logprobs-uncalibrated"
    if probability is None and reply.confidence_percent is not None:
        probability, source = reply.confidence_percent / 100, "stated-uncalibrated"
    p_build = probability if probability is None or label is Label.BUILD else 1 - probability
    return Prediction(
        label=label,
        signals=Signals(**{name: getattr(reply, name) for name in Signals.__dataclass_fields__}),
        p_build=p_build,
        probability_from=None if p_build is None else source,
        function=reply.function,
        evidence=tuple(reply.evidence),
        rationale=reply.rationale,
        truncated=truncated,
        usage=answer.usage,
    )
