"""Fits the chain that tells the problems of a text apart, by the likelihood of what is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from triage_agent.intake import Role
from triage_agent.models import ALLOWED, FIRST, NEVER, ROLE_OF, ROLES, SEVERAL, STATES, Chain

Matrix = NDArray[np.float64]
STEPS = 150  # of the optimiser at most


@dataclass(frozen=True, slots=True)
class UnitSequence:
    """The units of one text: what is seen of them, and their roles.

    `roles` is None where only the number of problems is known: more than one.
    """

    seen: Matrix
    roles: tuple[Role, ...] | None
    weight: float = 1.0


def fit(texts: Sequence[UnitSequence], penalty: float) -> Chain:
    """Return the chain under which what is known of the texts is most likely."""
    data = _Padded(texts)
    width = data.seen.shape[2]
    scale = np.sqrt((data.seen**2).sum(axis=(0, 1)) / data.real.sum()) + 1e-6
    data.seen /= scale

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        roles = flat[: width * 3].reshape(width, 3)
        steps = flat[width * 3 : width * 3 + STATES**2].reshape(STATES, STATES)
        first = flat[width * 3 + STATES**2 :]
        scores = (data.seen @ roles)[:, :, ROLE_OF]
        scores[:, 0] += first
        table = np.where(ALLOWED, steps, NEVER)
        free, free_units, free_steps = _passed(scores, table, data, data.possible)
        known, known_units, known_steps = _passed(scores, table, data, data.known)
        units = free_units - known_units  # texts × units × states
        by_role = np.stack([units[:, :, n == ROLE_OF].sum(axis=2) for n in range(3)], axis=2)
        gradient = np.concatenate(
            [
                np.einsum("ntf,ntr->fr", data.seen, by_role, optimize=True).ravel()
                + penalty * roles.ravel(),
                (free_steps - known_steps).ravel() + 0.1 * steps.ravel(),
                units[:, 0].sum(axis=0) + 0.1 * first,
            ]
        )
        value = float((data.weight * (free - known)).sum())
        value += penalty / 2 * float((roles**2).sum())
        value += 0.05 * float((steps**2).sum() + (first**2).sum())
        return value, gradient

    found = minimize(
        loss,
        np.zeros(width * 3 + STATES**2 + STATES),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS},
    )
    flat = found.x
    return Chain(
        flat[: width * 3].reshape(width, 3) / scale[:, None],
        flat[width * 3 : width * 3 + STATES**2].reshape(STATES, STATES),
        flat[width * 3 + STATES**2 :],
    )


class _Padded:
    """The texts side by side, the shorter ones filled up."""

    def __init__(self, texts: Sequence[UnitSequence]) -> None:
        longest = max(len(text.seen) for text in texts)
        shape = (len(texts), longest)
        self.seen = np.zeros((*shape, texts[0].seen.shape[1]))
        self.real = np.zeros(shape, dtype=bool)
        self.possible = np.zeros((*shape, STATES), dtype=bool)
        self.known = np.zeros((*shape, STATES), dtype=bool)
        self.weight = np.array([text.weight for text in texts])
        for n, text in enumerate(texts):
            count = len(text.seen)
            self.seen[n, :count] = text.seen
            self.real[n, :count] = True
            self.possible[n, :count] = True
            self.possible[n, 0] = FIRST
            self.known[n, :count] = self.possible[n, :count]
            if text.roles is None:
                self.known[n, count - 1] &= SEVERAL
            else:
                wanted = np.array([ROLES.index(role) for role in text.roles])
                self.known[n, :count] &= wanted[:, None] == ROLE_OF[None, :]


def _passed(
    scores: Matrix, steps: Matrix, data: _Padded, mask: NDArray[np.bool_]
) -> tuple[Matrix, Matrix, Matrix]:
    """Return the log of the sum over the paths of each text, and the expected states and steps."""
    held = np.where(mask, scores, NEVER)
    texts, longest = data.real.shape
    ahead = np.empty_like(held)
    ahead[:, 0] = held[:, 0]
    for t in range(1, longest):
        moved = logsumexp(ahead[:, t - 1, :, None] + steps, axis=1) + held[:, t]
        ahead[:, t] = np.where(data.real[:, t, None], moved, ahead[:, t - 1])
    total = logsumexp(ahead[:, -1], axis=1)
    behind = np.zeros((texts, STATES))
    units = np.zeros_like(held)
    pairs = np.zeros((STATES, STATES))
    weight = data.weight[:, None]
    for t in range(longest - 1, -1, -1):
        real = data.real[:, t, None]
        units[:, t] = np.where(real, np.exp(ahead[:, t] + behind - total[:, None]), 0) * weight
        if t:
            after = held[:, t] + behind
            both = ahead[:, t - 1, :, None] + steps + after[:, None, :] - total[:, None, None]
            pairs += (np.exp(np.minimum(both, 0)) * (real * weight)[:, :, None]).sum(axis=0)
            behind = np.where(real, logsumexp(steps[None] + after[:, None, :], axis=2), behind)
    return total, units, pairs
