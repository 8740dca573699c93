"""What a provider says when more tokens would wait in its batches than it allows."""

import re

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
