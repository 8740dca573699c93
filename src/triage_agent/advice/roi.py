"""What an automation or a hire returns for what it costs, and whether to go on paying for it.

What does not return 3 times its cost is stopped; within its first 60 days it is watched instead.
Amounts are US dollars in `Decimal`. 52/12 weeks make a month, which no decimal holds exactly, so
benefits are held per year, and a division is cut off, never rounded up: just under 3 stays under 3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, localcontext
from enum import StrEnum

from triage_agent.errors import SettingsError
from triage_agent.intake import CUT, check_amount, months, read_amounts, times, usd

KEEP_FROM = Decimal(3)  # times its cost, at least
WATCH_DAYS = 60  # the last day on which a low return is watched and not stopped
WEEKS_A_YEAR, MONTHS_A_YEAR = 52, 12
ZERO = Decimal(0)
OPTIONS = {  # of `triage roi`, and the field of `Investment` that each fills
    "--hours-saved": "hours_saved_per_week",
    "--hourly-cost": "hourly_cost_usd",
    "--cost-reduced": "cost_reduced_usd_per_month",
    "--revenue-enabled": "revenue_enabled_usd_per_month",
    "--monthly-cost": "monthly_cost_usd",
    "--one-off-cost": "one_off_cost_usd",
    "--age-days": "age_days",
}
EXAMPLE = "triage roi --hours-saved 12 --hourly-cost 35 --monthly-cost 400 --one-off-cost 2000"


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
                check_amount(value, field.name, place=field.name, shown=str(value))

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> "Investment":
        """Return the investment that options of `triage roi` describe, as people write amounts.

        Raises `InputError` on what is not an amount, `SettingsError` where an option is missing.
        """
        amounts = read_amounts((text, OPTIONS[name], name) for name, text in options.items())
        if not amounts.keys() - {"age_days", "hourly_cost_usd"}:
            raise SettingsError(
                f"Give its benefits and its costs, for example: {EXAMPLE}. "
                "Or name a table with one investment per row: triage roi portfolio.csv"
            )
        if amounts.get("hours_saved_per_week") and "hourly_cost_usd" not in amounts:
            raise SettingsError(
                "--hours-saved needs --hourly-cost: what an hour of that work costs."
            )
        return cls("", **amounts)


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
        """What it brings per month."""
        return CUT.divide(self.benefit_usd_per_year, MONTHS_A_YEAR)

    @property
    def cost_usd_per_year(self) -> Decimal:
        """What it costs in its first year, the one-off cost included."""
        with localcontext(CUT):
            return self.monthly_cost_usd * MONTHS_A_YEAR + self.one_off_cost_usd

    @property
    def full_monthly_cost_usd(self) -> Decimal:
        """What it costs per month with a twelfth of the one-off cost."""
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
