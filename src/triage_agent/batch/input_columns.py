"""Which columns of a table mean what: as the user names them, or guessed from names and cells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from triage_agent.advice import load_quiz
from triage_agent.batch.column_kinds import Kind, look_at
from triage_agent.batch.column_names import find_column
from triage_agent.batch.column_notes import (
    Seen,
    left_notes,
    parted_note,
    problem_notes,
    quiz_note,
    second_table_note,
)
from triage_agent.batch.company_columns import choose_company
from triage_agent.batch.problem_columns import (
    Choice,
    Why,
    choose_problems,
    questions_beside,
    roles_of,
)
from triage_agent.batch.quiz_columns import guess_quiz, unfit_for_quiz
from triage_agent.batch.refusals import questions_in_the_way, refusal
from triage_agent.batch.revenue_columns import choose_revenue, units_beside
from triage_agent.batch.row_keys import id_column
from triage_agent.batch.software_answer import takes_yes
from triage_agent.batch.software_columns import guess_software, software_notes
from triage_agent.batch.table_shape import parted_by, questions_in_rows, second_table
from triage_agent.errors import InputError
from triage_agent.intake import counted
from triage_agent.tables import Row


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that triage reads, by name; the others are only carried along."""

    problems: tuple[str, ...] = ()
    id: str | None = None
    revenue: str | None = None
    sells_software: str | None = None
    quiz: Mapping[str, str] = field(default_factory=dict)  # dimension id: column
    group_by: str | None = None
    company: str | None = None  # what the business is called
    revenue_units: tuple[str, ...] = ()  # columns whose cells say the unit of the revenue
    software_chosen: bool = False  # `sells_software` was named, not guessed

    @property
    def without_doubtful(self) -> "Columns":
        """The same without a guess whose yes does not count, which a mapping would make a choice.

        >>> Columns(sells_software="Do you sell products or software?").without_doubtful
        Columns(problems=(), id=None, revenue=None, sells_software=None, quiz={}, group_by=None, \
company=None, revenue_units=(), software_chosen=False)
        """
        name = self.sells_software
        if name is None or takes_yes(name, chosen=self.software_chosen):
            return self
        return replace(self, sells_software=None)


NONE_NAMED = Columns()


@dataclass(frozen=True, slots=True)
class Understood:
    """What the columns of a table mean, and a sentence about each finding.

    `refusal` says why no column was taken for problems, and how to name one; None: some were.
    """

    columns: Columns
    notes: tuple[str, ...]
    refusal: str | None = None
    revenue_question: str | None = None  # beside the column, where its name does not ask


def resolve_columns(
    columns: Sequence[str], sample: Sequence[Row], named: Columns = NONE_NAMED
) -> tuple[Columns, tuple[str, ...]]:
    """Return what the columns mean, and a sentence about each finding, as `understand_columns`.

    Raises `InputError` as it does, and if no column holds problems.

    >>> resolve_columns(["#", "What is your biggest challenge?", "Annual revenue"], [])[0].problems
    ('What is your biggest challenge?',)
    """
    understood = understand_columns(columns, sample, named)
    if understood.refusal:
        raise InputError(understood.refusal)
    return understood.columns, understood.notes


def likely_forms(columns: Sequence[str], sample: Sequence[Row]) -> int:
    """Return how surely a table holds forms: 4 if a name says so, 0 if no column holds problems."""
    cells = {one: look_at((row.values.get(one) for row in sample), one) for one in columns}
    why = choose_problems(columns, cells, roles_of(columns, cells)).why
    return {Why.NAME: 4, Why.TEXT: 3, Why.MENTION: 2, Why.ONLY_TEXT: 1}.get(why, 0)


def understand_columns(
    columns: Sequence[str],
    sample: Sequence[Row],
    named: Columns = NONE_NAMED,
    *,
    guess: bool = True,
    called: str = "",
) -> Understood:
    """Return what the columns mean, by their names and by what stands in the sampled cells.

    What the user `named` counts, by name or by place (see `find_column`); the rest is guessed, if
    `guess` allows it; `called` is how the file and the sheet are named. Raises `InputError` for a
    column that is not there, and for a quiz dimension that does not exist.
    """
    cells = {one: look_at((row.values.get(one) for row in sample), one) for one in columns}
    roles = roles_of(columns, cells)
    seen = Seen(columns, cells, roles, questions_beside(columns, cells), called)
    dimensions = [one.id for one in load_quiz().questions]
    known = _find_named(columns, named, seen, dimensions)
    beside = second_table(columns, sample)
    own = [one for one in columns if one not in beside]
    others: tuple[str, ...] = ()
    if guess:
        known, others = _guess(known, own, sample, seen)
    known = replace(known, revenue_units=units_beside(known.revenue, columns))
    texts = {column: _cells(column, sample) for column in columns}
    unfit = unfit_for_quiz(_free(known, own), texts)
    if known.problems:
        choice = Choice(known.problems, Why.NAMED)
    elif asked := questions_in_rows(columns, sample):
        return Understood(known, (), questions_in_the_way(*asked, seen))
    else:
        free = [
            one for one in _free(known, own)
            if one not in unfit or cells[one].kind is Kind.SENTENCES
        ]  # fmt: skip
        choice = choose_problems(free, cells, seen.roles)
        known = replace(known, problems=choice.taken)
    notes = [*problem_notes(choice, seen)] if choice.taken else []
    notes += [*_notes(known, dimensions, seen), *others]
    if len(unfit) > len(known.quiz):
        notes.append(quiz_note(unfit, seen))
    if beside:
        notes.append(second_table_note(beside, seen))
    elif parting := parted_by([*known.problems, known.company], columns, sample):
        notes.append(parted_note(parting, seen))
    notes += left_notes([*known.problems, *_used(known), *unfit, *beside], seen)
    return Understood(
        known,
        tuple(notes),
        None if choice.taken else refusal(choice, seen),
        seen.asked.get(known.revenue or ""),
    )


def _find_named(
    columns: Sequence[str], named: Columns, seen: Seen, dimensions: Sequence[str]
) -> Columns:
    """Return the columns that the user named, as the table names them."""

    def find(name: str | None, option: str) -> str | None:
        return find_column(name, columns, option) if name else None

    if unknown := named.quiz.keys() - set(dimensions):
        raise InputError(
            f"The quiz has no dimension {min(unknown)!r}. It has: {', '.join(dimensions)}."
        )
    texts = seen.text_first()
    problems = [find_column(one, columns, "--problem-column", texts) for one in named.problems]
    return Columns(
        tuple(dict.fromkeys(problems)),
        find(named.id, "--id-column"),
        find(named.revenue, "--revenue-column"),
        find(named.sells_software, "--software-column"),
        {
            name: find_column(one, columns, f"--quiz-column {name}=COLUMN:")
            for name, one in named.quiz.items()
        },
        find(named.group_by, "--group-by"),
        find(named.company, "--company-column"),
        software_chosen=named.sells_software is not None,
    )


def _used(known: Columns) -> list[str | None]:
    """Return the columns that are read, problems aside."""
    return [
        known.id,
        known.revenue,
        *known.revenue_units,
        known.sells_software,
        known.group_by,
        known.company,
        *known.quiz.values(),
    ]


def _free(known: Columns, columns: Sequence[str]) -> list[str]:
    """Return the columns that mean nothing yet."""
    taken = {*known.problems, *_used(known)}
    return [one for one in columns if one not in taken]


def _guess(
    known: Columns, columns: Sequence[str], sample: Sequence[Row], seen: Seen
) -> tuple[Columns, tuple[str, ...]]:
    """Return the columns with those of the profile, the quiz and the id that were not named.

    With sentences about those that come near to it.
    """
    cells = {column: _cells(column, sample) for column in columns}
    known = replace(known, quiz={**guess_quiz(_free(known, columns), cells), **known.quiz})
    known = replace(known, id=known.id or id_column(_free(known, columns), cells))
    notes: tuple[str, ...] = ()
    if known.revenue is None:
        chosen = choose_revenue(_free(known, columns), seen)
        known, notes = replace(known, revenue=chosen.column), chosen.notes
    software = known.sells_software or guess_software(_free(known, columns), seen)
    known = replace(known, sells_software=software)
    if known.company is None:
        named = choose_company(_free(known, columns), cells, seen)
        known = replace(known, company=named.column)
        notes += (named.note,) if named.note else ()
    return known, notes


def _cells(column: str, sample: Sequence[Row]) -> list[str]:
    """Return the sampled cells of a column that hold anything, as text."""
    found = (row.values.get(column) for row in sample)
    texts = (", ".join(map(str, one)) if isinstance(one, list) else one for one in found)
    return [text for one in texts if one is not None and (text := str(one).strip())]


def _notes(columns: Columns, dimensions: Sequence[str], seen: Seen) -> tuple[str, ...]:
    """Return a sentence for each part of a form, problems aside, that has a column or none."""

    def of(column: str) -> str:
        return seen.listed([column])

    notes: list[str] = []
    if columns.id:
        notes.append(f"Each form's id is read from {of(columns.id)}.")
    if columns.revenue:
        beside = f" in the unit of {seen.listed(columns.revenue_units)}"
        notes.append(
            f"The yearly revenue is read from {of(columns.revenue)}"
            f"{beside if columns.revenue_units else ''}."
        )
    if columns.sells_software:
        notes += software_notes(columns.sells_software, seen, chosen=columns.software_chosen)
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
    notes += _quiz_notes(columns, dimensions)
    if columns.company:
        notes.append(f"Each business is called as {of(columns.company)} says.")
    if columns.group_by:
        notes.append(f"Rows with the same {of(columns.group_by)} are one business.")
    return tuple(notes)


def _quiz_notes(columns: Columns, dimensions: Sequence[str]) -> Iterator[str]:
    """Yield what is said of the columns of the readiness quiz."""
    missing = [name for name in dimensions if name not in columns.quiz]
    if columns.quiz and missing:
        yield (
            f"Only {len(columns.quiz)} of the quiz's {len(dimensions)} questions have a column "
            f"(none for {', '.join(missing)}), so no quiz is taken."
        )
    elif columns.quiz:
        yield f"The readiness quiz is read from {counted(len(columns.quiz), 'column')}."
