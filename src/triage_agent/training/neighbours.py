"""Encodes the examples that may stand in a prompt, and writes neighbours.npz."""

import hashlib
import json
from pathlib import Path

import numpy as np

from triage_agent.models import Encoder, fits_in_prompt, tidy

SCALE = 127  # the largest entry of a vector as a whole number; the order of cosines hardly moves


def make_neighbours(examples: Path, weights: Path) -> None:
    """Write the examples' vectors as 8-bit numbers (examples × 384) into `weights`."""
    raw = examples.read_bytes()
    rows = [json.loads(line) for line in raw.decode("utf-8").split("\n") if line]
    chosen = [index for index, row in enumerate(rows) if fits_in_prompt(row)]
    encoder = Encoder(weights)
    vectors = np.stack([encoder.encode(tidy(rows[index]["text"]).text).mean for index in chosen])
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    np.savez_compressed(
        weights / "neighbours.npz",
        vectors=np.round(vectors / largest * SCALE).astype(np.int8),
        rows=np.array(chosen, dtype=np.int32),
        examples_sha256=np.array(hashlib.sha256(raw).hexdigest()),
    )
