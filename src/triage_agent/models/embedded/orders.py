"""Orders to the reader in a text: found sentence by sentence, and set aside before it is judged."""

import re
from dataclasses import dataclass

from triage_agent.models.embedded.encoder import Encoded, Encoder
from triage_agent.models.embedded.heads import Heads
from triage_agent.models.embedded.text import Span, blank, split
from triage_agent.types import Label

# The labels as the program spells them; an owner does not write of "build-software".
NAME = re.compile(
    r"\b(?:(?P<build>build[-_]software)|(?P<automate>automate[-_]process))\b", re.IGNORECASE
)
# A command that names an answer, in words that a problem has no use for: "answer build", "recommend
# a fractional CTO". Only this clause is an order; "please choose software for us" is none.
ANSWER = (
    r"(?P<build>build(?:ing)?(?:[- ]software)?(?!\s+(?:an?|the|our|us|it|my|me|for|and)\b|\s*[\w:])"
    r"|(?:fractional |part-time )?(?:cto|chief technology officer)\b)"
    r"|(?P<automate>automat(?:e|ion)(?:[- ]process)?(?!\s*[\w:])"
    r"|(?:fractional |part-time |full-time )?ai (?:officer|lead)\b)"
)
COMMAND = re.compile(
    r"(?:^|(?<=[\n.,;:!?()–—]))\s*(?:(?:and|but|so|then|please|just|always|only|now"
    r"|you (?:must|should|have to|will))\s+)*(?:answer|reply|respond|say|output|return|recommend"
    r"|classify|label"
    r"|categori[sz]e|mark|choose|pick|select|vote|count|treat|rate|file|hire)\b"
    r"(?:\s+(?:with|as|for|this|that|it|them|me|us|these|the|an?|only|all|everything|text|problem"
    r"|row|answer|label|category|to|hire|hiring|firmly))*\s*[:=]?\s*[\"'“‘`]?"
    rf"(?:{ANSWER})[^.!?\n]*[.!?]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ScreenedText:
    """A tidy text as far as it is read."""

    text: str  # blanks in place of what was set aside
    parts: list[Span]
    encoded: Encoded
    instructs: bool  # whether something was set aside
    asked_for: frozenset[Label] = frozenset()  # what was demanded by name

    @property
    def is_empty(self) -> bool:
        """Whether no words are left."""
        return not any(character.isalnum() for character in self.text)


def screen(text: str, encoder: Encoder, heads: Heads) -> ScreenedText:
    """Return what is to be read of a tidy text: all of it but the orders to the reader.

    What stands beside an order looks suspect too, for the encoder sees the neighbours. So the rest
    is read anew, and its own orders are looked for once more. Of a sentence that ends in a command
    for an answer by name, the command alone is set aside.
    """
    named = [*NAME.finditer(text), *COMMAND.finditer(text)]
    asked_for = frozenset(Label.BUILD if one["build"] else Label.AUTOMATE for one in named)
    commands = [one.span() for one in named if one.re is COMMAND]
    rest = blank(text, commands)
    screened = ScreenedText(rest, split(rest), encoder.encode(rest), bool(commands), asked_for)
    for _ in range(2):
        orders = [
            part
            for part in screened.parts
            if heads.order(screened.encoded, part) >= heads.reading.order
            or NAME.search(screened.text, *part)
        ]
        if not orders:
            break
        rest = blank(screened.text, orders)
        parts = [part for part in screened.parts if part not in orders]
        screened = ScreenedText(
            rest, parts, encoder.encode(rest), instructs=True, asked_for=asked_for
        )
    return screened
