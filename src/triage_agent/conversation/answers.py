"""The answers of an owner, in the order in which they were given."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from triage_agent.advice import Profile, QuizResult, load_quiz, score
from triage_agent.conversation.pieces import Pieces
from triage_agent.conversation.question import NOT_SURE, Step

ADVISED = "advised"  # what an adviser said of a problem; no question asks for it
NOTED = "noted"  # why, in the adviser's words
ABOUT = "about"  # the problems that answers are about, while these are being changed
BY_ADVISER = frozenset({ADVISED, NOTED})
ABOUT_A_PROBLEM = frozenset({Step.BEHIND, Step.UNCLEAR})  # their ids end in its number
# What depends on an answer is asked again when it changes.
AFTER = {Step.PROBLEMS: Step.SPLIT, Step.BEHIND: Step.UNCLEAR}
SELLS = {"yes": True, "no": False, NOT_SURE: None}
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
        """Return a person's word on the kind of a problem, an adviser's first; None: nobody's."""
        said = (self.text(f"{kind}:{number}") for kind in (ADVISED, Step.UNCLEAR))
        return next((one for one in said if one), None)

    def profile(self, known: Profile, usd_rate: float | None) -> Profile:
        """Return what is known about the business, by its answers first.

        `usd_rate` is USD for one unit of the currency in which its revenue may be given.
        """
        revenue, sells = known.revenue, known.sells_software
        if answer := self.text(Step.REVENUE):
            revenue = Profile.parse(answer, usd_rate=usd_rate).revenue
        if answer := self.text(Step.SOFTWARE):
            sells = SELLS[answer]
        return Profile(revenue, sells)

    def quiz(self) -> QuizResult | None:
        """Return the readiness quiz if all of it was answered."""
        ids = [question.id for question in load_quiz().questions]
        points = {id: self.text(f"{Step.QUIZ}:{id}") for id in ids}  # noqa: A001
        if None in points.values():
            return None
        return score({id: int(one or 0) for id, one in points.items()})  # noqa: A001

    def before(self, id: str, quiz: QuizResult | None) -> str:  # noqa: A002
        """Return what a question was answered with, of the quiz what was begun or taken before.

        Empty: it was not answered.
        """
        step, _, dimension = id.partition(":")
        if step == Step.QUIZ and isinstance(begun := self._drafts.get(id), str):
            return begun
        if step == Step.QUIZ and quiz and id not in self._given:
            return str(next(one.points for one in quiz.dimensions if one.id == dimension))
        return self.text(id) or ""

    @property
    def drafts(self) -> Mapping[str, Answer]:
        """What was begun, or answered and taken back: it stands there to be changed."""
        return self._drafts

    def draft(self, id: str, value: Answer) -> None:  # noqa: A002
        """Hold what is no answer yet; what was answered before is open again."""
        self._given.pop(id, None)
        self._drafts[id] = value

    def begin(self, id: str, value: Answer) -> None:  # noqa: A002
        """Hold what is one answer of several; until all are given, what was answered counts."""
        self._drafts[id] = value

    def give(self, id: str, value: Answer) -> None:  # noqa: A002
        """Take an answer; if it is another one than before, drop what depends on it.

        What an owner says of a problem ends what an adviser said of it.
        """
        step, colon, number = id.partition(":")
        if step in ABOUT_A_PROBLEM:
            for kind in BY_ADVISER:
                self._given.pop(f"{kind}{colon}{number}", None)
        draft = self._drafts.pop(id, value)
        if self._given.pop(id, draft) != value:  # taken out, since the last one is the newest
            self._drop_after(id)
        self._given[id] = value

    def advise(self, number: int, said: str | None, note: str = "") -> None:
        """Take what an adviser says of a problem, and why; None: what was said is taken back."""
        for kind, value in ((ADVISED, said), (NOTED, note)):
            self._given.pop(f"{kind}:{number}", None)
            if value:
                self._given[f"{kind}:{number}"] = value

    def last(self, among: Collection[str] | None = None) -> str | None:
        """Return the question that was answered last, `among` these if given; None: none was."""
        asked = (id for id in reversed(self._given) if id.partition(":")[0] not in BY_ADVISER)  # noqa: A001
        return next((id for id in asked if among is None or id in among), None)  # noqa: A001

    def take_back(self, id: str) -> None:  # noqa: A002
        """Take the answer to a question back; it stands there to be changed."""
        self._drafts[id] = self._given.pop(id)

    def remember(self, problems: Pieces) -> None:
        """Remember which problems answers are about, if these are changed for the first time.

        A conversation that goes on in another program must know it, to follow them.
        """
        self._drafts.setdefault(ABOUT, problems)

    def remembered(self) -> list[set[str]] | None:
        """Return the wordings of the problems that answers are about, and forget them.

        None: they were not changed.
        """
        problems = self._drafts.pop(ABOUT, None)
        if not isinstance(problems, tuple):
            return None
        numbers = [f"{Step.BEHIND}:{number}" for number in range(1, len(problems) + 1)]
        better = [self._given.get(id, self._drafts.get(id)) for id in numbers]  # noqa: A001
        return [
            {piece.text, one} if isinstance(one, str) and one else {piece.text}
            for piece, one in zip(problems, better, strict=True)
        ]

    def follow(self, before: Sequence[Collection[str]], after: Sequence[Collection[str]]) -> None:
        """Give answers about problems the numbers that these have now; drop those about others.

        `before` and `after` hold the wordings of each problem, in their order.
        """
        places = dict(_places(before, after))
        for answers in (self._given, self._drafts):
            moved = dict[str, Answer]()
            for id, value in answers.items():  # noqa: A001
                step, _, number = id.partition(":")
                if step not in ABOUT_A_PROBLEM | BY_ADVISER:
                    moved[id] = value
                elif number in places:
                    moved[f"{step}:{places[number]}"] = value
            answers.clear()
            answers.update(moved)

    def _drop_after(self, id: str) -> None:  # noqa: A002
        step, colon, number = id.partition(":")
        if dependent := AFTER.get(Step(step)):
            for answers in (self._given, self._drafts):
                answers.pop(f"{dependent}{colon}{number}", None)


def _places(
    before: Sequence[Collection[str]], after: Sequence[Collection[str]]
) -> Iterator[tuple[str, str]]:
    """Yield the old and the new number of each problem that is there still."""
    left = dict(enumerate(before, start=1))
    for new, wordings in enumerate(after, start=1):
        old = next((old for old, others in left.items() if set(wordings) & set(others)), None)
        if old is not None:
            del left[old]
            yield str(old), str(new)
