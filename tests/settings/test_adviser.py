"""Who made a page: the `[adviser]` table, which may stand in a file of the working folder."""

import base64

import pytest

from triage_agent.errors import SettingsError
from triage_agent.settings import Adviser, read_adviser, read_files

PNG = b"\x89PNG\r\n\x1a\nrest"


@pytest.fixture
def files(tmp_path):
    """Return the file in the working folder and the user's own, neither of them there yet."""
    for name in ("work", "home"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "logo.png").write_bytes(PNG)
    return tmp_path / "work" / "triage.toml", tmp_path / "home" / "config.toml"


def test_without_a_file_nobody_is_named(files):
    assert read_adviser(*files) == Adviser()


def test_the_file_in_the_working_folder_wins_key_by_key(files):
    files[1].write_text('[adviser]\nname = "Ann Ray"\ncolour = "#112233"\nlogo = "logo.png"\n')
    files[0].write_text('[adviser]\nname = "Ann & Co"\n')
    logo = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert read_adviser(*files) == Adviser("Ann & Co", logo, "#112233")


def test_the_table_is_not_taken_for_a_command(files):
    for file in files:
        file.write_text('[adviser]\nname = "Ann Ray"\n')
    assert read_files({"advise": ["revenue"]}, *files) == {"advise": {}}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('colour = "red; background: url(x)"', "must be like #0b4f96"),
        ('color = "#112233"', "has no 'color'"),
        ("name = 7", "must be a text"),
        ('name = "a\\nb"', "one line"),
        ('logo = "triage.toml"', "no PNG, JPEG or GIF"),
        ('logo = "none.png"', "cannot be read"),
        ('logo = "../home/logo.png"', "does not lie in the folder"),
    ],
)
def test_what_a_page_cannot_show_is_refused_with_its_file(files, line, says):
    files[0].write_text(f"[adviser]\n{line}\n")
    with pytest.raises(SettingsError, match=says) as caught:
        read_adviser(*files)
    assert "triage.toml" in caught.value.message


def test_the_users_own_file_may_name_a_logo_anywhere(files):
    files[1].write_text('[adviser]\nlogo = "../work/logo.png"\n')
    assert read_adviser(*files).logo.startswith("data:image/png;base64,")
