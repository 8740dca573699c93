"""The data files: found, read, and refused with a message that names the place."""

import pytest

from triage_agent import files as data
from triage_agent.errors import SettingsError
from triage_agent.files import Strict, folder, load_toml, read_text


class Team(Strict):
    name: str
    size: int


@pytest.mark.parametrize("name", ["prompts", "evals"])
def test_the_shipped_folders_are_found(name):
    assert folder(name).is_dir()


def test_a_folder_inside_the_package_comes_before_the_checkouts(monkeypatch, tmp_path):
    package = tmp_path / "src" / "triage_agent"
    (package / "_data" / "prompts").mkdir(parents=True)
    monkeypatch.setattr(data, "HERE", package)
    assert folder("prompts") == package / "_data" / "prompts"
    assert folder("evals") == tmp_path / "evals"


def test_a_toml_file_is_read_as_the_model_says(tmp_path):
    path = tmp_path / "team.toml"
    path.write_text('name = "café"\nsize = 3\n', encoding="utf-8")
    assert load_toml(path, Team) == Team(name="café", size=3)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param('name = "a"\nsize = "many"', "size: ", id="a value of the wrong kind"),
        pytest.param('name = "a"', "size: Field required", id="a field that is missing"),
        pytest.param('name = "a"\nsize = 1\nmood = 2', "mood: ", id="a field that nobody knows"),
        pytest.param("size = 1", "name: ", id="another field that is missing"),
        pytest.param("", r"\(and 1 more\)", id="two complaints"),
        pytest.param("name = ", "is not valid TOML", id="text that is no TOML"),
    ],
)
def test_a_file_that_does_not_fit_is_an_error_that_names_file_and_field(tmp_path, content, says):
    path = tmp_path / "team.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=says) as caught:
        load_toml(path, Team)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_complaint_about_a_value_does_not_repeat_the_value(tmp_path):
    path = tmp_path / "team.toml"
    path.write_text('name = "a"\nsize = "Ann Lee is ill"', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_toml(path, Team)
    assert "Ann" not in caught.value.message


@pytest.mark.parametrize("kind", ["a missing file", "a folder", "a file that is not UTF-8"])
def test_a_data_file_that_cannot_be_read_is_an_error_that_names_it(tmp_path, kind):
    path = tmp_path / "team.toml"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a file that is not UTF-8":
        path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"team\.toml cannot be read"):
        read_text(path)
