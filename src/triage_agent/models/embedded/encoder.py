"""The encoder: turns a text into one vector for each word piece, on one core."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

# Nothing leaves this machine: without it, onnxruntime keeps a device id in the user's cache and
# queues events for upload from the moment it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort

from triage_agent.errors import SettingsError, TriageError
from triage_agent.models.embedded.text import Span

WEIGHTS = Path(__file__).resolve().parent / "data"
WINDOW = 256  # word pieces that the encoder reads at once
REMEMBERED = 16  # texts whose vectors are kept, each of them up to 3 MB
WINDOWS = 2  # that it reads of a text; the rest is cut off

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """The vectors of a text's word pieces (pieces × 768) and where each piece stands.

    The last layer's know what the encoder was fine-tuned for; a middle layer's still know the rest.
    """

    vectors: Vector
    middle: Vector
    spans: NDArray[np.int64]  # start and end; (0, 0) for the marks at both ends
    cut: bool

    @property
    def mean(self) -> Vector:
        """The vector of the whole text."""
        mean: Vector = self.vectors.mean(axis=0)
        return mean

    def gist(self) -> Vector:
        """Return the last layer's vector of the text, of length 1."""
        return scaled(self.vectors.sum(axis=0))

    def sense(self, pieces: NDArray[np.bool_] | None = None) -> Vector:
        """Return the middle layer's vector of the text, or of some of its pieces, of length 1."""
        return scaled((self.middle if pieces is None else self.middle[pieces]).sum(axis=0))

    def both(self) -> Vector:
        """Return `sense()` and `gist()` side by side (1,536)."""
        return np.concatenate([self.sense(), self.gist()])

    def share(self, pieces: NDArray[np.bool_]) -> Vector:
        """Return what some pieces add to `both()`."""
        parts: list[Vector] = []
        for layer in (self.middle, self.vectors):
            whole = np.linalg.norm(layer.sum(axis=0)) or 1.0
            parts.append((layer[pieces].sum(axis=0) / whole).astype(np.float32))
        return np.concatenate(parts)

    def inside(self, part: Span) -> NDArray[np.bool_]:
        """Which word pieces stand in a part of the text."""
        inside: NDArray[np.bool_] = (self.spans[:, 0] < part[1]) & (self.spans[:, 1] > part[0])
        return inside


def scaled(vector: Vector) -> Vector:
    """Return the vector at length 1; one of zeros stays."""
    unit: Vector = (vector / (np.linalg.norm(vector) or 1.0)).astype(np.float32)
    return unit


class Encoder:
    """Reads texts with the ONNX model in `folder`; one that is missing is a `SettingsError`."""

    def __init__(self, folder: Path) -> None:
        with usable(folder / "encoder.onnx") as model:
            self._session = session(model)
        with weight_file(folder / "tokenizer.json") as pieces:
            self._tokenizer = Tokenizer.from_buffer(pieces)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(WINDOW)

        # A text is read twice in a row: for the problems in it, and for what they call for.
        self._remembering = lru_cache(REMEMBERED)(self._encode)

    def encode(self, text: str) -> Encoded:
        """Return the vectors of a tidy text, window by window, cut after `WINDOWS`."""
        return self._remembering(text)

    def known_words(self, text: str) -> float:
        """Return the share of a text's different words that are words; 0 if it has none.

        Common English words are one piece each, and what is typed at random never is.
        """
        words = set(re.findall(r"[^\W\d_]+", text))
        pieces = self._tokenizer.encode_batch([*words], add_special_tokens=False)
        return sum(len(one.tokens) == 1 for one in pieces) / len(words) if words else 0.0

    def _encode(self, text: str) -> Encoded:
        """Return the vectors of a text, which may be known already."""
        first = self._tokenizer.encode(text)
        windows = [first, *first.overflowing]
        vectors: list[Vector] = []
        middle: list[Vector] = []
        spans: list[Span] = []
        for window in windows[:WINDOWS]:
            ids = np.array([window.ids], dtype=np.int64)
            last, halfway = self._session.run(["vectors", "middle"], {"input_ids": ids})
            vectors.append(last[0])
            middle.append(halfway[0])
            spans += window.offsets
        return Encoded(
            np.concatenate(vectors), np.concatenate(middle), np.array(spans), len(windows) > WINDOWS
        )


def session(path: Path) -> ort.InferenceSession:
    """Return an ONNX model, which runs on one core; by its path, as no copy of it is held then."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # every text has another length: an arena only grows
    options.log_severity_level = 3
    # More of it takes longer to load than it saves.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return ort.InferenceSession(str(path), options, ["CPUExecutionProvider"])


@cache
def load_encoder(folder: Path) -> Encoder:
    """Return the encoder in `folder`, the same one for all that read with it."""
    return Encoder(folder)


@contextmanager
def weight_file(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes; what goes wrong in reading or decoding is a `SettingsError`."""
    with usable(path):
        yield path.read_bytes()


@contextmanager
def usable(path: Path) -> Iterator[Path]:
    """Yield a file's path; whatever goes wrong in opening or decoding it is a `SettingsError`.

    numpy, zipfile, onnxruntime and tokenizers raise many kinds of error about damaged bytes.
    """
    try:
        path.open("rb").close()
        yield path
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
