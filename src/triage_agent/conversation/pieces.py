"""The problems that were read in a text, and what an owner may do with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from triage_agent.errors import InputError


@dataclass(frozen=True, slots=True)
class Piece:
    """One problem, with its place in the text that was given; typed anew, it has none."""

    text: str
    start: int | None = None
    end: int | None = None
    holds_several: bool = False  # whether a form's answer seems to hold several problems


Pieces = tuple[Piece, ...]


def both_ends(text: str, longest: int) -> str:
    """Return a text on one line; one of more characters loses words of its middle.

    Where a text was taken apart shows at its end as well as at its beginning.

    >>> both_ends("Leads get lost, stock is wrong and the last one is invoices", 40)
    'Leads get lost, stock is … is invoices'
    """
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    first, last = line[: longest * 2 // 3], line[-(longest // 3) :]
    first = first.rpartition(" ")[0] or first
    last = last.partition(" ")[2] or last
    return f"{first} … {last}"


def merged(pieces: Sequence[Piece], number: int, whole: str = "") -> Pieces:
    r"""Return the pieces with a piece and the next one as one; the first has the number 1.

    What stood between them in the text `whole` belongs to the new piece.

    >>> [one.text for one in merged([Piece("Late invoices"), Piece("wrong ones")], 1)]
    ['Late invoices\nwrong ones']
    """
    one, other = piece_at(pieces, number), piece_at(pieces, number + 1)
    if whole and one.start is not None and other.end is not None and other.end > one.start:
        joined = Piece(whole[one.start : other.end], one.start, other.end)
    else:
        joined = Piece(f"{one.text}\n{other.text}")
    return (*pieces[: number - 1], joined, *pieces[number + 1 :])


def divided(pieces: Sequence[Piece], number: int, parts: Iterable[str]) -> Pieces:
    """Return the pieces with one replaced by its parts, such as the lines of a text that was cut.

    A part that stands in the piece as it is keeps its place. Parts without a word are left out, so
    that no part removes the piece.
    """
    old, at = piece_at(pieces, number), 0
    found = []
    for part in (one.strip() for one in parts):
        if not part:
            continue
        place = old.text.find(part, at)
        if place < 0 or old.start is None:
            found.append(Piece(part))
        else:
            at = place + len(part)
            found.append(Piece(part, old.start + place, old.start + at))
    return (*pieces[: number - 1], *found, *pieces[number:])


def added(pieces: Sequence[Piece], text: str) -> Pieces:
    """Return the pieces with one more at the end."""
    return (*pieces, Piece(text.strip()))


def piece_at(pieces: Sequence[Piece], number: int) -> Piece:
    """Return the piece with this number, the first has the number 1; raises `InputError`."""
    if not 1 <= number <= len(pieces):
        raise InputError(f"There is no problem {number}; there are {len(pieces)}.")
    return pieces[number - 1]
