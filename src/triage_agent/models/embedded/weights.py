"""What the embedded model learned, loaded from `data/`, and the two views it takes of a text.

The encoder gives a vector for each word piece; the n-grams are words, pairs of words and the
letters within words, hashed into buckets. Every head adds a dot product with the mean vector to
one with the n-grams, so its log-odds can be taken apart by sentence without another pass.
"""

import hashlib
import io
import json
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

# Nothing leaves this machine: without it, onnxruntime keeps a device id in the user's cache and
# queues events for upload from the moment it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort

from triage_agent.errors import SettingsError, TriageError
from triage_agent.models.embedded.text import Span, Words

WEIGHTS = Path(__file__).resolve().parent / "data"
WINDOW = 256  # word pieces that the encoder reads at once, as many as it was trained with
WINDOWS = 2  # that it reads of a text; the rest is cut off
BUCKETS = 1 << 17
LETTERS = range(3, 6)  # how many letters of a word make an n-gram
WORD = re.compile(r"[^\W\d_]+|\d+")

IN_SCOPE = (
    "customer_facing_software",
    "custom_system",
    "engineering_leadership",
    "existing_process",
)
ABSTENTIONS = ("neither", "too_vague")
DISCOUNT = 0.5  # chosen by leaving voices out among 0 to 1

Vector = NDArray[np.float32]
Buckets = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoded:
    """The vectors of a text's word pieces (pieces × 384) and where each piece stands."""

    vectors: Vector
    spans: NDArray[np.int64]  # start and end; (0, 0) for the marks at both ends
    cut: bool

    @property
    def mean(self) -> Vector:
        """The vector of the whole text, of length 1."""
        return unit(self.vectors.mean(axis=0))

    def inside(self, part: Span) -> NDArray[np.bool_]:
        """Which word pieces stand in a part of the text."""
        inside: NDArray[np.bool_] = (self.spans[:, 0] < part[1]) & (self.spans[:, 1] > part[0])
        return inside

    def of(self, part: Span) -> Vector:
        """The vector of a part of the text, of length 1; zeros if the encoder did not read it."""
        return unit(self.vectors[self.inside(part)].sum(axis=0))


@dataclass(frozen=True, slots=True)
class NGrams:
    """A text's n-grams by occurrence: bucket, weight, and the word it starts with."""

    buckets: Buckets
    weights: Vector  # the parts of words and those of letters have a squared sum of 1 each
    spans: NDArray[np.int64]  # start and end of each word
    word: Buckets  # index into `spans`


@dataclass(frozen=True, slots=True)
class Heads:
    """The linear heads, and how their log-odds are read."""

    name: str
    dense: dict[str, Vector]  # head → weights over the mean vector; `function`: one row a class
    sparse: dict[str, Vector]  # head → weights over the buckets
    bias: dict[str, Vector]
    rarity: Vector  # of each bucket: how much an n-gram counts (inverse document frequency)
    thresholds: dict[str, float]  # a signal is on from this log-odds upwards
    scale: float  # of the label's log-odds, so that the probabilities are calibrated
    shift: float

    def score(self, head: str, vector: Vector, ngrams: NGrams) -> float:
        """Return the log-odds of one head."""
        return float(self.bias[head] + self.dense[head] @ vector) + self.of_words(head, ngrams)

    def of_words(self, head: str, ngrams: NGrams) -> float:
        """Return the n-grams' share of a head's log-odds."""
        return float(self.sparse[head][ngrams.buckets] @ ngrams.weights)


class Encoder:
    """Turns text into vectors with the ONNX model in `folder`, on one core."""

    def __init__(self, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # every text has another length: an arena only grows
        options.log_severity_level = 3
        with weight_file(folder / "encoder.onnx") as model:
            self._session = ort.InferenceSession(model, options, ["CPUExecutionProvider"])
        with weight_file(folder / "tokenizer.json") as pieces:
            self._tokenizer = Tokenizer.from_buffer(pieces)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(WINDOW)

    def encode(self, text: str) -> Encoded:
        """Return the vectors of a tidy text, window by window, cut after `WINDOWS`."""
        first = self._tokenizer.encode(text)
        windows = [first, *first.overflowing]
        vectors: list[Vector] = []
        spans: list[Span] = []
        for window in windows[:WINDOWS]:
            ids = np.array([window.ids], dtype=np.int64)
            inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            vectors.append(self._session.run(None, inputs)[0][0])
            spans += window.offsets
        return Encoded(np.concatenate(vectors), np.array(spans), len(windows) > WINDOWS)


def of_part(part: Span, ngrams: NGrams, rarity: Vector) -> tuple[Buckets, Vector, int]:
    """Return the buckets of one part's n-grams, their weights on its own, and its word count."""
    first, last = np.searchsorted(ngrams.spans[:, 0], part)
    buckets = ngrams.buckets[(ngrams.word >= first) & (ngrams.word < last)]
    return buckets, unit(rarity[buckets]), int(last - first)


def discounted(scores: dict[str, Any]) -> dict[str, Any]:
    """Return log-odds of label and signals, abstentions lowered by the best reason to answer.

    "A technical co-founder for my SaaS" is worded like a vacancy, and still no case of neither;
    "tell me when a price changes" is short, and still clearly of one kind.
    """
    reasons = [*(scores[name] for name in IN_SCOPE), np.abs(scores["label"])]
    strongest = np.max(reasons, axis=0)
    return {**scores, **{name: scores[name] - DISCOUNT * strongest for name in ABSTENTIONS}}


def unit(vector: Vector) -> Vector:
    """Return the vector with length 1."""
    scaled: Vector = vector / (np.linalg.norm(vector) or 1.0)
    return scaled


def count_ngrams(text: str, rarity: Vector) -> NGrams:
    """Return the n-grams of a tidy text; letter case does not matter, and all numbers are one."""
    found = list(WORD.finditer(text.lower()))
    words = ["0" if match.group()[0].isdigit() else match.group()[:40] for match in found]
    blocks: list[tuple[list[int], list[int]]] = [([], []), ([], [])]
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else "."
        pairs = [_bucket(f"w {word}"), _bucket(f"p {word} {following}")]
        for (buckets, owners), new in zip(blocks, (pairs, _letters(word)), strict=True):
            buckets += new
            owners += [index] * len(new)
    weights = [_weights(np.array(b, dtype=np.int64), rarity) for b, _ in blocks]
    return NGrams(
        np.array(blocks[0][0] + blocks[1][0], dtype=np.int64),
        np.concatenate(weights),
        np.array([match.span() for match in found], dtype=np.int64).reshape(-1, 2),
        np.array(blocks[0][1] + blocks[1][1], dtype=np.int64),
    )


def _weights(buckets: NDArray[np.int64], rarity: Vector) -> Vector:
    """Return the weight of each occurrence; n of one kind weigh 1 + log n together, times rarity.

    Sublinear counting keeps a repeated word from drowning the rest.
    """
    kinds, kind, counts = np.unique(buckets, return_inverse=True, return_counts=True)
    whole = (1 + np.log(counts)) * rarity[kinds]
    shares: Vector = (unit(whole) / counts).astype(np.float32)
    return shares[kind]


@lru_cache(maxsize=50_000)
def _bucket(ngram: str) -> int:
    return zlib.crc32(ngram.encode("utf-8", "replace")) % BUCKETS


@lru_cache(maxsize=50_000)
def _letters(word: str) -> list[int]:
    edged = f" {word} "
    return [
        _bucket(f"l {edged[start : start + size]}")
        for size in LETTERS
        for start in range(len(edged) - size + 1)
    ]


@contextmanager
def weight_file(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes; whatever goes wrong in reading or decoding them is a `SettingsError`.

    numpy, zipfile, onnxruntime and tokenizers raise many kinds of error about damaged bytes.
    """
    try:
        yield path.read_bytes()
    except TriageError:
        raise
    except OSError as error:
        raise SettingsError(
            f"The model's weights {path} cannot be read ({error.strerror}). Reinstall triage-agent."
        ) from error
    except Exception as error:
        raise SettingsError(
            f"The model's weights in {path} are damaged ({type(error).__name__}: {error}). "
            "Reinstall triage-agent."
        ) from error


@cache
def load_heads(folder: Path) -> Heads:
    """Return the heads in `folder`, or raise `SettingsError`."""
    with weight_file(folder / "ngrams.npy") as table, weight_file(folder / "heads.json") as raw:
        data: dict[str, Any] = json.loads(raw)
        if hashlib.sha256(table).hexdigest() != data["ngrams_sha256"]:
            raise ValueError("ngrams.npy is not the file that heads.json was made with")
        rows = np.load(io.BytesIO(table), allow_pickle=False).astype(np.float32)
        return Heads(
            name=f"embedded-1-{hashlib.sha256(raw).hexdigest()[:6]}",
            dense={k: np.array(v["weights"], np.float32) for k, v in data["heads"].items()},
            sparse=dict(zip(data["ngram_rows"], rows[1:], strict=True)),
            bias={k: np.array(v["bias"], np.float32) for k, v in data["heads"].items()},
            rarity=rows[0],
            thresholds=dict(data["thresholds"]),
            scale=float(data["calibration"]["scale"]),
            shift=float(data["calibration"]["shift"]),
        )


@cache
def load_words(folder: Path) -> Words:
    """Return the word lists in `folder`, or raise `SettingsError`."""
    with weight_file(folder / "words.json") as raw:
        data = json.loads(raw)
        return Words(
            orders=re.compile("|".join(data["orders"]), re.IGNORECASE),
            english=frozenset(data["english"].split()),
            foreign={k: frozenset(v.split()) for k, v in data["foreign"].items()},
            in_names=frozenset(data["in_names"].split()),
            rationale=data["rationale"],
        )
