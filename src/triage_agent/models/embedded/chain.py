"""A linear chain over the units of a text: which begin a problem, go on with one, or are context.

A conditional random field. A state is a role and whether one problem has begun or more, so that
one pass gives the probability that a text holds several, beside that of each way to cut it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from triage_agent.intake import Role

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

ROLES = (Role.BEGIN, Role.INSIDE, Role.CONTEXT)
B, I, C = range(3)  # noqa: E741  (the field's names)
ROLE_OF = np.array([C, B, I, C, B, I, C])  # of each state
SEVERAL = np.array([False] * 4 + [True] * 3)  # whether more than one problem has begun
ONE = np.array([False] + [True] * 3 + [False] * 3)  # whether just one has
NEXT = {0: (0, 1), 1: (2, 3, 4), 2: (2, 3, 4), 3: (3, 4), 4: (4, 5, 6), 5: (4, 5, 6), 6: (4, 6)}
STATES = len(ROLE_OF)
ALLOWED = np.array([[after in NEXT[state] for after in range(STATES)] for state in range(STATES)])
FIRST = np.array([True, True] + [False] * 5)
NEVER = -1e9


@dataclass(frozen=True, slots=True)
class UnitReading:
    """How likely it is that a text holds several problems, and which they would be."""

    several: float  # the probability that it does
    sure: float  # and that they are those of `cut`
    cut: NDArray[np.intp]  # the roles of the units, told apart in the best way
    one: NDArray[np.intp]  # the roles if there is one problem


@dataclass(frozen=True, slots=True)
class Chain:
    """The weights of each step, and of the first state."""

    steps: Matrix  # states × states
    first: Matrix  # states

    def states(self, scores: Matrix) -> Matrix:
        """Return the score of each state at each unit (units × states) from those of the roles."""
        raw: Matrix = scores[:, ROLE_OF]
        raw[0] += np.where(FIRST, self.first, NEVER)
        return raw

    def _steps(self) -> Matrix:
        return np.where(ALLOWED, self.steps, NEVER)

    def total(self, scores: Matrix, last: Mask | None = None) -> float:
        """Return the log of the sum over all paths, or those that end in some states."""
        steps, at = self._steps(), scores[0]
        for row in scores[1:]:
            at = logsumexp(at[:, None] + steps, axis=0) + row
        return float(logsumexp(at if last is None else np.where(last, at, NEVER)))

    def best(self, scores: Matrix, last: Mask) -> NDArray[np.intp]:
        """Return the roles on the best path that ends in some states."""
        steps, at = self._steps(), scores[0]
        back: list[NDArray[np.intp]] = []
        for row in scores[1:]:
            through = at[:, None] + steps
            back.append(through.argmax(axis=0))
            at = through.max(axis=0) + row
        state = int(np.where(last, at, NEVER).argmax())
        path = [state]
        for came in reversed(back):
            state = int(came[state])
            path.append(state)
        return ROLE_OF[path[::-1]]

    def read(self, scores: Matrix, listed: Mask, held: Mask) -> UnitReading:
        """Return what is known of a text from the scores of its units' roles (units × 3).

        `listed` says which units open the items of a list: all of them begin a problem, or none
        (but the first may). `held` says which stand inside an item: none begins one.
        """
        free = np.where(held[:, None] & (ROLE_OF == B), NEVER, self.states(scores))
        if not listed.any():
            return self._weighed([free])
        each = np.where(listed[:, None] & (ROLE_OF != B), NEVER, free)
        later = listed.copy()
        later[int(np.flatnonzero(listed)[0])] = False
        none = np.where(later[:, None] & (ROLE_OF == B), NEVER, free)
        return self._weighed([each, none])

    def _weighed(self, ways: Sequence[Matrix]) -> UnitReading:
        """Return the reading of a text by the ways in which it may be read."""
        whole = logsumexp([self.total(way) for way in ways])
        many = [self.total(way, SEVERAL) for way in ways]
        several = float(np.exp(logsumexp(many) - whole))
        way = ways[int(np.argmax(many))]
        cut, one = self.best(way, SEVERAL), self.best(ways[-1], ONE)
        same = np.where((cut == B)[:, None] == (ROLE_OF == B)[None, :], way, NEVER)
        return UnitReading(several, float(np.exp(self.total(same, SEVERAL) - whole)), cut, one)


def roles_of(path: Iterable[int]) -> tuple[Role, ...]:
    """Return the roles by their names."""
    return tuple(ROLES[one] for one in path)
