"""What an owner may do after the verdict: save it, look behind it, change what it rests on."""

from collections.abc import Callable
from enum import Enum

from triage_agent.advice import Advice, Rule
from triage_agent.cli.arranging import (
    ADD,
    BACK_CHOICE,
    DIVIDE,
    DROP,
    JOIN,
    number_of,
    rearranged,
    show_pieces,
)
from triage_agent.cli.conversing import answered, converse, say_question
from triage_agent.cli.editor import chosen
from triage_agent.cli.saving import save_report
from triage_agent.cli.telling import tell
from triage_agent.conversation import Answer, Conversation, Step
from triage_agent.errors import InputError
from triage_agent.reports import (
    explained,
    headline_words,
    show_part,
    show_quiz,
    show_verdict,
    stdout_console,
)


class Next(Enum):
    """What may be done, in the order of the list."""

    SAVE = "save a report, to read or to print"
    REASONS = "see the reasons, the plan, the red flags"
    PROBLEMS = "add a problem, or change one"
    BUSINESS = "change the revenue, the software answer or the quiz"
    END = "nothing, I am done"


NO_FLAGS = "see the reasons and the plan"  # where nobody is to be hired
MENU_LINES = len(Next) + 3  # with the question, the hint, and a blank line before the verdict
QUESTION = "What would you like to do?"
WRONG = "the answer about one is wrong"
ABOUT = "What do you want to read?"
ANOTHER = "something else"
CHANGE = "What do you want to change?"
BUSINESS = {
    "the yearly revenue": Step.REVENUE,
    "whether you sell, or are building, software": Step.SOFTWARE,
    "the readiness quiz": Step.QUIZ,
}


async def after_verdict(talk: Conversation, save: Callable[[], object]) -> Advice:
    """Show the verdict and offer what may be done with it until nothing more is wanted.

    Returns the last one. `save` is called after each change.
    """
    shown = None
    while True:
        advice = await talk.advice()
        seen = (advice.plan, advice.problems)  # not the quiz, which may have changed nothing
        tell("")
        if seen != shown:
            show_verdict(stdout_console(), advice, rest="", below=MENU_LINES)
            tell("")
        else:  # what was shown since has pushed it up
            tell(headline_words(advice), style="bold")
        shown = seen
        tell(QUESTION, style="bold")
        flags = bool(advice.plan.watch_for)
        ways = [one.value if one is not Next.REASONS or flags else NO_FLAGS for one in Next]
        way = [*Next][await chosen(ways)]
        if way is Next.END:
            return advice
        if way is Next.SAVE:
            await save_report(advice)
        elif way is Next.REASONS:
            await _read(advice)
        elif changed := await (_problems(talk) if way is Next.PROBLEMS else _business(talk)):
            await _change(talk, changed, save)


async def _change(
    talk: Conversation, changed: dict[str, Answer], save: Callable[[], object]
) -> None:
    """Take changed answers, and ask what they make unknown; what is no answer is said."""
    try:
        for id, answer in changed.items():  # noqa: A001
            talk.answer(id, answer)
    except InputError as error:
        tell(error.message)
        return
    save()
    await converse(talk, save)
    advice = await talk.advice()
    taken = any(id.startswith(Step.QUIZ) for id in changed)  # noqa: A001
    if taken and advice.decision.quiz and advice.decision.verdict.rule is not Rule.D4:
        tell("")
        show_quiz(stdout_console(), advice.decision.quiz)


async def _read(advice: Advice) -> None:
    """Show the parts of the reasons that the owner wants to read, one after the other.

    Below a part only the next one is offered, so that a list does not push it off the screen.
    """
    parts = explained(advice, is_verdict_seen=True)
    titles = [part.title for part in parts]
    place, listed = 0, True
    while True:
        tell("")
        tell(ABOUT, style="bold")
        if listed:
            place = await chosen([*titles, BACK_CHOICE], first=place)
            back = place == len(parts)
        else:
            ways = [*titles[place : place + 1], ANOTHER, BACK_CHOICE]
            way = ways[await chosen(ways, first=0)]
            listed, back = way == ANOTHER, way == BACK_CHOICE
            if listed:
                continue
        if back:
            return
        tell("")
        show_part(stdout_console(), parts[place])
        place, listed = place + 1, False


async def _problems(talk: Conversation) -> dict[str, Answer]:
    """Return what the owner changes about the problems, as answers; empty: nothing."""
    (question,) = talk.again(Step.SPLIT)
    pieces = question.pieces
    say_question(question)
    show_pieces(pieces)
    tell("")  # the choices have numbers too
    ways = [ADD, DIVIDE, *([JOIN, DROP] if len(pieces) > 1 else []), WRONG, BACK_CHOICE]
    way = ways[await chosen(ways)]
    if way == BACK_CHOICE:
        return {}
    if way == WRONG:
        return {**await answered(talk.again(Step.UNCLEAR, await number_of(pieces)), talk.begin)}
    changed = await rearranged(talk, pieces, way)
    return {} if changed == pieces else {question.id: changed}


async def _business(talk: Conversation) -> dict[str, Answer]:
    """Return what the owner changes about the business, as answers; empty: nothing."""
    tell("")
    tell(CHANGE, style="bold")
    place = await chosen([*BUSINESS, BACK_CHOICE])
    if place == len(BUSINESS):
        return {}
    return {**await answered(talk.again([*BUSINESS.values()][place]), talk.begin)}
