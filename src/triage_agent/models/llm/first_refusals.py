"""Tells a key, model or form that is wrong for all texts from texts that are refused one by one.

Servers report a wrong key or model as 400, 422 or 500 too, and then every row would end in the
same error. Nothing but repetition shows it: the first texts, all refused alike, and none answered.
"""

import hashlib

from triage_agent.models.llm.refusals import RETRIED, Refusal
from triage_agent.models.llm.server_words import WORD
from triage_agent.models.protocols import ChatRequest

FIRST_TEXTS = 5
COMPARED = 40  # words of a message


class FirstRefusals:
    """The refusals before the first answer of a run."""

    def __init__(self) -> None:
        self.answered = False
        self._texts: dict[tuple[int, str], set[str]] = {}

    def add(self, refusal: Refusal, request: ChatRequest) -> bool:
        """Return whether the first texts have now all been refused like this, and none answered.

        What may pass does not count, unless its words are about the key or the model.
        """
        passes = refusal.status >= 500 or refusal.status in RETRIED or refusal.about_reply
        if self.answered or (passes and not (refusal.about_key or refusal.about_model)):
            return False
        texts = self._texts.setdefault(_likeness(refusal), set())
        asked = request.text or "\0".join(message.content for message in request.messages)
        texts.add(hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest())
        return len(texts) >= FIRST_TEXTS


def _likeness(refusal: Refusal) -> tuple[int, str]:
    """Return what two refusals share that differ in numbers and in what they quote only."""
    words = (word.casefold() for word in WORD.findall(refusal.own_words))
    plain = [word for word in words if not any(letter.isdigit() for letter in word)]
    return refusal.status, " ".join(plain[:COMPARED])
