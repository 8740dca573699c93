"""The plan: everything that is explained to the owner beside the decision, for every report.

The words are in the data files: advice.toml in `answers`, reasons.toml in `reasons`, plan.toml in
`first_days`, roles.toml in `roles`, red_flags.toml in `red_flags`, who_helps.toml in `elsewhere`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from triage_agent.advice.answers import advice_table
from triage_agent.advice.changes import would_change
from triage_agent.advice.decision import Decision
from triage_agent.advice.doubts import ENOUGH_PROBLEMS
from triage_agent.advice.elsewhere import helpers_named
from triage_agent.advice.first_days import FirstDays, first_days
from triage_agent.advice.hours_cost import cost_of_hours
from triage_agent.advice.quiz import DimensionResult, QuizResult, says_not_yet
from triage_agent.advice.reasons import not_yet_words, reason
from triage_agent.advice.red_flags import load_red_flags
from triage_agent.advice.roles import Role, RoleFacts, role_facts, who_it_is
from triage_agent.advice.rules import Recommendation, none_in_scope
from triage_agent.advice.settling import revenue_words
from triage_agent.intake import counted
from triage_agent.types import Abstention, Classification, DecidedBy, Outcome


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that explains a decision to the owner, in whole sentences.

    Attributes:
        headline: The recommendation in a sentence.
        because: Why this is recommended, and what speaks against it.
        roles: The facts about each recommended role; empty if no role is recommended.
        who: A sentence about each that says who that is and what it costs a month.
        first_days: The first 60 days and the interview; without a decision, what to do instead.
        prepare: What a weak readiness quiz asks for first: where it decided a tie, and where an
            answer says not to start.
        watch_for: The red flags of the recommended roles.
        would_change: The single changes that would lead to another recommendation.
        elsewhere: Who could help with the problems that are about neither kind of work.
        notes: What to know about how firm the decision is.
        hours_cost: What the stated hours cost a month; empty if no problem to automate states any.
    """

    headline: str
    because: str
    roles: dict[Role, RoleFacts]
    who: tuple[str, ...]
    first_days: FirstDays
    prepare: tuple[str, ...]
    watch_for: tuple[str, ...]
    would_change: tuple[str, ...]
    elsewhere: tuple[str, ...]
    notes: tuple[str, ...]
    hours_cost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """What is recommended to one business, and why.

    Attributes:
        problems: One classification for each problem, in their order.
        decision: The votes, the rules that were tried, and how firm the result is.
        plan: The recommendation in words: the role, the first 60 days, what would change it.
        company: What the business is called; empty: it was not said.
    """

    problems: tuple[Classification, ...]
    decision: Decision
    plan: Plan
    company: str = ""

    @property
    def recommendation(self) -> Recommendation:
        """Whom to hire, or what to do instead."""
        return self.decision.recommendation

    @property
    def provisional(self) -> bool:
        """Whether something that is still open could change the recommendation."""
        return self.decision.provisional

    @property
    def failed(self) -> bool:
        """Whether any problem ended in an error."""
        return any(row.error for row in self.problems)


def advice_for(
    problems: Sequence[Classification], decision: Decision, hourly_cost: Decimal | None = None
) -> Advice:
    """Return the decision about these problems with everything that explains it.

    `hourly_cost` is what an hour of the staff costs, in USD; None: the assumed cost.
    """
    return Advice(tuple(problems), decision, plan_for(decision, problems, hourly_cost))


def plan_for(
    decision: Decision, rows: Sequence[Classification], hourly_cost: Decimal | None = None
) -> Plan:
    """Return what explains a decision on these problems to the owner; deterministic.

    `hourly_cost` is what an hour of the staff's work costs in US dollars (None: the assumed cost).
    Raises `InputError` if it is negative, not finite or more than any hour costs.
    """
    cost, advice = cost_of_hours(rows, hourly_cost), advice_table()[decision.recommendation]
    against = cost.against if cost and advice.unpaid else ""
    stops = _stops(decision.recommendation, decision.quiz)
    not_yet = not_yet_words(decision.quiz, stops) if decision.quiz and stops else ""
    prepare = _preparation(decision, stops)
    return Plan(
        headline=headline_of(decision.recommendation, rows, hourly_cost, decision.quiz),
        because=" ".join(filter(None, (reason(decision, rows), against, not_yet))),
        roles={role: role_facts()[role] for role in advice.roles},
        who=tuple(map(who_it_is, advice.introduced)),
        first_days=first_days(
            decision, rows, would_pay=not against, before=prepare if stops else ()
        ),
        prepare=prepare,
        watch_for=tuple(
            flag.text for flag in load_red_flags() if set(flag.roles) & set(advice.roles)
        ),
        would_change=would_change(decision),
        elsewhere=helpers_named(rows),
        notes=_notes(decision, rows),
        hours_cost=cost.lines if cost else (),
    )


def headline_of(
    recommendation: Recommendation,
    rows: Sequence[Classification],
    hourly_cost: Decimal | None = None,
    quiz: QuizResult | None = None,
) -> str:
    """Return a recommendation about these problems in a sentence.

    It says if the role would not pay, if the readiness quiz says not to start (None: it was not
    taken), and if neither role helps with any of the problems.

    `hourly_cost` is what an hour of the staff costs, in USD; None: the assumed cost.
    """
    advice, cost = advice_table()[recommendation], cost_of_hours(rows, hourly_cost)
    if advice.out_of_scope and none_in_scope(rows):
        return advice.out_of_scope
    if advice.unpaid and cost and cost.against:
        return advice.unpaid
    return advice.unready if advice.unready and _stops(recommendation, quiz) else advice.headline


def _stops(recommendation: Recommendation, quiz: QuizResult | None) -> tuple[DimensionResult, ...]:
    """Return the dimensions of the quiz that say not to start with who is recommended."""
    if quiz is None or not advice_table()[recommendation].unready:
        return ()
    return says_not_yet(quiz, ai=recommendation is not Recommendation.FRACTIONAL_CTO)


def _preparation(decision: Decision, stops: Sequence[DimensionResult]) -> tuple[str, ...]:
    """Return the advice of the dimensions that say not to start, or are weak and decided a tie."""
    wanted = {*decision.verdict.prepare, *(one.id for one in stops)}
    dimensions = decision.quiz.dimensions if decision.quiz else ()
    return tuple(f"{d.dimension}: {d.advice}" for d in dimensions if d.id in wanted)


def _notes(decision: Decision, rows: Sequence[Classification]) -> tuple[str, ...]:
    """Return what the reader has to know about what the decision rests on.

    What is still open is in `Decision.to_settle`.
    """
    notes = []
    total = len(rows)
    several = any(row.holds_several for row in rows)
    if decision.few_problems and not decision.doubts.not_given and not several:
        given = counted(
            total,
            f"of the {ENOUGH_PROBLEMS} problems that the method asks for was given",
            f"of the {ENOUGH_PROBLEMS} problems that the method asks for were given",
        )
        notes.append(f"Only {given}.")
    for why, number in Counter(map(_why_no_vote, rows)).items():
        if why:
            is_or_are = "is" if number == 1 else "are"
            says = why.format(verb=is_or_are)
            notes.append(f"{number} of {counted(total, 'problem')} {says}, and did not vote.")
    if decision.revenue_answers and not decision.doubts.revenue:
        words = revenue_words(decision.profile.revenue, decision.revenue_answers)
        notes.append(f"Revenue is unknown: {words}.")
    if decision.profile.revenue.note:
        notes.append(f"Revenue: {decision.profile.revenue.note}.")
    return tuple(notes)


def _why_no_vote(row: Classification) -> str:
    """Return why a problem did not vote, with a place for the verb; empty if it did."""
    if row.outcome is Outcome.ERROR:
        return "ended in an error"
    if row.label:
        return ""
    if row.abstained_because is not Abstention.NEITHER and row.decided_by is not DecidedBy.PERSON:
        return "could not be placed"
    said = ", as answered" if row.decided_by is DecidedBy.PERSON else ""
    return f"{{verb}} about neither kind of work{said}"
