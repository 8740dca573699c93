"""Where a batch cannot write is said before anything is read."""

import os

import pytest

from triage_agent.batch.paths import check_paths
from triage_agent.errors import SettingsError


@pytest.fixture
def place(tmp_path):
    (tmp_path / "forms.csv").write_text("problem\nx\n")
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "locked").mkdir(mode=0o500)
    return tmp_path


def check(place, **named):
    paths = {name: place / path for name, path in named.items()}
    check_paths(paths.pop("out", place / "out.csv"), iter([place / "forms.csv"]), **paths)


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"summary": "s.html", "pages": "pages", "save_mapping": "m.toml"},
        {"pages": "pages/of/may"},
        {"summary": "pages/summary.html", "pages": "pages"},
    ],
)
def test_paths_that_can_be_written_are_not_refused(place, named):
    (place / "pages").mkdir()
    check(place, **named)


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"out": "forms.csv"}, "your only copy"),
        ({"out": "out.doc"}, "must end in"),
        ({"out": "no/out.csv"}, "There is no folder"),
        ({"summary": "folder.html"}, "is a folder"),
        ({"summary": "s.pdf"}, "must end in .html"),
        ({"pages": "forms.csv"}, "is a file"),
        ({"pages": "forms.csv/pages"}, "is a file"),
        ({"pages": "pages", "summary": "pages/index.html"}, "named twice"),
        ({"save_mapping": "m.toml", "summary": "m.html", "pages": "m.html"}, "named twice"),
        ({"out": "out.csv", "pages": "out.csv"}, "named twice"),
    ],
)
def test_paths_that_cannot_be_are_refused(place, named, says):
    (place / "pages").mkdir()
    with pytest.raises(SettingsError, match=says):
        check(place, **named)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("option", ["out", "summary", "pages", "save_mapping"])
def test_a_folder_that_cannot_be_written_to_is_refused(place, option):
    path = {"out": "o.csv", "summary": "s.html", "pages": "p", "save_mapping": "m.toml"}[option]
    with pytest.raises(SettingsError, match="cannot be written to"):
        check(place, **{option: f"locked/{path}"})


def test_a_mapping_may_be_saved_again_but_is_no_place_for_out(place):
    (place / "m.toml").write_text('mapping_version = 1\nproblem_column = ["problem"]\n')
    check(place, mapping="m.toml", save_mapping="m.toml")
