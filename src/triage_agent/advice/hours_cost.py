"""What the hours that the problems state cost per month, beside the fee of who would save them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from triage_agent.advice.roi import KEEP_FROM, MONTHS_A_YEAR, WEEKS_A_YEAR, ZERO
from triage_agent.advice.roles import Role, role_facts
from triage_agent.intake import CUT, check_amount, counted, usd
from triage_agent.types import Classification, Label

# Wages and benefits; in the US, employers paid $34.53 an hour in September 2018 on average
# (Bureau of Labor Statistics, Employer Costs for Employee Compensation).
ASSUMED_HOURLY_COST_USD = Decimal(35)


@dataclass(frozen=True, slots=True)
class HoursCost:
    """What the hours that problems state cost per month, beside the fee of who would save them."""

    hours_per_week: Decimal
    hourly_cost_usd: Decimal  # assumed, not measured
    role: Role
    fee_low_usd_per_month: Decimal
    fee_high_usd_per_month: Decimal
    silent: int  # problems of the same kind that state no hours

    @property
    def usd_per_month(self) -> Decimal:
        """What the hours cost per month."""
        with localcontext(CUT):
            a_year = self.hours_per_week * self.hourly_cost_usd * WEEKS_A_YEAR
            return a_year / MONTHS_A_YEAR

    @property
    def covers_low(self) -> bool:
        """Whether saving all these hours returns 3 times the low end of the fee."""
        return self.usd_per_month >= KEEP_FROM * self.fee_low_usd_per_month

    @property
    def covers_high(self) -> bool:
        """Whether saving all these hours returns 3 times the high end of the fee."""
        return self.usd_per_month >= KEEP_FROM * self.fee_high_usd_per_month

    @property
    def lines(self) -> tuple[str, ...]:
        """The cost, the fee, and whether the one covers 3 times the other, in sentences."""
        low, high = self.fee_low_usd_per_month, self.fee_high_usd_per_month
        if self.covers_high:
            covers = "Saving all these hours would return that at either end of the fee."
        elif self.covers_low:
            covers = "Saving all these hours would return that at the low end, not at the high end."
        else:
            covers = "Saving all these hours alone would not return that, even at the low end."
        hours, an_hour = self.hours_per_week.normalize(), usd(self.hourly_cost_usd)
        stated = (
            f"The problems state {counted(hours, 'hour')} a week; at an assumed "
            f"{an_hour} an hour that is {usd(self.usd_per_month)} a month."
        )
        fee = (
            f"A {role_facts()[self.role].name} costs {usd(low)} to {usd(high)} a month, and is to "
            f"return {KEEP_FROM} times that: {usd(KEEP_FROM * low)} to {usd(KEEP_FROM * high)}."
        )
        silent = f"Problems to automate that state no hours, not counted: {self.silent}."
        return (stated, f"{fee} {covers}", *([silent] if self.silent else []))


def cost_of_hours(
    rows: Sequence[Classification],
    hourly_cost_usd: Decimal = ASSUMED_HOURLY_COST_USD,
    role: Role = Role.FRACTIONAL_AI_OFFICER,
) -> HoursCost | None:
    """Return what the hours of problems to automate cost per month; None: none states any."""
    check_amount(
        hourly_cost_usd, "hourly_cost_usd", place="hourly cost", shown=str(hourly_cost_usd)
    )
    hours = [row.hours_per_week for row in rows if row.label is Label.AUTOMATE]
    stated = [Decimal(str(count)) for count in hours if count is not None]
    if not stated:
        return None
    fee = role_facts()[role].usd_per_month
    return HoursCost(
        sum(stated, ZERO),
        hourly_cost_usd,
        role,
        Decimal(fee.low),
        Decimal(fee.high),
        silent=len(hours) - len(stated),
    )
