"""The questions that lead from an owner's words to a verdict, and their order."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from triage_agent.advice import (
    Advice,
    Decision,
    Profile,
    QuizResult,
    Recommendation,
    advice_for,
    decide,
)
from triage_agent.classify import decided_by_person
from triage_agent.conversation.answers import ADVISED, LABEL_OF, SELLS, Answer, Answers
from triage_agent.conversation.asking import counted, question_for, quiz_questions, split_question
from triage_agent.conversation.checking import NO_PROBLEM, check_pieces, check_text
from triage_agent.conversation.pieces import Piece, Pieces
from triage_agent.conversation.question import Question, Step
from triage_agent.conversation.words import load_words
from triage_agent.errors import InputError
from triage_agent.intake import UNKNOWN_REVENUE, ReadText, is_technology_wish
from triage_agent.triage import AsyncTriage
from triage_agent.types import Classification, Label, Problem, Source

LONGEST_SURE = 120  # characters of a text that is taken for one problem without asking
DOUBTFUL = "doubtful"  # why a problem is asked about that has a label


class Conversation:
    """Asks an owner what a verdict needs; it knows neither terminal nor web page.

        talk = Conversation(triage)
        while (question := await talk.question()) is not None:
            talk.answer(question.id, ask(question))
        advice = await talk.advice()

    Everything follows from the answers, so a conversation that stops can go on from them.
    """

    def __init__(
        self,
        triage: AsyncTriage,
        texts: Sequence[str] = (),
        profile: Profile | None = None,
        quiz: QuizResult | None = None,
        *,
        hourly_cost: Decimal | None = None,
        usd_rate: float | None = None,
        answers: Mapping[str, Answer] | None = None,
        drafts: Mapping[str, Answer] | None = None,
        steps: Collection[Step] = tuple(Step),
    ) -> None:
        """Begin, or go on from `answers`.

        Args:
            triage: Who reads the problems; it stays open.
            texts: What was given already; then no problems are asked for.
            profile: What is known about the business; only what is not is asked for.
            quiz: The readiness quiz, if it was taken already.
            hourly_cost: USD that an hour of the staff costs; an assumed figure if left out.
            usd_rate: USD for one unit of the currency in which revenue is given.
            answers: Those of a conversation that was left.
            drafts: What was begun then.
            steps: What may be asked; all of it if left out.
        """
        self._triage, self._given, self._quiz = triage, tuple(texts), quiz
        self._profile, self._rate = profile or Profile(), usd_rate
        self._hourly_cost, self._steps = hourly_cost, frozenset(steps)
        self._answers = Answers(answers, drafts)
        self._reads: dict[tuple[str, ...], tuple[ReadText, ...]] = {}
        self._rows: dict[Problem, Classification] = {}

    @property
    def answers(self) -> Mapping[str, Answer]:
        """What was answered so far, in its order."""
        return self._answers

    @property
    def drafts(self) -> Mapping[str, Answer]:
        """What was begun, or taken back, by the id of its question."""
        return self._answers.drafts

    @property
    def texts(self) -> tuple[str, ...]:
        """What was given or written."""
        written = self._answers.text(Step.PROBLEMS)
        return self._given or (() if written is None else (written,))

    @property
    def profile(self) -> Profile:
        """What is known about the business."""
        revenue, sells = self._profile.revenue, self._profile.sells_software
        if answer := self._answers.text(Step.REVENUE):
            revenue = Profile.parse(answer, usd_rate=self._rate).revenue
        if answer := self._answers.text(Step.SOFTWARE):
            sells = SELLS[answer]
        return Profile(revenue, sells)

    @property
    def quiz(self) -> QuizResult | None:
        """The readiness quiz, if all of it was answered."""
        return self._quiz or self._answers.quiz()

    @property
    def pieces(self) -> Pieces:
        """The problems as they were read, and changed."""
        return self._answers.pieces() or self._pieces_read()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems as they are known so far, numbered from 1."""
        confirmed, found = Step.SPLIT in self._answers, []
        for number, piece in enumerate(self.pieces, start=1):
            source = None if piece.start is None else Source(None, None, piece.start, piece.end)
            in_doubt = self._in_doubt and not confirmed
            problem = Problem(str(number), piece.text, source, in_doubt)
            if better := self._answers.text(f"{Step.BEHIND}:{number}"):
                problem = Problem(problem.id, better)
            found.append(problem)
        return tuple(found)

    async def question(self) -> Question | None:
        """Return what is to be asked next; None: the verdict is ready."""
        for one in self._early():
            if self._is_open(one):
                return self._as_before(one)
        if not self.problems:
            return None
        open_ones = filter(self._is_open, await self._late())
        return next(map(self._as_before, open_ones), None)

    def answer(self, id: str, value: Answer) -> None:  # noqa: A002  (its name in `Question`)
        """Take the answer to the question with this id.

        Raises `InputError`, in words for the owner, if it is no answer; the question stands then.
        """
        step = Step(id.partition(":")[0])
        if isinstance(value, str):
            value = value.strip()
            check_text(step, value, self._rate)
            if step is Step.PROBLEMS and not self._holds_problem(value):
                raise InputError(NO_PROBLEM)
        else:
            check_pieces(step, value)
        self._answers.give(id, value)

    def draft(self, id: str, value: Answer) -> None:  # noqa: A002
        """Hold what is no answer to a question yet, to be shown when it is asked again."""
        self._answers.draft(id, value)

    def again(self, step: Step) -> Question:
        """Return the question of a step once more, with the answer that it has."""
        before = self._answers.text(step)
        return replace(question_for(step), before=before or "")

    def back(self) -> bool:
        """Take the last answer back, to be given again; False: there is none."""
        return self._answers.back()

    async def rows(self) -> list[Classification]:
        """Return what is said of each problem, by the model or by the owner."""
        problems = self.problems
        new = [one for one in problems if one not in self._rows]
        async for row in self._triage.classify_many(new):
            self._rows[next(one for one in new if one.id == row.id)] = row
        return [self._answered(self._rows[one]) for one in problems]

    def correct(self, number: int, label: Label | None, *, by_adviser: bool = False) -> None:
        """Give a problem another label; None: it is of neither kind. The first has the number 1.

        What an adviser says counts until the owner says something else.
        """
        if not 1 <= number <= len(self.pieces):
            raise InputError(f"There is no problem {number}; there are {len(self.pieces)}.")
        self._answers.correct(number, label, by_adviser=by_adviser)

    def advised(self, number: int) -> str | None:
        """Return what an adviser said of a problem, which is what counts; None: nothing."""
        return self._answers.text(f"{ADVISED}:{number}")

    def take_back(self, number: int, earlier: str | None) -> None:
        """Take back what an adviser said of a problem; their `earlier` word counts again."""
        self._answers.take_back(number, earlier)

    async def advice(self) -> Advice:
        """Return the verdict on what is known so far."""
        rows = await self.rows()
        found = advice_for(rows, self._decision(rows), self._hourly_cost)
        return replace(found, company=self._answers.text(Step.COMPANY) or "")

    def _early(self) -> Iterator[Question]:
        """Yield the questions before any problem is classified, answered ones too."""
        if not self._given:
            yield question_for(Step.PROBLEMS)
            if Step.PROBLEMS not in self._answers:
                return
        if self._is_to_be_confirmed():
            aside = [part.text for read in self._read() for part in read.set_aside]
            yield split_question(self._pieces_read(), aside, in_doubt=self._in_doubt)
        for number, piece in enumerate(self.pieces, start=1):
            if is_technology_wish(piece.text):
                yield question_for(Step.BEHIND, number, piece.text)
        yield question_for(Step.COMPANY)
        if self._profile.revenue == UNKNOWN_REVENUE:
            yield question_for(Step.REVENUE)
        if self._profile.sells_software is None:
            yield question_for(Step.SOFTWARE)

    async def _late(self) -> list[Question]:
        """Return the questions about problems that are unclear, and the quiz if it is a tie."""
        rows = await self.rows()
        read = [self._rows[one] for one in self.problems]
        unclear = [
            question_for(Step.UNCLEAR, row.id, row.text, why=row.abstained_because or DOUBTFUL)
            for row in read
            if _is_unclear(row)
        ]
        if any(map(self._is_open, unclear)):
            return unclear
        tie = self._decision(rows).recommendation is Recommendation.TAKE_THE_QUIZ
        return [*unclear, *(quiz_questions() if tie else ())]

    def _is_open(self, question: Question) -> bool:
        """Return whether a question is asked, and has no answer yet."""
        return question.step in self._steps and question.id not in self._answers

    def _as_before(self, question: Question) -> Question:
        """Return a question with what was answered before it was gone back to."""
        before = self._answers.drafts.get(question.id)
        if isinstance(before, str):
            return replace(question, before=before)
        if before is None:
            return question
        ask = load_words().split.ask.replace("{count}", counted(len(before)))
        return replace(question, pieces=before, ask=ask)

    def _holds_problem(self, text: str) -> bool:
        try:
            return any(read.problems for read in self._read((text,)))
        except InputError:  # its words are for a command line
            return False

    def _read(self, texts: tuple[str, ...] | None = None) -> tuple[ReadText, ...]:
        texts = self.texts if texts is None else texts
        if texts not in self._reads:
            self._reads[texts] = tuple(self._triage.read(texts)) if texts else ()
        return self._reads[texts]

    def _pieces_read(self) -> Pieces:
        """Return the problems as they were read; if that is not sure, as they might be."""
        read = self._read()
        if len(read) == 1 and read[0].text:
            parts = read[0].proposed or [
                one.source for one in read[0].problems if isinstance(one, Problem) and one.source
            ]
            places = [(one.start or 0, one.end or 0) for one in parts]
            return tuple(Piece(read[0].text[start:end], start, end) for start, end in places)
        # Places in several texts would not tell which one.
        return tuple(Piece(one.text) for text in read for one in text.problems)

    @property
    def _in_doubt(self) -> bool:
        return any(
            isinstance(one, Problem) and bool(one.holds_several)
            for read in self._read()
            for one in read.problems
        )

    def _is_to_be_confirmed(self) -> bool:
        """Return whether there is anything about the split that an owner may see otherwise.

        What is long may hold several although nothing in it tells, such as a voice note.
        """
        read = self._read()
        taken_apart = any(len(one.problems) > 1 or one.set_aside for one in read)
        long = any(len(piece.text) > LONGEST_SURE for piece in self._pieces_read())
        return taken_apart or long or self._in_doubt

    def _answered(self, row: Classification) -> Classification:
        """Return a row as the owner's answers about it have it."""
        said = self._answers.said_of(row.id)
        return row if said is None else decided_by_person(row, LABEL_OF[said])

    def _decision(self, rows: Sequence[Classification]) -> Decision:
        return decide(rows, self.profile, self.quiz)


def _is_unclear(row: Classification) -> bool:
    """Return whether the owner is asked about a problem: it has no label, or is doubtful."""
    return row.error is None and (row.label is None or row.needs_review)
