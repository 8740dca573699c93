"""A row becomes a form: one business, its problems and its profile."""

import re
import unicodedata
from dataclasses import dataclass, replace

from triage_agent.advice import Profile, QuizResult
from triage_agent.batch.cell_dates import DATE
from triage_agent.batch.column_kinds import is_reference, without_tags
from triage_agent.batch.column_words import plain
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.profile_columns import QuizScale, quiz_of, revenue_of, sells_of
from triage_agent.batch.row_keys import IDS
from triage_agent.batch.software_answer import says_nothing
from triage_agent.files import Strict, replace_surrogates
from triage_agent.intake import Revenue, Splitter, holds_several, read_text
from triage_agent.models import split_text
from triage_agent.privacy import mask, one_line
from triage_agent.tables import Row, Value
from triage_agent.types import Problem, Source

NOTHING = {
    "n/a", "na", "n.a", "none", "nil", "null", "nothing", "-", "--", "–", "—", ".", "no", "nope",
    "tbd", "tba", "idk", "ditto", "idem", "unknown", "not applicable", "skip",
}  # fmt: skip
THERE = r"(?:above|before|below|previous(?:ly)?|last (?:time|month|week|year)|earlier)"
ATTACHED = r"(?:attach\w*|enclosed?)"
NO_PROBLEM = re.compile(  # what says that there is none, or where it is told
    r"(?:no|none|nothing|not)(?: (?:other|more|else|further|new|specific|really|special|so far"
    r"|i can think of|comes? to mind|to (?:add|report|say|mention)|at (?:the|this) (?:moment|time)"
    r"|at present|at all|right now|for now|yet|today|sure|answer|comments?|problems?|issues?"
    r"|challenges?|idea))*|(?:i |we )?don't (?:know|have any)"
    r"|(?:please |pls )?(?:see|refer to|read|check)(?: the| my| our)? "
    rf"(?:{ATTACHED}|{THERE}|file|document|pdf|e-?mail|notes?|website|link"
    r"|other (?:answer|question|field)s?)(?: (?:file|document|pdf|e-?mail))?"
    rf"|(?:the )?same(?: (?:as|like))?(?: (?:the )?(?:{THERE}|first|other)(?: one)?)?|as {THERE}"
    r"|as (?:discussed|attached|mentioned)(?: (?:above|before|earlier))?"
    rf"|(?:in|on) (?:the )?{ATTACHED}|prefer not to (?:say|answer)"
    r"|will (?:follow|send)(?: later)?|later"
)
MAX_PROBLEMS = 5  # of one form
OURS = "triage_"  # how the names of the columns begin that a batch adds
NO_FORM = "This row is no form: "  # how the notes of such a row begin


@dataclass(frozen=True, slots=True)
class Form:
    """What one row says: a business, its problems in their order, and what could not be read."""

    number: int  # of the row, as in `Row`
    id: str  # the row's own, else its number
    problems: tuple[Problem, ...]
    profile: Profile
    quiz: QuizResult | None  # None: not taken, or not completely
    group: str | None  # the business that `Columns.group_by` names; None: none is named
    complaints: tuple[str, ...]  # what could not be read
    company: str = ""  # what the business is called; empty: that is not said
    remarks: tuple[str, ...] = ()  # what was read, and how it was understood
    is_blank: bool = False  # whether nothing was answered: no cell holds more than a date or an id
    no_form: str | None = None  # what the row is if it holds nobody's answers, as `Row.no_form`

    @property
    def business(self) -> str | None:
        """What is the same in all ways to write the name of a business; None: none is named.

        Case, blanks, the form of the signs and a last stop make no difference.
        """
        if self.group is None:
            return None
        name = " ".join(unicodedata.normalize("NFKC", self.group).casefold().split())
        return name.rstrip(" .,") or name

    @property
    def notes(self) -> tuple[str, ...]:
        """What OUT says about the reading of the row."""
        return self.complaints + self.remarks

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of the problems."""
        return tuple(problem.text for problem in self.problems)


class FormReading(Strict):
    """How the rows of a table are read as forms; OUT.run.json holds it under `reading`."""

    format: str | None = None  # of the table, a key of `FORMATS`; None: not known
    split: bool = True  # a cell may hold several problems
    max_problems: int | None = None  # of a form, if cells are split; None: any number
    usd_rate: float | None = None  # USD that one unit of another currency buys
    revenue_unit: str | None = None  # of the revenue; None: what its column's name says
    quiz_scale: QuizScale = "0-3"  # of quiz answers that are numbers
    columns: Columns

    @property
    def one_row_each(self) -> bool:
        """Whether a row holds all problems of its business."""
        return self.columns.group_by is None

    @property
    def slots(self) -> int:
        """For how many problems of a form OUT has columns, whatever the forms hold."""
        most = (self.max_problems or 0) if self.split else 0
        return max(most, len(self.columns.problems))


def read_form(row: Row, reading: FormReading, split: Splitter = split_text) -> Form:
    """Return the form of a row; what cannot be read is a complaint, never an error.

    `split` takes the cells apart, if the `reading` says that they are.
    """
    if row.no_form:
        return _no_form(row, row.no_form)
    columns = reading.columns
    complaints = [f"The row {row.complaint}."] if row.complaint else []
    remarks: list[str] = []
    problems: list[Problem] = []
    for column in columns.problems:
        for text in _texts(row.values.get(column)):
            said = text.strip()
            if says_no_problem(said):
                remarks.append(f"{column!r} says {_cut(said)!r}, which is taken as empty.")
            elif said:
                found = _read_cell(text, Source(row.number, column), reading, split)
                if not found:
                    complaints.append(f"{column!r} holds no problem, only {_cut(said)!r}.")
                problems += found
    if reading.split:
        problems = _at_most(problems, reading.max_problems, len(columns.problems))
    sells = _cell(row, columns.sells_software)
    profile = Profile(
        _revenue(row, reading, complaints, remarks),
        sells_of(sells, _short(sells), columns, complaints),
    )
    return Form(
        number=row.number,
        id=_short(_cell(row, columns.id)) or str(row.number),
        problems=tuple(
            replace(problem, id=f"{row.number}.{number}")
            for number, problem in enumerate(problems, start=1)
        ),
        profile=profile,
        quiz=quiz_of(row.values, columns, reading.quiz_scale, complaints),
        group=_short(_cell(row, columns.group_by)) or None,
        complaints=tuple(complaints),
        company=_short(_cell(row, columns.company)),
        remarks=tuple(remarks),
        is_blank=_is_blank(row, columns),
    )


def _no_form(row: Row, what: str) -> Form:
    """Return what stands for a row without anybody's answers, with what OUT says about it."""
    said = f"{NO_FORM}{what}."
    return Form(
        row.number, str(row.number), (), Profile(), None, None, (), remarks=(said,), no_form=what
    )


def no_form_of(notes: object) -> str | None:
    """Return what a row of OUT is if it is no form, by its notes.

    >>> no_form_of("This row is no form: totals."), no_form_of("")
    ('totals', None)
    """
    said = str(notes or "")
    return said.removeprefix(NO_FORM).rstrip(".") if said.startswith(NO_FORM) else None


def says_no_problem(text: str) -> bool:
    """Return whether a cell tells no problem: it says so, points elsewhere, or is an id or a link.

    >>> says_no_problem("No."), says_no_problem("see attached"), says_no_problem("TCK-4711")
    (True, True, True)
    >>> says_no_problem("No show customers"), says_no_problem("see attached invoices twice a day")
    (False, False)
    """
    said = " ".join(text.split()).strip(" .!?()[]").casefold().replace("’", "'") or text.casefold()
    return said in NOTHING or bool(NO_PROBLEM.fullmatch(said)) or is_reference(text.strip())


def tells_problem(row: Row, columns: Columns) -> bool | None:
    """Return whether a row's cells tell a problem, not taken apart; None: nothing is answered."""
    if row.no_form or _is_blank(row, columns):
        return None
    texts = [text.strip() for one in columns.problems for text in _texts(row.values.get(one))]
    return any(text and not says_no_problem(text) for text in texts)


def _is_blank(row: Row, columns: Columns) -> bool:
    """Return whether nothing was answered; a form tool itself fills in a time, and an id.

    What `triage batch` added to a row of its output does not count.
    """
    answers = (
        str(cell).strip()
        for name, cell in row.values.items()
        if cell is not None and not name.startswith(OURS)
        if name != columns.id and plain(name) not in IDS
    )
    return bool(row.values) and all(not text or DATE.fullmatch(text) for text in answers)


def _revenue(row: Row, reading: FormReading, complaints: list[str], remarks: list[str]) -> Revenue:
    """Return the revenue of a row, in the unit of its column and of the cells beside it."""
    columns = reading.columns
    cell = _cell(row, columns.revenue)
    unit = columns.revenue or "" if reading.revenue_unit is None else reading.revenue_unit
    beside = [_short(_cell(row, one)) for one in columns.revenue_units]
    if said := ", ".join(one for one in beside if not says_nothing(one)):
        unit = f"{unit} ({said})"
    return revenue_of(
        cell, _short(cell), columns.revenue, unit, reading.usd_rate, complaints, remarks
    )


def _texts(cell: Value) -> list[str]:
    """Return the texts of a problem cell; JSON may hold several in an array."""
    if cell is None:
        return []
    if isinstance(cell, list):
        return [text for inner in cell for text in _texts(inner)]
    if isinstance(cell, dict):
        return _texts(cell.get("text"))
    return [without_tags(replace_surrogates(str(cell)))]


def _read_cell(
    text: str, source: Source, reading: FormReading, split: Splitter
) -> tuple[Problem, ...]:
    """Return the problems of a cell; they get their ids later."""
    if reading.split:
        found = read_text(text, split, source=source).problems
        return tuple(one for one in found if isinstance(one, Problem))
    start = len(text) - len(text.lstrip())
    place = replace(source, start=start, end=start + len(text.strip()))
    return (Problem("", text.strip(), place, holds_several(text, split)),)


def _at_most(problems: list[Problem], most: int | None, columns: int) -> list[Problem]:
    r"""Return at most `most` problems, or one per column; further ones are joined in the last.

    >>> _at_most([Problem("", "a"), Problem("", "b"), Problem("", "c")], 2, 1)[1].text
    'b\nc'
    """
    most = len(problems) if most is None else max(most, columns)
    if len(problems) <= most:
        return problems
    over = problems[most - 1 :]
    places = [one.source or Source() for one in over]
    columns_there = list(dict.fromkeys(where.column or "" for where in places))
    place = replace(places[0], end=places[-1].end)
    if len(columns_there) > 1:
        place = Source(places[0].row, " | ".join(columns_there))
    joined = Problem("", "\n".join(one.text for one in over), place, holds_several=True)
    return [*problems[: most - 1], joined]


def _cut(text: str) -> str:
    """Return a text as a message shows it: on one line, masked, and not long."""
    shown = mask(one_line(text))
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


def _cell(row: Row, column: str | None) -> Value:
    """Return the row's cell in a column that may not exist."""
    return row.values.get(column) if column is not None else None


def _short(cell: Value) -> str:
    """Return an id or a company as text; 7.0 is 7, as Excel shows it."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return replace_surrogates(str(cell)).strip() if isinstance(cell, str | int | float) else ""
