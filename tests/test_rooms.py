"""Imports run one way: nouns and errors, pure steps, adapters, flows, the command line."""

import ast
import os
import socket
from pathlib import Path

import pytest

import triage_agent
from support.network import NetworkUsedError

PACKAGE = Path(triage_agent.__file__).parent

# From the inside out; a module may import its own layer and the ones before it.
LAYERS = {
    "nouns and errors": {"records", "privacy", "errors"},
    "pure steps": {
        "advice",
        "amounts",
        "calibration",
        "charts",
        "classify",
        "data",
        "decide",
        "dialect",
        "flatten",
        "grounding",
        "hire",
        "hire_answers",
        "intake",
        "logprobs",
        "markdown",
        "model",
        "page",
        "plan",
        "prompt",
        "quiz",
        "report",
        "revenue",
        "roi",
        "roles",
        "settings",
        "summary",
        "summary_page",
        "tiebreak",
        "wording",
    },
    "adapters": {
        "answers",
        "cascade",
        "embedded_aside",
        "embedded_model",
        "embedded_text",
        "embedded_weights",
        "flag_model",
        "forms",
        "kept",
        "ledger",
        "limits",
        "llm_model",
        "money",
        "neighbours",
        "ordered",
        "openai_model",
        "portfolio",
        "prices",
        "rate_headers",
        "refusals",
        "reviews_file",
        "sheets",
        "tables",
    },
    "flows": {
        "backends",
        "batch",
        "checkup",
        "deliver",
        "evaluate",
        "review",
        "settle",
        "training",
    },
    "the command line": {"cli", "terminal"},
}
RANK = {name: rank for rank, names in enumerate(LAYERS.values()) for name in names}


def modules():
    """Return {dotted name inside the package: its parsed source}, without the package itself."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__")
        if name := name.rstrip("."):
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


MODULES = modules()


def imports_of(tree):
    """Return the dotted names that a module imports anywhere in it, functions included."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def ours(tree):
    """Return the modules of this package that a module imports."""
    inside = {name.removeprefix("triage_agent.") for name in imports_of(tree)}
    return inside & set(MODULES)


def others(tree):
    """Return the top-level packages that a module imports and that are not this one."""
    return {name.partition(".")[0] for name in imports_of(tree)} - {"triage_agent"}


def top(module):
    return module.partition(".")[0]


def test_every_module_has_its_place_in_one_layer():
    unplaced = {top(module) for module in MODULES} - set(RANK)
    assert not unplaced, f"say in LAYERS where {sorted(unplaced)} belong"
    assert len(RANK) == sum(len(names) for names in LAYERS.values())


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_its_own_layer_and_those_before_it(module):
    outward = [other for other in ours(MODULES[module]) if RANK[top(other)] > RANK[top(module)]]
    assert not outward


def test_no_modules_import_each_other_in_a_circle():
    done = set()

    def follow(module, path):
        assert module not in path, " -> ".join([*path, module])
        if module not in done:
            for other in ours(MODULES[module]) - {module}:
                follow(other, [*path, module])
            done.add(module)

    for module in MODULES:
        follow(module, [])
    assert done == set(MODULES)


def importers(*packages):
    return {module for module, tree in MODULES.items() if others(tree) & set(packages)}


def test_only_openai_model_imports_openai_and_tenacity():
    assert importers("openai", "tenacity") == {"openai_model"}


def test_only_the_command_line_imports_typer_rich_and_questionary():
    found = importers("typer", "rich", "questionary", "click")
    assert {top(module) for module in found} == {"cli", "terminal"}


@pytest.mark.parametrize("layer", ["nouns and errors", "pure steps"])
def test_what_is_pure_talks_to_no_outside_thing(layer):
    outside = {
        "anyio",
        "asyncio",
        "httpx2",
        "numpy",
        "onnxruntime",
        "random",
        "requests",
        "socket",
        "sqlite3",
        "subprocess",
        "threading",
        "tokenizers",
        "urllib",
    }
    found = {
        module: sorted(others(tree) & outside)
        for module, tree in MODULES.items()
        if top(module) in LAYERS[layer]
    }
    assert {module: names for module, names in found.items() if names} == {}


def test_only_the_command_line_and_the_ledgers_place_read_the_environment():
    readers = {
        top(module)
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
    }
    assert readers <= {"cli", "ledger"}


def test_only_the_terminal_and_the_command_line_print():
    printers = {
        top(module)
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    }
    assert printers <= {"cli", "terminal"}


def test_no_module_is_named_after_nothing():
    assert not {"utils", "helpers", "common", "base", "misc"} & {
        part for module in MODULES for part in module.split(".")
    }


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda s: s.connect(("192.0.2.1", 80)), id="a connection"),
        pytest.param(lambda s: s.connect_ex(("192.0.2.1", 80)), id="a connection without errors"),
        pytest.param(lambda s: s.connect(("llm.example", 80)), id="a connection by name"),
        pytest.param(lambda s: s.sendto(b"x", ("192.0.2.1", 9)), id="a datagram"),
        pytest.param(lambda _: socket.getaddrinfo("llm.example", 80), id="a look-up of a name"),
        pytest.param(lambda _: socket.create_connection(("llm.example", 80)), id="all at once"),
    ],
)
def test_no_test_can_leave_this_machine(no_network, leave):
    kind = socket.SOCK_DGRAM if "sendto" in leave.__code__.co_names else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as one, pytest.raises(NetworkUsedError):
        leave(one)
    assert len(no_network) == 1
    no_network.clear()


def test_a_test_may_talk_to_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port), timeout=5) as one:
            other, _ = server.accept()
            with other:
                one.sendall(b"hello")
                assert other.recv(5) == b"hello"


def test_a_test_sees_no_directory_and_no_setting_of_the_user(no_user):
    assert Path.home() == no_user
    assert not [name for name in os.environ if name.startswith(("OPENAI_", "TRIAGE_"))]
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        assert Path(os.environ[name]).is_relative_to(no_user)
