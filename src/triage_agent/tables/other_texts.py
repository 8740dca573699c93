"""Files that hold no table of forms, whatever is read into them, and what to give instead."""

import re
from collections.abc import Iterable, Sequence

from triage_agent.errors import InputError

MINE, APART = re.compile(r"<{7}(?: .*)?\s*"), re.compile(r"={7}\s*")  # what git writes in a merge
CHOICES = re.compile(r"answer (?:choices|options)|antwortoptionen|choix de réponses?")
SHARES = re.compile(
    r"(?:(?:response|answer) ?)?(?:percent(?:age)?|%|count|total)s?|responses|(?:weighted|rating)"
    r" average|beantwortungen|réponses"
)
PLAIN_SHARES = frozenset({"answer", "%", "count"})  # of a Qualtrics report
ANSWERED = re.compile(r"(?:answered|skipped)(?: question)?|beantwortet|übersprungen")
IN_A_LINE = re.compile(r"[,;\t|]")
COUNTED = re.compile(r"\d[\d., ]*%?")
LEAST_SIGNS = 2  # a summary has them under each question


def refuse_unmerged(lines: Sequence[str], name: str) -> None:
    """Raise `InputError` if lines hold the two sides of a merge that nobody settled."""
    start = next((at for at, line in enumerate(lines) if MINE.fullmatch(line)), None)
    if start is not None and any(map(APART.fullmatch, lines[start:])):
        raise InputError(
            f"{name} holds two versions of its rows, from a merge that was not finished (line "
            f"{start + 1:,}: <<<<<<<). Keep the rows that are right, take out the lines with these "
            "marks, and run again."
        )


def refuse_summary(rows: Iterable[Sequence[str]], name: str) -> None:
    """Raise `InputError` if rows are what a survey tool counted, question by question.

    Such a report has a line "Answer Choices, Responses" under a question, and "Answered, 21" and
    "Skipped, 0" under its counts; Qualtrics writes "Answer, %, Count".
    """
    headers, counts, first = 0, 0, ""
    for cells in rows:
        said = [cell.strip().strip('"') for cell in cells if cell.strip()]
        folded = [*map(str.casefold, said)]
        if _are_shares(folded):
            headers, first = headers + 1, first or ", ".join(map(repr, said[:3]))
        elif len(said) == 2 and ANSWERED.fullmatch(folded[0]) and COUNTED.fullmatch(said[1]):
            counts += 1
    if headers and headers + counts >= LEAST_SIGNS:
        raise InputError(
            f"{name} is the summary of a survey: it counts the answers to each question ({first}), "
            "and holds no form of anybody. Export the individual responses from the survey tool, a "
            "row for each. If a table of forms does stand in it, --header-row says in which row "
            "its names are."
        )


def _are_shares(said: Sequence[str]) -> bool:
    """Return whether a row names the choices of a question, and how often each was made.

    >>> _are_shares(["answer choices", "response percent", "responses"])
    True
    >>> _are_shares(["question", "answer", "count"])
    False
    """
    choices = any(map(CHOICES.fullmatch, said[:2]))
    return {*said} >= PLAIN_SHARES or (choices and any(map(SHARES.fullmatch, said[1:])))


def cells_of_lines(lines: Iterable[str]) -> Iterable[list[str]]:
    """Yield what stands between the delimiters of each line, whichever they are."""
    for line in lines:
        yield IN_A_LINE.split(line)
