"""The first 60 days, made from the problems at hand, and what to ask at the interview.

Deterministic: every sentence is a template of prompts/plan.toml, filled with the owner's own words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from triage_agent.advice.decision import Decision
from triage_agent.advice.rules import Recommendation, none_in_scope
from triage_agent.advice.settling import problem_names
from triage_agent.advice.templates import check_known, filled_with, placeholders
from triage_agent.files import Strict, folder, load_toml
from triage_agent.intake import counted
from triage_agent.types import Classification, Function, Label

LONGEST_QUOTE = 90  # characters of the owner's words in one sentence
LEAST_WORDS = 3  # of a passage that is quoted instead of the text
MOST_NAMED = 4  # problems named in one list; a business may have hundreds
PLACEHOLDERS = frozenset({"problem", "name", "Name", "hours", "function", "tool"})
DAYS = ("start", "week_1", "day_30", "day_60")
QUESTIONS = 10  # of an interview
WAITING = frozenset({Recommendation.TAKE_THE_QUIZ, Recommendation.NO_DECISION})


def _known(template: str) -> str:
    """Refuse a template with a placeholder that nothing fills."""
    return check_known(template, PLACEHOLDERS)


def _for_any(template: str) -> str:
    """Refuse a template that needs hours, which most problems do not state."""
    if "hours" in placeholders(_known(template)):
        raise ValueError("a line with {hours} needs two wordings: with_hours and without")
    return template


Sentence = Annotated[str, AfterValidator(_for_any)]


class Wordings(Strict):
    """One line in two wordings: for a problem that states hours a week, and for any other.

    A third is for any other that is not the clearest of several; None: it is the second.
    """

    with_hours: Annotated[str, AfterValidator(_known)]
    without: Sentence
    unclear: Sentence | None = None


Lines = tuple[Sentence | Wordings, ...]


class Part(Strict):
    """The plan for one kind of problem; `None` where there is no line."""

    about: Label
    interview: str | None = None  # whose questions to ask
    start: Lines
    week_1: Lines
    day_30: Lines
    day_60: Lines
    next: Sentence  # about the second problem, at day 60
    later: Sentence  # about each further one
    aside: Sentence | None = None  # about each problem of the other kind


class About(Strict):
    """A line about the first problem of one kind; without such a problem it is left out."""

    about: Label
    line: Sentence


class Titles(Strict):
    """What the stages are called."""

    start: str
    week_1: str
    day_30: str
    day_60: str
    later: str
    aside: str


class InterviewQuestion(Strict):
    """One question of an interview, and what a good answer sounds like."""

    question: Sentence
    listen_for: str


class PlanWords(Strict):
    """All words of the plan (prompts/plan.toml)."""

    doubt: Sentence
    unpaid: Sentence
    no_text: Annotated[str, filled_with()]
    more: Annotated[str, filled_with("more")]
    titles: Titles
    functions: dict[Function, str]
    tools: dict[Function, str]
    plans: dict[Recommendation, tuple[Part, ...]]
    out_of_scope: tuple[Annotated[str, filled_with()], ...]
    instead: dict[Recommendation, tuple[Annotated[str, filled_with()] | About, ...]]
    interview: dict[
        str,
        Annotated[tuple[InterviewQuestion, ...], Field(min_length=QUESTIONS, max_length=QUESTIONS)],
    ]

    @model_validator(mode="after")
    def nothing_is_missing(self) -> "PlanWords":
        """Refuse a file in which a recommendation, an area or an interview has no words."""
        if areas := set(Function) - (set(self.functions) & set(self.tools)):
            raise ValueError(f"no words for the function {min(areas)}, or no tool")
        if set(self.instead) != WAITING or set(self.plans) != set(Recommendation) - WAITING:
            raise ValueError(
                f"{' and '.join(sorted(WAITING))} belong under `instead`, "
                "every other recommendation under `plans`"
            )
        for part in (part for parts in self.plans.values() for part in parts):
            if part.interview is not None and part.interview not in self.interview:
                raise ValueError(f"no interview questions for {part.interview}")
        return self


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the plan: when, and what to ask for."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interview:
    """The questions for one role, about the owner's own problem where they name one."""

    role: str
    questions: tuple[tuple[str, str], ...]  # (question, what a good answer sounds like)


@dataclass(frozen=True, slots=True)
class FirstDays:
    """The plan for one business; without a decision it has no stages, but what to do instead."""

    order: tuple[str, ...]  # ids of the problems that the plan deals with, first one first
    first_steps: tuple[str, ...]  # what to do first of all, once nothing is in doubt
    stages: tuple[Stage, ...]
    interviews: tuple[Interview, ...]
    instead: tuple[str, ...]


@cache
def plan_words() -> PlanWords:
    """Return the words of the plan (prompts/plan.toml)."""
    return load_toml(folder("prompts") / "plan.toml", PlanWords)


def first_days(
    decision: Decision,
    rows: Sequence[Classification],
    words: PlanWords | None = None,
    *,
    would_pay: bool = True,
    before: Sequence[str] = (),
) -> FirstDays:
    """Return the plan for the business with these problems; `words` are the shipped ones.

    `would_pay` is whether a fee may pay; if it would not, what costs none is tried first. `before`
    are the first steps where the business is not ready.
    """
    filler = Filler(rows, words or plan_words())
    words = filler.words
    parts = words.plans.get(decision.recommendation, ())
    work = [(part, ranked(rows, part.about)) for part in parts]
    work = [(part, problems) for part, problems in work if problems]
    doubtful = [row for row in rows if row.id in decision.provisional_because] if work else []
    instead_of = words.instead.get(decision.recommendation, ())
    if decision.recommendation is Recommendation.NO_DECISION and none_in_scope(rows):
        instead_of = words.out_of_scope
    instead = tuple(filler.instead(instead_of, rows))
    stages: dict[str, list[str]] = {name: [] for name in (*DAYS, "later", "aside")}
    for part, problems in work:
        for name in DAYS:
            lines: Lines = getattr(part, name)
            clear = len(problems) > 1 and not problems[0].needs_review
            stages[name] += [filler.filled(line, problems[0], clear=clear) for line in lines]
        stages["day_60"] += [filler.filled(part.next, row) for row in problems[1:2]]
        stages["later"] += filler.named(part.later, problems[2:])
        others = [row for row in rows if row.label not in (None, part.about)]
        stages["aside"] += filler.named(part.aside, others) if part.aside else []
    if not would_pay:
        stages["start"][:0] = filler.named(words.unpaid, ranked(rows, Label.AUTOMATE)[:1])
    first_steps = instead or (*before, *stages["start"])
    stages["start"][:0] = filler.named(words.doubt, doubtful)
    titles = words.titles.model_dump()
    return FirstDays(
        order=tuple(row.id for _, problems in work for row in problems),
        first_steps=first_steps,
        stages=tuple(Stage(titles[name], tuple(lines)) for name, lines in stages.items() if lines),
        interviews=tuple(
            Interview(part.interview, filler.asked(words.interview[part.interview], problems[0]))
            for part, problems in work
            if part.interview
        ),
        instead=instead,
    )


def ranked(rows: Iterable[Classification], label: Label) -> list[Classification]:
    """Return the problems with this label: most stated hours first, then the clearest.

    Clearest are those that need no review, the most probable label first; then the given order.
    """
    return sorted(
        (row for row in rows if row.label is label),
        key=lambda row: (-(row.hours_per_week or 0), row.needs_review, -(row.probability or 0)),
    )


def shortened(row: Classification, longest: int = LONGEST_QUOTE) -> str:
    """Return the owner's words for use in a sentence; of a long text, the passage that decided.

    >>> from triage_agent.types import Outcome
    >>> row = Classification("p", "Hello there. " * 9, Outcome.CLASSIFIED, "b", "m")
    >>> shortened(row, 30)
    'Hello there. Hello there…'
    """
    text = " ".join(row.text.split()).rstrip(" .,;:")
    if len(text) > longest:  # a passage of a word or two would not say which problem it is
        passages = (quote for quote in row.evidence if len(quote.split()) >= LEAST_WORDS)
        text = " ".join(next(passages, text).split())
    if len(text) > longest:
        head, _, _ = text[:longest].rpartition(" ")
        head = head if len(head) > longest // 2 else text[: longest - 1]
        text = head.rstrip(" .,;:") + "…"
    return text.rstrip(" .,;:")


def hours_words(hours: float) -> str:
    """Return hours with their unit.

    >>> hours_words(1), hours_words(2.5), hours_words(1200)
    ('1 hour', '2.5 hours', '1,200 hours')
    """
    return counted(float(hours), "hour")


class Filler:
    """Fills the sentences of the plan with what is known about one of the problems."""

    def __init__(self, rows: Sequence[Classification], words: PlanWords) -> None:
        names = problem_names(rows)
        self.words = words
        self._names = {row.id: name for row, name in zip(rows, names, strict=True)}

    def filled(self, line: str | Wordings, row: Classification, *, clear: bool = True) -> str:
        """Return one line about one problem; `clear`: it is the clearest of several."""
        hours, function = row.hours_per_week, row.function or Function.OTHER
        if isinstance(line, Wordings):
            without = line.without if clear else line.unclear or line.without
            line = without if hours is None else line.with_hours
        name = self._names[row.id]
        values: Mapping[str, str] = {
            "problem": shortened(row) or self.words.no_text,
            "name": name,
            "Name": name[:1].upper() + name[1:],
            "hours": "" if hours is None else hours_words(hours),
            "function": self.words.functions[function],
            "tool": self.words.tools[function],
        }
        return line.format_map(values)

    def named(self, line: str, rows: Sequence[Classification]) -> list[str]:
        """Return the line about each of these problems, and how many more there are."""
        lines = [self.filled(line, row) for row in rows[:MOST_NAMED]]
        more = len(rows) - MOST_NAMED
        return lines + ([self.words.more.format(more=more)] if more > 0 else [])

    def instead(self, lines: Iterable[str | About], rows: Sequence[Classification]) -> list[str]:
        """Return what to do without a plan; a line about a kind that nobody named is left out."""
        found = []
        for line in lines:
            if isinstance(line, str):
                found.append(line)
            elif about := ranked(rows, line.about):
                found.append(self.filled(line.line, about[0]))
        return found

    def asked(
        self, questions: Iterable[InterviewQuestion], row: Classification
    ) -> tuple[tuple[str, str], ...]:
        """Return the questions of an interview, about this problem where they name one."""
        return tuple((self.filled(q.question, row), q.listen_for) for q in questions)
