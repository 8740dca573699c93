"""Plain, standard English in help texts, messages and pages, as far as a program can tell."""

import ast
import re
from pathlib import Path

import pytest
import typer

import triage_agent
from triage_agent.cli.main import app

ROOT = Path(__file__).parents[1]
PACKAGE = Path(triage_agent.__file__).parent
ODD = {
    "so many": re.compile(
        r"\bso (?:many|often|much) (?:\w+ )?(?:at (?:most|least)|about|cases|USD)", re.I
    ),
    "is no": re.compile(
        r"(?<!there )\b(?:is|are|was) no (?:\w+ )?(?:share|number|file|path|column|answer|row)\b",
        re.I,
    ),
    "a row a case": re.compile(
        r"\b(?:a|one) (?:row|case|problem|page|form|token|call|file|line|text|business) an? \w+"
    ),
    "what tells": re.compile(r"\bwhat (?:tells|says|finds|writes) (?:whether|the|a)\b", re.I),
    "our own words": re.compile(
        r"\b(?:sureness|ledger|remembered|forgotten|forget|kept answers?|rung)\b", re.I
    ),
    "PRODUCT.md": re.compile(r"PRODUCT\.md"),
}


def commands(command, name):
    """Yield (name, command) of a command and of all below it."""
    yield name, command
    for inner, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {inner}")


def help_texts():
    """Return {where: text} of every help text, each option's own."""
    found = {}
    for name, command in commands(typer.main.get_command(app), "triage"):
        found[name] = f"{command.help or ''} {getattr(command, 'epilog', '') or ''}"
        for parameter in command.params:
            found[f"{name} {parameter.name}"] = getattr(parameter, "help", None) or ""
    return found


def messages():
    """Return {module: its string literals}, docstrings included."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        parts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
        found[str(path.relative_to(PACKAGE))] = "\n".join(p for p in parts if isinstance(p, str))
    return found


def documents():
    """Return {page: its prose}, without what programs print."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    return {
        str(page.relative_to(ROOT)): re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
        for page in pages
    }


def oddities(texts, kinds):
    return {
        (where, kind): found
        for where, text in texts.items()
        for kind in kinds
        if (found := [match[0] for match in ODD[kind].finditer(text)])
    }


def test_help_texts_are_whole_sentences_in_standard_words():
    assert oddities(help_texts(), ODD) == {}


def test_help_of_options_is_a_sentence():
    texts = {where: text for where, text in help_texts().items() if text.strip()}
    unfinished = [where for where, text in texts.items() if not text.strip().endswith((".", ")"))]
    assert unfinished == []


def test_messages_and_docstrings_are_in_standard_words():
    assert oddities(messages(), ["so many", "what tells", "PRODUCT.md"]) == {}


def test_documentation_is_in_standard_words():
    assert oddities(documents(), ODD) == {}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("So many cases at most, always the same ones", "so many"),
        ("--prior 2 is no share of problems", "is no"),
        ("a row a case", "a row a case"),
        ("Return what tells whether the backend would send a text", "what tells"),
    ],
)
def test_what_was_odd_would_be_found(text, kind):
    assert ODD[kind].search(text)
