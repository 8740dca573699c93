"""What the commands ask of a person: the problems, the questions about them, the quiz."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from triage_agent.advice import QuizResult, load_quiz, score
from triage_agent.cli.streams import say
from triage_agent.intake import Rejected, from_arguments, from_stream, is_technology_wish
from triage_agent.privacy import clean, one_line
from triage_agent.types import Classification, Problem

if TYPE_CHECKING:  # it takes long to import, and is needed only where somebody is asked
    from prompt_toolkit.output import Output
    from questionary import Question

ASK_PROBLEMS = (
    "What are the three biggest problems of your business right now?\n"
    "Business problems, not technology problems. One a line; end with Ctrl-D on an empty line."
)
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


def read_given(
    arguments: Sequence[str] | None, *, bounded: bool = True
) -> Iterable[str | Problem | Rejected]:
    """Return the arguments, else what standard input holds, asking for it in a terminal.

    Not `bounded`: they are forgotten as they are answered, so there may be any number.
    """
    if arguments:
        return from_arguments(arguments)
    if sys.stdin.isatty():
        say(*ASK_PROBLEMS.splitlines())
    return from_stream(sys.stdin.buffer, bounded=bounded)


def behind_wishes(
    problems: Iterable[Problem | Rejected], *, ask: bool
) -> Iterator[Problem | Rejected]:
    """Yield the problems; where one only names a technology, ask what is behind it, or say so."""
    for problem in problems:
        if isinstance(problem, Rejected) or not is_technology_wish(problem.text):
            yield problem
            continue
        say(f"“{problem.text.strip()}” {NUDGE}")
        better = answer_line(BEHIND) if ask and in_terminal() else ""
        yield replace(problem, text=better, holds_several=None) if better else problem


class TerminalOwner:
    """The owner at the terminal, asked with arrow keys on standard error."""

    async def clarify(self, row: Classification) -> str | None:
        """Return which signal is true of an unclear problem; None: not sure."""
        say("", f"Unclear: {row.text.strip()[:200]}")
        answer: str = await _select(QUESTION, list(CHOICES)).unsafe_ask_async()
        return CHOICES[answer]

    async def take_quiz(self) -> QuizResult:
        """Return the quiz as answered."""
        answers: dict[str, int] = {}
        questions = load_quiz().questions
        for number, question in enumerate(questions, start=1):
            texts = [answer.text for answer in question.answers]
            title = f"{number} of {len(questions)} · {question.question}"
            answers[question.id] = texts.index(await _select(title, texts).unsafe_ask_async())
        return score(answers)


def owner_at_terminal(*, ask: bool) -> TerminalOwner | None:
    """Return the owner if they may be asked and are there, else None."""
    return TerminalOwner() if ask and in_terminal() else None


def answer_line(question: str, default: str = "") -> str:
    """Return the line that is typed as an answer, without blanks at its ends.

    The `default` stands there to be changed.
    """
    import questionary

    prompt = questionary.text(one_line(question), default=clean(default), output=_prompts())
    answer: str = prompt.unsafe_ask()
    return answer.strip()


def choose(question: str, choices: Sequence[str]) -> str:
    """Return the choice made with arrow keys or a number; Ctrl-C ends the program."""
    answer: str = _select(question, choices).unsafe_ask()
    return answer


def _select(question: str, choices: Sequence[str]) -> "Question":
    """Return the question, ready to be asked on standard error."""
    import questionary

    return questionary.select(
        one_line(question),
        choices=[one_line(choice) for choice in choices],
        use_shortcuts=True,
        output=_prompts(),
    )


def _prompts() -> "Output":
    """Return standard error as prompts write to it: past what drops moves of the cursor."""
    from prompt_toolkit.output import create_output

    return create_output(getattr(sys.stderr, "uncleaned", sys.stderr))
