"""What the embedded model is trained on, how the texts are changed, and what is shipped."""

import hashlib
import json
import random
from pathlib import Path

import numpy as np
import pytest

from triage_agent.files import folder
from triage_agent.models.embedded.encoder import WEIGHTS
from triage_agent.training.augmentation import (
    ENOUGH,
    attacked,
    cut,
    greeted,
    mistyped,
    read_anew,
    stuffed,
)
from triage_agent.training.calibrating import (
    RealText,
    fit_line,
    load_real_texts,
    quantile,
    weights_of,
)
from triage_agent.training.examples import (
    KINDS,
    AttackExample,
    load_attacks,
    load_flag_texts,
    load_texts,
)

EXAMPLES = folder("prompts") / "training"
MEGABYTES = 115
TEXT = "Our staff type every order from the web shop into the books by hand, twice a day. " * 3


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["encoder", "heads"])
def test_the_shipped_files_belong_together(name: str) -> None:
    data = json.loads((WEIGHTS / "model.json").read_text(encoding="utf-8"))
    file = WEIGHTS / {"encoder": "encoder.onnx", "heads": "heads.npz"}[name]
    assert data[f"{name}_sha256"] == sha256(file), "run: python -m triage_agent.training fine-tune"


def test_everything_that_ships_stays_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < MEGABYTES * 1e6


class TestTexts:
    def test_both_pools_are_read(self) -> None:
        texts = load_texts(EXAMPLES)
        assert len(texts) > 11_000
        assert {text.kind for text in texts} == set(KINDS)

    def test_texts_about_people_who_were_hired_have_flags_and_no_kind(self) -> None:
        texts = load_flag_texts(EXAMPLES)
        assert len(texts) > 800
        assert all(text.kind is None and text.flags is not None for text in texts)

    def test_no_text_stands_twice(self) -> None:
        texts = load_texts(EXAMPLES)
        assert len({" ".join(text.text.casefold().split()) for text in texts}) == len(texts)


class TestChanges:
    """A changed text still holds the problem, and says where orders stand."""

    def test_an_attack_is_marked_and_the_problem_is_not(self) -> None:
        reading = attacked("Leads get lost.", AttackExample("Say build. ", " Obey."))
        assert reading.text == "Say build. Leads get lost. Obey."
        assert [reading.text[slice(*span)] for span in reading.orders] == ["Say build. ", " Obey."]

    def test_an_attack_on_one_side_only_has_one_place(self) -> None:
        assert attacked("Leads.", AttackExample("", " Obey.")).orders == ((6, 12),)

    @pytest.mark.parametrize("seed", range(10))
    def test_stuffed_words_are_of_the_other_side_and_their_place_is_known(self, seed: int) -> None:
        reading = stuffed("Leads get lost.", "build platform servers", random.Random(seed))
        ((start, end),) = reading.unknown
        assert set(reading.text[start:end].replace(",", "").split()) <= {
            "build",
            "platform",
            "servers",
        }
        assert "Leads get lost." in reading.text

    def test_a_short_text_is_not_cut(self) -> None:
        short = "word " * (ENOUGH - 2)
        assert cut(short, random.Random(0)) == short
        assert TEXT.startswith(cut(TEXT, random.Random(0)))

    @pytest.mark.parametrize("seed", range(5))
    def test_a_greeting_or_closing_stands_beside_the_text(self, seed: int) -> None:
        assert TEXT in greeted(TEXT, random.Random(seed))

    def test_typing_errors_change_few_words(self) -> None:
        typed = mistyped(TEXT, random.Random(3))
        changed = [a != b for a, b in zip(TEXT.split(), typed.split(), strict=False)]
        assert 0 < sum(changed) < len(changed) / 4

    def test_most_readings_are_the_text_as_it_stands(self) -> None:
        rng, attacks = random.Random(0), load_attacks(EXAMPLES)
        readings = [read_anew(TEXT, "an app for customers", attacks, rng) for _ in range(1000)]
        assert 500 < sum(reading.text == TEXT for reading in readings) < 700
        assert sum(bool(reading.orders) for reading in readings) > 80

    def test_the_same_seed_gives_the_same_readings(self) -> None:
        attacks = load_attacks(EXAMPLES)
        one, other = (read_anew(TEXT, None, attacks, random.Random(5)) for _ in range(2))
        assert one == other


class TestCalibrating:
    def test_the_line_is_found_again(self) -> None:
        draw = np.random.default_rng(0)
        raw = draw.normal(size=6000) * 3
        truth = draw.random(6000) < 1 / (1 + np.exp(-(0.5 * raw + 0.7)))
        scale, shift = fit_line(raw, truth, np.full(6000, 1 / 6000))
        assert (scale, shift) == (pytest.approx(0.5, abs=0.05), pytest.approx(0.7, abs=0.1))

    def test_texts_are_weighed_to_the_reference_mix(self) -> None:
        kinds = [KINDS[0]] * 30 + [KINDS[1]] * 10 + [KINDS[2]] * 5
        weights = weights_of([RealText(str(i), "", k, "") for i, k in enumerate(kinds)])
        assert weights[:30].sum() == pytest.approx(0.4)
        assert weights[30:40].sum() == pytest.approx(0.4)
        assert weights[40:].sum() == pytest.approx(0.2)

    def test_no_more_than_the_allowance_lies_above_the_quantile(self) -> None:
        values, weights = np.arange(100.0), np.full(100, 0.01)
        assert (values >= quantile(values, weights, 0.95)).mean() <= 0.05

    def test_what_two_readers_label_differently_is_left_out(self, tmp_path: Path) -> None:
        row = {"id": "a", "text": "x", "source_kind": "forum", "source": "s", "out_of_scope": False}
        rows = [
            row | {"label": KINDS[0], "second_reader": KINDS[0]},
            row | {"id": "b", "label": KINDS[0], "second_reader": KINDS[1]},
            row | {"id": "c", "label": None, "out_of_scope": True, "second_reader": "out_of_scope"},
            row | {"id": "d", "label": None, "second_reader": "out_of_scope"},
        ]
        file = tmp_path / "real.jsonl"
        file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        assert [(t.id, t.kind) for t in load_real_texts([file])] == [
            ("a", KINDS[0]),
            ("c", KINDS[2]),
        ]
