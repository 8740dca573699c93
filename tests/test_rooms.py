"""The house: at most eighteen doors, imports one way, and every room entered through its face."""

import ast
import importlib
from pathlib import Path

import pytest

import triage_agent

PACKAGE = Path(triage_agent.__file__).parent

# A room imports only from rooms that stand before it; docs/explanation/architecture.md draws them.
ROOMS = (
    "types",
    "privacy",
    "errors",
    "files",
    "settings",
    "intake",
    "tables",
    "models",
    "classify",
    "advice",
    "reports",
    "triage",
    "conversation",
    "batch",
    "evals",
    "training",
    "web",
    "cli",
)
INNER = {"models.embedded", "models.llm"}  # rooms within a room; `models` shows what others use
LONGEST = 300  # lines of a module


def modules():
    """Return {dotted name inside the package: its parsed source}, faces left out."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(
            path.read_text("utf-8")
        )
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__init__.py"
    }


MODULES = modules()
FACES = sorted(path.parent for path in PACKAGE.rglob("__init__.pyi"))


def imports_of(tree):
    """Return the dotted names that a module imports anywhere in it, functions included."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            names.add(node.module)
    return names


def ours(module):
    """Return what a module imports of this package, by dotted name inside the package."""
    return {
        name.removeprefix("triage_agent.")
        for name in imports_of(MODULES[module])
        if name.startswith("triage_agent.")
    }


def room(name):
    return name.partition(".")[0]


def test_the_doors_are_the_rooms():
    doors = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith(("_", "py."))}
    assert doors <= set(ROOMS)
    assert len(ROOMS) <= 18


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_rooms_that_stand_before_its_own(module):
    place = ROOMS.index(room(module))
    assert not [n for n in ours(module) if ROOMS.index(room(n)) > place]


@pytest.mark.parametrize("module", MODULES)
def test_a_room_is_entered_through_its_face(module):
    for name in ours(module):
        inside = room(name) == room(module)
        inner = next((i for i in INNER if name.startswith(i + ".")), None)
        if inside and (inner is None or module.startswith(inner + ".")):
            continue
        assert name in {*ROOMS, *INNER}, f"{module} reaches past the face of {room(name)}"
        assert inside or name not in INNER, f"{module} reaches past the face of models"


def test_no_modules_import_each_other_in_a_circle():
    done = set()

    def follow(module, path):
        assert module not in path, " -> ".join([*path, module])
        if module not in done:
            for other in needs(module):
                follow(other, [*path, module])
            done.add(module)

    for module in MODULES:
        follow(module, [])
    assert done == set(MODULES)


def needs(module):
    """Return the modules that a module imports, each name followed through the face it is on."""
    found = set()
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("triage_agent."):
            name = node.module.removeprefix("triage_agent.")
            names = {alias.name for alias in node.names}
            found |= {name} if name in MODULES else {behind(name, one) for one in names}
    return found - {module}


def behind(face, name):
    """Return the module in which a name on a room's face is defined."""
    stub = ast.parse((PACKAGE / face.replace(".", "/") / "__init__.pyi").read_text("utf-8"))
    for node in stub.body:
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return f"{face}.{node.module}"
    raise AssertionError(f"{face} has no {name} on its face")


@pytest.mark.parametrize("face", FACES, ids=lambda path: path.name)
def test_what_is_on_a_face_is_there_and_no_module_hides_it(face):
    name = ".".join(("triage_agent", *face.relative_to(PACKAGE).parts))
    shown = importlib.import_module(name).__all__
    assert not {path.stem for path in face.iterdir()} & set(shown)
    for one in shown:
        assert getattr(importlib.import_module(name), one) is not None


@pytest.mark.parametrize("face", FACES, ids=lambda path: path.name)
def test_nothing_is_on_a_face_that_no_other_room_uses(face):
    name = ".".join(face.relative_to(PACKAGE).parts)
    used = {
        alias.name
        for tree in MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == f"triage_agent.{name}"
        for alias in node.names
    }
    shown = set(importlib.import_module(f"triage_agent.{name}").__all__)
    assert shown <= used | set(triage_agent.__all__)


def test_the_house_has_at_most_thirteen_floors():
    needed = {one: set() for one in ROOMS}
    for module in MODULES:
        needed[room(module)] |= {room(name) for name in ours(module)} - {room(module)}

    def floor(one):
        return 1 + max((floor(other) for other in needed[one]), default=0)

    assert max(floor(one) for one in ROOMS) <= 13


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_no_module_is_longer_than_one_thing(path):
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


def importers(*packages):
    return {
        module
        for module, tree in MODULES.items()
        if {name.partition(".")[0] for name in imports_of(tree)} & set(packages)
    }


def test_only_the_client_its_transport_and_the_listings_touch_the_network():
    found = importers("openai", "tenacity", "httpx2", "httpcore2", "aiohttp")
    names = (
        "client", "sending", "transport", "failures", "attempts", "listings", "batch_service",
    )  # fmt: skip
    assert found == {"web.client", "web.outgoing", *(f"models.llm.{name}" for name in names)}


def test_only_the_command_line_and_the_terminal_reports_import_typer_rich_and_prompts():
    found = {room(module) for module in importers("typer", "rich", "prompt_toolkit", "click")}
    assert found <= {"cli", "reports", "evals"}


# Who may write to the terminal, and by what; everybody else calls them, so that no text from
# outside gets there raw. `cli.editor` and `cli.opening` ask whether a stream is a terminal.
WRITERS = {
    "echo": set(),
    "secho": set(),
    "Console": set(),
    "Text": {"reports.console", "reports.verdict", "cli.review_walk", "cli.progress"},
    "stdout": {"reports.console", "cli.streams"},
    "stderr": {"reports.console", "cli.streams", "cli.editor", "cli.telling", "cli.opening"},
    "__stdout__": set(),
    "__stderr__": set(),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_goes_to_the_terminal_goes_through_one_place(name):
    users = {
        module
        for module in MODULES
        for node in ast.walk(MODULES[module])
        if (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.Call) and getattr(node.func, "id", None) == name)
    }
    assert users - {"training.injection"} == WRITERS[name]  # its Text is a part of a problem


def test_no_module_is_named_after_nothing():
    assert not {"utils", "helpers", "common", "base", "misc"} & {
        part for module in MODULES for part in module.split(".")
    }
