"""The shipped weights are what the training command makes from the repository's files."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs the dev dependencies")

from triage_agent.files import folder
from triage_agent.models.embedded.weights import WEIGHTS, load_heads
from triage_agent.training.examples import FOLDS, VOICES, TrainingExample, load_examples
from triage_agent.training.heads import ATTACKS, LABEL_SHARE, fit_head, prepare, target
from triage_agent.training.measure import abstention_thresholds, best_threshold
from triage_agent.training.views import dense_view, sparse_view

EXAMPLES = folder("prompts") / "training" / "examples.jsonl"
MEGABYTES = 40


def shipped() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((WEIGHTS / "heads.json").read_text(encoding="utf-8"))
    return data


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def rows() -> list[TrainingExample]:
    return load_examples(EXAMPLES)


@pytest.mark.parametrize(
    ("file", "recorded"),
    [
        pytest.param(EXAMPLES, "examples_sha256", id="the examples"),
        pytest.param(EXAMPLES.with_name(ATTACKS), "attacks_sha256", id="the attacks"),
        pytest.param(WEIGHTS / "encoder.onnx", "encoder_sha256", id="the encoder"),
        pytest.param(WEIGHTS / "ngrams.npy", "ngrams_sha256", id="the n-gram weights"),
    ],
)
def test_heads_were_made_with_the_files_in_the_repository(file: Path, recorded: str) -> None:
    assert shipped()[recorded] == sha256(file), "run: python -m triage_agent.training heads"


def test_encoder_and_tokenizer_are_the_files_whose_origin_is_recorded() -> None:
    origin = json.loads((WEIGHTS / "encoder.json").read_text(encoding="utf-8"))
    for name, recorded in origin["sha256"].items():
        assert sha256(WEIGHTS / name) == recorded, name


def test_everything_that_ships_stays_under_forty_megabytes() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < MEGABYTES * 1e6


@pytest.fixture(scope="module")
def prepared() -> Any:
    return prepare(EXAMPLES, WEIGHTS)


@pytest.mark.slow
class TestFittingAgain:
    """Fits the label head and the order head anew; the others are fitted by the same function.

    N-grams are the same everywhere. The encoder's vectors are not: it rounds to whole numbers, a
    last bit that another processor computes otherwise tips some over, and a few texts in a hundred
    get a vector that is a few degrees off. So of the dense heads, what they say is compared. A
    sentence at the limit may then be set aside in one place and not in the other, which moves the
    label's n-grams a little too.
    """

    def test_gives_the_shipped_order_head(self, prepared: Any) -> None:
        _, orders, _, rarity, _ = prepared
        heads = load_heads(WEIGHTS)
        np.testing.assert_array_equal(rarity, heads.rarity)
        np.testing.assert_allclose(orders.sparse, heads.sparse["order"], rtol=2e-3, atol=2e-4)
        assert alike(orders.dense, heads.dense["order"])
        for name, threshold in orders.thresholds.items():
            assert threshold == pytest.approx(heads.thresholds[name], abs=0.2)

    def test_gives_the_shipped_label_head(self, prepared: Any) -> None:
        rows, _, texts, rarity, encode = prepared
        use, truth = target(rows, "label")
        dense = dense_view(texts, encode)
        sparse = sparse_view(texts, rarity)
        on_dense, on_sparse = fit_head(dense, sparse, truth, use, LABEL_SHARE)
        heads = load_heads(WEIGHTS)
        assert alike(on_sparse.coef_[0], heads.sparse["label"])
        assert alike(on_dense.coef_[0], heads.dense["label"])
        says = on_dense.decision_function(dense) + on_sparse.decision_function(sparse)
        shipped = (
            heads.bias["label"] + dense @ heads.dense["label"] + sparse @ heads.sparse["label"]
        )
        assert np.abs(says - shipped).mean() < 0.05
        assert ((says > 0) == (shipped > 0)).mean() > 0.995


def alike(one: Any, other: Any) -> bool:
    """Return whether two heads point the same way and are as long, but for five in a hundred."""
    return bool(np.linalg.norm(one - other) < 0.05 * np.linalg.norm(other))


def test_each_voice_with_both_labels_is_left_out_whole(rows: list[TrainingExample]) -> None:
    folds = {voice: {row.fold for row in rows if row.voice == voice} for voice in VOICES}
    assert folds == {voice: {fold} for voice, fold in VOICES.items()}
    assert {fold for own in folds.values() for fold in own} == set(range(FOLDS))


def test_no_text_stands_twice_among_the_examples(rows: list[TrainingExample]) -> None:
    assert len({" ".join(row.text.casefold().split()) for row in rows}) == len(rows)


SCORES = np.array([0.1, 0.4, 0.35, 0.8, 0.9])
TRUTH = np.array([False, True, False, True, False])


@pytest.mark.parametrize(
    ("precision", "threshold"),
    [
        pytest.param(0.0, 0.4, id="without a floor the best F1 wins"),
        pytest.param(0.9, 1.9, id="a floor that cannot be reached switches the signal off"),
    ],
)
def test_threshold_respects_its_floor(precision: float, threshold: float) -> None:
    assert best_threshold(SCORES, TRUTH, precision) == pytest.approx(threshold)


def test_two_abstention_thresholds_share_one_allowance() -> None:
    draw = np.random.default_rng(0)
    in_scope = np.arange(1000) < 900
    scores = {name: draw.normal(size=1000) + 3 * ~in_scope for name in ("neither", "too_vague")}
    limits = abstention_thresholds(scores, in_scope, 0.04)
    abstains = np.any([scores[name] >= limits[name] for name in scores], axis=0)
    assert abstains[in_scope].mean() <= 0.04
    assert abstains[~in_scope].mean() > 0.8
