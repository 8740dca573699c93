"""What may be sent in a minute: a limit of one's own, and what the server reports as left."""

import math

BURST_S = 6.0  # a bucket holds at most this many seconds' worth: a tenth of a minute
SAME_WINDOW_S = 1.0  # resets that differ by less are one reset: servers round to seconds
NEVER = -math.inf  # the moment of what has not happened


class TokenBucket:
    """A token bucket, stored as the moment at which it will be full again."""

    def __init__(self, per_minute: float) -> None:
        if not per_minute > 0:
            raise ValueError(f"a limit of {per_minute} a minute admits nothing")
        self._per_s = per_minute / 60
        self._full_at = NEVER

    def ready_at(self, amount: int) -> float:
        """Return when there is enough; for more than the bucket holds, when it is full."""
        return self._full_at - max(BURST_S - amount / self._per_s, 0.0)

    def take(self, amount: int, now: float) -> None:
        """Take `amount` out, below empty if necessary."""
        self._full_at = max(self._full_at, now) + amount / self._per_s

    def give_back(self, amount: int) -> None:
        """Put `amount` back, or take more out if it is negative."""
        self._full_at -= amount / self._per_s


class ServerAllowance:
    """How many requests or tokens the server reported as left, and until when that holds."""

    def __init__(self) -> None:
        self._left, self._until, self._number = math.inf, NEVER, 0

    def ready_at(self, amount: int) -> float:
        """Return when `amount` may be requested; with nothing left, not even 0 may."""
        return self._until if self._left < max(amount, 1) else NEVER

    def update(self, left: float, until: float, number: int, now: float) -> None:
        """Learn what the answer to request `number` reported, unless something newer is known."""
        # Answers overtake each other. Within one window less left is newer, and a window that
        # ends later is newer; but a slow answer's window seems to end later than it does, so the
        # request must have been sent later for its answer to lift what is known.
        expired = now >= self._until
        tighter = left < self._left and until >= self._until - SAME_WINDOW_S
        renewed = number > self._number and until > self._until + SAME_WINDOW_S
        if expired or renewed:
            self._left, self._until, self._number = left, until, number
        elif tighter:
            self._left, self._until = left, max(until, self._until)
            self._number = max(number, self._number)
