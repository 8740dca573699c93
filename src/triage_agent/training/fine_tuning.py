"""Fine-tunes the encoder on the labelled texts, with a head for each question about them.

Twice, from the same start: on all texts, and on the matched ones alone. The weights are averaged
(Wortsman et al. 2022): two fits that learned from different texts are wrong in different places.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor, nn

from triage_agent.training.augmentation import Reading, read_anew
from triage_agent.training.examples import (
    FLAGS,
    FUNCTIONS,
    KINDS,
    MATCHED,
    POOL,
    SIGNALS,
    AttackExample,
    TrainingText,
    load_attacks,
    load_flag_texts,
    load_texts,
)
from triage_agent.training.export import export
from triage_agent.training.heads import fit_heads
from triage_agent.training.network import Network

LONGEST = 192  # word pieces of a text that are read
PIECES = 1536  # word pieces in a batch, padding included
MOST_TEXTS = 32  # in a batch
ROUNDED = 16  # lengths are rounded up to a multiple, so that few shapes occur (they are compiled)
LEARNING_RATE = 3e-5
WARM_UP = 0.1  # of the steps
WEIGHT_DECAY = 0.01
SMOOTHING = 0.05  # of the kinds: no text is certain
SHARES = {"kind": 1.0, "signals": 0.5, "function": 0.1, "flags": 0.5, "order": 0.5}  # of the loss
NOT_ASKED = -100


@dataclass(frozen=True, slots=True)
class Batch:
    """Some texts as tensors; a truth of `NOT_ASKED` does not count."""

    ids: Tensor  # texts × pieces
    mask: Tensor
    kind: Tensor  # texts
    function: Tensor
    signals: Tensor  # texts × signals
    flags: Tensor
    order: Tensor  # texts × pieces


SEEDS = (1, 2)  # of the run on all texts, and of that on the matched ones


def train(examples: Path, encoder: Path, weights: Path) -> None:
    """Write the fine-tuned encoder and its heads into `weights`; they are not calibrated yet."""
    attacks, about_people = load_attacks(examples), 2 * load_flag_texts(examples)
    networks = [
        fine_tune(load_texts(examples, names) + about_people, attacks, encoder, seed, print)
        for names, seed in zip(((POOL, MATCHED), (MATCHED,)), SEEDS, strict=True)
    ]
    export(averaged(networks), encoder / "tokenizer.json", weights)
    fit_heads(examples, weights)


def fine_tune(
    texts: list[TrainingText],
    attacks: list[AttackExample],
    encoder: Path,
    seed: int,
    say: Callable[[str], None],
) -> Network:
    """Return the network after one pass over the texts.

    The heads start the same for every seed's run of `Network`; the seed decides order and changes.
    """
    torch.set_flush_denormal(True)  # numbers near zero, of which there are many, take long
    torch.manual_seed(0)
    network = Network(encoder)
    torch.manual_seed(seed)
    rng = random.Random(seed)  # noqa: S311 (no secret)
    batches = list(make_batches(texts, attacks, encoder, rng))
    rates = [rate_at(step, len(batches)) for step in range(len(batches))]
    learned = [p for p in network.parameters() if p.requires_grad]
    matrices = [p for p in learned if p.ndim >= 2]
    others = [p for p in learned if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0}],
        lr=LEARNING_RATE,
        fused=True,
    )
    network.train()
    started, average = time.monotonic(), 0.0
    for step, (batch, rate) in enumerate(zip(batches, rates, strict=True)):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate
        with torch.autocast("cpu", torch.bfloat16):
            scores, order = network(batch.ids, batch.mask)
        loss = loss_of(batch, {name: s.float() for name, s in scores.items()}, order.float())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        average = loss.item() if not step else 0.98 * average + 0.02 * loss.item()
        if step % 20 == 0:
            took = (time.monotonic() - started) / (step + 1)
            say(f"step {step} of {len(batches)}, loss {average:.3f}, {took:.1f} s a step")
    network.eval()
    return network


def averaged(networks: list[Network]) -> Network:
    """Return the first network with the mean of all their weights."""
    states = [network.state_dict() for network in networks]
    mean = {
        name: torch.stack([state[name].float() for state in states]).mean(0).to(states[0][name])
        for name in states[0]
    }
    networks[0].load_state_dict(mean)
    return networks[0]


def rate_at(step: int, steps: int) -> float:
    """Return the share of the learning rate at a step: up to 1, and down to nearly 0."""
    warm = max(1, round(steps * WARM_UP))
    return min((step + 1) / warm, max(0.02, (steps - step) / max(1, steps - warm)))


def loss_of(batch: Batch, scores: dict[str, Tensor], order: Tensor) -> Tensor:
    """Return the loss of a batch; questions that nobody has answered count nothing."""
    loss = torch.zeros(())
    for name, smoothing in (("kind", SMOOTHING), ("function", 0.0)):
        truth = getattr(batch, name)
        if (truth != NOT_ASKED).any():
            loss = loss + SHARES[name] * nn.functional.cross_entropy(
                scores[name], truth, ignore_index=NOT_ASKED, label_smoothing=smoothing
            )
    for name, guess in (
        ("signals", scores["signals"]),
        ("flags", scores["flags"]),
        ("order", order),
    ):
        truth = getattr(batch, name)
        asked = truth != NOT_ASKED
        if asked.any():
            loss = loss + SHARES[name] * nn.functional.binary_cross_entropy_with_logits(
                guess[asked], truth[asked]
            )
    return loss


def make_batches(
    texts: list[TrainingText], attacks: list[AttackExample], encoder: Path, rng: random.Random
) -> Iterator[Batch]:
    """Yield each text once, changed anew; texts of like length together, batches in any order."""
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    sides = {kind: [t.text for t in texts if t.kind == kind] for kind in KINDS[:2]}
    other = {KINDS[0]: sides[KINDS[1]], KINDS[1]: sides[KINDS[0]]}
    read: list[tuple[TrainingText, Reading, Encoding]] = []
    for text in texts:
        reading = Reading(text.text)
        if text.kind is not None and text.orders_known:
            opposite = rng.choice(other[text.kind]) if text.kind in other else None
            reading = read_anew(text.text, opposite, attacks, rng)
        if not text.orders_known:
            reading = replace(reading, unknown=((0, len(text.text)),))
        read.append((text, reading, tokenizer.encode(reading.text)))
    read.sort(key=lambda each: (len(each[2].ids) + rng.randrange(ROUNDED)) // ROUNDED)
    groups: list[list[tuple[TrainingText, Reading, Encoding]]] = [[]]
    for each in read:
        longest = rounded(max(len(e[2].ids) for e in [*groups[-1], each]))
        if groups[-1] and (
            len(groups[-1]) + 1 > MOST_TEXTS or longest * (len(groups[-1]) + 1) > PIECES
        ):
            groups.append([])
        groups[-1].append(each)
    rng.shuffle(groups)
    for group in groups:
        yield as_batch(group)


def rounded(length: int) -> int:
    """Return a length as it is padded."""
    return -(-length // ROUNDED) * ROUNDED


def as_batch(group: list[tuple[TrainingText, Reading, Encoding]]) -> Batch:
    """Return some texts as tensors."""
    longest = rounded(max(len(pieces.ids) for _, _, pieces in group))
    ids = torch.ones(len(group), longest, dtype=torch.long)  # 1 is the padding
    mask = torch.zeros(len(group), longest, dtype=torch.long)
    order = torch.full((len(group), longest), float(NOT_ASKED))
    for row, (_, reading, pieces) in enumerate(group):
        size = len(pieces.ids)
        ids[row, :size] = torch.tensor(pieces.ids)
        mask[row, :size] = 1
        for at, span in enumerate(pieces.offsets):
            if span[0] < span[1] and not overlaps(span, reading.unknown):
                order[row, at] = float(overlaps(span, reading.orders))
    texts = [text for text, _, _ in group]
    return Batch(
        ids=ids,
        mask=mask,
        kind=torch.tensor([KINDS.index(t.kind) if t.kind else NOT_ASKED for t in texts]),
        function=torch.tensor(
            [FUNCTIONS.index(t.function) if t.function else NOT_ASKED for t in texts]
        ),
        signals=torch.tensor([many(t.signals if t.kind else None, SIGNALS) for t in texts]),
        flags=torch.tensor([flags_of(t) for t in texts]),
        order=order,
    )


def many(true: frozenset[str] | None, names: tuple[str, ...]) -> list[float]:
    """Return which of the names are true, as numbers."""
    if true is None:
        return [float(NOT_ASKED)] * len(names)
    return [float(name in true) for name in names]


def flags_of(text: TrainingText) -> list[float]:
    """Return which flags a text raises; those that cannot be about its role are not asked.

    What a CTO does well may be what an AI officer must not do.
    """
    return [
        float(name in text.flags) if text.flags is not None and text.role in roles else NOT_ASKED
        for name, roles in FLAGS.items()
    ]


def overlaps(span: tuple[int, int], others: tuple[tuple[int, int], ...]) -> bool:
    """Return whether a span shares a character with another one."""
    return any(span[0] < end and start < span[1] for start, end in others)
