"""What a decision model is asked: the question file, as questions of one request."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import to_json

from triage_agent.errors import SettingsError
from triage_agent.files import Strict, folder, is_file, load_toml
from triage_agent.models.llm.prompt import delimit
from triage_agent.models.protocols import ChatRequest, Message
from triage_agent.types import Function, Label, Signals

FOLDER = "typed"  # within prompts/
PLACE = "{problem}"
LABEL, FUNCTION = "label", "function"  # the names of the two choices; the others are signals
SIGNALS = tuple(Signals.__dataclass_fields__)
# Servers report 2 to 8 tokens of output for an answer, and most do not bill them.
OUTPUT_TOKENS_PER_QUESTION = 32

Words = Annotated[
    str, BeforeValidator(lambda v: v.strip() if isinstance(v, str) else v), Field(min_length=1)
]


class ChoiceQuestion(Strict):
    """A question whose answer is one of several, each with what it means."""

    instructions: Words
    choices: dict[str, Words]


class QuestionFile(Strict):
    """A question file as it is written."""

    state: Words
    label: ChoiceQuestion
    signals: dict[str, Words]
    function: ChoiceQuestion

    @model_validator(mode="after")
    def asks_what_the_rules_read(self) -> Self:
        """Refuse names that nothing else knows, or that are missing."""
        for name, given, wanted in (
            ("label.choices", self.label.choices, tuple(Label)),
            ("signals", self.signals, SIGNALS),
            ("function.choices", self.function.choices, tuple(Function)),
        ):
            if wrong := sorted(set(given) ^ set(wanted)):
                raise ValueError(f"{name} must be {', '.join(wanted)}; see {', '.join(wrong)}")
        if self.state.count(PLACE) != 1:
            raise ValueError(f"state must hold {PLACE} once")
        return self


@dataclass(frozen=True)
class Questions:
    """The questions of one request, and the frame around the problem."""

    name: str
    state: str
    asked: dict[str, dict[str, Any]]  # by name: `instructions`, and `choices` where it is a choice

    wants_examples = False  # of labelled problems: a decision model is shown none
    typical_output_tokens = 0  # most services count none, or bill none

    @cached_property
    def id(self) -> str:
        """The name and eight digits of the content's SHA-256, as results show it."""
        digest = hashlib.sha256(to_json([self.state, self.asked])).hexdigest()
        return f"{self.name}@{digest[:8]}"

    @property
    def words(self) -> str:
        """All the words that the model is shown beside the problem."""
        return " ".join(
            [self.state]
            + [
                words
                for one in self.asked.values()
                for words in (one["instructions"], *one.get("choices", {}).values())
            ]
        )

    @property
    def max_output_tokens(self) -> int:
        """The most that an answer may have."""
        return OUTPUT_TOKENS_PER_QUESTION * len(self.asked)

    def request(self, text: str, sample: int = 0) -> ChatRequest:
        """Return the request about one problem; `sample` is the number of the repetition."""
        return ChatRequest(
            messages=(Message("user", self.state.replace(PLACE, delimit(text))),),
            schema_name="decisions",
            schema=self.asked,
            max_output_tokens=self.max_output_tokens,
            sample=sample,
            text=text,
        )

    def request_bytes(self, text: str) -> int:
        """Return how many bytes a request about a text has, about."""
        return len(to_json([self.state, self.asked])) + len(text.encode("utf-8", "replace"))


def load_questions(name_or_path: str) -> Questions:
    """Return shipped questions by name, or the user's own by the path of a TOML file.

    Raises `SettingsError` if there are none, or if the file does not fit.
    """
    shipped = folder("prompts") / FOLDER / f"{name_or_path}.toml"
    try:
        path = shipped if is_file(shipped) else Path(name_or_path)
        found = is_file(path)
    except ValueError:  # a name with a NUL in it
        found = False
    if not found:
        names = ", ".join(sorted(one.stem for one in (folder("prompts") / FOLDER).glob("*.toml")))
        raise SettingsError(
            f"There are no questions {name_or_path[:60]!r} for a decision model. Shipped: {names}; "
            "or give the path of a TOML file with --prompt."
        )
    file = load_toml(path, QuestionFile)
    asked: dict[str, dict[str, Any]] = {LABEL: file.label.model_dump()}
    asked |= {name: {"instructions": file.signals[name]} for name in SIGNALS}
    asked[FUNCTION] = file.function.model_dump()
    return Questions(path.stem, file.state, asked)
