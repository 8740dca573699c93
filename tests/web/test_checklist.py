"""The checklist of the documentation names tests that exist."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "explanation" / "web-security.md"
LEVEL_1 = re.findall(
    r"[0-9.]+",
    """
    1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1
    3.4.1 3.4.2 3.5.1 3.5.2 3.5.3 4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3
    6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2
    8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.2.1 10.4.1 10.4.5 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2
    13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1
    """,
)
# They come with the inbox, and leave this set then.


def test_every_requirement_of_level_1_has_a_line():
    page = PAGE.read_text("utf-8")
    named = set(re.findall(r"^\| ([\d., –]+) \|", page, re.MULTILINE))
    numbers = {number for one in named for number in re.split(r"[, –]+", one)}
    assert set(LEVEL_1) - numbers == set()


def test_every_test_that_it_names_exists():
    named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", PAGE.read_text("utf-8"))
    assert len(named) > 50
    for file, test in named:
        assert f"def {test}" in (HERE / file).read_text("utf-8"), f"{file}::{test}"
