"""What is to be settled before a recommendation is firm, in words."""

from collections import Counter
from collections.abc import Collection, Sequence

from triage_agent.types import Abstention, Classification

SEVERAL = "seems to hold several problems: write them one by one"
FAILED = "could not be answered: run it again"
UNCERTAIN = "got an answer that is not certain: read it, and say which kind of work it is"
ABSTAINED = {
    Abstention.NEITHER: "seems to call for neither kind of work: say what is to be built, or which "
    "work is to run by itself",
    Abstention.TOO_VAGUE: "is too vague: say what goes wrong, and who does what today",
    Abstention.UNKNOWN_LANGUAGE: "is in a language that could not be read: write it in English",
}


def settle_words(problems: Sequence[Classification], doubtful: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each of the problems with these ids: which it is, and what to do."""
    found = zip(problems, problem_names(problems), strict=True)
    return tuple(f"{name} {_why(row)}" for row, name in found if row.id in doubtful)


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
