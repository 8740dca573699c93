"""What the hours that problems state are worth per month, beside the fee of who would save them.

The 3-times rule is for one AI system (`roi`); it is no test of a fee.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from triage_agent.advice.reasons import reason_words
from triage_agent.advice.roi import MONTHS_A_YEAR, WEEKS_A_YEAR, ZERO
from triage_agent.advice.roles import Role, role_facts
from triage_agent.intake import CUT, check_amount, usd
from triage_agent.types import Classification, Label


@dataclass(frozen=True, slots=True)
class HoursCost:
    """What the hours that problems state cost per month, beside the fee of who would save them."""

    hours_per_week: Decimal
    hourly_cost_usd: Decimal
    role: Role
    fee_low_usd_per_month: Decimal
    fee_high_usd_per_month: Decimal
    silent: int  # problems of the same kind that state no hours
    assumed: bool = True  # the cost of an hour; else the owner gave it

    @property
    def usd_per_month(self) -> Decimal:
        """What the hours cost per month."""
        with localcontext(CUT):
            a_year = self.hours_per_week * self.hourly_cost_usd * WEEKS_A_YEAR
            return a_year / MONTHS_A_YEAR

    @property
    def would_not_pay(self) -> bool:
        """Whether every problem states its hours, and all are worth less than the lowest fee."""
        return not self.silent and self.usd_per_month < self.fee_low_usd_per_month

    @property
    def against(self) -> str:
        """The sentence that says that it would not pay; empty if nothing shows that."""
        return reason_words().hours.against.format_map(self._values) if self.would_not_pay else ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The cost, the fee, and whether the one covers the other, in sentences."""
        words, worth = reason_words().hours, self.usd_per_month
        beside = words.under if worth < self.fee_low_usd_per_month else words.between
        beside = words.over if worth >= self.fee_high_usd_per_month else beside
        fee = words.fee.format_map({**self._values, "beside": beside})
        silent = [words.silent.format(silent=self.silent)] if self.silent else []
        return (words.worth.format_map(self._values), fee, *silent)

    @property
    def _values(self) -> dict[str, str]:
        """What stands in the sentences."""
        words, hours = reason_words().hours, self.hours_per_week.normalize()
        return {
            "hours": words.one_hour if hours == 1 else words.hours.format(hours=f"{hours:,f}"),
            "hourly": usd(self.hourly_cost_usd),
            "how": words.assumed if self.assumed else words.given,
            "worth": usd(self.usd_per_month),
            "role": role_facts()[self.role].name,
            "low": usd(self.fee_low_usd_per_month),
            "high": usd(self.fee_high_usd_per_month),
        }


def cost_of_hours(
    rows: Sequence[Classification],
    hourly_cost_usd: Decimal | None = None,
    role: Role = Role.FRACTIONAL_AI_OFFICER,
) -> HoursCost | None:
    """Return what the hours of problems to automate cost per month; None: none states any.

    `hourly_cost_usd` is what an hour costs; None: the assumed cost (prompts/reasons.toml).
    """
    if hourly_cost_usd is not None:
        check_amount(
            hourly_cost_usd, "hourly_cost_usd", place="hourly cost", shown=str(hourly_cost_usd)
        )
    hours = [row.hours_per_week for row in rows if row.label is Label.AUTOMATE]
    stated = [Decimal(str(count)) for count in hours if count is not None]
    if not stated:
        return None
    fee = role_facts()[role].usd_per_month
    an_hour = Decimal(reason_words().hours.usd_an_hour)
    return HoursCost(
        sum(stated, ZERO),
        an_hour if hourly_cost_usd is None else hourly_cost_usd,
        role,
        Decimal(fee.low),
        Decimal(fee.high),
        silent=len(hours) - len(stated),
        assumed=hourly_cost_usd is None,
    )
