"""The network that tells the problems of a text apart, and how it is fitted.

It reads the encoder's middle layer, piece by piece, with two layers of attention over the pieces
and one over the units; a chain over the units, as `models.embedded.chain` reads it, gives the loss.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from triage_agent.intake import Role
from triage_agent.models import (
    ALLOWED,
    FIRST,
    NEVER,
    ROLE_OF,
    ROLES,
    SEVERAL,
    STATES,
    Chain,
    Matrix,
    Vector,
)

WIDTH, LAYERS, HEADS = 160, 2, 5
PIECES = 512  # that the encoder reads of a text
LEARNING_RATE, WARM_UP, LEAST = 1e-3, 0.1, 0.02  # the last: a share of the learning rate
WEIGHT_DECAY = 0.01
TEXTS = 16  # in a batch
LONGEST = 60  # units of a text that is trained on
TOGETHER = 20  # word pieces by which the lengths of the texts in a batch differ
MADE_A_ROUND = 600  # texts that were made, of those at hand


@dataclass(frozen=True, slots=True)
class SplitSeen:
    """A text as the network sees it, and what is known of it.

    `roles` is None where only the number of problems is known: more than one.
    """

    pieces: Vector  # word pieces × 768
    unit_of: NDArray[np.int64]  # the unit that each word piece stands in; -1: none
    seen: Matrix  # units × features
    roles: tuple[Role, ...] | None
    weight: float = 1.0

    @property
    def possible(self) -> bool:
        """Whether the chain has a path for what is known."""
        if self.roles is None:
            return len(self.seen) > 1
        wanted = [ROLES.index(role) for role in self.roles]
        at = FIRST & (wanted[0] == ROLE_OF)
        for role in wanted[1:]:
            at = (at[:, None] & ALLOWED).any(axis=0) & (role == ROLE_OF)
        return bool(at.any())


class Attention(nn.Module):
    """One layer of attention, and the two layers that follow it."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.before, self.after = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.project, self.join = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.dropout = nn.Dropout(dropout)

    def forward(self, rows: Tensor, real: Tensor) -> Tensor:
        """Return the rows (texts × rows × `WIDTH`) after each has looked at the `real` ones."""
        texts, count, _ = rows.shape
        parts = self.project(self.before(rows)).view(texts, count, 3, HEADS, WIDTH // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        weights = query @ key.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
        weights = weights + torch.where(real, 0.0, NEVER)[:, None, None, :]
        seen = self.dropout(weights.softmax(-1)) @ value
        joined = seen.transpose(1, 2).reshape(texts, count, WIDTH)
        rows = rows + self.dropout(self.join(joined))
        wide = functional.gelu(self.wide(self.after(rows)))
        return rows + self.dropout(self.narrow(self.dropout(wide)))


class SplitNetwork(nn.Module):
    """Scores the roles of each unit."""

    def __init__(self, features: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.read, self.mark = nn.Linear(768, WIDTH), nn.Linear(features, WIDTH)
        self.places = nn.Embedding(PIECES, WIDTH)
        nn.init.normal_(self.places.weight, std=0.02)
        self.layers = nn.ModuleList(Attention(dropout) for _ in range(LAYERS))
        self.calm, self.dropout = nn.LayerNorm(WIDTH), nn.Dropout(dropout)
        self.mix, self.across = nn.Linear(2 * WIDTH + features, WIDTH), Attention(dropout)
        self.last, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(ROLES))
        self.steps = nn.Parameter(torch.zeros(STATES, STATES))
        self.first = nn.Parameter(torch.zeros(STATES))

    def forward(self, pieces: Tensor, unit_of: Tensor, seen: Tensor) -> Tensor:
        """Return the scores, texts × units × roles.

        Args:
            pieces: The middle layer, texts × word pieces × 768.
            unit_of: The unit of each piece, texts × word pieces; -1: none, -2: no piece.
            seen: The features, texts × units × features; all zeros: no unit.
        """
        units = torch.arange(seen.shape[1])
        stands = (unit_of[:, None, :] == units[None, :, None]).float()  # texts × units × pieces
        marks = self.mark(seen)
        rows = self.read(self.dropout(pieces)) + self.places.weight[: pieces.shape[1]]
        rows = rows + stands.transpose(1, 2) @ marks
        for layer in self.layers:
            rows = layer(rows, unit_of > -2)
        rows = self.calm(rows)
        mean = stands @ rows / stands.sum(-1, keepdim=True).clamp(min=1.0)
        before = functional.pad(stands, (1, 0))[:, :, :-1].cumsum(-1)
        opening = (stands * (before == 0).float()) @ rows  # the first piece of each unit
        found = self.across(self.mix(torch.cat([mean, opening, seen], -1)), (seen != 0).any(-1))
        scores: Tensor = self.out(self.dropout(self.last(found)))
        return scores


def fit(
    texts: Sequence[SplitSeen],
    rounds: int,
    dropout: float,
    seed: int,
    after: Callable[[SplitNetwork, int], None] | None = None,
) -> SplitNetwork:
    """Return the network under which what is known of the texts is likely.

    `after` is called after each round with the network and the round's number.
    """
    torch.manual_seed(seed)
    chance = random.Random(seed)  # noqa: S311  (no secret)
    known = [text for text in texts if text.possible and len(text.seen) <= LONGEST]
    network = SplitNetwork(known[0].seen.shape[1], dropout)
    learner = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    step, steps = 0, rounds * len([*_batches(known, chance)])
    for number in range(rounds):
        network.train()
        for batch in _batches(known, chance):
            for group in learner.param_groups:
                rise, fall = step / (WARM_UP * steps), 1 - step / steps
                group["lr"] = LEARNING_RATE * min(1.0, rise) * max(LEAST, fall)
            learner.zero_grad()
            _loss(network, batch).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            learner.step()
            step += 1
        if after:
            after(network.eval(), number)
    network.eval()
    return network


class Together(nn.Module):
    """Several networks that were fitted from different beginnings; their scores are averaged."""

    def __init__(self, networks: Sequence[SplitNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, pieces: Tensor, unit_of: Tensor, seen: Tensor) -> Tensor:
        """Return the scores, as `SplitNetwork` does."""
        found: Tensor = sum(one(pieces, unit_of, seen) for one in self.networks)
        return found / len(self.networks)


def chain_of(network: Together) -> Chain:
    """Return the chain that goes with the scores."""
    steps = torch.stack([one.steps.detach() for one in network.networks]).mean(0)
    first = torch.stack([one.first.detach() for one in network.networks]).mean(0)
    return Chain(steps.double().numpy(), first.double().numpy())


def scores_of(network: nn.Module, text: SplitSeen) -> Matrix:
    """Return the scores of the units of a text (units × roles)."""
    with torch.no_grad():
        found: Matrix = network(*tensors([text]))[0].double().numpy()
    return found


def _batches(texts: Sequence[SplitSeen], chance: random.Random) -> Iterator[list[SplitSeen]]:
    """Yield the texts in batches of about one length, some of those that were made each time."""
    written = [text for text in texts if text.weight == 1.0]
    made = [text for text in texts if text.weight < 1.0]
    chosen = [*written, *chance.sample(made, min(len(made), MADE_A_ROUND))]
    chosen.sort(key=lambda text: len(text.pieces) + chance.random() * TOGETHER)
    batches = [chosen[n : n + TEXTS] for n in range(0, len(chosen), TEXTS)]
    chance.shuffle(batches)
    yield from batches


def tensors(texts: Sequence[SplitSeen]) -> tuple[Tensor, Tensor, Tensor]:
    """Return texts as what the network takes."""
    pieces, units = max(len(t.pieces) for t in texts), max(len(t.seen) for t in texts)
    rows = torch.zeros(len(texts), pieces, texts[0].pieces.shape[1])
    unit_of = torch.full((len(texts), pieces), -2)
    seen = torch.zeros(len(texts), units, texts[0].seen.shape[1])
    for n, text in enumerate(texts):
        rows[n, : len(text.pieces)] = torch.from_numpy(text.pieces.astype(np.float32))
        unit_of[n, : len(text.pieces)] = torch.from_numpy(text.unit_of)
        seen[n, : len(text.seen)] = torch.from_numpy(text.seen.astype(np.float32))
    return rows, unit_of, seen


def _loss(network: SplitNetwork, texts: Sequence[SplitSeen]) -> Tensor:
    """Return how unlikely what is known of the texts is, in nats a text."""
    raw = network(*tensors(texts))[:, :, torch.from_numpy(ROLE_OF)]
    true, ends = torch.ones_like(raw, dtype=torch.bool), torch.ones(len(texts), STATES) > 0
    for n, text in enumerate(texts):
        if text.roles is None:
            ends[n] = torch.from_numpy(SEVERAL)
        else:
            roles = np.array([ROLES.index(role) for role in text.roles])
            true[n, : len(roles)] = torch.from_numpy(roles[:, None] == ROLE_OF[None, :])
    counts = torch.tensor([len(text.seen) for text in texts])
    weights = torch.tensor([text.weight for text in texts])
    known = _total(network, raw.where(true, torch.tensor(NEVER)), counts, ends)
    lost = _total(network, raw, counts, torch.ones_like(ends)) - known
    return (lost * weights).sum() / weights.sum()


def _total(network: SplitNetwork, scores: Tensor, counts: Tensor, ends: Tensor) -> Tensor:
    """Return the log of the sum over all paths that end in some states, for each text."""
    never = torch.tensor(NEVER)
    steps = network.steps.where(torch.from_numpy(ALLOWED), never)
    at = scores[:, 0] + network.first.where(torch.from_numpy(FIRST), never)
    for place in range(1, scores.shape[1]):
        there = torch.logsumexp(at[:, :, None] + steps, 1) + scores[:, place]
        at = torch.where((counts > place)[:, None], there, at)
    return torch.logsumexp(at.where(ends, never), 1)
