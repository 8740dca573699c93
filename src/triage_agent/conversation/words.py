"""The words of the conversation, which are in an editable file."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import Field

from triage_agent.advice import Quiz, load_quiz
from triage_agent.files import Strict, folder, load_toml


class StepWords(Strict):
    """How one step is put to the owner."""

    ask: str
    help: str = ""
    why: Annotated[dict[str, str], Field(default_factory=dict)]  # {the reason for asking: its help}
    answers: Annotated[dict[str, str], Field(default_factory=dict)]  # {what is stored: its words}


class CountWords(Strict):
    """How a number of problems is said."""

    one: str
    many: str
    numbers: tuple[str, ...]  # in words, from 0 upwards

    def of(self, number: int) -> str:
        """Return a number of problems in words.

        >>> load_words().count.of(1), load_words().count.of(3), load_words().count.of(12)
        ('one problem', 'three problems', '12 problems')
        """
        if number == 1:
            return self.one
        known = number < len(self.numbers)
        return self.many.replace("{number}", self.numbers[number] if known else str(number))


class WrongWords(Strict):
    """What is said of an answer that is none."""

    no_problem: str
    no_problem_left: str
    too_long: str
    long_name: str
    no_amount: str
    long_amount: str
    no_choice: str


class Words(Strict):
    """The words of every step."""

    says_nothing: frozenset[str] = frozenset()  # lower case, without apostrophes; English counts
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
    count: CountWords
    wrong: WrongWords


@dataclass(frozen=True, slots=True)
class Language:
    """In which words an owner is asked."""

    words: Words
    quiz: Quiz


@cache
def load_words() -> Words:
    """Return the shipped words (prompts/conversation.toml)."""
    return load_toml(folder("prompts") / "conversation.toml", Words)


@cache
def english() -> Language:
    """Return the language in which everything is shipped."""
    return Language(load_words(), load_quiz())
