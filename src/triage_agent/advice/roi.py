"""What an automation or a hire returns for what it costs, and whether to go on paying for it.

What does not return 3 times its cost is stopped; within its first 60 days it is watched instead.
Amounts are US dollars in `Decimal`. 52/12 weeks make a month, which no decimal holds exactly, so
benefits are kept a year, and a division is cut off, never rounded up: just under 3 stays under 3.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal, localcontext
from enum import StrEnum

from triage_agent.advice.roles import Role, role_facts
from triage_agent.intake import CUT, check, months, times, usd
from triage_agent.types import Classification, Label

KEEP_FROM = Decimal(3)  # times its cost, at least
WATCH_DAYS = 60  # the last day on which a low return is watched and not stopped
WEEKS_A_YEAR, MONTHS_A_YEAR = 52, 12
# Wages and benefits; in the US, employers paid $34.53 an hour in September 2018 on average
# (Bureau of Labor Statistics, Employer Costs for Employee Compensation).
ASSUMED_HOURLY_COST_USD = Decimal(35)
ZERO = Decimal(0)


class RoiVerdict(StrEnum):
    """What to do about something that is paid for."""

    KEEP = "keep"
    WATCH = "watch"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Investment:
    """Something that is paid for, and what it brings; `InputError` for a value that cannot be."""

    name: str = ""  # empty: it has none
    hours_saved_per_week: Decimal = ZERO
    hourly_cost_usd: Decimal = ZERO
    cost_reduced_usd_per_month: Decimal = ZERO
    revenue_enabled_usd_per_month: Decimal = ZERO
    monthly_cost_usd: Decimal = ZERO
    one_off_cost_usd: Decimal = ZERO
    age_days: Decimal | None = None  # None: unknown

    def __post_init__(self) -> None:
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value is not None:
                check(value, field.name, place=field.name, shown=str(value))


@dataclass(frozen=True, slots=True)
class Figures:
    """Benefit and cost of one investment, or of several together."""

    benefit_usd_per_year: Decimal = ZERO
    monthly_cost_usd: Decimal = ZERO
    one_off_cost_usd: Decimal = ZERO

    def __add__(self, other: "Figures") -> "Figures":
        with localcontext(CUT):
            return Figures(
                self.benefit_usd_per_year + other.benefit_usd_per_year,
                self.monthly_cost_usd + other.monthly_cost_usd,
                self.one_off_cost_usd + other.one_off_cost_usd,
            )

    @property
    def monthly_benefit_usd(self) -> Decimal:
        """What it brings a month."""
        return CUT.divide(self.benefit_usd_per_year, MONTHS_A_YEAR)

    @property
    def cost_usd_per_year(self) -> Decimal:
        """What it costs in its first year, the one-off cost included."""
        with localcontext(CUT):
            return self.monthly_cost_usd * MONTHS_A_YEAR + self.one_off_cost_usd

    @property
    def full_monthly_cost_usd(self) -> Decimal:
        """What it costs a month with a twelfth of the one-off cost."""
        return CUT.divide(self.cost_usd_per_year, MONTHS_A_YEAR)

    @property
    def return_ratio(self) -> Decimal | None:
        """How many times its cost it returns; None: it costs nothing, so there is no ratio."""
        if not self.cost_usd_per_year:
            return None
        return CUT.divide(self.benefit_usd_per_year, self.cost_usd_per_year)

    @property
    def payback_months(self) -> Decimal | None:
        """When the one-off cost is back, 0 if there was none; None: never."""
        with localcontext(CUT):
            left = self.benefit_usd_per_year - self.monthly_cost_usd * MONTHS_A_YEAR
            return self.one_off_cost_usd * MONTHS_A_YEAR / left if left > 0 else None


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an investment returns, and what to do about it."""

    investment: Investment
    figures: Figures
    verdict: RoiVerdict

    @property
    def sentence(self) -> str:
        """The verdict and its reasons in one sentence."""
        figures, ratio = self.figures, self.figures.return_ratio
        if ratio is None:
            benefit = figures.monthly_benefit_usd
            brings = f"it brings {usd(benefit)} a month" if benefit else "it brings nothing"
            because = f"it costs nothing, so there is no ratio; {brings}"
        elif not ratio:
            because = "it brings nothing for what it costs"
        else:
            under = f", less than {KEEP_FROM}" if ratio < KEEP_FROM else ""
            because = f"it returns {times(ratio)} times what it costs{under}"
        if figures.one_off_cost_usd:
            wait = figures.payback_months
            back = "never comes back" if wait is None else f"is back in {months(wait)} months"
            because += f"; the {usd(figures.one_off_cost_usd)} one-off {back}"
        age = self.investment.age_days
        if self.verdict is RoiVerdict.WATCH and age is not None:
            because += (
                f"; day {age.normalize():f} of its first {WATCH_DAYS}, after which it means stop"
            )
        elif self.verdict is RoiVerdict.STOP and age is not None:
            because += f"; its first {WATCH_DAYS} days are over"
        return f"{self.verdict.value.capitalize()}: {because}."

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not known, and what was taken for it."""
        given, notes = self.investment, []
        if self.verdict is RoiVerdict.STOP and given.age_days is None:
            notes.append(f"Age unknown: in its first {WATCH_DAYS} days it would be watch, not stop")
        if given.hours_saved_per_week and not given.hourly_cost_usd:
            notes.append("Hours saved without an hourly cost count as $0")
        return tuple(notes)


def assess(investment: Investment) -> Assessment:
    """Return what an investment returns and whether to keep, watch or stop it.

    >>> given = Investment("bot", Decimal(12), Decimal(35), monthly_cost_usd=Decimal(400))
    >>> assess(given).sentence
    'Keep: it returns 4.5 times what it costs.'
    """
    with localcontext(CUT):
        work = investment.hours_saved_per_week * investment.hourly_cost_usd * WEEKS_A_YEAR
        money = investment.cost_reduced_usd_per_month + investment.revenue_enabled_usd_per_month
        benefit = work + money * MONTHS_A_YEAR
    figures = Figures(benefit, investment.monthly_cost_usd, investment.one_off_cost_usd)
    ratio, age = figures.return_ratio, investment.age_days
    if benefit > 0 if ratio is None else ratio >= KEEP_FROM:
        verdict = RoiVerdict.KEEP
    elif age is not None and age <= WATCH_DAYS:
        verdict = RoiVerdict.WATCH
    else:
        verdict = RoiVerdict.STOP
    return Assessment(investment, figures, verdict)


def total(assessments: Iterable[Assessment]) -> Figures:
    """Return benefits and costs together."""
    return sum((one.figures for one in assessments), Figures())


def rank_key(assessment: Assessment) -> tuple[Decimal, Decimal]:
    """Return what sorts the best return first; what brings something for nothing is best of all.

    The benefit ranks what costs nothing, and equal returns.
    """
    benefit, ratio = assessment.figures.benefit_usd_per_year, assessment.figures.return_ratio
    if ratio is None:
        ratio = Decimal("Infinity") if benefit else ZERO
    return -ratio, -benefit


@dataclass(frozen=True, slots=True)
class Burn:
    """What the hours that problems state cost a month, beside the fee of who would save them."""

    hours_per_week: Decimal
    hourly_cost_usd: Decimal  # assumed, not measured
    role: Role
    fee_low_usd_per_month: Decimal
    fee_high_usd_per_month: Decimal
    silent: int  # problems of the same kind that state no hours

    @property
    def burn_usd_per_month(self) -> Decimal:
        """What the hours cost a month."""
        with localcontext(CUT):
            a_year = self.hours_per_week * self.hourly_cost_usd * WEEKS_A_YEAR
            return a_year / MONTHS_A_YEAR

    @property
    def covers_low(self) -> bool:
        """Whether saving all these hours returns 3 times the low end of the fee."""
        return self.burn_usd_per_month >= KEEP_FROM * self.fee_low_usd_per_month

    @property
    def covers_high(self) -> bool:
        """Whether saving all these hours returns 3 times the high end of the fee."""
        return self.burn_usd_per_month >= KEEP_FROM * self.fee_high_usd_per_month

    @property
    def lines(self) -> tuple[str, ...]:
        """The burn, the fee, and whether the one covers 3 times the other, in sentences."""
        low, high = self.fee_low_usd_per_month, self.fee_high_usd_per_month
        if self.covers_high:
            covers = "Saving all these hours would return that at either end of the fee."
        elif self.covers_low:
            covers = "Saving all these hours would return that at the low end, not at the high end."
        else:
            covers = "Saving all these hours alone would not return that, even at the low end."
        hours, an_hour = self.hours_per_week.normalize(), usd(self.hourly_cost_usd)
        stated = (
            f"The problems state {hours:,f} hour{'' if hours == 1 else 's'} a week; at an assumed "
            f"{an_hour} an hour that is {usd(self.burn_usd_per_month)} a month."
        )
        fee = (
            f"A {role_facts()[self.role].name} costs {usd(low)} to {usd(high)} a month, and is to "
            f"return {KEEP_FROM} times that: {usd(KEEP_FROM * low)} to {usd(KEEP_FROM * high)}."
        )
        silent = f"Problems to automate that state no hours, not counted: {self.silent}."
        return (stated, f"{fee} {covers}", *([silent] if self.silent else []))


def burn(
    rows: Sequence[Classification],
    hourly_cost_usd: Decimal = ASSUMED_HOURLY_COST_USD,
    role: Role = Role.FRACTIONAL_AI_OFFICER,
) -> Burn | None:
    """Return what the hours stated by problems to automate cost a month; None: none states any."""
    check(hourly_cost_usd, "hourly_cost_usd", place="hourly cost", shown=str(hourly_cost_usd))
    hours = [row.hours_per_week for row in rows if row.label is Label.AUTOMATE]
    stated = [Decimal(str(count)) for count in hours if count is not None]
    if not stated:
        return None
    fee = role_facts()[role].usd_per_month
    return Burn(
        sum(stated, ZERO),
        hourly_cost_usd,
        role,
        Decimal(fee.low),
        Decimal(fee.high),
        silent=len(hours) - len(stated),
    )
