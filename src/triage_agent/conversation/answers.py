"""The answers of an owner, in the order in which they were given."""

from collections.abc import Iterator, Mapping

from triage_agent.advice import QuizResult, load_quiz, score
from triage_agent.conversation.pieces import Pieces
from triage_agent.conversation.question import Step
from triage_agent.types import Label

LABEL = "label"  # what a label is kept under that the owner has corrected
ADVISED = "advised"  # and one that an adviser has
NOT_SURE, NEITHER = "unknown", "neither"
LABEL_OF = {
    "customer_facing_software": Label.BUILD,
    "engineering_leadership": Label.BUILD,
    "existing_process": Label.AUTOMATE,
    **{label.value: label for label in Label},
    NEITHER: None,
}
SELLS = {"yes": True, "no": False, NOT_SURE: None}
# What depends on an answer is asked again when it changes.
AFTER = {
    Step.PROBLEMS: (Step.SPLIT, Step.BEHIND, Step.UNCLEAR, LABEL, ADVISED),
    Step.SPLIT: (Step.BEHIND, Step.UNCLEAR, LABEL, ADVISED),
    Step.BEHIND: (Step.UNCLEAR, LABEL, ADVISED),
}
Answer = str | Pieces


class Answers(Mapping[str, Answer]):
    """Answers by the id of their question; one that changes takes along what depends on it."""

    def __init__(
        self,
        given: Mapping[str, Answer] | None = None,
        drafts: Mapping[str, Answer] | None = None,
    ) -> None:
        self._given, self._drafts = dict(given or {}), dict(drafts or {})

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

    def said_of(self, number: str) -> str | None:
        """Return a person's word on the kind of a problem, a key of `LABEL_OF`; None: nobody's."""
        said = (self.text(f"{kind}:{number}") for kind in (ADVISED, LABEL, Step.UNCLEAR))
        return next((one for one in said if one and one != NOT_SURE), None)

    @property
    def drafts(self) -> Mapping[str, Answer]:
        """What was begun, or answered and taken back: it stands there to be changed."""
        return self._drafts

    def draft(self, id: str, value: Answer) -> None:  # noqa: A002
        """Hold what is no answer yet."""
        self._drafts[id] = value

    def give(self, id: str, value: Answer) -> None:  # noqa: A002
        """Take an answer; if it is another one than before, drop what depends on it."""
        earlier = self._given.get(id, self._drafts.pop(id, value))
        if earlier != value:
            self._drop_after(id)
        self._given[id] = value

    def correct(self, number: int, label: Label | None, *, by_adviser: bool) -> None:
        """Take another kind for a problem, None: neither; an owner's word ends an adviser's."""
        if not by_adviser:
            self._given.pop(f"{ADVISED}:{number}", None)
        kind = ADVISED if by_adviser else LABEL
        self.give(f"{kind}:{number}", label.value if label else NEITHER)

    def take_back(self, number: int, earlier: str | None) -> None:
        """Have what an adviser said `earlier` of a problem count again; None: nothing."""
        self._given.pop(f"{ADVISED}:{number}", None)
        if earlier is not None:
            self._given[f"{ADVISED}:{number}"] = earlier

    def quiz(self) -> QuizResult | None:
        """Return the readiness quiz if all of it was answered."""
        ids = [question.id for question in load_quiz().questions]
        points = {id: self.text(f"{Step.QUIZ}:{id}") for id in ids}  # noqa: A001
        if None in points.values():
            return None
        return score({id: int(one or 0) for id, one in points.items()})  # noqa: A001

    def back(self) -> bool:
        """Take the last answer to a question back; False: there is none."""
        asked = [id for id in self._given if id.partition(":")[0] in tuple(Step)]  # noqa: A001
        if not asked:
            return False
        self._drafts[asked[-1]] = self._given.pop(asked[-1])
        return True

    def _drop_after(self, id: str) -> None:  # noqa: A002
        name, _, number = id.partition(":")
        for other in AFTER.get(Step(name), ()) if name in tuple(Step) else ():
            for answers in (self._given, self._drafts):
                for key in [key for key in answers if key.partition(":")[0] == other]:
                    if not number or key.partition(":")[2] == number:
                        del answers[key]
