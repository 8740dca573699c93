"""The words of the pages: the shipped ones, and what a file of the user's own says instead."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import RootModel

from triage_agent.advice import Quiz
from triage_agent.conversation import Language, Words, english
from triage_agent.errors import SettingsError
from triage_agent.files import folder, load_toml
from triage_agent.intake import counted

ENGLISH = "en"
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
ASKED, QUIZ = "conversation", "quiz_questions"  # the parts of a file that are about questions
Texts = Mapping[str, Mapping[str, str]]


class Tables(RootModel[dict[str, dict[str, str]]]):
    """The shipped file of words: texts in tables."""


class OwnFile(RootModel[dict[str, Any]]):
    """A file of the user's own, which is held against what is shipped."""


@dataclass(frozen=True, slots=True)
class PageWords:
    """What a server says: the words of its pages, and what its owners are asked."""

    texts: Texts
    language: Language


@cache
def shipped_texts() -> Texts:
    """Return the words in English (prompts/web/en.toml)."""
    return load_toml(folder("prompts") / "web" / f"{ENGLISH}.toml", Tables).root


def load_page_words(data: Path, language: str = ENGLISH) -> PageWords:
    """Return the words in a language, from the data folder's `texts/`; what lacks is English.

    Raises `SettingsError` if there is no such file, or if it says what no page shows.
    """
    if not LANGUAGE.fullmatch(language):
        raise SettingsError(f"--language {language} is not a code of a language, such as de.")
    path = data / "texts" / f"{language}.toml"
    if not path.exists() and language == ENGLISH:
        return PageWords(shipped_texts(), english())
    own = load_toml(path, OwnFile).root
    found = _replaced({**shipped_texts(), **_questions(english())}, own, f"{path}: ")
    asked, quiz = found.pop(ASKED), found.pop(QUIZ)
    return PageWords(found, Language(Words.model_validate(asked), _quiz_of(quiz)))


def load_texts(data: Path, language: str = ENGLISH) -> Texts:
    """Return the words of the pages alone; raises `SettingsError` as `load_page_words` does."""
    return load_page_words(data, language).texts


def _questions(language: Language) -> dict[str, Any]:
    """Return what is asked in the form in which a file of the user's own may say it."""
    quiz = {
        one.id: {
            "dimension": one.dimension,
            "question": one.question,
            "answers": [answer.text for answer in one.answers],
            "levels": [answer.level for answer in one.answers],
            "advice": [answer.advice for answer in one.answers],
        }
        for one in language.quiz.questions
    }
    return {ASKED: language.words.model_dump(mode="json"), QUIZ: quiz}


def _quiz_of(said: Mapping[str, Any]) -> Quiz:
    """Return the quiz in these words."""
    questions = [
        {
            "id": name,
            "dimension": one["dimension"],
            "question": one["question"],
            "answers": [
                {"text": text, "level": level, "advice": advice}
                for text, level, advice in zip(
                    one["answers"], one["levels"], one["advice"], strict=True
                )
            ],
        }
        for name, one in said.items()
    ]
    return Quiz.model_validate({"questions": questions})


def _replaced(shipped: Any, own: Any, where: str, name: str = "") -> Any:
    """Return what is shipped with what a file says instead; raises `SettingsError`."""
    if isinstance(shipped, Mapping) and isinstance(own, Mapping):
        prefix = f"{name}." if name else ""
        if unknown := own.keys() - shipped.keys():
            raise SettingsError(f"{where}no page shows {prefix}{min(unknown)}. Remove it.")
        replaced = {
            key: _replaced(shipped[key], value, where, f"{prefix}{key}")
            for key, value in own.items()
        }
        return {**shipped, **replaced}
    if _is_list(shipped) and _is_list(own):
        if name != f"{ASKED}.count.numbers" and len(own) != len(shipped):
            raise SettingsError(
                f"{where}{name} must have {counted(len(shipped), 'text')}, not {len(own)}."
            )
        shipped_texts = [*shipped, *[""] * len(own)]
        pairs = zip(shipped_texts, own, range(len(own)), strict=False)
        return [_replaced(one, other, where, f"{name}[{n}]") for one, other, n in pairs]
    if not isinstance(shipped, str) or not isinstance(own, str):
        raise SettingsError(f"{where}{name} is {own!r}. In English it is: {shipped}")
    if _blanks(own) - _blanks(shipped) or "{" in _blanks(own):
        raise SettingsError(
            f"{where}{name} has words in {{}} that are not filled in. In English it is: {shipped}"
        )
    return own


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _blanks(text: str) -> set[str]:
    """Return the words in curly brackets that are filled in; a bracket alone stands for itself.

    >>> sorted(_blanks("Step {step} of {of}")), _blanks("Step {step")
    (['of', 'step'], {'{'})
    """
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {"{"}
