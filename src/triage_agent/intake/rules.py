"""Which units of a text begin a problem, by rules alone: sure of clean lists, careful otherwise."""

import re
from collections.abc import Sequence
from dataclasses import replace

from triage_agent.intake.roles import Role, Verdict
from triage_agent.intake.units import MARKED_EDGES, Edge, Unit

ANNOUNCES = re.compile(
    r"\b(?:problems?|issues?|pains?|pain points?|headaches?|challenges?|things|priorities|wishes"
    r"|bottlenecks?|struggles?|hurts?|bothers?|annoy\w*|top \w+|biggest|main|worst|also|besides"
    r"|on top of that|keeps? me|sorted|answers?)\b",
    re.IGNORECASE,
)
PARTS = re.compile(
    r"\b(?:where (?:they|you|we|customers|clients|people) can|has to|have to|able to"
    r"|need(?:s)? to|should"
    r"|steps?|process|works? like|every (?:new|time|order|\w+) (?:means|goes|gets)|none of"
    r"|which (?:one|of)"
    r"|between|same|following tools|decide|portal|app|bot|platform|each|for the new)\b",
    re.IGNORECASE,
)
GOES_ON = re.compile(
    r"(?:it|its|it's|they|them|that|this|these|those|he|she|so|but|because|and then|then|by then"
    r"|which|whoever|whatever"
    r"|last|once|when|i'd|the (?:same|result)|we(?:'ve| have) tried)\b",
    re.IGNORECASE,
)
COARSE = frozenset({Edge.PARAGRAPH, Edge.LINE, Edge.HEADING})
TOPIC = 6  # words at most of an entry picked from a list
SHORT_LINE = 12  # words at most of a line that is an entry of an unmarked list


def roles_by_rules(text: str, units: Sequence[Unit]) -> Verdict:
    """Return the roles of a text's units; unsure where no clean list stands."""
    outer = [n for n, unit in enumerate(units) if unit.edge in MARKED_EDGES and not unit.nested]
    if outer:
        return _of_list(text, units, outer)
    cut = [n for n, unit in enumerate(units) if unit.edge in {Edge.PIPE, Edge.SEMICOLON}]
    if cut and all(unit.edge in {Edge.PIPE, Edge.SEMICOLON} for unit in units[1:]):
        short = all(len(_words(text, unit)) <= TOPIC for unit in units)
        short = short and not any(GOES_ON.match(text, unit.start) for unit in units[1:])
        if short or any(unit.edge is Edge.PIPE for unit in units):
            return _verdict(units, set(range(len(units))), set())
        if len(units) > 2:
            return replace(_verdict(units, set(range(len(units))), set()), sure=False)
        return _whole(units, several=False)
    coarse = [n for n, unit in enumerate(units) if n and unit.edge in COARSE]
    if coarse:
        return _of_lines(text, units, [0, *coarse])
    return _whole(units, several=False)


def _of_list(text: str, units: Sequence[Unit], outer: Sequence[int]) -> Verdict:
    """Return the roles where a list stands."""
    lead = text[units[0].start : units[outer[0]].start] if outer[0] else ""
    lead = lead[-200:]
    parts = PARTS.search(lead) is not None and not ANNOUNCES.search(lead)
    dashes = units[outer[0]].edge is Edge.DASH
    if parts or len(outer) == 1 or (dashes and outer[0] and not ANNOUNCES.search(lead)):
        if len(outer) == 1 and outer[0] == 0:
            return _whole(units, several=False)
        return _whole(units, several=not parts and not dashes)
    begins = set(outer)
    context: set[int] = set()
    for place in range(outer[0]):
        wordy = len(_words(text, units[place])) > TOPIC * 2
        said = wordy and text[units[place].end - 1] != ":" and not ANNOUNCES.search(lead)
        (begins if said and not context and place == 0 else context).add(place)
    for place in range(outer[-1] + 1, len(units)):
        if units[place].edge in COARSE and not units[place].inside:
            begins.add(place)
    for place, unit in enumerate(units[:-1]):
        if unit.edge in COARSE and place > outer[0] and place < outer[-1]:
            context.add(place)
    return _verdict(units, begins, context)


def _of_lines(text: str, units: Sequence[Unit], begins: Sequence[int]) -> Verdict:
    """Return the roles where lines or paragraphs stand without marks."""
    bounds = [*begins[1:], len(units)]
    sizes = [
        len(text[units[n].start : units[stop - 1].end].split())
        for n, stop in zip(begins, bounds, strict=True)
    ]
    goes_on = any(GOES_ON.match(text, units[n].start) for n in begins[1:])
    context = (
        {0}
        if text[units[bounds[0] - 1].end - 1] in ":?" or units[0].edge is Edge.HEADING
        else set()
    )
    begins_left = set(begins) - context
    if goes_on:
        return _whole(units, several=False)
    if len(begins_left) > 1 and max(sizes) > SHORT_LINE:
        return _whole(units, several=True)
    return _verdict(units, begins_left, context)


def _verdict(units: Sequence[Unit], begins: set[int], context: set[int]) -> Verdict:
    roles: list[Role] = []
    for place in range(len(units)):
        if place in context:
            roles.append(Role.CONTEXT)
        elif place in begins or not roles or roles[-1] is Role.CONTEXT:
            inherits = (
                place not in begins
                and roles
                and roles[-1] is Role.CONTEXT
                and units[place].edge in {Edge.SENTENCE, Edge.COMMA, Edge.AND, Edge.COLON}
            )
            roles.append(Role.CONTEXT if inherits else Role.BEGIN)
        else:
            roles.append(Role.INSIDE)
    return Verdict(tuple(roles), several=len(begins) > 1, sure=True)


def _whole(units: Sequence[Unit], *, several: bool) -> Verdict:
    return Verdict(
        (Role.BEGIN, *[Role.INSIDE] * (len(units) - 1)), several=several, sure=not several
    )


def _words(text: str, unit: Unit) -> list[str]:
    return text[unit.start : unit.end].split()
