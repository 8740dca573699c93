"""The first 60 days, made from the problems at hand, and what to ask at the interview.

Deterministic: every sentence is a template of prompts/plan.toml, filled with the owner's own words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from triage_agent.advice.decision import Decision
from triage_agent.advice.rules import Recommendation
from triage_agent.advice.settling import problem_names
from triage_agent.files import Strict, folder, load_toml
from triage_agent.intake import counted
from triage_agent.types import Classification, Function, Label

LONGEST_QUOTE = 90  # characters of the owner's words in one sentence
LEAST_WORDS = 3  # of a passage that is quoted instead of the text
MOST_NAMED = 4  # problems named in one list; a business may have hundreds
PLACEHOLDERS = frozenset({"problem", "hours", "function"})
NO_TEXT = "(no text)"
QUESTIONS = 10  # of an interview
WAITING = frozenset({Recommendation.TAKE_THE_QUIZ, Recommendation.NO_DECISION})


def placeholders(template: str) -> set[str]:
    """Return the names in braces, or raise `ValueError` where braces hold more than a name.

    >>> sorted(placeholders("“{problem}” takes {hours} a week"))
    ['hours', 'problem']
    """
    names = set()
    for _, name, form, conversion in Formatter().parse(template):
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise ValueError(f"{{{name}}} is not a plain placeholder; write a name in braces")
        names.add(name)
    return names


def _known(template: str, known: frozenset[str] = PLACEHOLDERS) -> str:
    """Refuse a template with a placeholder that nothing fills."""
    if unknown := placeholders(template) - known:
        raise ValueError(f"unknown placeholder {{{min(unknown)}}}; known are {sorted(known)}")
    return template


def _for_any(template: str) -> str:
    """Refuse a template that needs hours, which most problems do not state."""
    if "hours" in placeholders(_known(template)):
        raise ValueError("a line with {hours} needs two wordings: with_hours and without")
    return template


def _counting(template: str) -> str:
    """Refuse a template with another placeholder than {more}."""
    return _known(template, frozenset({"more"}))


Sentence = Annotated[str, AfterValidator(_for_any)]


class Wordings(Strict):
    """One line in two wordings: for a problem that states hours a week, and for any other."""

    with_hours: Annotated[str, AfterValidator(_known)]
    without: Sentence


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
    more: Annotated[str, AfterValidator(_counting)]
    titles: Titles
    functions: dict[Function, str]
    plans: dict[Recommendation, tuple[Part, ...]]
    instead: dict[Recommendation, tuple[str, ...]]
    interview: dict[
        str,
        Annotated[tuple[InterviewQuestion, ...], Field(min_length=QUESTIONS, max_length=QUESTIONS)],
    ]

    @model_validator(mode="after")
    def nothing_is_missing(self) -> "PlanWords":
        """Refuse a file in which a recommendation, an area or an interview has no words."""
        areas = set(Function) - set(self.functions)
        if areas:
            raise ValueError(f"no words for the function {min(areas)}")
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
    stages: tuple[Stage, ...]
    interviews: tuple[Interview, ...]
    instead: tuple[str, ...]


@cache
def plan_words() -> PlanWords:
    """Return the words of the plan (prompts/plan.toml)."""
    return load_toml(folder("prompts") / "plan.toml", PlanWords)


def first_days(
    decision: Decision, rows: Sequence[Classification], words: PlanWords | None = None
) -> FirstDays:
    """Return the plan for the business with these problems; `words` are the shipped ones."""
    words = words or plan_words()
    named = zip(rows, problem_names(rows), strict=True)
    rows = [row if _tidy(row.text) else replace(row, text=name) for row, name in named]
    parts = words.plans.get(decision.recommendation, ())
    work = [(part, ranked(rows, part.about)) for part in parts]
    work = [(part, problems) for part, problems in work if problems]
    doubtful = [row for row in rows if row.id in decision.provisional_because] if work else []
    stages: dict[str, list[str]] = {
        "start": _named(words.doubt, doubtful, words),
        "week_1": [],
        "day_30": [],
        "day_60": [],
        "later": [],
        "aside": [],
    }
    for part, problems in work:
        for name in ("start", "week_1", "day_30", "day_60"):
            lines: Lines = getattr(part, name)
            stages[name] += [_filled(line, problems[0], words) for line in lines]
        stages["day_60"] += [_filled(part.next, row, words) for row in problems[1:2]]
        stages["later"] += _named(part.later, problems[2:], words)
        others = [row for row in rows if row.label not in (None, part.about)]
        stages["aside"] += _named(part.aside, others, words) if part.aside else []
    titles = words.titles.model_dump()
    return FirstDays(
        order=tuple(row.id for _, problems in work for row in problems),
        stages=tuple(Stage(titles[name], tuple(lines)) for name, lines in stages.items() if lines),
        interviews=tuple(
            Interview(part.interview, _asked(words.interview[part.interview], problems[0], words))
            for part, problems in work
            if part.interview
        ),
        instead=words.instead.get(decision.recommendation, ()),
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
    text = _tidy(row.text)
    if len(text) > longest:  # a passage of a word or two would not say which problem it is
        passages = (quote for quote in row.evidence if len(quote.split()) >= LEAST_WORDS)
        text = " ".join(next(passages, text).split())
    if len(text) > longest:
        head, _, _ = text[:longest].rpartition(" ")
        head = head if len(head) > longest // 2 else text[: longest - 1]
        text = head.rstrip(" .,;:") + "…"
    return text.rstrip(" .,;:") or NO_TEXT


def _tidy(text: str) -> str:
    """Return a text as a sentence quotes it: on one line, without punctuation at its end."""
    return " ".join(text.split()).rstrip(" .,;:")


def hours_words(hours: float) -> str:
    """Return hours with their unit.

    >>> hours_words(1), hours_words(2.5), hours_words(1200)
    ('1 hour', '2.5 hours', '1,200 hours')
    """
    return counted(float(hours), "hour")


def _filled(line: str | Wordings, row: Classification, words: PlanWords) -> str:
    """Return one line about one problem."""
    hours = row.hours_per_week
    if isinstance(line, Wordings):
        line = line.without if hours is None else line.with_hours
    values: Mapping[str, str] = {
        "problem": shortened(row),
        "hours": "" if hours is None else hours_words(hours),
        "function": words.functions[row.function or Function.OTHER],
    }
    return line.format_map(values)


def _named(line: str, rows: Sequence[Classification], words: PlanWords) -> list[str]:
    """Return the line about each of these problems, and how many more there are."""
    lines = [_filled(line, row, words) for row in rows[:MOST_NAMED]]
    more = len(rows) - MOST_NAMED
    return lines + ([words.more.format(more=more)] if more > 0 else [])


def _asked(
    questions: Iterable[InterviewQuestion], row: Classification, words: PlanWords
) -> tuple[tuple[str, str], ...]:
    """Return the questions of an interview, about this problem where they name one."""
    return tuple((_filled(q.question, row, words), q.listen_for) for q in questions)
