"""The head that finds the parts of a text which instruct its reader.

It learns from attacks around problems (prompts/training/attack_examples.jsonl), in which every
part but the problem's own is an order, and from all honest texts, in which none is.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from triage_agent.models import (
    Buckets,
    Encode,
    Heads,
    Span,
    Vector,
    Words,
    count_ngrams,
    halved_if_short,
    of_part,
    screen,
    smoothed,
    split,
    tidy,
)
from triage_agent.training.examples import FOLDS, AttackExample, TrainingExample, dealt
from triage_agent.training.views import Flags, Numbers, fit_head, stack

CARRIERS = 3  # honest texts that each attack is put around
CARRIER_LENGTH = 700  # characters, at most
SUSPECT = 0.01  # of the honest parts, at most, are set aside
ACCUSED = 0.005  # of the honest texts, at most, are reported to instruct their reader


@dataclass(frozen=True, slots=True)
class Orders:
    """The head; `unseen` is the strongest log-odds of each example, fitted without its fold."""

    dense: Numbers
    sparse: Numbers
    bias: float
    thresholds: dict[str, float]  # to `set_aside` a part, and to report `instructs_reader`
    unseen: Numbers

    def head(self, rarity: Vector) -> Heads:
        """Return the head alone, as `screen` takes it."""
        return Heads(
            name="orders",
            dense={"order": self.dense.astype(np.float32)},
            sparse={"order": self.sparse.astype(np.float32)},
            bias={"order": np.array(self.bias, np.float32)},
            rarity=rarity,
            thresholds=self.thresholds,
            scale=1.0,
            shift=0.0,
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A tidy text with its parts, and which of them are orders."""

    text: str
    parts: list[Span]
    orders: list[bool]
    fold: int


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of many texts, one row each."""

    dense: Numbers
    sparse: csr_matrix
    words: NDArray[np.int64]
    orders: Flags
    owner: NDArray[np.int64]  # index of the text
    fold: NDArray[np.int64]


def fit_orders(
    rows: Sequence[TrainingExample],
    attacks: Sequence[AttackExample],
    rarity: Vector,
    encode: Encode,
) -> Orders:
    """Return the head, fitted on attacks and honest texts; both thresholds by cross-validation.

    Examples that are marked to instruct their reader teach nothing, since it is not known which of
    their parts do so; they only get the head's log-odds.
    """
    honest = [row for row in rows if "instructs_reader" not in row.signals]
    texts = [_honest(row) for row in honest] + attacked(honest, attacks)
    parts = view(texts, rarity, encode)
    unseen = np.zeros(len(parts.orders))
    for number in range(FOLDS):
        new = parts.fold == number
        unseen[new] = _scores(_fit(parts, ~new), parts, new)
    unseen = _by_text(unseen, parts)
    on_dense, on_sparse = _fit(parts, np.ones(len(unseen), dtype=bool))
    is_honest = parts.owner < len(honest)
    strongest = _strongest(unseen, parts, len(texts))[: len(honest)]
    marked = [_honest(row) for row in rows if "instructs_reader" in row.signals]
    own = view(marked, rarity, encode)
    scores = _scores((on_dense, on_sparse), own, np.ones(len(own.words), dtype=bool))
    of_marked = _strongest(_by_text(scores, own), own, len(marked))
    by_row = np.zeros(len(rows))
    is_marked = np.array(["instructs_reader" in row.signals for row in rows])
    by_row[~is_marked], by_row[is_marked] = strongest, of_marked
    return Orders(
        dense=on_dense.coef_[0],
        sparse=on_sparse.coef_[0],
        bias=float(on_dense.intercept_[0] + on_sparse.intercept_[0]),
        thresholds={
            "set_aside": float(np.quantile(unseen[is_honest], 1 - SUSPECT, method="higher")),
            "instructs_reader": float(np.quantile(strongest, 1 - ACCUSED, method="higher")),
        },
        unseen=by_row,
    )


def attacked(honest: Sequence[TrainingExample], attacks: Sequence[AttackExample]) -> list[Text]:
    """Return every attack around a few honest texts of its own fold, always the same ones.

    A part that runs from the attack into the honest text is neither, and left out.
    """
    carriers = [row for row in honest if row.label and len(row.text) <= CARRIER_LENGTH]
    by_fold = [[row for row in carriers if row.fold == fold] for fold in range(FOLDS)]
    texts = []
    for attack in attacks:
        fold = dealt(attack.id)
        for number in range(CARRIERS):
            row = by_fold[fold][dealt(f"{attack.id}/{number}", len(by_fold[fold]))]
            before = tidy(attack.before + "|").text[:-1]
            carrier = tidy(row.text).text.strip()
            text = before + carrier + tidy("|" + attack.after).text[1:]
            first, last = len(before), len(before) + len(carrier)
            parts = [
                (start, end)
                for start, end in split(text)
                if end <= first or start >= last or (start >= first and end <= last)
            ]
            orders = [end <= first or start >= last for start, end in parts]
            texts.append(Text(text, parts, orders, fold))
    return texts


def view(texts: Sequence[Text], rarity: Vector, encode: Encode) -> Parts:
    """Return what the head sees of each part."""

    def one(text: Text) -> list[tuple[Vector, Buckets, Vector, int]]:
        encoded, ngrams = encode(text.text), count_ngrams(text.text, rarity)
        return [(encoded.of(part), *of_part(part, ngrams, rarity)) for part in text.parts]

    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(one, texts))
    parts = [part for own in seen for part in own]
    sizes = [len(own) for own in seen]
    return Parts(
        dense=np.array([vector for vector, *_ in parts], np.float64),
        sparse=stack([(buckets, weights) for _, buckets, weights, _ in parts]),
        words=np.array([words for *_, words in parts]),
        orders=np.array([order for text in texts for order in text.orders]),
        owner=np.repeat(np.arange(len(texts)), sizes),
        fold=np.repeat([text.fold for text in texts], sizes),
    )


def without_orders(
    rows: Sequence[TrainingExample], words: Words, orders: Orders, rarity: Vector, encode: Encode
) -> list[str]:
    """Return the tidy texts without what the model sets aside before it reads them."""
    head = orders.head(rarity)

    def one(row: TrainingExample) -> str:
        return screen(tidy(row.text).text, encode, head, words).text

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, rows))


def _honest(row: TrainingExample) -> Text:
    text = tidy(row.text).text
    parts = split(text)
    return Text(text, parts, [False] * len(parts), row.fold)


def _fit(parts: Parts, use: Flags) -> tuple[LogisticRegression, LogisticRegression]:
    return fit_head(parts.dense, parts.sparse, parts.orders, use)


def _scores(
    fitted: tuple[LogisticRegression, LogisticRegression], parts: Parts, use: Flags
) -> Numbers:
    on_dense, on_sparse = fitted
    scores = on_dense.decision_function(parts.dense[use])
    scores += on_sparse.decision_function(parts.sparse[use])
    halved: Numbers = halved_if_short(scores, parts.words[use])
    return halved


def _by_text(scores: Numbers, parts: Parts) -> Numbers:
    """Return the log-odds of all parts, each in the light of its text."""
    starts = np.flatnonzero(np.diff(parts.owner)) + 1
    return np.concatenate([smoothed(own) for own in np.split(scores, starts)])


def _strongest(scores: Numbers, parts: Parts, texts: int) -> Numbers:
    """Return the highest log-odds in each text; minus infinity in one without any part."""
    highest = np.full(texts, -np.inf)
    np.maximum.at(highest, parts.owner, scores)
    return highest
