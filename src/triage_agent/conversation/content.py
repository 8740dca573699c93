"""Whether a text says anything that could be a problem."""

import re

from triage_agent.classify import has_words
from triage_agent.conversation.words import load_words

KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
LEAST_RUN = 4  # letters beside each other on a keyboard; shorter runs are in words, such as "were"


def says_something(text: str) -> bool:
    """Return whether a text holds more than words that say nothing of a business.

    The words are in prompts/conversation.toml.

    >>> [says_something(text) for text in ("idk", "I don't know...", "asdf asdf", "42 !?")]
    [False, False, False, False]
    >>> [says_something(text) for text in ("payroll", "Nothing gets done", "在庫が合わない")]
    [True, True, True]
    """
    empty = load_words().says_nothing
    words = re.findall(r"[^\W\d_]+", re.sub(r"['’]", "", text.casefold()))
    return has_words(text) and not all(word in empty or _is_a_run(word) for word in words)


def _is_a_run(word: str) -> bool:
    """Return whether a word is a walk over one row of the keyboard, to the right or to the left."""
    return len(word) >= LEAST_RUN and any(word in row or word in row[::-1] for row in KEYBOARD)
