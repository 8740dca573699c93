"""Which columns hold problems: the words of the header and what stands in the cells decide."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from triage_agent.batch.column_kinds import CLOSED_KINDS, FREE_TEXT, SENTENCE_WORDS, Cells, Kind
from triage_agent.batch.column_questions import asks_of_others
from triage_agent.batch.column_words import (
    Role,
    is_closed_question,
    is_title,
    plain,
    role_of,
    stem,
    text_rank,
    what_is_asked,
)
from triage_agent.batch.weak_evidence import may_be_only_text
from triage_agent.intake import counted

# How a quiz names what its makers gave for the answer to a question.
_MARK = r"(?:feedback|comments?|remarks?|points|score|grade|marks?|correct answer)"
MARK_OF_ANSWER = re.compile(rf"(?:\w+ )?{_MARK} (?:(?:for|on|to) )?")
MARK_BEHIND = re.compile(rf" {_MARK}$")  # what a question with choices has there is an answer
REMARKS = 2  # the rank from which on a text may be remarks beside the answer to a question
RARE = 2  # times as many rows that tell something make a column the fuller one
MENTIONED = 1.5  # among the ranks of texts: after messages, before comments


class Why(StrEnum):
    """How the problem columns were found."""

    NAMED = "as you named them"
    NAME = "its name says so"
    TEXT = "its name says that it is a text"
    MENTION = "its name speaks of a problem"
    ONLY_TEXT = "the only column of free text"
    NOTHING = "no column surely holds problems"


@dataclass(frozen=True, slots=True)
class Choice:
    """The columns that hold problems, and those that might.

    `candidates` are columns of free text among which nothing decides; then none is `taken`.
    """

    taken: tuple[str, ...]
    why: Why
    candidates: tuple[str, ...] = ()
    fuller: tuple[str, ...] = ()  # of those taken: mere mentions that far more people answer


def choose_problems(
    columns: Sequence[str], cells: Mapping[str, Cells], roles: Mapping[str, Role]
) -> Choice:
    """Return which of the columns hold problems.

    First those whose name says so; then the one whose name says that it is a text; then the only
    one that holds free text. A column of closed answers or single words is none of them.

    >>> def one(kind, words): return Cells(kind, words, 6, 6)
    >>> cells = {"Main challenge": one(Kind.CLOSED, 2), "Q7": one(Kind.SENTENCES, 12)}
    >>> choose_problems(list(cells), cells, roles_of(cells, cells)).taken
    ('Q7',)
    """

    def of(test: Callable[[str], bool]) -> list[str]:
        return [column for column in columns if test(column)]

    problems = of(lambda one: _is_problem(one, cells[one], roles[one]))
    problems = _without_titles(_without_replies(problems, cells) or problems, cells)
    if problems:
        fuller = of(lambda one: _is_fuller(one, cells, roles[one], problems))
        problems += fuller
        problems += of(  # the third question, which few answer
            lambda one: (
                cells[one].kind is Kind.EMPTY
                and roles[one] is Role.PROBLEM
                and not is_closed_question(one)
                and one not in problems
            )
        )
        taken = _with_slots(problems, columns, cells)
        return Choice(taken, Why.NAME, fuller=tuple(fuller))
    told = _without_replies(of(lambda one: _is_told(cells[one])), cells)
    texts = [one for one in told if roles[one] in {Role.TEXT, Role.MENTION}]
    sentences = [one for one in texts if cells[one].kind is not Kind.PHRASES]
    if texts := sentences or texts:
        first = min(_rank(one, roles[one]) for one in texts)
        best = [one for one in texts if _rank(one, roles[one]) == first]
        why = Why.MENTION if roles[best[0]] is Role.MENTION else Why.TEXT
        questions = [one for one in told if _may_ask(one, cells[one], roles[one])]
        if first >= REMARKS and questions:
            return Choice((), Why.NOTHING, _fullest([*questions, *best], cells))
        if rivals := [
            one for one in [*questions, *texts] if one not in best and _is_rare(best, one, cells)
        ]:
            return Choice((), Why.NOTHING, _fullest([*rivals, *best], cells))
        return _the_one(best, columns, cells, why)
    others = [one for one in told if roles[one] in {Role.NONE, Role.FIELD}]
    long = [one for one in others if _is_long(one, cells[one])]
    if any(cells[one].kind is Kind.SENTENCES and not is_title(one) for one in long):
        long = [one for one in long if not is_title(one)]
    short = [one for one in others if cells[one].words >= SENTENCE_WORDS - 2]
    alone = [one for one in long or short if may_be_only_text(one, cells[one])]
    return _the_one(alone, columns, cells, Why.ONLY_TEXT)


def roles_of(columns: Iterable[str], cells: Mapping[str, Cells]) -> dict[str, Role]:
    """Return what each column is by its name, or by the question that stands beside it.

    A scheduler exports its questions as cells: "Question 1" holds the same question in each row,
    and "Answer 1", right of it, is named by that question.
    """
    columns = list(columns)
    asked = questions_beside(columns, cells)
    found = {column: role_of(asked.get(column, column)) for column in columns}
    return found | dict.fromkeys(_marks_of_answers(columns, cells), Role.REPLY)


def questions_beside(columns: Iterable[str], cells: Mapping[str, Cells]) -> dict[str, str]:
    """Return the question that stands in all cells of the column before a column of answers."""
    found: dict[str, str] = {}
    before: str | None = None
    for column in columns:
        said = cells[before].constant if before else None
        if said and what_is_asked(column).startswith(("answer", "response")):
            found[column] = said
        before = column
    return found


def _marks_of_answers(columns: Iterable[str], cells: Mapping[str, Cells]) -> list[str]:
    """Return the columns with what was said to the answers in others, which a quiz names so.

    >>> text = Cells(Kind.SENTENCES, 9, 6, 6)
    >>> names = ["What fails?", "Points - What fails?", "Feedback on us", "What fails? [Comment]"]
    >>> _marks_of_answers(names, dict.fromkeys(names, text))
    ['Points - What fails?', 'What fails? [Comment]']
    """
    by_name = {plain(column): column for column in columns}
    found: list[str] = []
    for name, column in by_name.items():
        before, behind = MARK_OF_ANSWER.match(name), MARK_BEHIND.search(name)
        told = by_name.get(name[: behind.start()]) if behind else None
        if (before and name[before.end() :] in by_name) or (told and _is_told(cells[told])):
            found.append(column)
    return found


def _is_problem(column: str, cells: Cells, role: Role) -> bool:
    """Return whether the name says that a column holds problems, and the cells can be some."""
    if role is not Role.PROBLEM:
        return False
    if not cells.filled:
        return not cells.sampled and not is_closed_question(column)
    if is_closed_question(column):
        return cells.kind is Kind.SENTENCES
    return cells.is_text


def _may_ask(column: str, cells: Cells, role: Role) -> bool:
    """Return whether a column is a question of unknown meaning that is answered in sentences."""
    is_open = "?" in column and not is_closed_question(column) and not is_title(column)
    return role is Role.NONE and is_open and cells.kind is Kind.SENTENCES


def _is_long(column: str, cells: Cells) -> bool:
    """Return whether the cells are nearly sentences; a closed question needs full ones."""
    if is_closed_question(column):
        return cells.kind is Kind.SENTENCES
    return cells.words >= SENTENCE_WORDS - 1


def _is_told(cells: Cells) -> bool:
    """Return whether the cells are free text, or there are none that could show."""
    return cells.kind in FREE_TEXT or not cells.sampled


def _without_replies(found: Sequence[str], cells: Mapping[str, Cells]) -> list[str]:
    """Return the columns whose cells do not say what was done about a problem."""
    return [one for one in found if not cells[one].replies]


def _rank(column: str, role: Role) -> float:
    """Return how surely a text tells a problem, 0 first; a mention stands before mere comments."""
    return MENTIONED if role is Role.MENTION else text_rank(column) or 0


def _without_titles(problems: list[str], cells: Mapping[str, Cells]) -> list[str]:
    """Return the columns without those that only name what another one tells in full."""
    full = [one for one in problems if not is_title(one) and cells[one].kind is Kind.SENTENCES]
    return [one for one in problems if not is_title(one)] if full else problems


def _the_one(
    found: Sequence[str], columns: Sequence[str], cells: Mapping[str, Cells], why: Why
) -> Choice:
    """Return the only column found, or the numbered slots of one question; else no choice."""
    stems = {stem(one) for one in found}
    if len(found) == 1 or (len(stems) == 1 and stems != {None}):
        return Choice(_with_slots(found, columns, cells), why)
    return Choice((), Why.NOTHING, _fullest(found, cells))


def _fullest(found: Iterable[str], cells: Mapping[str, Cells]) -> tuple[str, ...]:
    """Return columns in the order in which they are to be offered: the fullest first."""
    return tuple(sorted(dict.fromkeys(found), key=lambda one: -cells[one].filled))


def _is_rare(found: Sequence[str], rival: str, cells: Mapping[str, Cells]) -> bool:
    """Return whether few rows say something in the columns found, and far more do in a rival.

    A form that branches asks some people one thing and most people another.

    >>> def one(*rows): return Cells(Kind.SENTENCES, 9, len(rows), rows=frozenset(rows))
    >>> cells = {"a": one(1, 2), "b": one(3, 4, 5), "c": one(3, 4, 5, 6, 7, 8)}
    >>> _is_rare(["a"], "c", cells), _is_rare(["a", "b"], "c", cells), _is_rare(["a"], "b", cells)
    (True, False, False)
    """
    more = cells[rival]
    is_told = more.kind is Kind.SENTENCES and not more.replies
    return is_told and RARE * len(_told_in(found, cells)) < len(more.rows)


def _is_fuller(
    column: str, cells: Mapping[str, Cells], role: Role, problems: Sequence[str]
) -> bool:
    """Return whether a name mentions a problem and more rows tell one only there than elsewhere."""
    if role is not Role.MENTION or asks_of_others(what_is_asked(column)):
        return False
    more, rows = cells[column], _told_in(problems, cells)
    is_told = more.kind is Kind.SENTENCES and not more.replies
    return is_told and len(more.rows - rows) > len(rows)


def _told_in(found: Iterable[str], cells: Mapping[str, Cells]) -> frozenset[int]:
    """Return the places of the rows that say something in any of these columns."""
    return frozenset[int]().union(*(cells[one].rows for one in found))


def _with_slots(
    found: Sequence[str], columns: Sequence[str], cells: Mapping[str, Cells]
) -> tuple[str, ...]:
    """Return the columns found, and the other numbered slots of their questions.

    Few people fill the third slot, and what they write there may be short.
    """
    stems = {stem(one) for one in found} - {None}
    short = CLOSED_KINDS | {Kind.EMPTY}
    return tuple(
        one for one in columns if one in found or (stem(one) in stems and cells[one].kind in short)
    )


def warning(cells: Cells) -> str | None:
    """Return what is doubtful about a column of problems that the user named; None: nothing."""
    if cells.kind in CLOSED_KINDS:
        different = f"{cells.distinct} different in {counted(cells.filled, 'row')}"
        return f"it holds {cells.kind.value} ({different}), which say little about a problem"
    if cells.filled and not cells.is_text:
        return f"it holds {cells.kind.value}, not problems in words"
    return "it is empty in the first rows" if cells.sampled and not cells.filled else None
