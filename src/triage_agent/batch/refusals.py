"""Why no column is read as problems, and which option would name one: only what may hold some."""

import re
from collections.abc import Sequence

from triage_agent.batch.column_kinds import CLOSED_KINDS, FREE_TEXT, Kind
from triage_agent.batch.column_names import suggest
from triage_agent.batch.column_notes import Seen
from triage_agent.batch.column_words import Role, what_is_asked
from triage_agent.batch.problem_columns import Choice
from triage_agent.batch.weak_evidence import THING, speaks_of_problems
from triage_agent.intake import counted

OPTION = "--problem-column"
ASKED = {Role.PROBLEM, Role.TEXT, Role.MENTION}
# Whatever stands in its cells, nobody tells a problem in a column with such a name.
NEVER = re.compile(
    r"\b(?:ids?|uuid|date|time|timestamp|age|gender|sex|ratings?|scores?|ranks?|zip|post ?code"
    r"|phone|e ?mail|urls?|links?|(?:annual )?revenue|income|salary|budget|price|amount|quantity"
    r"|number|count|year|latitude|longitude|coordinates?|(?:created|updated|modified|submitted)"
    r"|status|priority|language|country|city|state|borough|region|street|address|location"
    r"|salutation|education|(?:correct|right) answer|consent|channel|source|owner|assignee"
    r"|reporter|industry|sector|employees|fbclid|gclid|utm \w+|network|referrer|user agent|ip"
    r"|(?:first|last|full|your)? ?names?|landmark|district|precinct|community board"
    r"|how (?:many|old|long|much|often))\b"
)
UNFIT = {Kind.IDS, Kind.DATES, Kind.NUMBERS, Kind.CONTACTS, Kind.POINTERS, Kind.EMPTY}
SHOWN = 5  # columns that are listed
SUGGESTED = 3  # of which the option is written out


def questions_in_the_way(column: str, again: bool, seen: Seen) -> str:
    """Return the refusal of a table with its questions in the rows, `again` for each business."""
    if again:
        return (
            f"Each row holds one answer, and its question stands in {seen.listed([column])}. Make "
            "a table with a row for each business and a column for each question (in Excel: a "
            "pivot table, or export the answers by respondent). If it is right as it is, name the "
            "column with the problems: --problem-column COLUMN."
        )
    return (
        f"The questions stand in the rows of {seen.listed([column])}, and the businesses side by "
        "side. Turn the table: copy it in Excel, then Paste Special, Transpose, so that the first "
        "row holds the questions and each business has a row. If it is right as it is, name the "
        "column with the problems: --problem-column COLUMN."
    )


def refusal(choice: Choice, seen: Seen) -> str:
    """Return why no column was taken, and the option that would name one."""
    if not seen.columns:
        return (
            "No row holds an object with a value for each column. Give the forms as objects, "
            'such as {"problem": "…"}, one for each form.'
        )
    empty = [
        one for one in seen.columns
        if seen.cells[one].kind is Kind.EMPTY and seen.cells[one].sampled
        and seen.roles[one] in {Role.PROBLEM, Role.TEXT}
    ]  # fmt: skip
    is_empty = "is empty in the rows that were looked at" if len(empty) == 1 else (
        "are empty in the rows that were looked at"
    )  # fmt: skip
    before = f"{seen.listed(empty)} {is_empty}. " if empty else ""
    return before + _why_none(choice, seen)


def _why_none(choice: Choice, seen: Seen) -> str:
    """Return why none of the columns with texts was taken, best first, or that there is none."""
    if choice.candidates:
        count = counted(len(choice.candidates), "column holds", "columns hold")
        return (
            f"{count} free text, and no name says which of them is the problem: "
            f"{seen.listed(choice.candidates, SHOWN)}. Name it: "
            f"{_suggested(choice.candidates, seen)}"
        )
    if not any(seen.cells[one].sampled for one in seen.columns):  # only the names are known
        ordered = seen.text_first()
        return (
            f"No column looks like a problem by its name. There are: {seen.listed(ordered, 12)}. "
            f"If one is to be read all the same, name it: {_suggested(ordered[:1], seen)}"
            f"{_no_header(seen)}"
        )
    ordered = offered(seen)
    texts = [one for one in ordered if seen.cells[one].kind in FREE_TEXT]
    if texts:
        return (
            f"No column surely holds problems. Free text stands in {seen.listed(ordered, SHOWN)}. "
            f"If one of them says what goes wrong, name it: {_suggested(ordered, seen)}"
            if len(texts) == len(ordered)
            else f"No column surely holds problems. The words of people may stand in "
            f"{seen.listed(ordered, SHOWN)}. If one of them says what goes wrong, name it: "
            f"{_suggested(ordered, seen)}"
        )
    closed = ordered or [
        one for one in seen.columns if seen.roles[one] in ASKED and seen.cells[one].filled
    ]
    if closed:
        kinds = " and ".join(dict.fromkeys(seen.cells[one].kind.value for one in closed[:SHOWN]))
        holds = "holds" if len(closed) == 1 else "hold"
        return (
            f"No column holds problems in words: {seen.listed(closed, SHOWN)} {holds} {kinds}. If "
            f"one is to be read all the same, name it: {_suggested(closed[:1], seen)}"
            f"{_no_header(seen)}"
        )
    return (
        "No column holds problems in words: ids, dates, numbers, names and the like stand in "
        f"{seen.listed(seen.columns, SHOWN)}. If one is to be read all the same, name it with "
        f"{OPTION}.{_no_header(seen)}"
    )


def offered(seen: Seen) -> list[str]:
    """Return the columns that may hold problems, the likeliest first, then the fullest.

    Texts come first, then closed answers whose name speaks of a problem, then a few words each,
    then other closed answers and what somebody replied.
    """

    def place(column: str) -> tuple[int, bool, int, float]:
        cells, role = seen.cells[column], seen.roles[column]
        speaks = role in ASKED or speaks_of_problems(column)
        is_text = cells.kind in FREE_TEXT and not THING.fullmatch(what_is_asked(column))
        if role is Role.REPLY or cells.replies:
            tier = 4
        elif is_text and (cells.kind is Kind.SENTENCES or speaks) and not cells.lists:
            tier = 0
        else:
            tier = 1 if speaks else 2 if cells.kind in FREE_TEXT else 3
        return tier, not speaks, -cells.filled, -cells.words

    fit = [one for one in seen.columns if _may_hold_problems(one, seen)]
    found = sorted(fit, key=place)
    best = [one for one in found if place(one)[0] < 3]
    return best or [one for one in found if place(one)[0] == 4] or found


def _may_hold_problems(column: str, seen: Seen) -> bool:
    """Return whether words of a person may stand in a column, by its cells and by its name."""
    kind, asked = seen.cells[column].kind, what_is_asked(column)
    if kind in UNFIT or (kind in CLOSED_KINDS | {Kind.NAMES} and seen.roles[column] is Role.FIELD):
        return False
    is_long = kind is Kind.SENTENCES and seen.cells[column].filled > 1
    return is_long or seen.roles[column] in ASKED or not NEVER.search(asked)


def _suggested(names: Sequence[str], seen: Seen) -> str:
    return suggest(names[:SUGGESTED], seen.columns, OPTION)


def _no_header(seen: Seen) -> str:
    """Return what else may be wrong where no column holds sentences."""
    if any(seen.cells[one].kind is Kind.SENTENCES for one in seen.columns):
        return ""
    return " If the first row holds no names: --no-header."
