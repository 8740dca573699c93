"""Orders to the reader in a text: found sentence by sentence, and set aside before it is judged."""

import re
from dataclasses import dataclass, replace

from triage_agent.models.embedded.encoder import Encoded, Encoder
from triage_agent.models.embedded.heads import Heads
from triage_agent.models.embedded.text import Span, blank, split

# The labels as the program spells them; an owner does not write of "build-software".
LABEL = re.compile(r"\b(?:build[-_]software|automate[-_]process)\b", re.IGNORECASE)

LEAST_KNOWN = 0.5  # of the words of an order, which is meant to be read


@dataclass(frozen=True, slots=True)
class ScreenedText:
    """A tidy text as far as it is read."""

    text: str  # blanks in place of what was set aside
    parts: list[Span]
    encoded: Encoded
    instructs: bool  # whether something was set aside

    @property
    def is_empty(self) -> bool:
        """Whether no words are left."""
        return not any(character.isalnum() for character in self.text)


def screen(text: str, encoder: Encoder, heads: Heads) -> ScreenedText:
    """Return what is to be read of a tidy text: all of it but the orders to the reader.

    What stands beside an order looks suspect too, for the encoder sees the neighbours. So the rest
    is read anew, and its own orders are looked for once more.
    """
    screened = ScreenedText(text, split(text), encoder.encode(text), instructs=False)
    for _ in range(2):
        orders = [
            part
            for part in screened.parts
            if heads.order(screened.encoded, part) >= heads.reading.order
            or LABEL.search(screened.text, *part)
        ]
        if not orders:
            break
        rest = blank(screened.text, orders)
        parts = [part for part in screened.parts if part not in orders]
        screened = ScreenedText(rest, parts, encoder.encode(rest), instructs=True)
    if screened.is_empty and encoder.known_words(text) < LEAST_KNOWN and not LABEL.search(text):
        return replace(screened, instructs=False)  # "asdf asdf" tells nobody anything
    return screened
