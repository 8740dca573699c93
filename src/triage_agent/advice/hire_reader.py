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
    Encoded,
    Span,
    clauses,
    foreign_language,
    load_encoder,
    load_heads,
    split,
    strongest_passages,
    tidy,
)

# (different flags of one sentence, log-odds over the threshold that each clause needs): the more
# there are, the less it takes. On evals/red_flags.jsonl, where few sentences list flags, these
# values propose nothing more than the sentences as wholes do.
LISTED = ((3, 1.0), (2, 3.0))
FEWEST_LISTED = 2


class EmbeddedFlagModel:
    """Proposes red flags with the weights in the package.

    Raises `SettingsError` if they are missing or damaged.
    """

    backend = "embedded"

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self._heads, self._encoder = load_heads(folder), load_encoder(folder)
        self.name = self._heads.name

    def _listed(
        self, encoded: Encoded, spans: list[Span], own: set[str]
    ) -> dict[str, tuple[float, list[Span], list[float]]]:
        """Return the flags that a sentence lists, a clause each: the margin, and what to quote.

        In the vector of the whole sentence they hide one another, so that none is high. A clause
        speaks for the one flag that it is surest of.
        """
        heads, led = self._heads, dict[str, tuple[float, list[Span], list[float]]]()
        if len(spans) < FEWEST_LISTED:
            return {}
        scores, rows = heads.flags(encoded, spans)
        names = list(scores)
        for span, row in zip(spans, rows.tolist(), strict=True):
            margins = {name: row[names.index(name)] - heads.reading.flags[name] for name in names}
            name = max(own, key=lambda one: margins[one])
            if margins[name] > led.get(name, (0.0,))[0]:
                led[name] = margins[name], [span], [margins[name]]
        for count, least in LISTED:
            sure = {name: one for name, one in led.items() if one[0] >= least}
            if len(sure) >= count:
                return sure
        return {}

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
        passages = {
            name: (margins[name], parts, by_part[:, column].tolist())
            for column, name in enumerate(scores)
            if margins[name] >= 0 and name in own
        }
        for part in parts:
            passages |= self._listed(encoded, clauses(clean.text, part), own)
        proposals = []
        for name, (_, spans, effects) in sorted(passages.items(), key=lambda one: -one[1][0]):
            quoted = strongest_passages(text, clean, spans, effects, 1)
            proposals.append(Proposal(name, quoted[0] if quoted else ""))
        return FlagReading(tuple(proposals), truncated=clean.cut or encoded.cut)
