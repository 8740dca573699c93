"""The model that ships in the package: a small text encoder with one linear head per question.

A text is cleaned, encoded once (mean of the token vectors), and every head is a dot product with
that mean. So the label's log-odds are a sum over tokens, and the same pass that gives the label
says which sentences moved it. Everything that was learned is in `weights/` (see `training`).
"""

import asyncio
import hashlib
import json
import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from triage_agent.errors import SettingsError
from triage_agent.records import Function, Label, Prediction, Problem, Signals

WEIGHTS = Path(__file__).resolve().parent / "weights"
MAX_PIECES = 512  # word pieces that the encoder reads; the rest of a text is cut off
MAX_CHARACTERS = 8_000  # read at most, so that a text of any size takes bounded time
MAX_QUOTES = 3
MAX_QUOTE_LENGTH = 200  # characters
WORTH_QUOTING = 0.25  # of the strongest sentence's effect
SENTENCE = re.compile(r"[^\n]*?(?:[.!?…]+[\"'”’)\]]*(?=\s|$)|\n|$)", re.DOTALL)
CLAUSE = re.compile(r"[^,;:–—]*(?:[,;:–—]|$)")
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control, format, surrogate, private, none

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clean:
    """A text as the model reads it; `origin[i]` is where character i stands in the original."""

    text: str
    origin: tuple[int, ...] | range
    cut: bool


@dataclass(frozen=True, slots=True)
class Encoded:
    """The token vectors of a text (tokens × dimensions) and where each token stands in it."""

    vectors: Vector
    spans: tuple[tuple[int, int], ...]  # (0, 0) for the marks at both ends
    cut: bool

    @property
    def mean(self) -> Vector:
        """The vector of the whole text, of length 1."""
        mean: Vector = self.vectors.mean(axis=0)
        return mean / (np.linalg.norm(mean) or 1.0)


@dataclass(frozen=True, slots=True)
class Heads:
    """What training left: linear heads over the mean vector, thresholds, and their origin."""

    name: str
    weights: dict[str, Vector]  # label and signals: (dimensions,); function: (13, dimensions)
    biases: dict[str, Vector]
    thresholds: dict[str, float]  # a signal is on from this log-odds upwards
    scale: float  # of the label's log-odds, so that the probabilities are calibrated
    shift: float

    def score(self, head: str, vector: Vector) -> float:
        """Return the log-odds of one head."""
        return float(vector @ self.weights[head] + self.biases[head])


@dataclass(frozen=True, slots=True)
class Words:
    """What was written rather than learned: see weights/words.json."""

    attack: re.Pattern[str]  # what a sentence that instructs its reader looks like
    english: frozenset[str]  # function words
    foreign: dict[str, frozenset[str]]  # function words of other languages
    rationale: dict[str, Any]


class EmbeddedModel:
    """Classifies a problem on this machine, without a network; see `predict`.

    `prior` is the share of build-software problems that the caller expects (0 to 1, exclusive);
    0.5 is what the model was calibrated for. Raises `SettingsError` if it is out of range or the
    weights are missing or damaged.
    """

    backend = "embedded"
    prompt: str | None = None

    def __init__(self, prior: float = 0.5) -> None:
        if not 0 < prior < 1:
            raise SettingsError(f"The prior is {prior:g}; it must lie between 0 and 1, like 0.3.")
        self._prior_log_odds = math.log(prior / (1 - prior))
        self._heads, self._words = load_heads(WEIGHTS), load_words(WEIGHTS)
        self._encoder = Encoder(WEIGHTS)
        self.name = self._heads.name

    async def predict(self, problem: Problem) -> Prediction:
        """Return label, calibrated `p_build`, signals, and the sentences that decided.

        Texts over `MAX_PIECES` word pieces are read up to there, and `truncated` says so.
        """
        return await asyncio.to_thread(self.read, problem.text)

    async def aclose(self) -> None:
        """Do nothing; there is nothing to let go of."""

    def read(self, text: str) -> Prediction:
        """Return what `predict` returns, for a bare text."""
        clean = tidy(text)
        heads = self._heads
        parts = split(clean.text)
        rest, orders = without_orders(clean.text, parts, self._words.attack)
        encoded = self._encoder.encode(rest)
        vector = encoded.mean
        log_odds = heads.scale * heads.score("label", vector) + heads.shift + self._prior_log_odds
        label = Label.BUILD if log_odds >= 0 else Label.AUTOMATE
        noticed = {
            signal: heads.score(signal, vector) >= threshold
            for signal, threshold in heads.thresholds.items()
        }
        noticed["instructs_reader"] |= bool(orders)
        noticed["neither"] &= not noticed["too_vague"]
        functions = heads.weights["function"] @ vector + heads.biases["function"]
        effects = self._effects(encoded, [part for part in parts if part not in orders])
        signals = Signals(**noticed)
        return Prediction(
            label=label,
            signals=signals,
            p_build=1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds)))),
            probability_from=self.backend,
            function=list(Function)[int(np.argmax(functions))],
            evidence=quotes(text, clean, effects, 1 if label is Label.BUILD else -1),
            rationale=rationale(label, signals, self._words.rationale),
            known_language=is_english(rest, self._words),
            truncated=clean.cut or encoded.cut,
        )

    def _effects(
        self, encoded: Encoded, parts: list[tuple[int, int]]
    ) -> list[tuple[float, tuple[int, int]]]:
        """Return how far each part moved the log-odds of build-software: its leave-out effect.

        Without a part of m of the n tokens, the mean of the others differs from that of all by
        m / (n - m) times the part's distance from the mean (the vectors of the others are taken
        as they are; a test compares this with encoding the text anew).
        """
        each = encoded.vectors @ self._heads.weights["label"]
        middles = np.array([(start + end) / 2 for start, end in encoded.spans])
        real = np.array([end > start for start, end in encoded.spans])
        effects = []
        for start, end in parts:
            inside = real & (middles >= start) & (middles < end)
            count = int(inside.sum())
            if count:
                rest = max(1, len(each) - count)
                effect = count / rest * float(each[inside].mean() - each.mean())
                effects.append((effect, (start, end)))
        return effects


class Encoder:
    """Turns text into token vectors with the ONNX model in `folder`, on one core."""

    def __init__(self, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(
                read_bytes(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_buffer(read_bytes(folder / "tokenizer.json"))
        except SettingsError:
            raise
        except Exception as error:  # both libraries raise bare Exception subclasses of their own
            raise _damaged(folder, error) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_PIECES)

    def encode(self, text: str) -> Encoded:
        """Return the token vectors of a cleaned text, cut at `MAX_PIECES`."""
        tokens = self._tokenizer.encode(text)
        ids = np.array([tokens.ids], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        (hidden,) = self._session.run(None, inputs)
        return Encoded(hidden[0], tuple(tokens.offsets), bool(tokens.overflowing))


def read_bytes(path: Path) -> bytes:
    """Return a weight file's bytes, or raise `SettingsError` naming it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"The model's weights {path} cannot be read ({error.strerror}). Reinstall triage-agent."
        ) from error


def _damaged(path: Path, error: Exception) -> SettingsError:
    return SettingsError(
        f"The model's weights in {path} are damaged ({type(error).__name__}). "
        "Reinstall triage-agent."
    )


@cache
def load_heads(folder: Path) -> Heads:
    """Return the heads and word lists in `folder`, or raise `SettingsError`."""
    raw = read_bytes(folder / "heads.json")
    try:
        data = json.loads(raw)
        return Heads(
            name=f"embedded-1-{hashlib.sha256(raw).hexdigest()[:6]}",
            weights={k: np.array(v["weights"], np.float32) for k, v in data["heads"].items()},
            biases={k: np.array(v["bias"], np.float32) for k, v in data["heads"].items()},
            thresholds=dict(data["thresholds"]),
            scale=float(data["calibration"]["scale"]),
            shift=float(data["calibration"]["shift"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder / "heads.json", error) from error


@cache
def load_words(folder: Path) -> Words:
    """Return the word lists in `folder`, or raise `SettingsError`."""
    try:
        data = json.loads(read_bytes(folder / "words.json"))
        return Words(
            attack=re.compile("|".join(data["attack"]), re.IGNORECASE),
            english=frozenset(data["english"].split()),
            foreign={k: frozenset(v.split()) for k, v in data["foreign"].items()},
            rationale=data["rationale"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        raise _damaged(folder / "words.json", error) from error


def tidy(text: str) -> Clean:
    r"""Return the beginning of a text as the model reads it.

    Letters in disguise become plain (NFKC), invisible characters vanish, and other white space
    becomes a blank, each character's place in the original being kept.

    >>> tidy("Bu\u200bild \uff21pp\x00").text
    'Build App'
    """
    head = text[: 4 * MAX_CHARACTERS]
    if head.isascii() and head.isprintable() and len(text) <= MAX_CHARACTERS:
        return Clean(text, range(len(text)), cut=False)
    characters: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(head):
        if character.isspace():
            plain = "\n" if character in "\n\r\u2028\u2029" else " "
            if characters and characters[-1] == plain:
                continue
        elif unicodedata.category(character) in UNSEEN:
            continue
        else:
            plain = unicodedata.normalize("NFKC", character)
        characters += plain
        origin += [index] * len(plain)
    cut = len(text) > len(head) or len(characters) > MAX_CHARACTERS
    return Clean("".join(characters[:MAX_CHARACTERS]), tuple(origin[:MAX_CHARACTERS]), cut)


def split(text: str) -> list[tuple[int, int]]:
    """Return where each sentence (of an overlong one, each clause) starts and ends.

    >>> text = "Leads get lost. Nobody calls"
    >>> [text[start:end] for start, end in split(text)]
    ['Leads get lost.', 'Nobody calls']
    """
    parts = []
    for sentence in SENTENCE.finditer(text):
        start, end = sentence.span()
        pieces = [(start, end)]
        if end - start > MAX_QUOTE_LENGTH:
            pieces = [clause.span() for clause in CLAUSE.finditer(text, start, end)]
        for left, right in pieces:
            body = text[left:right]
            left, right = left + len(body) - len(body.lstrip()), left + len(body.rstrip())
            if any(character.isalnum() for character in text[left:right]):
                parts.append((left, right))
    return parts


def without_orders(
    text: str, parts: list[tuple[int, int]], attack: re.Pattern[str]
) -> tuple[str, list[tuple[int, int]]]:
    """Return the text without the parts that instruct its reader, and those parts.

    Blanks take their place, so that every other character stays where it was. A text of nothing
    but instructions is returned as it is.
    """
    orders = [(start, end) for start, end in parts if attack.search(text[start:end])]
    rest = text
    for start, end in orders:
        rest = rest[:start] + " " * (end - start) + rest[end:]
    return (rest if rest.strip() else text), orders


def quotes(
    original: str, clean: Clean, effects: list[tuple[float, tuple[int, int]]], sign: int
) -> tuple[str, ...]:
    """Return up to three parts of the original that pushed most towards the label."""
    ranked = sorted(((sign * effect, part) for effect, part in effects), reverse=True)
    found: list[str] = []
    for effect, (start, end) in ranked[:MAX_QUOTES]:
        if found and effect < WORTH_QUOTING * ranked[0][0]:
            break
        quote = original[clean.origin[start] : clean.origin[end - 1] + 1]
        if len(quote) > MAX_QUOTE_LENGTH:
            quote = quote[:MAX_QUOTE_LENGTH].rpartition(" ")[0]
        if quote and quote not in found:
            found.append(quote)
    return tuple(found)


def is_english(text: str, lists: Words) -> bool:
    """Return whether the text may be English: few words are taken for English, for want of proof.

    A text is foreign if most of its letters are not Latin, or if it holds more function words
    of one other language than of English.
    """
    letters = [character for character in text if character.isalpha()]
    if sum(character > "\u024f" for character in letters) > len(letters) / 2:
        return False
    words = re.findall(r"[^\W\d_]+", text.casefold())
    english = sum(word in lists.english for word in words)
    foreign = max(sum(word in known for word in words) for known in lists.foreign.values())
    return foreign < 2 or foreign <= english


def rationale(label: Label, signals: Signals, reasons: dict[str, Any]) -> str:
    """Return one or two plain sentences that say what the model noticed, and no more."""
    for case in reasons["abstain"]:
        if getattr(signals, case["signal"]):
            return str(case["text"])
    own = [r["text"] for r in reasons[label.value] if getattr(signals, r["signal"])]
    first = str(own[0]) if own else str(reasons["only_label"][label.value])
    other = Label.AUTOMATE if label is Label.BUILD else Label.BUILD
    against = [r["but"] for r in reasons[other.value] if getattr(signals, r["signal"])]
    return f"{first} {against[0]}" if against else first
