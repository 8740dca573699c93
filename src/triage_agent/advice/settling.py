"""What is to be settled before a recommendation is firm, in words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from triage_agent.advice.answers import advice_table
from triage_agent.advice.doubts import ENOUGH_PROBLEMS, Doubts
from triage_agent.advice.quiz import QuizResult
from triage_agent.advice.rules import Profile, Recommendation, Votes, apply_rules
from triage_agent.intake import HIGH_LIMIT_USD, Band, Revenue, counted, dollars
from triage_agent.types import Abstention, Classification

SEVERAL = "seems to hold several problems that could not be taken apart: write them one by one"
FAILED = "could not be answered: run it again"
UNCERTAIN = "got an answer that is not certain: read it, and say which kind of work it is"
ABSTAINED = {
    Abstention.TOO_VAGUE: "is too vague: say what goes wrong, and who does what today",
    Abstention.UNKNOWN_LANGUAGE: "is in a language that could not be read: write it in English",
}


def settle_words(
    problems: Sequence[Classification],
    doubts: Doubts,
    revenue: Revenue,
    answers: Mapping[Band, Recommendation],
) -> tuple[str, ...]:
    """Return a sentence for each thing that is in doubt: which it is, and what to do about it.

    `answers` are those of `revenue_answers`. Problems come first, in their order.
    """
    found = zip(problems, problem_names(problems), strict=True)
    words = [f"{name} {_why(row)}" for row, name in found if row.id in doubts.problems]
    if any(row.holds_several for row in problems):  # what is missing may have been given
        doubts = replace(doubts, not_given=0)
    return (*words, *_about_the_business(doubts, revenue, answers))


def revenue_answers(
    votes: Votes, profile: Profile, quiz: QuizResult | None
) -> dict[Band, Recommendation]:
    """Return the recommendation for each band that an unknown revenue may lie in; else nothing."""
    revenue = profile.revenue
    if revenue.band is not Band.UNKNOWN:
        return {}
    profiles = {
        band: replace(profile, revenue=revenue.part_in(band)) for band in revenue.possible_bands
    }
    return {
        band: apply_rules(votes.build, votes.automate, one, quiz).recommendation
        for band, one in profiles.items()
    }


def revenue_words(revenue: Revenue, answers: Mapping[Band, Recommendation]) -> str:
    """Return why a revenue is unknown, and what the answer is in each band that it may lie in.

    >>> no = Recommendation.DO_IT_YOURSELF
    >>> revenue_words(Revenue(), {Band.UNDER_1M: no, Band.OVER_10M: no})
    'no yearly revenue was given; whatever it is, the answer is “do it yourself”'
    """
    in_words = [(band.words, advice_table()[one].answer) for band, one in answers.items()]
    (band, answer), *others = in_words
    if len(set(answers.values())) == 1:
        return f"{revenue.why_unknown}; whatever it is, the answer is “{answer}”"
    rest = "".join(f", {band} “{answer}”" for band, answer in others)
    return f"{revenue.why_unknown}; {band} the answer is “{answer}”{rest}"


def _about_the_business(
    doubts: Doubts, revenue: Revenue, answers: Mapping[Band, Recommendation]
) -> Iterator[str]:
    """Yield a sentence for each thing in doubt that is not the answer to a problem."""
    if missing := doubts.not_given:
        of_them = f"of the {ENOUGH_PROBLEMS} problems that the method asks for"
        yield counted(
            missing, f"{of_them} was not given: add it", f"{of_them} were not given: add them"
        )
    if doubts.revenue and len(set(answers.values())) > 1:
        yield f"your yearly revenue: {revenue_words(revenue, answers)}"
    elif doubts.revenue:
        yield f"your yearly revenue: {revenue.why_unknown}; it matters if something else is settled"
    if doubts.sells_software:
        yield (
            "whether you sell, or are building, software for customers: if so, with problems of "
            f"both kinds and {dollars(HIGH_LIMIT_USD)} or more of yearly revenue, the answer is "
            f"“{advice_table()[Recommendation.BOTH].answer}”"
        )


def problem_names(problems: Sequence[Classification]) -> list[str]:
    """Return what each problem of a business is called: by its place, in its row if there are more.

    >>> from triage_agent.types import Outcome, Source
    >>> def of_row(row):
    ...     return Classification("", "", Outcome.ABSTAINED, "", "", source=Source(row, "Problem"))
    >>> problem_names([of_row(7), of_row(7)]), problem_names([of_row(7), of_row(9)])
    (['problem 1', 'problem 2'], ['row 7, problem 1', 'row 9, problem 1'])
    """
    rows = [one.source.row if one.source and one.source.column else None for one in problems]
    if None in rows or len(set(rows)) < 2:
        return [f"problem {number}" for number in range(1, len(rows) + 1)]
    names, before = list[str](), Counter[int | None]()
    for row in rows:
        before[row] += 1
        names.append(f"row {row}, problem {before[row]}")
    return names


def _why(row: Classification) -> str:
    """Return why a problem is in doubt, and what to do about it."""
    if row.error:
        return FAILED
    if row.holds_several:
        return SEVERAL
    if row.label is None:
        return ABSTAINED[row.abstained_because or Abstention.TOO_VAGUE]
    return UNCERTAIN
