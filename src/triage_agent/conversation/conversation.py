"""The questions that lead from an owner's words to a verdict, and their order."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial

from triage_agent.advice import (
    Advice,
    Profile,
    QuizResult,
    Recommendation,
    advice_for,
    decide,
)
from triage_agent.conversation.answers import ABOUT_A_PROBLEM, ADVISED, NOTED, Answer, Answers
from triage_agent.conversation.asking import (
    question_for,
    quiz_questions,
    split_question,
    unclear_question,
    with_before,
)
from triage_agent.conversation.checking import check_pieces, check_text
from triage_agent.conversation.pieces import Piece, Pieces, piece_at
from triage_agent.conversation.question import Question, Step
from triage_agent.conversation.reading import Flow, Reader
from triage_agent.conversation.unclear import NEITHER, as_answered, is_unclear
from triage_agent.conversation.words import Language, english
from triage_agent.errors import InputError
from triage_agent.intake import UNKNOWN_REVENUE, is_technology_wish, revenue_said
from triage_agent.types import Classification, Label, Problem, Source


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
        triage: Flow,
        texts: Sequence[str] = (),
        profile: Profile | None = None,
        quiz: QuizResult | None = None,
        *,
        hourly_cost: Decimal | None = None,
        usd_rate: float | None = None,
        answers: Mapping[str, Answer] | None = None,
        drafts: Mapping[str, Answer] | None = None,
        steps: Collection[Step] = tuple(Step),
        language: Language | None = None,
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
            language: In which words; English if left out.
        """
        self._given, self._quiz = tuple(texts), quiz
        self._profile, self._rate = profile or Profile(), usd_rate
        self._hourly_cost, self._steps = hourly_cost, frozenset(steps)
        self._answers, self._language = Answers(answers, drafts), language or english()
        self._words, self._asks = self._language.words, partial(question_for, language=language)
        self._reader = Reader(triage, self._words)
        self._wordings: list[set[str]] | None = None  # of the problems that answers are about

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
        return self._answers.profile(self._profile, self._rate)

    @property
    def pieces(self) -> Pieces:
        """The problems as they were read, and changed."""
        return self._answers.pieces() or self._reader.pieces(self.texts)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems as they are known so far, numbered from 1."""
        confirmed, found = Step.SPLIT in self._answers, []
        in_doubt = not confirmed and self._reader.is_in_doubt(self.texts)
        for number, piece in enumerate(self.pieces, start=1):
            source = None if piece.start is None else Source(None, None, piece.start, piece.end)
            several = in_doubt or piece.holds_several
            problem = Problem(str(number), piece.text, source, several)
            if better := self._answers.text(f"{Step.BEHIND}:{number}"):
                problem = Problem(problem.id, better)
            found.append(problem)
        return tuple(found)

    async def question(self) -> Question | None:
        """Return what is to be asked next; None: the verdict is ready."""
        await self._reader.look_closer(() if Step.SPLIT in self._answers else self.texts)
        for one in self._early():
            if self._is_open(one):
                return self._as_before(one)
        late = await self._late() if self.problems else ()
        return next(map(self._as_before, filter(self._is_open, late)), None)

    def answer(self, id: str, value: Answer) -> None:  # noqa: A002  (its name in `Question`)
        """Take the answer to the question with this id.

        Raises `InputError`, in words for the owner, if it is no answer; the question stands then.
        """
        step = Step(id.partition(":")[0])
        if isinstance(value, str):
            value = value.strip()
            check_text(step, value, self._words, self._rate)
            if step is Step.PROBLEMS and not self._reader.holds_problem(value):
                raise InputError(self._words.wrong.no_problem)
        else:
            check_pieces(step, value, self._words)
        self._follow()
        self._answers.give(id, value)
        self._follow()

    def draft(self, id: str, value: Answer) -> None:  # noqa: A002
        """Hold what is no answer to a question yet, to be shown when it is asked again."""
        if id == Step.SPLIT:
            self._answers.remember(self.pieces)
        self._answers.draft(id, value)

    def again(self, step: Step, number: int = 1) -> tuple[Question, ...]:
        """Return the questions of a step once more, each with the answer that it has.

        So an owner changes what was answered, or answers what was not asked: with `SPLIT` the
        problems themselves, with `UNCLEAR` what kind of work the problem with this number is, with
        `QUIZ` how ready the business is. What else is asked then, `question` tells.
        """
        if step is Step.SPLIT:
            pieces = [
                piece if piece.text == problem.text else Piece(problem.text)
                for piece, problem in zip(self.pieces, self.problems, strict=True)
            ]
            return (split_question(pieces, (), self._words.split_again, self._words.count),)
        if step is Step.QUIZ:
            questions = quiz_questions("wanted", self._language)
        elif step in ABOUT_A_PROBLEM:
            piece_at(self.pieces, number)
            questions = [self._asks(step, number, self.problems[number - 1].text)]
        else:
            questions = [self._asks(step)]
        return tuple(replace(q, before=self._answers.before(q.id, self._quiz)) for q in questions)

    def begin(self, id: str, value: str) -> None:  # noqa: A002
        """Hold one answer of several, such as those of the quiz; until `answer` none counts.

        Raises `InputError`, in words for the owner, if it is no answer.
        """
        check_text(Step(id.partition(":")[0]), value, self._words, self._rate)
        self._answers.begin(id, value)

    @property
    def can_go_back(self) -> bool:
        """Whether anything was answered before what is asked now."""
        return self._answered_last() is not None

    def back(self) -> bool:
        """Take the last answer back, to be given again; False: there is none.

        Where a question is open that comes before others with an answer, such as the problems that
        were being changed, it is the last answer before that question.
        """
        self._follow()
        if (last := self._answered_last()) is None:
            return False
        pieces = self.pieces
        self._answers.take_back(last)
        if last in {Step.PROBLEMS, Step.SPLIT}:
            self._answers.remember(pieces)
        return True

    async def rows(self) -> list[Classification]:
        """Return what is said of each problem, by the model or by the owner."""
        await self._reader.look_closer(() if Step.SPLIT in self._answers else self.texts)
        return [self._answered(row) for row in await self._reader.rows(self.problems)]

    def correct(self, number: int, label: Label | None, note: str = "") -> None:
        """Take an adviser's word on the kind of a problem, and why; None: it is of neither kind.

        It counts until the owner says something else of the problem. The first has the number 1.
        """
        piece_at(self.pieces, number)
        self._follow()
        self._answers.advise(number, label.value if label else NEITHER, note)

    def advised(self, number: int) -> str | None:
        """Return what an adviser said of a problem, which is what counts; None: nothing."""
        return self._answers.text(f"{ADVISED}:{number}")

    def noted(self, number: int | str) -> str:
        """Return why an adviser said it, in their words; may be empty."""
        return self._answers.text(f"{NOTED}:{number}") or ""

    def take_back(self, number: int, earlier: str | None) -> None:
        """Take back what an adviser said of a problem; their `earlier` word counts again."""
        self._answers.advise(number, earlier)

    @property
    def quiz(self) -> QuizResult | None:
        """The readiness quiz, as it was taken here or before; None: it was not."""
        return self._answers.quiz() or self._quiz

    async def advice(self) -> Advice:
        """Return the verdict on what is known so far."""
        rows = await self.rows()
        found = advice_for(rows, decide(rows, self.profile, self.quiz), self._hourly_cost)
        return replace(found, company=self._answers.text(Step.COMPANY) or "")

    def _early(self) -> Iterator[Question]:
        """Yield the questions before any problem is classified, answered ones too."""
        if not self._given:
            yield self._asks(Step.PROBLEMS)
            if Step.PROBLEMS not in self._answers:
                return
        if self._is_split_asked():
            yield self._reader.split_question(self.texts)
        for number, piece in enumerate(self.pieces, start=1):
            if is_technology_wish(piece.text):
                yield self._asks(Step.BEHIND, number, piece.text)
        yield self._asks(Step.COMPANY)
        if self._profile.revenue == UNKNOWN_REVENUE:
            yield replace(self._asks(Step.REVENUE), before=revenue_said(self.texts))
        if self._profile.sells_software is None:
            yield self._asks(Step.SOFTWARE)

    async def _late(self) -> list[Question]:
        """Return the questions about problems that are unclear, and the quiz if it is a tie."""
        read = await self._reader.rows(self.problems)
        unclear = [unclear_question(row, self._language) for row in read if is_unclear(row)]
        if any(map(self._is_open, unclear)):
            return unclear
        rows = [*map(self._answered, read)]
        tie = decide(rows, self.profile, self.quiz).recommendation is Recommendation.TAKE_THE_QUIZ
        return [*unclear, *(quiz_questions(language=self._language) if tie else ())]

    def _is_open(self, question: Question) -> bool:
        """Return whether a question is asked, and has no answer yet."""
        return question.step in self._steps and question.id not in self._answers

    def _answered_last(self) -> str | None:
        """Return the question to which *back* leads; None: there is none."""
        before = list[str]()
        for one in self._early():
            if self._is_open(one):
                return self._answers.last(before)
            before.append(one.id)
        return self._answers.last()

    def _as_before(self, question: Question) -> Question:
        """Return a question with what was answered before it was gone back to."""
        return with_before(question, self.drafts.get(question.id), self._words)

    def _is_split_asked(self) -> bool:
        """Return whether it is asked how a text was read; once begun, it is."""
        return Step.SPLIT in self.drafts or self._reader.is_to_be_confirmed(self.texts)

    def _follow(self) -> None:
        """Let the answers about a problem go where it stands now, unless that is still asked."""
        if not self.texts or (Step.SPLIT not in self._answers and self._is_split_asked()):
            return
        if before := self._answers.remembered() or self._wordings:
            self._answers.follow(before, [{piece.text} for piece in self.pieces])
        problems = zip(self.pieces, self.problems, strict=True)
        self._wordings = [{piece.text, problem.text} for piece, problem in problems]

    def _answered(self, row: Classification) -> Classification:
        """Return a row as what a person says of it has it."""
        return as_answered(row, self._answers.said_of(row.id), self.noted(row.id))
