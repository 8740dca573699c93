"""What a run says about the columns before anything is answered: in a few lines, and no more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from triage_agent.batch.column_kinds import CLOSED_KINDS, FREE_TEXT, Cells, Kind
from triage_agent.batch.column_names import listed, suggest
from triage_agent.batch.column_words import Role
from triage_agent.batch.problem_columns import Choice, Why, warning
from triage_agent.intake import counted

GUESSES = {Why.TEXT, Why.MENTION, Why.ONLY_TEXT}
LEFT = 3  # names of each group; the rest is counted


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the columns of a table: their cells, and what their names say."""

    columns: Sequence[str]
    cells: Mapping[str, Cells]
    roles: Mapping[str, Role]

    def listed(self, names: Sequence[str], most: int = LEFT) -> str:
        """Return names for a note."""
        return listed(names, self.columns, most)

    def text_first(self) -> list[str]:
        """Return the columns, those that hold texts first, and the wordy before the others."""
        return sorted(
            self.columns,
            key=lambda one: (
                self.cells[one].kind not in FREE_TEXT,
                self.roles[one] is Role.REPLY,
                not self.cells[one].is_text,
                self.roles[one] not in {Role.PROBLEM, Role.TEXT},
                self.roles[one] is Role.FIELD,
                -self.cells[one].words if self.cells[one].kind in FREE_TEXT else 0,
            ),
        )


def problem_notes(choice: Choice, seen: Seen) -> Iterator[str]:
    """Yield what is read as problems and why, and what is doubtful about it."""
    *first, last = choice.taken
    names = seen.listed([last])
    if first:
        names = f"{seen.listed(first, 5)} and {names}"
    why = f" ({choice.why.value})" if choice.why in GUESSES else ""
    yield f"Problems are read from {names}{why}."
    for one in choice.taken:
        doubtful = choice.why is Why.NAMED or seen.cells[one].kind is Kind.REPEATED
        if doubtful and (doubt := warning(seen.cells[one])):
            yield f"Careful: {seen.listed([one])}: {doubt}."
    if tagged := [one for one in choice.taken if seen.cells[one].has_html]:
        yield f"HTML tags stand in {seen.listed(tagged)}; OUT keeps the cells as they are."


def left_notes(used: Sequence[str | None], seen: Seen) -> Iterator[str]:
    """Yield which columns were not read, in at most three lines: texts, closed answers, others."""
    left = [one for one in seen.columns if one not in used]
    replies = [
        one for one in left
        if seen.roles[one] is Role.REPLY and (seen.cells[one].is_text or not seen.cells[one].filled)
    ]  # fmt: skip
    texts = [one for one in left if seen.cells[one].kind in FREE_TEXT and one not in replies]
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


def refusal(choice: Choice, seen: Seen) -> str:
    """Return why no column was taken, and the option that would name one."""
    option = "--problem-column"
    if choice.candidates:
        count = counted(len(choice.candidates), "column holds", "columns hold")
        return (
            f"{count} free text, and no name says which of them is the problem: "
            f"{seen.listed(choice.candidates, 5)}. Name it: "
            f"{suggest(choice.candidates[:3], seen.columns, option)}"
        )
    ordered = seen.text_first()
    texts = [one for one in ordered if seen.cells[one].kind in FREE_TEXT]
    if texts:
        return (
            f"No column surely holds problems. Free text stands in {seen.listed(texts, 5)}. "
            f"If one of them says what goes wrong, name it: "
            f"{suggest(texts[:3], seen.columns, option)}"
        )
    closed = [
        one for one in ordered
        if seen.roles[one] in {Role.PROBLEM, Role.TEXT} and seen.cells[one].filled
    ]  # fmt: skip
    if closed:
        kinds = " and ".join(dict.fromkeys(seen.cells[one].kind.value for one in closed[:3]))
        return (
            f"No column holds problems in words: {seen.listed(closed)} holds {kinds}. If it is to "
            f"be read all the same: {suggest(closed[:1], seen.columns, option)}"
        )
    header = "" if any(seen.cells[one].kind is Kind.SENTENCES for one in ordered) else (
        " If the first row holds no names: --no-header."
    )  # fmt: skip
    return (
        f"No column looks like a problem in words. There are: {seen.listed(ordered, 12)}. If one "
        f"is to be read all the same, name it: {suggest(ordered[:1], seen.columns, option)}{header}"
    )
