"""Which columns of a table mean what: as the user names them, or guessed from names and cells."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from triage_agent.advice import load_quiz
from triage_agent.batch.quiz_answer import plain_name, quiz_number, quiz_points
from triage_agent.errors import InputError
from triage_agent.tables import Row

# Names are compared in lower case, with everything but letters and digits as single blanks.
PROBLEM = re.compile(
    r"\b(?:problems?|challenges?|pain ?points?|pains?|bottlenecks?|struggl\w+|frustrat\w+|issues?"
    r"|headaches?|obstacles?|time ?wasters?|slow\w* you down|keeps? you up|difficult(?:y|ies)"
    r"|(?:costs? you|takes?|takes up|wastes?) the most|complaints?)\b"
)
NAMED_PROBLEM = re.compile(r"(?:problem|challenge|pain ?point|bottleneck)s?(?: \d+)?")
TEXT = re.compile(
    r"^(?:(?:the |your |full )?(?:descriptions?|messages?|texts?|comments?|details?|body|content"
    r"|inquiry|enquiry|request|notes?|free text)(?: \d+)?)$|\bdescri(?:be|ption)\b|\btell us\b"
    r"|\bhow can we help\b|\bwhat (?:do|would) you (?:need|like) (?:us )?(?:help|to)\b"
)
ABOUT_A_PROBLEM = re.compile(
    r"\b(?:ids?|count|number(?! \d)|severity|priority|status|date|tags?|tried|solved|since"
    r"|deadline)\b"
)
# Such a question has a problem for its answer only if the cells hold sentences.
CLOSED = re.compile(
    r"^(?:how (?:many|much|often|long|severe|urgent|big)|on a scale|rate|when|who|which|do you|does"
    r"|have you|has|are you|is|did|would you|can we)\b|\b(?:category|type|area|department)\b"
)
SENTENCE_WORDS = 5
NO_FORM_FIELD = re.compile(
    r"^(?:timestamp|submit(?:ted)? (?:date|at)(?: utc)?|submission date|start date(?: utc)?|date"
    r"|stage date(?: utc)?|network id|respondent id|response type|ending|tags|email(?: address)?"
    r"|e mail(?: address)?|your e ?mail|username"
    r"|(?:first |last |full |your |company |business )?name"
    r"|phone(?: number)?|company|business|website|url|ip(?: address)?|user agent|score|consent"
    r"|utm \w+|created at|updated at|column \d+)$"
)
IDS = (
    "id", "submission id", "response id", "row id", "form id", "record id", "entry id", "case id",
    "ticket id", "lead id", "reference", "token", "#",
)  # fmt: skip
REVENUE = re.compile(
    r"\b(?:revenues?|turnover|(?:annual|yearly|gross|total) (?:sales|income|billings)|arr"
    r"|sales (?:per|a) year|how much does your (?:business|company) (?:make|earn|turn over))\b"
)
SOFTWARE = re.compile(
    r"\bsells? (?:\w+ ){0,3}software\b|\bsoftware (?:product|company|business)\b|\bsaas\b"
    r"|\b(?:build|building|builds|offer|offers|develop|develops) (?:\w+ ){0,4}software\b"
    r"|\bsells software\b|\bsoftware for (?:\w+ )?customers\b"
)
TRUTH = {"yes", "no", "true", "false", "y", "n", "0", "1", "x", ""}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that triage reads, by name; the others are only carried along."""

    problems: tuple[str, ...] = ()
    id: str | None = None
    revenue: str | None = None
    sells_software: str | None = None
    quiz: Mapping[str, str] = field(default_factory=dict)  # dimension id: column
    group_by: str | None = None


NONE_NAMED = Columns()


def resolve_columns(
    columns: Sequence[str], sample: Sequence[Row], named: Columns = NONE_NAMED
) -> tuple[Columns, tuple[str, ...]]:
    """Return what the columns mean, and a sentence about each finding.

    What the user `named` counts; a name may differ from the column's in case, blanks and
    punctuation. The rest is guessed from the names and the cells; Google Forms, Typeform, Jotform
    and Tally are known. Raises `InputError` for a column that is not there, naming close ones, for
    a quiz dimension that does not exist, and if no column fits.

    >>> resolve_columns(["#", "What is your biggest challenge?", "Annual revenue"], [])[0].problems
    ('What is your biggest challenge?',)
    """
    cells = {column: _cells(column, sample) for column in columns}

    def find(name: str | None, option: str) -> str | None:
        return _find(name, columns, option) if name else None

    problems = [_find(name, columns, "--problem-column") for name in named.problems]
    id_ = find(named.id, "--id-column")
    revenue = find(named.revenue, "--revenue-column")
    software = find(named.sells_software, "--software-column")
    group = find(named.group_by, "--group-by")
    quiz = {name: _find(one, columns, "--quiz-column") for name, one in named.quiz.items()}
    dimensions = [question.id for question in load_quiz().questions]
    if unknown := quiz.keys() - set(dimensions):
        raise InputError(
            f"The quiz has no dimension {min(unknown)!r}. It has: {', '.join(dimensions)}."
        )

    def free() -> list[str]:
        taken = {*problems, id_, revenue, software, group, *quiz.values()}
        return [column for column in columns if column not in taken]

    quiz = _guess_quiz(free(), cells) | quiz
    id_ = id_ or _guess_id(free(), cells)
    revenue = revenue or _guess_one(REVENUE, free(), cells)
    software = software or _guess_one(SOFTWARE, free(), cells)
    found = tuple(dict.fromkeys(problems)) or _guess_problems(free(), cells)
    if not found:
        raise InputError(
            f"No column looks like a problem. There are: {_listed(columns)}. Name the right one "
            "with --problem-column, or say --no-header if the first row holds no names."
        )
    known = Columns(found, id_, revenue, software, quiz, group)
    return known, _notes(known, dimensions)


def _cells(column: str, sample: Sequence[Row]) -> list[str]:
    """Return the sampled cells of a column that hold anything, as text."""
    found = (row.values.get(column) for row in sample)
    return [text for cell in found if cell is not None and (text := str(cell).strip())]


def _find(name: str, columns: Sequence[str], option: str) -> str:
    """Return the column with a name, or raise `InputError` with those that come close."""
    if name in columns:
        return name
    same = [column for column in columns if plain_name(column) == plain_name(name)]
    if len(same) == 1:
        return same[0]
    by_plain = {plain_name(column): column for column in columns}
    close = difflib.get_close_matches(plain_name(name), by_plain, n=3)
    close += [plain for plain in by_plain if plain_name(name) in plain and plain not in close]
    shown = [by_plain[plain] for plain in close[:3]]
    hint = f"Did you mean {_listed(shown, ' or ')}?" if shown else f"There are: {_listed(columns)}."
    what = "is the name of several columns" if same else "is not a column"
    raise InputError(f"{option}: {name!r} {what}. {hint}")


def _guess_id(columns: Sequence[str], cells: Mapping[str, list[str]]) -> str | None:
    """Return the column that tells rows apart; an e-mail address is not an id."""
    by_plain = {plain_name(column): column for column in reversed(columns)}
    for name in IDS:
        found = by_plain.get(name)
        if found is not None and len(set(cells[found])) == len(cells[found]):
            return found
    return None


def _guess_one(
    name: re.Pattern[str], columns: Sequence[str], cells: Mapping[str, list[str]]
) -> str | None:
    """Return the first column with such a name, unless it holds sentences about a problem."""
    for column in columns:
        plain = plain_name(column)
        if name.search(plain) and not PROBLEM.search(plain) and _words(cells[column]) < 8:
            return column
    return None


def _guess_quiz(columns: Sequence[str], cells: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the columns of the readiness quiz, by dimension.

    A bare "team" or "data" counts only if every cell is an answer: these are common names.
    """
    found: dict[str, str] = {}
    for question in load_quiz().questions:
        names = {question.id, plain_name(question.dimension)}
        for column in columns:
            plain = plain_name(column)
            answers = [
                number if (number := quiz_number(cell)) is not None else quiz_points(question, cell)
                for cell in cells[column]
            ]
            named = plain.startswith("quiz ") and plain.removeprefix("quiz ") in names
            bare = plain in names and answers and None not in answers
            if named or bare or plain_name(question.question) in plain:
                found.setdefault(question.id, column)
    return found


def _guess_problems(columns: Sequence[str], cells: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Return the columns named like problems, else the wordiest named like a text."""
    fields = [column for column in columns if not NO_FORM_FIELD.match(plain_name(column))]
    strong = [column for column in fields if _is_problem(plain_name(column), cells[column])]
    if strong:
        return tuple(strong)
    texts = [
        column
        for column in fields
        if TEXT.search(plain_name(column)) and not _is_closed(cells[column])
    ]
    if not texts:
        return ()
    best = max(texts, key=lambda column: _words(cells[column]))
    stem = re.sub(r" \d+$", "", plain_name(best))
    alike = [column for column in texts if re.sub(r" \d+$", "", plain_name(column)) == stem]
    return tuple(alike) if stem != plain_name(best) else (best,)


def _is_problem(plain: str, cells: Sequence[str]) -> bool:
    """Return whether a column of this name with these cells holds problems."""
    if NAMED_PROBLEM.fullmatch(plain):
        return True
    if not PROBLEM.search(plain) or ABOUT_A_PROBLEM.search(plain) or _is_closed(cells):
        return False
    return not CLOSED.search(plain) or _words(cells) >= SENTENCE_WORDS


def _is_closed(cells: Sequence[str]) -> bool:
    """Return whether the cells are all numbers, or all yes and no."""
    return bool(cells) and (
        all(cell.casefold() in TRUTH for cell in cells)
        or all(re.fullmatch(r"[-+]?[\d.,:/% ]+", cell) for cell in cells)
    )


def _words(cells: Sequence[str]) -> float:
    """Return how many words a cell has on average."""
    return sum(len(cell.split()) for cell in cells) / len(cells) if cells else 0.0


def _listed(names: Sequence[str], last: str = ", ") -> str:
    """Return names for a message, the long and the many cut."""
    shown = [repr(name if len(name) <= 60 else name[:59] + "…") for name in names[:20]]
    shown += ["…"] if len(names) > 20 else []
    return last.join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)


def _notes(columns: Columns, dimensions: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence for each thing that was understood or is missing."""
    notes = [f"Problems are read from {_listed(columns.problems, ' and ')}."]
    if columns.id:
        notes.append(f"Each form's id is read from {columns.id!r}.")
    if columns.revenue:
        notes.append(f"The yearly revenue is read from {columns.revenue!r}.")
    if columns.sells_software:
        notes.append(f"Whether software is sold is read from {columns.sells_software!r}.")
    unknown = [
        f"{what} ({option})"
        for what, option, column in (
            ("the yearly revenue", "--revenue-column", columns.revenue),
            ("whether software is sold", "--software-column", columns.sells_software),
        )
        if column is None
    ]
    if unknown:
        notes.append(f"No column was found for {' and '.join(unknown)}: unknown.")
    missing = [name for name in dimensions if name not in columns.quiz]
    if columns.quiz and missing:
        notes.append(
            f"Only {len(columns.quiz)} of the quiz's {len(dimensions)} questions have a column "
            f"(none for {', '.join(missing)}), so no quiz is taken."
        )
    elif columns.quiz:
        notes.append(f"The readiness quiz is read from {len(columns.quiz)} columns.")
    if columns.group_by:
        notes.append(f"Rows with the same {columns.group_by!r} are one business.")
    return tuple(notes)
