"""What the texts of an owner hold, as they were read, and how sure that is."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from triage_agent.conversation.asking import split_question
from triage_agent.conversation.content import says_something
from triage_agent.conversation.pieces import Piece, Pieces
from triage_agent.conversation.question import Question
from triage_agent.conversation.words import Words
from triage_agent.errors import InputError
from triage_agent.intake import ReadText
from triage_agent.types import Classification, Problem

LONGEST_SURE = 120  # characters of a text that is taken for one problem without asking
Texts = tuple[str, ...]


class Flow(Protocol):
    """What reads the texts of an owner and answers their problems, such as an `AsyncTriage`."""

    def read(self, given: Iterable[str], /) -> Iterator[ReadText]:
        """Yield the texts, taken apart."""

    async def read_closely(self, given: Sequence[str], /) -> list[ReadText]:
        """Return the texts, taken apart by whatever else can do it."""

    def classify_many(self, problems: Iterable[Problem], /) -> AsyncIterator[Classification]:
        """Yield what is said of each problem."""


class Reader:
    """Reads texts and their problems, each of them once."""

    def __init__(self, triage: Flow, words: Words) -> None:
        self._triage, self._words = triage, words
        self._reads: dict[Texts, tuple[ReadText, ...]] = {}
        self._closely: set[Texts] = set()  # read by more than the rules
        self._rows: dict[Problem, Classification] = {}  # of problems without a number

    def holds_problem(self, text: str) -> bool:
        """Return whether any problem was found in a text."""
        try:
            return any(read.problems for read in self._read((text,)))
        except InputError:  # its words are for a command line
            return False

    def pieces(self, texts: Texts) -> Pieces:
        """Return the problems as they were read; if that is not sure, as they might be.

        What says nothing, such as "idk", is none of them unless there is nothing else.
        """
        pieces = self._pieces(texts)
        return tuple(one for one in pieces if says_something(one.text)) or pieces

    def set_aside(self, texts: Texts) -> Iterator[str]:
        """Yield what of the texts was taken for no problem."""
        yield from (part.text for read in self._read(texts) for part in read.set_aside)
        pieces = self.pieces(texts)
        yield from (one.text for one in self._pieces(texts) if one not in pieces)

    def split_question(self, texts: Texts) -> Question:
        """Return the question whether the problems that were read are the problems."""
        sure, words = not self.is_in_doubt(texts), self._words
        occasion = words.split if sure else words.split_in_doubt
        pieces, set_aside = self.pieces(texts), tuple(self.set_aside(texts))
        return split_question(pieces, set_aside, occasion, words.count, sure=sure)

    async def rows(self, problems: Sequence[Problem]) -> list[Classification]:
        """Return what the model says of each problem; it is asked once about each."""
        by_key = [(replace(one, id=""), one) for one in problems]
        new = [one for key, one in by_key if key not in self._rows]
        keys = {one.id: key for key, one in by_key}
        async for row in self._triage.classify_many(new):
            self._rows[keys[row.id]] = row
        return [replace(self._rows[key], id=one.id) for key, one in by_key]

    async def look_closer(self, texts: Texts) -> None:
        """Read texts more closely, once, if it is not sure how to take them apart."""
        if texts not in self._closely and self.is_in_doubt(texts):
            self._reads[texts] = tuple(await self._triage.read_closely(texts))
            self._closely.add(texts)

    def is_in_doubt(self, texts: Texts) -> bool:
        """Return whether a text seems to hold several problems, and was not surely split."""
        return any(
            isinstance(one, Problem) and bool(one.holds_several)
            for read in self._read(texts)
            for one in read.problems
        )

    def is_to_be_confirmed(self, texts: Texts) -> bool:
        """Return whether there is anything about the split that an owner may see otherwise.

        What is long may hold several although nothing in it tells, such as a voice note.
        """
        read = self._read(texts)
        taken_apart = any(len(one.problems) > 1 or one.set_aside for one in read)
        long = any(len(piece.text) > LONGEST_SURE for piece in self.pieces(texts))
        return taken_apart or long or self.is_in_doubt(texts)

    def _pieces(self, texts: Texts) -> Pieces:
        read = self._read(texts)
        if len(read) == 1 and read[0].text:
            parts = read[0].proposed or [
                one.source for one in read[0].problems if isinstance(one, Problem) and one.source
            ]
            places = [(one.start or 0, one.end or 0) for one in parts]
            return tuple(Piece(read[0].text[start:end], start, end) for start, end in places)
        # Places in several texts would not tell which one.
        return tuple(Piece(one.text) for text in read for one in text.problems)

    def _read(self, texts: Texts) -> tuple[ReadText, ...]:
        if texts not in self._reads:
            self._reads[texts] = tuple(self._triage.read(texts)) if texts else ()
        return self._reads[texts]
