"""What a provider says when more tokens would wait in its batches than it allows."""

import re
from dataclasses import dataclass

from triage_agent.models.llm.batch_ledger import SETTLED, BatchLedger

# "Enqueued token limit reached for gpt-4o-mini in organization org-…. Limit: 2,000,000 enqueued
# tokens." The code is token_limit_exceeded.
ENQUEUED = re.compile(r"enqueued[ _]tokens?|token_limit_exceeded", re.IGNORECASE)
LIMIT = re.compile(r"limit:?\s*([\d,]{1,20})", re.IGNORECASE)


def limit_refused(message: str) -> int | None:
    """Return the limit that a refusal names, 0 if it names none; None: it is about other things.

    >>> limit_refused("Enqueued token limit reached for m. Limit: 2,000,000 enqueued tokens.")
    2000000
    >>> limit_refused("token_limit_exceeded"), limit_refused("Rate limit reached")
    (0, None)
    """
    if not ENQUEUED.search(message):
        return None
    found = LIMIT.search(message)
    digits = found[1].replace(",", "") if found else ""
    return int(digits) if digits else 0


@dataclass(slots=True)
class WaitingTokens:
    """How many tokens may wait in batches of one model at one address.

    A limit that the provider names is kept in the ledger. One that it only lets guess, for it may
    be that other batches of the account fill it, holds for this run.
    """

    ledger: BatchLedger
    base_url: str
    model: str
    given: int | None  # by the user
    _guessed: int | None = None

    def left(self) -> int | None:
        """Return how many may be added now; None: any number."""
        known = None if self.given else self.ledger.limit(self.base_url, self.model)
        limits = [one for one in (self.given, known, self._guessed) if one is not None]
        if not limits:
            return None
        waiting = [
            one.tokens
            for one in self.ledger.batches(self.base_url)
            if one.model == self.model and one.state != SETTLED
        ]
        return min(limits) - sum(waiting)

    def learn(self, said: str, tokens: int) -> bool:
        """Learn from a refusal of a batch of this many tokens; False: it is about other things."""
        limit = limit_refused(said)
        if limit is None:
            return False
        if limit:
            self.ledger.note_limit(self.base_url, self.model, limit)
        # A larger limit does not explain the refusal: others have filled it, or count otherwise.
        self._guessed = limit if 0 < limit < tokens else tokens // 2
        return True
