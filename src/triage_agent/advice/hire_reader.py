"""The model that ships for red flags: it reads an owner's words about a person they hired.

It proposes flags; the user confirms them (see `hire_check`). It is the embedded model with another
question: one output per flag, learned from prompts/training/red_flag_examples.jsonl.
"""

import asyncio
from pathlib import Path

from triage_agent.advice.hire_check import FlagReading, Proposal
from triage_agent.advice.red_flags import flags_about
from triage_agent.advice.roles import Role
from triage_agent.models import (
    WEIGHTS,
    foreign_language,
    load_encoder,
    load_heads,
    split,
    strongest_passages,
    tidy,
)


class EmbeddedFlagModel:
    """Proposes red flags with the weights in the package.

    Raises `SettingsError` if they are missing or damaged.
    """

    backend = "embedded"

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self._heads, self._encoder = load_heads(folder), load_encoder(folder)
        self.name = self._heads.name

    async def propose(self, text: str, role: Role) -> FlagReading:
        """Return the flags that a text about a person in this role seems to describe."""
        return await asyncio.to_thread(self.read, text, role)

    def read(self, text: str, role: Role) -> FlagReading:
        """Return what `propose` returns; the most certain flag first, each with its evidence."""
        heads, clean = self._heads, tidy(text)
        if foreign_language(clean.text):
            return FlagReading((), known_language=False)
        encoded, parts = self._encoder.encode(clean.text), split(clean.text)
        own = {flag.id for flag in flags_about(role)}
        scores, by_part = heads.flags(encoded, parts)
        margins = {name: scores[name] - heads.reading.flags[name] for name in scores}
        raised = [name for name in margins if margins[name] >= 0 and name in own]
        proposals = []
        for name in sorted(raised, key=lambda name: -margins[name]):
            effects = by_part[:, list(scores).index(name)].tolist()
            quoted = strongest_passages(text, clean, parts, effects, 1)
            proposals.append(Proposal(name, quoted[0] if quoted else ""))
        return FlagReading(tuple(proposals), truncated=clean.cut or encoded.cut)
