"""The answers of an owner, in the order in which they were given."""

from collections.abc import Iterator, Mapping

from triage_agent.advice import MAX_POINTS
from triage_agent.conversation.pieces import Pieces
from triage_agent.conversation.question import Step
from triage_agent.conversation.words import load_words
from triage_agent.errors import InputError

LABEL = "label"  # what a label is kept under that the owner has corrected
# What depends on an answer is asked again when it changes.
AFTER = {
    Step.PROBLEMS: (Step.SPLIT, Step.BEHIND, Step.UNCLEAR, LABEL),
    Step.SPLIT: (Step.BEHIND, Step.UNCLEAR, LABEL),
    Step.BEHIND: (Step.UNCLEAR, LABEL),
}
Answer = str | Pieces


class Answers(Mapping[str, Answer]):
    """Answers by the id of their question; one that changes takes along what depends on it."""

    def __init__(self, given: Mapping[str, Answer] | None = None) -> None:
        self._given = dict(given or {})
        self._before: dict[str, Answer] = {}

    def __getitem__(self, id: str) -> Answer:  # noqa: A002  (its name in `Question`)
        return self._given[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def text(self, id: str) -> str | None:  # noqa: A002
        """Return an answer that is a text; None: it was not given."""
        answer = self._given.get(id)
        return answer if isinstance(answer, str) else None

    def pieces(self) -> Pieces | None:
        """Return the problems as they were confirmed; None: they were not."""
        answer = self._given.get(Step.SPLIT)
        return answer if isinstance(answer, tuple) else None

    def before(self, id: str) -> Answer | None:  # noqa: A002
        """Return an answer that was taken back."""
        return self._before.get(id)

    def give(self, id: str, value: Answer) -> None:  # noqa: A002
        """Take an answer, and drop the earlier ones that depend on it."""
        if id in self._given and self._given[id] != value:
            self._drop_after(id)
        self._given[id] = value

    def back(self) -> bool:
        """Take the last answer back; False: there is none."""
        if not self._given:
            return False
        id, value = self._given.popitem()  # noqa: A001
        self._drop_after(id)
        self._before[id] = value
        return True

    def _drop_after(self, id: str) -> None:  # noqa: A002
        name, _, number = id.partition(":")
        for other in AFTER.get(Step(name), ()) if name != LABEL else ():
            for key in [key for key in self._given if key.partition(":")[0] == other]:
                if not number or key.partition(":")[2] == number:
                    del self._given[key]


def check_choice(step: Step, value: str) -> None:
    """Raise `InputError` unless a value is one of those that a step offers."""
    points = {str(number): "" for number in range(MAX_POINTS + 1)}
    known = points if step is Step.QUIZ else getattr(load_words(), step).answers
    if value not in known:
        raise InputError(f"{value!r} is none of the answers: {', '.join(known)}.")
