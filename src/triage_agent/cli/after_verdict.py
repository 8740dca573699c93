"""What an owner may do after the verdict: save it, look behind it, change what it rests on."""

import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from triage_agent.advice import Advice
from triage_agent.cli.conversing import BACK_CHOICE, ask_choice, say_question
from triage_agent.cli.editor import chosen, typed_text
from triage_agent.cli.telling import tell
from triage_agent.conversation import Conversation, Step
from triage_agent.errors import TriageError
from triage_agent.reports import check_report, write_report
from triage_agent.types import Label


class Next(Enum):
    """What may be done, in the order of the list."""

    SAVE = "save a report, to read or to print"
    EXPLAIN = "show the reasons, the plan and the red flags"
    CORRECT = "an answer about a problem is wrong"
    PROFILE = "change the revenue, or whether you sell software"
    END = "nothing, I am done"


KINDS = {
    "software has to be built, or engineers have to be led": Label.BUILD,
    "work that staff do today should run by itself": Label.AUTOMATE,
    "neither of these": None,
}
QUESTION = "What would you like to do?"
WHERE = "Where to? A name that ends in .html opens in a browser; .md and .json are possible too."


async def after_verdict(
    talk: Conversation,
    show_short: Callable[[Advice], None],
    show_all: Callable[[Advice], None],
) -> Advice:
    """Offer what may be done with a verdict until nothing more is wanted; return the last one."""
    while True:
        advice = await talk.advice()
        tell("")
        tell(QUESTION, style="bold")
        ways = [*Next]
        way = ways[await chosen([one.value for one in ways])]
        if way is Next.END:
            return advice
        if way is Next.SAVE:
            await _save(advice)
        elif way is Next.EXPLAIN:
            show_all(advice)
        elif await (_correct(talk, advice) if way is Next.CORRECT else _change(talk)):
            show_short(await talk.advice())


async def _save(advice: Advice) -> None:
    """Write a report where the owner wants it; an error is said, and nothing is lost."""
    tell(WHERE)
    name = await typed_text(str(_free_name(advice.company)))
    if name:
        _write(Path(name), advice)


def _write(path: Path, advice: Advice) -> None:
    """Write a report and say where it is, or why it cannot be."""
    path = path.expanduser()
    try:
        check_report(path)
        write_report(path, advice)
    except TriageError as error:
        tell(error.message)
    else:
        tell(f"The report is in {path.absolute()}", style="bold")


def _free_name(company: str) -> Path:
    """Return a name for the report that no file has yet."""
    stem = re.sub(r"[^\w]+", "-", company).strip("-").lower()
    stem = f"{stem}-report" if stem else "triage-report"
    names = (Path(f"{stem}{n}.html") for n in ("", *(f"-{n}" for n in range(2, 10_000))))
    return next(name for name in names if not name.exists())


async def _correct(talk: Conversation, advice: Advice) -> bool:
    """Let the owner say what kind of work a problem is; return whether anything changed."""
    tell("Which one?")
    texts = [" ".join(row.text.split())[:60] for row in advice.problems]
    number = await chosen([*texts, BACK_CHOICE])
    if number == len(texts):
        return False
    tell("What is it?")
    kind = await chosen([*KINDS, BACK_CHOICE])
    if kind == len(KINDS):
        return False
    talk.correct(number + 1, [*KINDS.values()][kind])
    return True


async def _change(talk: Conversation) -> bool:
    """Ask again for revenue and software; return whether anything was answered."""
    changed = False
    for step in (Step.REVENUE, Step.SOFTWARE):
        question = talk.again(step)
        say_question(question)
        answer = await ask_choice(question)
        if answer is None:
            return changed
        try:
            talk.answer(question.id, answer)
        except TriageError as error:
            tell(error.message)
            return changed
        changed = True
    return changed
