"""What leaves this machine of a problem's text."""

from dataclasses import dataclass

from triage_agent.models.llm.prompt import cut
from triage_agent.privacy import (
    Redacted,
    original_span,
    redact,
    restore,
    without_half_placeholder,
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text as it is sent: private data hidden, and cut if it is too long."""

    text: str
    truncated: bool
    hidden: Redacted | None  # None: nothing was to be hidden

    def restored(self, words: str) -> str:
        """Return words about the text with what was hidden put back."""
        return words if self.hidden is None else restore(words, self.hidden)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where characters `start` to `end` of what is sent stand in the text itself."""
        return (start, end) if self.hidden is None else original_span(self.hidden, start, end)


def outgoing(text: str, *, redacts: bool) -> Outgoing:
    """Return what is sent of a text; it is hidden before it is cut.

    Half a card number would not be found any more.

    >>> outgoing("Write to ann@example.com", redacts=True).text
    'Write to [EMAIL_1]'
    """
    hidden = redact(text) if redacts else None
    sent, truncated = cut(hidden.text if hidden else text)
    if hidden and truncated:
        sent = without_half_placeholder(sent)
    return Outgoing(sent, truncated, hidden)
