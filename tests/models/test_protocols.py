"""A model answers for itself: nobody asks for its class, or for what it may not have."""

import ast
from pathlib import Path

import pytest

import triage_agent
from triage_agent.models.protocols import Identity, Model

SOURCES = sorted(Path(triage_agent.__file__).parent.rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}
MODELS = {
    node.name
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef) and "Model" in {ast.unparse(base) for base in node.bases}
}
CHATS = {"OpenAIChat"}


def questions(tree):
    """Return the calls of a module that ask a model or a chat service what it is."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        subject = ast.unparse(node.args[0]).rpartition(".")[2]
        if node.func.id == "isinstance" and names & (MODELS | CHATS | {"Model", "Chat"}):
            yield ast.unparse(node)
        if node.func.id in {"getattr", "hasattr", "type"} and subject in {"model", "chat", "llm"}:
            yield ast.unparse(node)


def test_the_models_of_the_package_are_known():
    assert {"EmbeddedModel", "LLMModel", "Cascade"} <= MODELS


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nobody_asks_a_model_for_its_class_or_for_what_it_may_not_have(path):
    assert not list(questions(TREES[path]))


@pytest.mark.parametrize(
    "line",
    [
        "isinstance(model, Cascade)",
        "isinstance(one.model, (Cascade, LLMModel))",
        'getattr(model, "chat", None)',
        'getattr(opened.model.chat, "dialect")',
    ],
)
def test_such_a_question_would_be_found(line):
    assert list(questions(ast.parse(line)))


def test_a_class_that_inherits_has_the_answers_of_a_single_model():
    class Fixed(Model):
        backend, name, prompt = "embedded", "m-1", None

    model = Fixed()
    assert model.identity == Identity("embedded", "m-1", None)
    assert list(model.parts) == [model]
    assert model.output_mode is None
    assert model.repeat(3) is model
