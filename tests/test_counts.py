"""Numbers of things in messages: "1 row", never "1 rows"."""

import ast
import re
from pathlib import Path

import pytest

import triage_agent

PACKAGE = Path(triage_agent.__file__).parent
THINGS = (
    "rows|problems|columns|businesses|cases|answers|calls|cells|texts|points|repeats|hours|seconds"
    "|minutes|errors|votes"
)


def counted_by_hand(source):
    """Return the words behind a value that may be 1 in an f-string; a CONSTANT may not."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, words in zip(node.values, node.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(words, ast.Constant):
                continue
            is_fixed = isinstance(value.value, ast.Name) and value.value.id.isupper()
            if re.match(rf" (?:{THINGS})(?![/\w]| at )", words.value) and not is_fixed:
                found.append(ast.unparse(value.value) + words.value[:20])
    return found


@pytest.mark.parametrize(
    "path",
    [p for p in sorted(PACKAGE.rglob("*.py")) if p.parent.name != "training"],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_things_are_counted_by_the_one_helper(path):
    assert counted_by_hand(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('f"{n} rows"', 1),
        ('f"{n:,} problems are"', 1),
        ('f"{MOST:,} rows"', 0),
        ("f\"{counted(n, 'row')} are\"", 0),
        ('f"{n} of them"', 0),
    ],
)
def test_what_is_counted_by_hand_is_found(source, found):
    assert len(counted_by_hand(source)) == found
