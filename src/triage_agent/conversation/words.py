"""The words of the conversation, which are in an editable file."""

from functools import cache
from typing import Annotated

from pydantic import Field

from triage_agent.files import Strict, folder, load_toml


class StepWords(Strict):
    """How one step is put to the owner."""

    ask: str
    help: str = ""
    why: Annotated[dict[str, str], Field(default_factory=dict)]  # {the reason for asking: its help}
    answers: Annotated[dict[str, str], Field(default_factory=dict)]  # {what is stored: its words}


class Words(Strict):
    """The words of every step."""

    says_nothing: frozenset[str]  # lower case, without apostrophes
    problems: StepWords
    split: StepWords
    split_in_doubt: StepWords
    split_again: StepWords
    behind: StepWords
    company: StepWords
    revenue: StepWords
    software: StepWords
    unclear: StepWords
    quiz: StepWords


@cache
def load_words() -> Words:
    """Return the shipped words (prompts/conversation.toml)."""
    return load_toml(folder("prompts") / "conversation.toml", Words)
