"""Writes the fine-tuned network as the package needs it: an ONNX encoder in 8 bits, and the heads.

Every linear layer multiplies whole numbers. The weights are rounded column by column once, and the
vectors word piece by word piece as they come: with one scale for a whole text, as onnxruntime's
own dynamic quantization has it, a few large numbers leave too few steps for the rest. Written
as plain ONNX operators, so any onnxruntime runs it.
"""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from triage_agent.training.examples import FLAGS, FUNCTIONS, KINDS, SIGNALS
from triage_agent.training.network import Network

OPSET = 17
MIDDLE = 7  # of 12 layers; of those tried it is best for orders and red flags
STEPS = 127  # of a layer, on each side of zero
COARSE = 31  # of a table of vectors: its numbers are added up, not multiplied, and pack better
WIDE = 256  # numbers in a row; a narrower table is not worth rounding
OUTPUTS = {"kind": KINDS, "signals": SIGNALS, "function": FUNCTIONS, "flags": tuple(FLAGS)}


class _Vectors(nn.Module):
    """The encoder with the word pieces' vectors of two layers as outputs, a text at a time."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return two vectors for each word piece, each texts × pieces × 768."""
        layers = self.encoder(
            input_ids, attention_mask=torch.ones_like(input_ids), output_hidden_states=True
        ).hidden_states
        return layers[-1], layers[MIDDLE]


def export(network: Network, tokenizer: Path, weights: Path) -> None:
    """Write encoder.onnx, tokenizer.json, heads.npz and the names in model.json into `weights`."""
    with TemporaryDirectory() as scratch:
        exact = Path(scratch) / "exact.onnx"
        torch.onnx.export(
            _Vectors(network.encoder).eval(),
            (torch.arange(1000, 1016)[None],),
            exact,
            input_names=["input_ids"],
            output_names=["vectors", "middle"],
            dynamic_axes={name: {1: "pieces"} for name in ("input_ids", "vectors", "middle")},
            opset_version=OPSET,
            dynamo=False,
        )
        onnx.save(in_eight_bits(onnx.load(exact)), weights / "encoder.onnx")
    (weights / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    write_heads(network, weights)


def write_heads(network: Network, weights: Path) -> None:
    """Write heads.npz, and model.json with the names of its outputs; it is not calibrated yet."""
    arrays = {}
    for name, head in [*network.heads.items(), ("order", network.order)]:
        arrays[f"{name}_weights"] = head.weight.detach().float().numpy()
        arrays[f"{name}_bias"] = head.bias.detach().float().numpy()
    np.savez(weights / "heads.npz", **arrays)
    data = {
        "heads_sha256": hashlib.sha256((weights / "heads.npz").read_bytes()).hexdigest(),
        "encoder_sha256": hashlib.sha256((weights / "encoder.onnx").read_bytes()).hexdigest(),
        "outputs": {name: list(names) for name, names in OUTPUTS.items()} | {"order": ["order"]},
        "reading": {
            "signals": dict.fromkeys(SIGNALS, 0.0),
            "flags": dict.fromkeys(FLAGS, 0.0),
        },
    }
    (weights / "model.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def in_eight_bits(model: Any) -> Any:
    """Return the ONNX model with 8-bit weights in every linear layer and every table of vectors."""
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[Any] = []
    added: dict[str, Any] = {}
    rounded: dict[str, list[Any]] = {}  # a layer's input → the nodes that round it, made once
    dropped: set[str] = set()
    for node in graph.node:
        table = tables.get(node.input[1]) if node.op_type == "MatMul" else None
        if table is not None and len(table.dims) == 2:
            nodes += _linear(node, table, added, rounded)
            dropped.add(table.name)
        elif node.op_type == "Gather" and node.input[0] in tables and _is_wide(node, tables):
            nodes += _looked_up(node, tables[node.input[0]], added)
            dropped.add(node.input[0])
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    kept = [tensor for tensor in graph.initializer if tensor.name not in dropped]
    del graph.initializer[:]
    graph.initializer.extend([*kept, *added.values()])
    onnx.checker.check_model(model)
    return model


def _is_wide(node: Any, tables: dict[str, Any]) -> bool:
    """Return whether a table of vectors is worth rounding."""
    dims = tables[node.input[0]].dims
    return len(dims) == 2 and dims[1] >= WIDE


def _linear(
    node: Any, table: Any, added: dict[str, Any], rounded: dict[str, list[Any]]
) -> list[Any]:
    """Return the nodes that multiply by a rounded table: input × table, in whole numbers."""
    values = numpy_helper.to_array(table)
    scale = np.abs(values).max(axis=0) / STEPS
    _add(added, f"{table.name}_q", np.round(values / scale).astype(np.int8))
    _add(added, f"{table.name}_scale", scale.astype(np.float32))
    _add(added, "steps", np.array(STEPS, np.float32))
    _add(added, "tiny", np.array(1e-9, np.float32))
    _add(added, "half", np.array(128, np.float32))
    _add(added, "half_q", np.array(128, np.uint8))
    source, name = node.input[0], node.name
    nodes: list[Any] = []
    if source not in rounded:
        rounded[source] = []
        nodes = [
            helper.make_node("Abs", [source], [f"{source}_abs"]),
            helper.make_node("ReduceMax", [f"{source}_abs"], [f"{source}_most"], axes=[-1]),
            helper.make_node("Max", [f"{source}_most", "tiny"], [f"{source}_top"]),
            helper.make_node("Div", ["steps", f"{source}_top"], [f"{source}_up"]),
            helper.make_node("Div", [f"{source}_top", "steps"], [f"{source}_down"]),
            helper.make_node("Mul", [source, f"{source}_up"], [f"{source}_scaled"]),
            helper.make_node("Round", [f"{source}_scaled"], [f"{source}_whole"]),
            helper.make_node("Add", [f"{source}_whole", "half"], [f"{source}_moved"]),
            helper.make_node(
                "Cast", [f"{source}_moved"], [f"{source}_q"], to=onnx.TensorProto.UINT8
            ),
        ]
    return [
        *nodes,
        helper.make_node(
            "MatMulInteger", [f"{source}_q", f"{table.name}_q", "half_q"], [f"{name}_sum"]
        ),
        helper.make_node("Cast", [f"{name}_sum"], [f"{name}_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_float", f"{source}_down"], [f"{name}_rows"]),
        helper.make_node("Mul", [f"{name}_rows", f"{table.name}_scale"], list(node.output), name),
    ]


def _looked_up(node: Any, table: Any, added: dict[str, Any]) -> list[Any]:
    """Return the nodes that look up rows of a rounded table."""
    values = numpy_helper.to_array(table)
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-9) / COARSE
    _add(added, f"{table.name}_q", np.round(values / scale).astype(np.int8))
    _add(added, f"{table.name}_scale", scale.astype(np.float32))
    name = node.name
    return [
        helper.make_node("Gather", [f"{table.name}_q", node.input[1]], [f"{name}_q"]),
        helper.make_node("Gather", [f"{table.name}_scale", node.input[1]], [f"{name}_scale"]),
        helper.make_node("Cast", [f"{name}_q"], [f"{name}_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], list(node.output), name),
    ]


def _add(added: dict[str, Any], name: str, values: Any) -> None:
    """Add a constant, unless it is there."""
    if name not in added:
        added[name] = numpy_helper.from_array(values, name)
