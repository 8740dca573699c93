"""What explains an advice in a terminal, part by part: why first, and for the record last.

All parts stand below each other for `--explain`; a conversation offers them one by one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console

from triage_agent.advice import Advice, FirstDays, Plan, RoleFacts, described
from triage_agent.reports.console import print_block, text_line
from triage_agent.reports.contract import made_by
from triage_agent.reports.terminal import show_list, show_problem
from triage_agent.reports.wording import (
    firmness_words,
    headline_words,
    rule_words,
    trace_line,
)

INTERVIEWS = "The report that you can save holds ten questions for the interview too."


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what explains an advice: its title, and what prints it."""

    title: str
    show: Callable[[Console], None]


def explained(advice: Advice, *, is_verdict_seen: bool = False) -> tuple[Part, ...]:
    """Return the parts that there are, in the order in which an owner wants to know them.

    What the verdict says is left out if it has been seen.
    """
    return tuple(_parts(advice, is_verdict_seen=is_verdict_seen))


def show_part(console: Console, part: Part) -> None:
    """Print a part."""
    part.show(console)


def show_advice(console: Console, advice: Advice) -> None:
    """Print every part, each below its title."""
    for part in explained(advice):
        console.print(text_line(part.title.upper(), style="dim"))
        part.show(console)


def _parts(advice: Advice, *, is_verdict_seen: bool) -> Iterator[Part]:
    plan = advice.plan
    if is_verdict_seen:
        yield Part("Why", lambda console: _show_ground(console, advice))
    else:
        yield Part("Why", lambda console: _show_why(console, advice))
    if advice.problems:
        yield Part("How each problem was read", lambda console: _show_problems(console, advice))
    if advice.decision.to_settle or plan.would_change:
        yield Part("What would change it", lambda console: _show_changes(console, advice))
    yield Part("The plan", lambda console: _show_plan(console, plan))
    if plan.roles:
        yield Part("Whom you would hire", lambda console: _show_roles(console, plan))
        yield Part("Red flags to watch for", lambda console: _show_flags(console, plan))
    yield Part("For the record: the rules", lambda console: _show_record(console, advice))


def _show_why(console: Console, advice: Advice) -> None:
    """Print the recommendation and what it rests on."""
    plan = advice.plan
    print_block(console, text_line(headline_words(advice), style="bold"))
    print_block(console, text_line(plan.because))
    if means := firmness_words(advice):
        print_block(console, text_line(means))
    console.print()
    _show_notes(console, plan)


def _show_ground(console: Console, advice: Advice) -> None:
    """Print what a recommendation rests on beyond its reason: the rule, what firm means, notes."""
    step = advice.decision.verdict.trace[-1]
    print_block(console, text_line(f"{rule_words(step)} Yes: {step.because}."))
    if means := firmness_words(advice):
        print_block(console, text_line(means))
    console.print()
    _show_notes(console, advice.plan)


def _show_notes(console: Console, plan: Plan) -> None:
    show_list(console, "Good to know", plan.notes)
    show_list(console, "What the stated hours cost", plan.hours_cost)


def _show_problems(console: Console, advice: Advice) -> None:
    for number, row in enumerate(advice.problems, start=1):
        show_problem(console, number, row)
    show_list(console, "Who could help with the rest", advice.plan.elsewhere)


def _show_changes(console: Console, advice: Advice) -> None:
    show_list(console, "To make it firm, settle", advice.decision.to_settle)
    show_list(console, "Another answer would follow", advice.plan.would_change)


def _show_plan(console: Console, plan: Plan) -> None:
    show_list(console, "What to do now", plan.first_days.instead)
    show_list(console, "Prepare first", plan.prepare)
    _show_days(console, plan.first_days)


def _show_roles(console: Console, plan: Plan) -> None:
    for facts in plan.roles.values():
        _show_role(console, facts)


def _show_flags(console: Console, plan: Plan) -> None:
    show_list(console, "Signs of a wrong hire", plan.watch_for)


def _show_record(console: Console, advice: Advice) -> None:
    """Print the rules that were tried, and who read the problems."""
    trace = advice.decision.verdict.trace
    show_list(console, "The rules that decided, the first yes wins", map(trace_line, trace))
    if readers := made_by(advice.problems):
        print_block(console, text_line(f"The problems were read by: {readers}", style="dim"))
        console.print()


def _show_role(console: Console, facts: RoleFacts) -> None:
    """Print the facts about one role, one per line."""
    console.print(text_line(f"The {facts.name}", style="bold"))
    for name, value in described(facts):
        print_block(console, text_line(value), indent=" " * 20, first=f"  {name:<18}")
    console.print()


def _show_days(console: Console, days: FirstDays) -> None:
    """Print the plan, stage by stage, and where the interview questions are."""
    if not days.stages:
        return
    console.print(text_line("The first 60 days", style="bold"))
    for stage in days.stages:
        console.print(text_line(f"  {stage.title}"))
        for line in stage.lines:
            print_block(console, text_line(line), indent="      ", first="    - ")
    if days.interviews:
        print_block(console, text_line(INTERVIEWS, style="dim"), indent="  ")
    console.print()
