"""The words of the pages: the shipped ones, and what a file of the user's own says instead."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter

from pydantic import RootModel

from triage_agent.errors import SettingsError
from triage_agent.files import folder, load_toml

ENGLISH = "en"
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
Texts = Mapping[str, Mapping[str, str]]


class Tables(RootModel[dict[str, dict[str, str]]]):
    """A file of words: texts in tables."""


@cache
def shipped_texts() -> Texts:
    """Return the words in English (prompts/web/en.toml)."""
    return load_toml(folder("prompts") / "web" / f"{ENGLISH}.toml", Tables).root


def load_texts(data: Path, language: str = ENGLISH) -> Texts:
    """Return the words in a language, from the data folder's `texts/`; what lacks is English.

    Raises `SettingsError` if there is no such file, or if it says what no page shows.
    """
    if not LANGUAGE.fullmatch(language):
        raise SettingsError(f"--language {language} is not a code of a language, such as de.")
    path, english = data / "texts" / f"{language}.toml", shipped_texts()
    if not path.exists() and language == ENGLISH:
        return english
    own = load_toml(path, Tables).root
    for part, words in own.items():
        if unknown := words.keys() - english.get(part, {}).keys():
            raise SettingsError(f"{path}: no page shows {part}.{min(unknown)}. Remove it.")
        for name, text in words.items():
            if _blanks(text) - _blanks(english[part][name]) or "{" in _blanks(text):
                raise SettingsError(
                    f"{path}: {part}.{name} has words in {{}} that are not filled in. In English "
                    f"it is: {english[part][name]}"
                )
    return {part: {**words, **own.get(part, {})} for part, words in english.items()}


def _blanks(text: str) -> set[str]:
    """Return the words in curly brackets that are filled in; a bracket alone stands for itself.

    >>> sorted(_blanks("Step {step} of {of}")), _blanks("Step {step")
    (['of', 'step'], {'{'})
    """
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {"{"}
