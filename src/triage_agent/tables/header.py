"""Where the data of a table begins: titles above the header, and a header of several rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from triage_agent.errors import InputError
from triage_agent.tables.banners import (
    is_broken_off,
    is_cut,
    is_prose,
    is_shorter,
    is_title,
    is_title_over,
    known_under_banners,
    leading_comments,
)
from triage_agent.tables.first_rows import guides_under, holds_data, looks_like_data
from triage_agent.tables.header_rows import (
    column,
    count,
    filled_from_above,
    is_of_ours,
    is_typed,
    names_of,
)
from triage_agent.tables.row import Value
from triage_agent.tables.sniffing import LOOKED_AT

LEAST_WIDE = 2  # columns of a table that titles can stand above
Numbered = tuple[int, list[Value]]


@dataclass(frozen=True, slots=True)
class Header:
    """The rows before the data, each as it stands in the file, () for a blank one.

    `names` has a name for each cell of the header; `row` None: no row names the columns.
    """

    names: tuple[str, ...]
    row: int | None = None  # numbered like the rows
    at: int = 0  # its place among the rows that hold anything
    taken: int = 0  # how many of these are no data
    titles: tuple[tuple[Value, ...], ...] = ()
    extra: tuple[tuple[Value, ...], ...] = ()
    notes: tuple[str, ...] = ()


def find_header(
    head: Sequence[Numbered],
    wanted: bool | None,
    place: int | None,
    name: str,
    *,
    written: bool = False,
) -> Header:
    """Return the header of a table, by the structure of its first rows.

    `wanted` False: the first row is data; True: the first row is the header. `place` is the number
    of the row that is the header. `written`: a file of ours, whose header is the row with
    the columns of our answers, else the first. Raises `InputError` if the row is empty or missing.
    """
    texts = [[_text(cell) for cell in cells] for _, cells in head]
    if place is not None:
        at = next((at for at, (number, _) in enumerate(head) if number == place), -1)
        if at < 0 or not any(texts[at]):
            raise InputError(
                f"Row {place} of {name} holds nothing. Its first rows with something in them are "
                f"{', '.join(str(number) for number, _ in head[:3])} (--header-row)."
            )
    elif wanted is False:
        return Header(("",) * max(map(len, texts)))
    else:
        ours = next((at for at, cells in enumerate(texts) if is_of_ours(cells)), None)
        at = 0 if wanted or written else _header_place(head, texts)
        if not wanted and ours is not None:
            at = ours
        elif wanted is None and not written and _is_nameless(at, texts):
            return _without_names(head, texts)
    names, extra = _names(at, head, texts)
    notes = [f"The header is in row {head[at][0]:,} (--header-row)."] if at else []
    if extra:
        rows = ", ".join(f"{number:,}" for number, _ in head[at + 1 : at + 1 + extra])
        notes.append(
            f"Row{'s' if extra > 1 else ''} {rows} belong{'' if extra > 1 else 's'} to the header "
            "of the survey, and no form is read there."
        )
    if place is not None:
        names = filled_from_above(names, texts[at - 1] if at else ())
    elif not written and not is_of_ours(names):
        guides = guides_under(names, texts[at + 1 + extra :])
        first = at + 1 + extra
        for (number, _), kind in zip(head[first:], guides.kinds, strict=False):
            notes.append(
                f"Row {number:,} holds {kind}, no form, and is not read. If it is a form: "
                f"--header-row {head[at + extra][0]}."
            )
        names, extra = [*guides.names], extra + len(guides.kinds)
    row, taken = head[at][0], at + 1 + extra
    return Header(
        tuple(names),
        row,
        at,
        taken,
        tuple(_with_blanks(head[:at], 1, row)),
        tuple(_with_blanks(head[at + 1 : taken], row + 1, head[taken - 1][0] + 1)),
        tuple(notes),
    )


def _with_blanks(rows: Sequence[Numbered], start: int, stop: int) -> Iterator[tuple[Value, ...]]:
    """Yield the cells of the rows numbered from `start` to before `stop`, () for a blank one."""
    for number, cells in rows:
        yield from [()] * (number - start)
        yield tuple(cells)
        start = number + 1
    yield from [()] * (stop - start)


def _text(cell: Value) -> str:
    """Return a cell as the text in which a header would hold it."""
    return "" if cell is None else str(cell)


def _without_names(head: Sequence[Numbered], texts: Sequence[Sequence[str]]) -> Header:
    """Return the header of a table that has none, whose rows begin under the comments."""
    comments = leading_comments(texts)
    first = head[comments][0]
    notes = [
        (
            "The first row looks like data, not like names, so the columns are called column_1, "
            "column_2, …; if it does hold names, say --header, and if another row does, "
            "--header-row."
        )
    ]
    if comments:
        notes.append(f"What stands above row {first:,} are comments (#), and no forms.")
    return Header(
        ("",) * max(map(len, texts[comments:])),
        taken=comments,
        titles=tuple(_with_blanks(head[:comments], 1, first)) if comments else (),
        notes=tuple(notes),
    )


def _is_nameless(at: int, texts: Sequence[Sequence[str]]) -> bool:
    """Return whether the row found holds data, as the first one; under titles that was decided."""
    titled = any(map(count, texts[leading_comments(texts) : at]))
    return not titled and looks_like_data(texts[at], texts[at + 1 :])


def _header_place(head: Sequence[Numbered], texts: Sequence[Sequence[str]]) -> int:
    """Return which of the first rows is the header, comments above it aside.

    A title fills few of the cells that the table has, or stands apart, an empty row under it. What
    follows the titles must be able to be a header; else there are none, and a first row with few
    cells is a header that names few columns. A header of known names stands under any banner.
    """
    first = leading_comments(texts)
    texts = texts[first:]
    filled = [count(cells) for cells in texts[:LOOKED_AT]]
    if filled[0] > 1 and not is_cut(texts[0]) and _names(0, head[first:], texts)[1]:
        return first
    known = known_under_banners(texts[:LOOKED_AT])
    return first + (known or _under_titles(filled, head[first:], texts))


def _under_titles(
    filled: Sequence[int], head: Sequence[Numbered], texts: Sequence[Sequence[str]]
) -> int:
    """Return which of the first rows stands under titles and is the header; 0: the first."""
    uncut = [held for held, cells in zip(filled, texts, strict=False) if not is_cut(cells)]
    wide = max(uncut or filled)
    for at, held in enumerate(filled):
        rest = texts[at + 1 :]
        if 2 * held < wide or _stands_apart(at, filled, head, texts):
            continue
        if (held < wide and is_prose(texts[at])) or is_broken_off(texts[at]):
            continue
        if 2 * held == wide == LEAST_WIDE and is_title_over(texts[at], rest):
            continue
        if not any(filled[:at]):
            return at
        parted = not filled[at - 1] or head[at][0] > head[at - 1][0] + 1
        names = _can_name(texts[at], rest) and (parted or _unlike(texts[at], rest))
        titled = all(is_title(cells) for cells in texts[:at] if count(cells))
        return at if names or (titled and _fills(texts[at], rest, wide)) else 0
    return 0


def _fills(cells: Sequence[str], below: Sequence[Sequence[str]], wide: int) -> bool:
    """Return whether a row under titles of one cell names nearly all columns that there are.

    Its names may be as long as sentences; they come again in the table, or most are much shorter
    than what stands under them.
    """
    full = count(cells) > LEAST_WIDE and 5 * count(cells) >= 4 * wide
    return full and _is_apt(cells, below, holds_data) and _differs(cells, below)


def _differs(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row stands again among those under it, or is shorter than they are."""
    return any(list(cells) == list(row) for row in below) or is_shorter(cells, below)


def _names(
    at: int, head: Sequence[Numbered], texts: Sequence[Sequence[str]]
) -> tuple[list[str], int]:
    """Return the names in a row, and how many rows under it belong to it.

    They follow it at once: over a blank row stands a title, though it fills several cells.
    """
    first = head[at][0] - at
    joined = sum(number == first + place for place, (number, _) in enumerate(head) if place > at)
    return names_of(texts[at], texts[at + 1 :], joined)


def _stands_apart(
    at: int,
    filled: Sequence[int],
    head: Sequence[Numbered],
    texts: Sequence[Sequence[str]],
) -> bool:
    """Return whether an empty row parts a row from a wider one under it that can be a header."""
    low = next((low for low in range(at + 1, len(filled)) if filled[low] > filled[at]), 0)
    if not low or 3 * filled[at] > 2 * filled[low]:
        return False
    parted = not filled[low - 1] or head[low][0] > head[low - 1][0] + 1
    return parted and _can_name(texts[low], texts[low + 1 :])


def _unlike(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row differs from those under it as names do.

    It has words over dates or numbers, or over texts at least twice as long. Without that, the row
    may be the first form under a header that names a single column.
    """
    for at, cell in enumerate(cells):
        held = column(at, below)
        words = sum(len(text.split()) for text in held)
        if held and cell.strip() and not is_typed(cell.strip()):
            if 2 * sum(map(is_typed, held)) > len(held):
                return True
            if words >= 2 * len(held) * len(cell.split()):
                return True
    return False


def _can_name(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row that is not the first may name the columns: short, distinct, no data."""
    return _is_apt(cells, below, looks_like_data)


def _is_apt(
    cells: Sequence[str],
    below: Sequence[Sequence[str]],
    is_data: Callable[[Sequence[str], Sequence[Sequence[str]]], bool],
) -> bool:
    """Return whether the cells of a row are distinct, no whole sentences, and no data."""
    said = [cell.strip() for cell in cells if cell.strip()]
    sentences = any(cell.endswith((".", "!")) and len(cell.split()) > 3 for cell in said)
    distinct = len(set(said)) == len(said) or not below
    return bool(below) and distinct and not sentences and not is_data(cells, below)
