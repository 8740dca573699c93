"""What the commands share: an open model, the reading of problems, the asking of questions."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from triage_agent.advice import QuizResult, load_quiz, score
from triage_agent.classify import Policy, answer_question, classify, in_order
from triage_agent.intake import Rejected, from_arguments, from_stream, is_technology_wish
from triage_agent.models import Model, OpenBackend, open_backend
from triage_agent.reports import clean
from triage_agent.settings import Options
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Outcome,
    Problem,
)

if TYPE_CHECKING:  # it takes long to import, and is needed only where somebody is asked
    from questionary import Question

ASK_PROBLEMS = (
    "What are the three biggest problems of your business right now?\n"
    "Business problems, not technology problems. One a line; end with Ctrl-D on an empty line."
)
WIDTH = 8  # problems under way at once
NUDGE = (
    "names a technology. What is the business problem behind it? "
    "A sentence about what goes wrong today gives a better answer."
)
BEHIND = "The problem behind it (Enter keeps your text):"
QUESTION = "What would help with this one?"
CHOICES = {
    "customers or the public would use what gets built": "customer_facing_software",
    "somebody has to lead engineers or judge technology": "engineering_leadership",
    "work that staff do today should run by itself": "existing_process",
    "not sure": None,
}


def in_terminal() -> bool:
    """Return whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def read_problems(arguments: Sequence[str] | None) -> Iterable[Problem | Rejected]:
    """Return the problems from the arguments, else from standard input, asking in a terminal."""
    if arguments:
        return from_arguments(arguments)
    if sys.stdin.isatty():
        typer.echo(ASK_PROBLEMS, err=True)
    return from_stream(sys.stdin.buffer)


def behind_wishes(
    problems: Iterable[Problem | Rejected], *, ask: bool
) -> Iterator[Problem | Rejected]:
    """Yield the problems; where one only names a technology, ask what is behind it, or say so."""
    for problem in problems:
        if isinstance(problem, Rejected) or not is_technology_wish(problem.text):
            yield problem
            continue
        typer.echo(f"“{clean(problem.text.strip())}” {NUDGE}", err=True)
        better = answer_line(BEHIND) if ask and in_terminal() else ""
        yield Problem(problem.id, better) if better else problem


@dataclass(frozen=True, slots=True)
class Session:
    """A backend that is open, and the policy that its predictions are held to."""

    opened: OpenBackend
    policy: Policy

    @classmethod
    def open(cls, options: Options) -> "Session":
        """Open the chosen backend and say on standard error where the text goes."""
        opened = open_backend(options)
        typer.echo(opened.line, err=True)
        return cls(opened, Policy(options.threshold, opened.calibration))

    @property
    def model(self) -> Model:
        """The open model."""
        return self.opened.model

    def classify(
        self,
        problems: Iterable[Problem | Rejected],
        show: Callable[[Classification], None],
        *,
        ask: bool,
    ) -> None:
        """Classify the problems and show each result in order; ask about unclear ones if `ask`."""
        asyncio.run(self._classify(problems, show, ask=ask and in_terminal()))

    async def _classify(
        self,
        problems: Iterable[Problem | Rejected],
        show: Callable[[Classification], None],
        *,
        ask: bool,
    ) -> None:
        """Do what `classify` says, and close the backend whatever happens."""
        async with (
            aclosing(self.opened),
            aclosing(in_order(problems, self._classify_one, WIDTH)) as rows,
        ):
            async for _, row in rows:
                show(await self._asked(row) if ask else row)

    async def _classify_one(self, problem: Problem | Rejected) -> Classification:
        """Return the row of one problem, or of an input row that is none."""
        if isinstance(problem, Rejected):
            return self._rejected(problem)
        return await classify(problem, self.model, self.policy)

    async def _asked(self, row: Classification) -> Classification:
        """Return the row after the owner's answer, if it was unclear."""
        torn = row.decided_by not in {None, DecidedBy.MODEL}
        vague = row.abstained_because is Abstention.TOO_VAGUE and row.signals is not None
        if not (vague or torn):
            return row
        typer.echo(f"\nUnclear: {row.text.strip()[:200]}", err=True)
        answer: str = await _select(QUESTION, list(CHOICES)).unsafe_ask_async()
        return answer_question(row, CHOICES[answer])

    def _rejected(self, rejected: Rejected) -> Classification:
        """Return the error row of an input row that is no problem."""
        error = rejected.error
        return Classification(
            id=rejected.id,
            text=rejected.text,
            outcome=Outcome.ERROR,
            backend=self.model.backend,
            model=self.model.name,
            prompt=self.model.prompt,
            error=Failure(error.type, error.message, error.retryable),
        )


def ask_quiz() -> QuizResult | None:
    """Return the quiz as answered in the terminal; None where nobody can be asked."""
    if not in_terminal():
        return None
    answers: dict[str, int] = {}
    questions = load_quiz().questions
    for number, question in enumerate(questions, start=1):
        texts = [answer.text for answer in question.answers]
        title = f"{number} of {len(questions)} · {question.question}"
        answers[question.id] = texts.index(choose(title, texts))
    return score(answers)


def answer_line(question: str) -> str:
    """Return the line that is typed as an answer, without blanks at its ends."""
    import questionary
    from prompt_toolkit.output import create_output

    answer: str = questionary.text(question, output=create_output(sys.stderr)).unsafe_ask()
    return answer.strip()


def choose(question: str, choices: Sequence[str]) -> str:
    """Return the choice made with arrow keys or a number; Ctrl-C ends the program."""
    answer: str = _select(question, choices).unsafe_ask()
    return answer


def _select(question: str, choices: Sequence[str]) -> "Question":
    """Return the question, ready to be asked on standard error."""
    import questionary
    from prompt_toolkit.output import create_output

    return questionary.select(
        question, choices=list(choices), use_shortcuts=True, output=create_output(sys.stderr)
    )
