"""What a run says about the columns before anything is answered: in a few lines, and no more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from triage_agent.batch.column_kinds import CLOSED_KINDS, FREE_TEXT, Cells, Kind
from triage_agent.batch.column_names import listed, shown_name
from triage_agent.batch.column_words import Role
from triage_agent.batch.problem_columns import Choice, Why, warning
from triage_agent.batch.weak_evidence import shows_nothing
from triage_agent.intake import counted

GUESSES = {Why.TEXT, Why.MENTION, Why.ONLY_TEXT}
SHOWN_ALL = 8  # names of problem columns
LEFT = 3  # names of each group; the rest is counted


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the columns of a table: their cells, and what their names say."""

    columns: Sequence[str]
    cells: Mapping[str, Cells]
    roles: Mapping[str, Role]
    asked: Mapping[str, str] = field(default_factory=dict)  # questions that stand beside a column
    called: str = ""  # the names of the file and the sheet

    def listed(self, names: Sequence[str], most: int = LEFT) -> str:
        """Return names for a note."""
        return listed(names, self.columns, most)

    def text_first(self) -> list[str]:
        """Return the columns, those that hold texts first, and the wordy before the others."""
        return sorted(
            self.columns,
            key=lambda one: (
                self.cells[one].kind not in FREE_TEXT,
                self.roles[one] in {Role.REPLY, Role.ASPECT} or self.cells[one].replies,
                self.roles[one] not in {Role.PROBLEM, Role.TEXT, Role.MENTION},
                not self.cells[one].is_text or self.cells[one].kind is Kind.NAMES,
                self.roles[one] is Role.FIELD,
                -self.cells[one].words if self.cells[one].kind in FREE_TEXT else 0,
            ),
        )


def problem_notes(choice: Choice, seen: Seen) -> Iterator[str]:
    """Yield what is read as problems and why, and what is doubtful about it."""
    shown = choice.taken if len(choice.taken) <= SHOWN_ALL else choice.taken[:LEFT]
    *first, last = shown
    names = seen.listed([last])
    if len(shown) < len(choice.taken):
        names = f"{seen.listed(shown)} and {len(choice.taken) - LEFT} more"
    elif first:
        names = f"{seen.listed(first, SHOWN_ALL)} and {names}"
    why = f" ({choice.why.value})" if choice.why in GUESSES else ""
    yield f"Problems are read from {names}{why}."
    if choice.fuller:
        yield (
            f"Read too, since many rows hold a text only there: {seen.listed(choice.fuller)}. "
            "If it tells no problem, name the columns that do with --problem-column."
        )
    for one in choice.taken:
        doubtful = choice.why is Why.NAMED or seen.cells[one].kind is Kind.REPEATED
        if doubtful and (doubt := warning(seen.cells[one])):
            yield f"Careful: {seen.listed([one])}: {doubt}."
        elif choice.why in GUESSES and shows_nothing(
            one, seen.cells[one], [*seen.columns, seen.called]
        ):
            yield (
                f"Careful: few texts in {seen.listed([one])} have words for what goes wrong or is "
                "wanted, and no name speaks of problems or requests. If it tells something else, "
                "such as what a business sells, its answers mean nothing."
            )
    if tagged := [one for one in choice.taken if seen.cells[one].has_html]:
        yield f"HTML tags stand in {seen.listed(tagged)}; OUT keeps the cells as they are."


def left_notes(used: Sequence[str | None], seen: Seen) -> Iterator[str]:
    """Yield which columns were not read, in at most three lines: texts, closed answers, others."""
    left = [one for one in seen.columns if one not in used]
    replies = [
        one for one in left
        if (seen.roles[one] is Role.REPLY or seen.cells[one].replies)
        and (seen.cells[one].is_text or not seen.cells[one].filled)
    ]  # fmt: skip
    texts = [one for one in left if seen.cells[one].kind in FREE_TEXT and one not in replies]
    # What most people wrote in sentences is not counted away.
    texts.sort(
        key=lambda one: (seen.cells[one].kind is not Kind.SENTENCES, -seen.cells[one].filled)
    )
    about = [one for one in texts if seen.roles[one] in {Role.ASPECT, Role.MENTION}]
    texts = [one for one in texts if one not in about]
    closed = [
        one for one in left
        if seen.cells[one].kind in CLOSED_KINDS and one not in replies
    ]  # fmt: skip
    named = {*replies, *about, *texts, *closed}
    others = [one for one in left if one not in named]
    parts = [
        f"about a problem, but not the problem: {seen.listed(about)}" if about else "",
        f"other texts: {seen.listed(texts)}" if texts else "",
        f"replies or solutions: {seen.listed(replies)}" if replies else "",
    ]
    if any(parts):
        yield f"Not read: {'; '.join(part for part in parts if part)}."
    if closed:
        yield f"Not read, closed answers or single words: {seen.listed(closed)}."
    if others:
        yield f"Only carried along: {seen.listed(others)}."


def quiz_note(unfit: Mapping[str, str], seen: Seen) -> str:
    """Return why the columns that are named like the quiz are not taken for one."""
    example = next((cell for cell in unfit.values() if cell), "")
    such = f", such as {shown_name(example)!r}," if example else ""
    return (
        f"No quiz is taken from {seen.listed([*unfit])}: their answers{such} are neither 0 to 3, "
        "1 to 4, nor the words of the quiz. Write 0 (the lowest) to 3 in these columns to use it."
    )


def second_table_note(beside: Sequence[str], seen: Seen) -> str:
    """Return what is said of a second table beside that of the forms."""
    return (
        f"Another table stands beside that of the forms, and is not read: {seen.listed(beside)}. "
        "A column of it counts if you name it, like --problem-column COLUMN."
    )


def parted_note(parting: str, seen: Seen) -> str:
    """Return what is said where an empty column parts what is read together."""
    return (
        f"Careful: {seen.listed([parting])} is empty and has no name, and columns on both sides of "
        "it are read. If another table begins there, name the columns that count, like "
        "--problem-column COLUMN."
    )


def room_note(columns: int, most: int) -> str | None:
    """Return what is to be said if there are more problem columns than problems of a form.

    >>> room_note(3, 5)
    """
    if columns <= most:
        return None
    return (
        f"There are {columns} problem columns, more than --max-problems {most}, so each form has "
        f"room for {counted(columns, 'problem')}. To read fewer, name them with --problem-column."
    )
