"""Yearly revenue as people write it, and the band it lies in."""

import math
from dataclasses import dataclass
from enum import StrEnum

from triage_agent.intake.numerals import MILLION

LOW_LIMIT_USD = MILLION  # of the middle band, which holds both of its limits
HIGH_LIMIT_USD = 10 * MILLION


class Band(StrEnum):
    """The three revenue bands that the rules know, and unknown."""

    UNDER_1M = "under-1m"
    FROM_1M_TO_10M = "1m-to-10m"
    OVER_10M = "over-10m"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """The band as a report names it."""
        low, high = dollars(LOW_LIMIT_USD), dollars(HIGH_LIMIT_USD)
        return {
            Band.UNDER_1M: f"under {low}",
            Band.FROM_1M_TO_10M: f"from {low} to {high}",
            Band.OVER_10M: f"over {high}",
            Band.UNKNOWN: "unknown",
        }[self]


@dataclass(frozen=True, slots=True)
class Revenue:
    """Yearly revenue in USD as an interval; equal ends are an exact amount."""

    low_usd: float = 0.0
    high_usd: float = math.inf
    low_open: bool = False  # the low end itself is excluded ("over 10M")
    high_open: bool = False  # the high end itself is excluded ("under 1M")
    note: str = ""  # what was assumed while reading it ("× 12"), or why it could not be read

    @property
    def band(self) -> Band:
        """The band that contains all of the interval, else `UNKNOWN`."""
        high, low = self.high_usd, self.low_usd
        if high < LOW_LIMIT_USD or (high == LOW_LIMIT_USD and self.high_open):
            return Band.UNDER_1M
        if low > HIGH_LIMIT_USD or (low == HIGH_LIMIT_USD and self.low_open):
            return Band.OVER_10M
        if low >= LOW_LIMIT_USD and high <= HIGH_LIMIT_USD:
            return Band.FROM_1M_TO_10M
        return Band.UNKNOWN

    @property
    def at_least_10m(self) -> bool:
        """Whether rule D1's condition, revenue of $10M or more, is known to hold."""
        return self.band is not Band.UNKNOWN and self.low_usd >= HIGH_LIMIT_USD

    @property
    def why_unknown(self) -> str:
        """Why the band is unknown, in words; empty when it is known."""
        if self.band is not Band.UNKNOWN:
            return ""
        if self.low_usd == 0 and math.isinf(self.high_usd):
            return self.note or "no yearly revenue was given"
        bands = " or ".join(band.words for band in self.possible_bands)
        note = f"; {self.note}" if self.note else ""
        return f"{self} lies across more than one revenue band ({bands}){note}"

    @property
    def possible_bands(self) -> tuple["Band", ...]:
        """The bands that a part of the interval lies in, the lowest first."""
        high, low = self.high_usd, self.low_usd
        found = {
            Band.UNDER_1M: low < LOW_LIMIT_USD,
            Band.FROM_1M_TO_10M: (
                high > LOW_LIMIT_USD or (high == LOW_LIMIT_USD and not self.high_open)
            )
            and (low < HIGH_LIMIT_USD or (low == HIGH_LIMIT_USD and not self.low_open)),
            Band.OVER_10M: high > HIGH_LIMIT_USD,
        }
        return tuple(band for band, possible in found.items() if possible)

    def part_in(self, band: Band) -> "Revenue":
        """Return the part of the interval that lies in one of its possible bands.

        >>> part = Revenue(high_usd=2 * MILLION).part_in(Band.FROM_1M_TO_10M)
        >>> str(part), str(Revenue(10 * MILLION, 20 * MILLION).part_in(Band.FROM_1M_TO_10M))
        ('$1M to $2M', '$10M')
        """
        whole = Revenue.within(band)
        low = max((self.low_usd, self.low_open), (whole.low_usd, whole.low_open))
        high = min((self.high_usd, not self.high_open), (whole.high_usd, not whole.high_open))
        return Revenue(low[0], high[0], low[1], not high[1], self.note)

    @classmethod
    def within(cls, band: Band) -> "Revenue":
        """Return the whole of a band; of an unknown one, nothing is known."""
        return {
            Band.UNDER_1M: cls(high_usd=LOW_LIMIT_USD, high_open=True),
            Band.FROM_1M_TO_10M: cls(LOW_LIMIT_USD, HIGH_LIMIT_USD),
            Band.OVER_10M: cls(low_usd=HIGH_LIMIT_USD, low_open=True),
            Band.UNKNOWN: cls(),
        }[band]

    def __str__(self) -> str:
        if self.low_usd == self.high_usd:
            return dollars(self.low_usd)
        if math.isinf(self.high_usd):
            return f"{'over' if self.low_open else 'at least'} {dollars(self.low_usd)}"
        if self.low_usd == 0:
            return f"{'under' if self.high_open else 'up to'} {dollars(self.high_usd)}"
        return f"{dollars(self.low_usd)} to {dollars(self.high_usd)}"


UNKNOWN_REVENUE = Revenue()


def dollars(amount: float) -> str:
    """Return an amount as an owner would write it, without losing a cent.

    >>> dollars(3_200_000), dollars(750_000), dollars(999_999.5), dollars(2_875_000)
    ('$3.2M', '$750K', '$999,999.50', '$2.875M')
    >>> dollars(1.15 * 1_500_000), dollars(1_500)
    ('$1.725M', '$1.5K')
    """
    cents = round(amount * 100)  # a converted amount is off by a fraction of a cent
    for scale, letter, digits in ((1_000 * MILLION, "B", 3), (MILLION, "M", 3), (1_000, "K", 2)):
        if amount >= scale and cents * 10**digits % (scale * 100) == 0:
            return f"${cents / 100 / scale:,.{digits}f}".rstrip("0").rstrip(".") + letter
    return f"${cents / 100:,.2f}".removesuffix(".00")
