"""Tells a key, model or form that is wrong for all texts from texts that are refused one by one.

Servers report a wrong key or model as 400, 422 or 500 too, and then every row would end in the
same error. Nothing but repetition shows it: the first texts, all refused alike, and none answered.
Later in a run it takes more of them in a row, and refusals for what a text says never count: who
has such texts in a row must still get past them.
"""

import hashlib

from triage_agent.models.llm.refusals import RETRIED, Refusal
from triage_agent.models.llm.server_words import WORD
from triage_agent.models.protocols import ChatRequest

FIRST_TEXTS = 5
LATER_TEXTS = 20
COMPARED = 40  # words of a message


class RefusalsInARow:
    """The refusals since the last answer of a run, or since its start."""

    def __init__(self) -> None:
        self.answered = False
        self._texts: dict[tuple[int, str], set[str]] = {}

    def note_answer(self) -> None:
        """Begin to count anew: what was answered now was not refused like those before."""
        self.answered = True
        if self._texts:
            self._texts.clear()

    def add(self, refusal: Refusal, request: ChatRequest) -> int:
        """Return how many texts in a row were refused like this, if that is enough to stop; else 0.

        What may pass does not count, unless its words are about the key or the model.
        """
        passes = refusal.status >= 500 or refusal.status in RETRIED or refusal.about_reply
        if passes and not (refusal.about_key or refusal.about_model):
            return 0
        if self.answered and refusal.about_text:
            return 0
        texts = self._texts.setdefault(_likeness(refusal), set())
        asked = request.text or "\0".join(message.content for message in request.messages)
        texts.add(hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest())
        enough = LATER_TEXTS if self.answered else FIRST_TEXTS
        return len(texts) if len(texts) >= enough else 0


def _likeness(refusal: Refusal) -> tuple[int, str]:
    """Return what two refusals share that differ in numbers and in what they quote only."""
    words = (word.casefold() for word in WORD.findall(refusal.own_words))
    plain = [word for word in words if not any(letter.isdigit() for letter in word)]
    return refusal.status, " ".join(plain[:COMPARED])
