"""What was read as problems is shown, and a person may change it before anything is decided."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum

from triage_agent.cli.asking import answer_line, choose
from triage_agent.cli.streams import say
from triage_agent.errors import InputError
from triage_agent.intake import NO_PROBLEM, ReadText, Rejected
from triage_agent.privacy import mask
from triage_agent.types import Problem, Source

LONGEST_SHOWN = 200  # characters of a problem
LONGEST_ASIDE = 60  # characters of a passage that is no problem
READ_AS = {True: "This is read as one problem, and it seems to hold several:", False: "Read as:"}
QUESTION = "Is that right?"
EDIT = "Enter keeps it, an empty line leaves it out. Problem {}:"
ANOTHER = "Another problem (Enter: no more):"


class SplitChoice(Enum):
    """What a person may say about how their text was read."""

    RIGHT = "yes"
    ONE = "no, it is one problem"
    EDIT = "no, let me change them one by one"


def problems_as_confirmed(read: Iterable[ReadText], *, ask: bool) -> Iterator[Problem | Rejected]:
    """Yield the problems of what was read, as a person at the terminal changed them.

    Asked is about a text of several problems, or with something set aside, if `ask`; else what was
    set aside is said. The problems of texts are numbered from 1 again after a change. Raises
    `InputError` if all of them were left out.
    """
    number = 0
    for one in read:
        problems: Iterable[Problem | Rejected] = one.problems
        if ask and _is_to_be_confirmed(one):
            _show(one)
            problems = _changed(one, _choice(one))
        elif one.set_aside:
            say(f"Set aside: {_set_aside(one)}")
        for problem in problems:
            number += 1
            yield replace(problem, id=str(number)) if one.text else problem
    if not number:
        raise InputError(NO_PROBLEM)


def _is_to_be_confirmed(one: ReadText) -> bool:
    """Return whether there is anything about a text that a person may see otherwise."""
    return bool(one.text) and bool(
        len(one.problems) > 1 or one.set_aside or any(map(_is_in_doubt, one.problems))
    )


def _is_in_doubt(problem: Problem | Rejected) -> bool:
    """Return whether a problem seems to hold several."""
    return isinstance(problem, Problem) and bool(problem.holds_several)


def _show(one: ReadText) -> None:
    """Print how a text was read: its problems, numbered, and what was set aside."""
    in_doubt = any(map(_is_in_doubt, one.problems))
    say("", READ_AS[in_doubt])
    for number, problem in enumerate(one.problems, start=1):
        text = " ".join(problem.text.split())
        shown = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
        say(f"  {number}. {shown}")
    if one.set_aside:
        say(f"Set aside: {_set_aside(one)}")


def _set_aside(one: ReadText) -> str:
    """Return what was set aside, without addresses and numbers: the line may end in a log."""
    texts = (" ".join(passage.text.split()) for passage in one.set_aside)
    return " · ".join(
        f"“{text if len(text) <= LONGEST_ASIDE else f'{text[: LONGEST_ASIDE - 1]}…'}”"
        for text in map(mask, texts)
    )


def _choice(one: ReadText) -> SplitChoice:
    """Return what the person says."""
    choices = list(SplitChoice)
    if len(one.problems) < 2:
        choices.remove(SplitChoice.ONE)
    texts = [choice.value for choice in choices]
    return choices[texts.index(choose(QUESTION, texts))]


def _changed(one: ReadText, choice: SplitChoice) -> Iterable[Problem | Rejected]:
    """Return the problems of a text as the person wants them; they hold one problem each."""
    if choice is SplitChoice.ONE:
        return [_whole(one)]
    if choice is SplitChoice.EDIT:
        return _edited(one)
    return [replace(p, holds_several=False) for p in one.problems if isinstance(p, Problem)]


def _whole(one: ReadText) -> Problem:
    """Return the text from its first problem to the end of its last as one problem."""
    places = [p.source for p in one.problems if isinstance(p, Problem) and p.source]
    start = min(place.start or 0 for place in places)
    end = max(place.end or 0 for place in places)
    source = Source(places[0].row, None, start, end)
    return Problem("1", one.text[start:end], source, holds_several=False)


def _edited(one: ReadText) -> Iterator[Problem]:
    """Yield the problems as they are typed again, and those that are added."""
    for number, problem in enumerate(one.problems, start=1):
        text = " ".join(problem.text.split())
        typed = answer_line(EDIT.format(number), text)
        if typed and isinstance(problem, Problem):
            same = problem.text if typed == text else typed
            yield replace(problem, text=same, holds_several=False)
    while typed := answer_line(ANOTHER):
        yield Problem("1", typed, holds_several=False)
