"""Why a recommendation is made: sentences that are true of its rule and of its numbers.

The words are in prompts/reasons.toml.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Annotated

from pydantic import Field, model_validator

from triage_agent.advice.decision import Decision
from triage_agent.advice.elsewhere import all_helpers
from triage_agent.advice.quiz import DimensionResult, QuizResult
from triage_agent.advice.rules import Recommendation, Rule, none_in_scope
from triage_agent.advice.templates import filled_with
from triage_agent.files import Strict, folder, load_toml
from triage_agent.intake import Band
from triage_agent.types import Abstention, Classification

FAILED = "error"  # beside the reasons to abstain
CAUSES = (*(because.value for because in Abstention), FAILED)
BY_REVENUE = frozenset({Rule.D3, Rule.D4})

Plain = Annotated[str, filled_with()]
Counting = Annotated[str, filled_with("count")]
Tallying = Annotated[str, filled_with("build", "automate", "problems")]
Scoring = Annotated[str, filled_with("score")]
Missing = Annotated[str, filled_with("score", "missing")]
Money = Annotated[str, filled_with("hours", "hourly", "how", "worth", "role", "low", "high")]


class Problems(Strict):
    """What the problems that count are called."""

    all: Counting
    some: Counting


class MajorityWords(Strict):
    """How the problems count if most of them, or all, are of one kind."""

    one: Plain
    one_counted: Plain  # others were given, and do not count
    each: Tallying
    most: Tallying


class TallyWords(Strict):
    """How the problems count."""

    both: Tallying
    tie: Tallying
    build: MajorityWords = Field(alias="build-software")
    automate: MajorityWords = Field(alias="automate-process")


class TieWords(Strict):
    """What decides a tie."""

    systems: Plain
    data: Plain
    systems_and_data: Plain
    passed: Scoring
    unconnected: Missing
    prepared: Scoring
    software: Plain
    quiz: Plain


class QuizWords(Strict):
    """What is said where the readiness quiz warns of starting."""

    not_yet: Annotated[str, filled_with("score", "levels")]


class RevenueWords(Strict):
    """What is said where the revenue decided and is not known."""

    unknown: Plain


class CauseWords(Strict):
    """One cause for which problems do not count."""

    one: Plain
    many: Counting


class NoneWords(Strict):
    """Why no problem counts."""

    given: Plain
    counted: Plain
    and_: str = Field(alias="and")
    missing: Plain
    neither_role: Plain
    out_of_scope: CauseWords
    helpers: Annotated[str, filled_with("who")]
    causes: dict[str, CauseWords]


class HoursWords(Strict):
    """What the stated hours are worth, and what an hour is assumed to cost."""

    usd_an_hour: Annotated[int, Field(gt=0)]
    assumed: Plain
    given: Plain
    one_hour: Plain
    hours: Annotated[str, filled_with("hours")]
    worth: Money
    fee: Annotated[str, filled_with("role", "low", "high", "beside")]
    under: Plain
    between: Plain
    over: Plain
    silent: Annotated[str, filled_with("silent")]
    against: Money


class ReasonWords(Strict):
    """All words of the reasons (prompts/reasons.toml)."""

    numbers: tuple[str, ...]
    problems: Problems
    tally: TallyWords
    then: dict[Recommendation, Plain]
    tie: TieWords
    quiz: QuizWords
    revenue: RevenueWords
    none: NoneWords
    hours: HoursWords

    @model_validator(mode="after")
    def nothing_is_missing(self) -> "ReasonWords":
        """Refuse a file in which a recommendation or a cause has no words."""
        if set(self.then) != set(Recommendation) - {Recommendation.NO_DECISION}:
            raise ValueError("`then` needs a sentence for each recommendation but no-decision")
        if set(self.none.causes) != set(CAUSES):
            raise ValueError(f"`none.causes` needs {', '.join(CAUSES)}")
        return self

    def number(self, count: int) -> str:
        """Return a number as a word, or as figures if it is a large one."""
        return self.numbers[count] if count < len(self.numbers) else f"{count:,}"


@cache
def reason_words() -> ReasonWords:
    """Return the words of the reasons (prompts/reasons.toml)."""
    return load_toml(folder("prompts") / "reasons.toml", ReasonWords)


def reason(decision: Decision, rows: Sequence[Classification]) -> str:
    """Return why this is recommended: how the problems count, and what follows from that."""
    words, to = reason_words(), decision.recommendation
    if to is Recommendation.NO_DECISION:
        return _nothing_counts(rows, words)
    sentences = [_tally(decision, words), *_what_follows(decision, words)]
    if decision.profile.revenue.band is Band.UNKNOWN and decision.verdict.rule in BY_REVENUE:
        sentences.append(words.revenue.unknown)
    return " ".join(sentences)


def not_yet_words(quiz: QuizResult, stops: Sequence[DimensionResult]) -> str:
    """Return that the quiz says not to start, and the answers for which it does."""
    levels = ", ".join(one.level[:1].lower() + one.level[1:] for one in stops)
    return reason_words().quiz.not_yet.format(score=f"{quiz.score:.0f}", levels=levels)


def _tally(decision: Decision, words: ReasonWords) -> str:
    """Return the sentence on how the problems count."""
    votes, tally = decision.votes, words.tally
    all_count = not (votes.abstained or votes.errors)
    called = words.problems.all if all_count else words.problems.some
    values = {
        "build": words.number(votes.build),
        "automate": words.number(votes.automate),
        "problems": called.format(count=words.number(votes.cast)),
    }
    if decision.verdict.rule is Rule.D1:
        return tally.both.format_map(values)
    if votes.build == votes.automate:
        return tally.tie.format_map(values)
    majority = tally.build if votes.build > votes.automate else tally.automate
    if votes.cast == 1:
        return majority.one if all_count else majority.one_counted
    of_one_kind = not (votes.build and votes.automate)
    return (majority.each if of_one_kind else majority.most).format_map(values)


def _what_follows(decision: Decision, words: ReasonWords) -> list[str]:
    """Return the sentences on what follows from the count of the problems."""
    to, quiz, tie = decision.recommendation, decision.quiz, words.tie
    if decision.verdict.rule is not Rule.D4 or to is Recommendation.TAKE_THE_QUIZ:
        return [words.then[to]]
    if to is Recommendation.DO_IT_YOURSELF or quiz is None:
        return [words.then[to], tie.software, tie.quiz]
    score = f"{quiz.score:.0f}"
    if quiz.passed:
        return [tie.passed.format(score=score), words.then[to]]
    if to is Recommendation.FRACTIONAL_CTO:
        none = {one.id for one in quiz.dimensions if one.points == 0}
        missing = tie.systems if "data" not in none else tie.data
        missing = tie.systems_and_data if {"systems", "data"} <= none else missing
        return [tie.unconnected.format(score=score, missing=missing)]
    return [tie.prepared.format(score=score), words.then[to]]


def _nothing_counts(rows: Sequence[Classification], words: ReasonWords) -> str:
    """Return why no problem counts, and what is missing or who else could help."""
    none = words.none
    if not rows:
        return f"{none.given} {none.missing}"
    who = all_helpers(rows)
    helpers = none.helpers.format(who=who) if who else ""
    if none_in_scope(rows):
        about = none.out_of_scope
        said = about.one if len(rows) == 1 else about.many.format(count=words.number(len(rows)))
        return f"{said} {helpers}".rstrip()
    causes = Counter(_cause(row) for row in rows)
    found = [
        none.causes[cause].one
        if count == 1
        else none.causes[cause].many.format(count=words.number(count))
        for cause in CAUSES
        if (count := causes[cause])
    ]
    listed = none.and_.join([", ".join(found[:-1])] * (len(found) > 1) + found[-1:])
    neither = none.neither_role if causes[Abstention.NEITHER.value] else ""
    all_of_it = (f"{none.counted} {listed}.", neither, helpers, none.missing)
    return " ".join(filter(None, all_of_it))


def _cause(row: Classification) -> str:
    """Return why a problem without a label does not count."""
    return FAILED if row.error else (row.abstained_because or Abstention.TOO_VAGUE).value
