"""A text is taken apart by passages that somebody else chose, if no problem is lost by them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from triage_agent.intake.clauses import pieces_joined
from triage_agent.intake.furniture import Span
from triage_agent.intake.roles import Role, Verdict
from triage_agent.intake.splitting import Passage, SplitText, passages_of, units_in
from triage_agent.intake.units import Unit

MOST_PASSAGES = 20  # of one text; more are no reading of it
LEFT_OUT = 2  # words in a row, if they are more than a joint such as "and then"
ALONE = 3  # words of a problem that is no whole unit: fewer name a thing, and not what is wrong
WORD = re.compile(r"[^\W_]+")
JOINTS = re.compile(
    r"(?:and|also|plus|then|or|but|so|next|finally|lastly|besides|oh|und|et|y|e)", re.IGNORECASE
)

# What stands behind one of these is part of the sentence before it, also where the word is lost.
BINDS = re.compile(
    r"(?:because|since|when|while|if|although|though|until|unless|whereas)", re.IGNORECASE
)


def apart_by(text: str, chosen: Sequence[Span], doubtful: SplitText) -> SplitText | None:
    """Return a text taken apart by passages of it, or None if they are no reading of it.

    `chosen` are their places, in order and without overlap. `doubtful` is the text as it was read
    before, with `holds_several`. What the passages leave out becomes context or furniture; the
    furniture is what rules find, and a passage of nothing else is none. They are no reading if

    - a passage that was proposed as a problem is in none of them, or two words in a row of it,
    - one of them is part of a clause and has no three words, or begins within a sentence whose
      pieces cannot stand alone, as the rules' own may not ("Sales and marketing don't talk"),
    - there are none, or more than `MOST_PASSAGES`.

    A problem that holds most of two proposed ones is `unsure`: one of the readers is wrong.
    """
    units, furniture = units_in(text)
    problems = [one for span in chosen if (one := _as_problem(text, span, units, furniture))]
    if not 0 < len(problems) <= MOST_PASSAGES:
        return None
    alone = all(_says_something(text, one, units) for one in problems)
    if not alone or _cuts_sentence(text, units, problems):
        return None
    taken = sorted(chain(problems, furniture))
    for proposed in doubtful.proposed:
        left = list(_without((proposed.start, proposed.end), taken))
        if left == [(proposed.start, proposed.end)]:
            return None
        if any(_is_more_than_joint(text, span) for span in left):
            return None
    return SplitText(
        passages_of(text, problems),
        passages_of(text, _context(text, units, taken)),
        passages_of(text, [one for one in furniture if not _touches(one, problems)]),
        unsure=tuple(
            number
            for number, one in enumerate(problems)
            if sum(_holds_most(one, proposed) for proposed in doubtful.proposed) > 1
        ),
    )


def _holds_most(problem: Span, proposed: Passage) -> bool:
    """Return whether more than half of a proposed problem stands in another."""
    shared = min(problem[1], proposed.end) - max(problem[0], proposed.start)
    return 2 * shared > proposed.end - proposed.start


def _as_problem(
    text: str, span: Span, units: Sequence[Unit], furniture: Sequence[Span]
) -> Span | None:
    """Return a passage without a list's mark before it, or furniture at its ends.

    None: nothing else is in it.
    """
    start, end = span
    start = next((unit.start for unit in units if unit.opens <= start < unit.start), start)
    left = [one for one in _without((start, end), furniture) if WORD.search(text, *one)]
    return (left[0][0], left[-1][1]) if left else None


def _says_something(text: str, problem: Span, units: Sequence[Unit]) -> bool:
    """Return whether a passage can stand alone: it has three words, or is all of a unit."""
    whole = any(problem[0] <= unit.start and unit.end <= problem[1] for unit in units)
    return whole or len(WORD.findall(text, *problem)) >= ALONE


def _cuts_sentence(text: str, units: Sequence[Unit], problems: Sequence[Span]) -> bool:
    """Return whether a problem begins where the rules know that none does."""
    roles = [_role(unit, problems) for unit in units]
    verdict = Verdict(tuple(roles), several=True, sure=True)
    return pieces_joined(text, units, verdict).roles != verdict.roles


def _role(unit: Unit, problems: Sequence[Span]) -> Role:
    """Return what a unit is to the problems."""
    if any(unit.start <= start < unit.end for start, _ in problems):
        return Role.BEGIN
    return Role.INSIDE if _touches((unit.start, unit.end), problems) else Role.CONTEXT


def _is_more_than_joint(text: str, span: Span) -> bool:
    """Return whether something is said there that is lost if nobody reads it."""
    words = WORD.findall(text, *span)
    if any(map(BINDS.fullmatch, words)):
        return True
    return len(words) >= LEFT_OUT and not all(map(JOINTS.fullmatch, words))


def _context(text: str, units: Sequence[Unit], taken: Sequence[Span]) -> list[Span]:
    """Return what of the units is in no problem, joints left out; what stands together is one."""
    found: list[Span] = []
    for unit in units:
        for start, end in _without((unit.start, unit.end), taken):
            if all(map(JOINTS.fullmatch, WORD.findall(text, start, end))):
                continue
            if found and not _touches((found[-1][1], start), taken):
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
    return found


def _touches(span: Span, others: Sequence[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)


def _without(span: Span, taken: Iterable[Span]) -> Iterator[Span]:
    """Yield what is left of a span without others, which are in order."""
    at, stop = span
    for start, end in taken:
        if end <= at:
            continue
        if start >= stop:
            break
        if start > at:
            yield at, start
        at = max(at, end)
    if at < stop:
        yield at, stop
