"""Files: data files are found, read, or refused by place; what is written is all there or not."""

import errno
import os
from pathlib import Path

import pytest

from triage_agent import files as data
from triage_agent.errors import SettingsError
from triage_agent.files import (
    Strict,
    atomic_writer,
    check_writable,
    folder,
    load_toml,
    read_bytes,
    read_text,
    write_json,
    write_json_lines,
    write_text,
)


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


@pytest.fixture(params=["a pipe", "a device", "a folder", "too large", "a NUL", "half a pair"])
def unreadable(request, tmp_path):
    """Return a path that must not be read to its end, and the reason that a message gives."""
    path = tmp_path / "given"
    if request.param == "a pipe":
        os.mkfifo(path)
        return path, "Not a regular file"
    if request.param == "a device":
        return Path("/dev/zero"), "Not a regular file"
    if request.param == "a folder":
        path.mkdir()
        return path, "Is a directory"
    if request.param == "too large":
        with path.open("wb") as file:
            file.truncate(10**12)  # takes no place on the disk
        return path, "Larger than 1 MB, the limit"
    return Path("a\0b" if request.param == "a NUL" else "a\ud800b"), "Not the name of a file"


def test_only_a_regular_file_of_a_bounded_size_is_read(unreadable):
    path, reason = unreadable
    with pytest.raises(OSError, match=reason) as caught:
        read_bytes(path)
    assert caught.value.strerror == reason


def test_a_file_of_just_the_limit_is_read(tmp_path):
    path = tmp_path / "given"
    path.write_bytes(b"x" * 10)
    assert read_bytes(path, 10) == b"x" * 10
    with pytest.raises(OSError, match="Larger than"):
        read_bytes(path, 9)


def test_a_toml_number_of_5000_digits_and_deep_nesting_are_errors_that_name_the_file(tmp_path):
    path = tmp_path / "team.toml"
    for value in ("9" * 5_000, "[" * 100_000):
        path.write_text(f'name = "a"\nsize = {value}')
        with pytest.raises(SettingsError, match=r"team\.toml is not valid TOML"):
            load_toml(path, Team)


def failing():
    """Yield something to write, then fail as a reader of another file may."""
    yield {"a": 1}
    raise ValueError("the input broke")


def mode_of(path):
    return path.stat().st_mode & 0o777


def write_half(path):
    with atomic_writer(path) as file:
        file.write(b"new")
        raise ValueError("the input broke")


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(write_half, id="a block that fails"),
        pytest.param(lambda path: write_json_lines(path, failing()), id="rows that fail"),
        pytest.param(lambda path: write_json(path, {"a": object(), (): 1}), id="no JSON"),
    ],
)
@pytest.mark.parametrize("before", [None, "old"])
def test_what_fails_leaves_an_older_file_and_nothing_else(tmp_path, write, before):
    path = tmp_path / "out.jsonl"
    if before is not None:
        path.write_text(before)
    with pytest.raises((ValueError, TypeError)):
        write(path)
    assert [(one, one.read_text()) for one in tmp_path.iterdir()] == (
        [(path, before)] if before else []
    )


WAYS = [
    pytest.param(lambda path: write_text(path, "x"), id="text"),
    pytest.param(lambda path: write_json(path, {"a": 1}), id="JSON"),
    pytest.param(lambda path: write_json_lines(path, [{"a": 1}]), id="JSON Lines"),
]


@pytest.mark.parametrize("write", WAYS)
def test_a_new_file_has_the_usual_rights_and_one_that_is_replaced_keeps_its_own(tmp_path, write):
    usual, new, private = tmp_path / "usual", tmp_path / "new", tmp_path / "private"
    usual.touch()
    private.touch(mode=0o600)
    write(new)
    write(private)
    assert mode_of(new) == mode_of(usual)
    assert mode_of(private) == 0o600
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("write", WAYS)
def test_a_file_that_cannot_be_written_is_an_error_that_names_path_and_reason(tmp_path, write):
    with pytest.raises(SettingsError, match=r"none/x cannot be written: No such file"):
        write(tmp_path / "none" / "x")
    with pytest.raises(SettingsError, match=r"is a folder\. Name a file in it"):
        write(tmp_path)


def test_a_full_disk_is_an_error_that_names_path_and_reason(tmp_path):
    with (
        pytest.raises(SettingsError, match="out cannot be written: No space left") as caught,
        atomic_writer(tmp_path / "out"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "What was there before is unchanged" in caught.value.message
    assert not list(tmp_path.iterdir())


def test_two_runs_into_one_file_are_noticed(tmp_path):
    with (
        atomic_writer(tmp_path / "out") as file,
        pytest.raises(SettingsError, match="Another run is writing"),
    ):
        write_text(tmp_path / "out", "second")
    file.close()
    assert (tmp_path / "out").read_bytes() == b""


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_text(tmp_path / "pipe", "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_json_is_written_as_people_and_programs_read_it(tmp_path):
    write_json(tmp_path / "one.json", {"name": "café", "path": tmp_path})
    assert (tmp_path / "one.json").read_text("utf-8") == (
        f'{{\n  "name": "café",\n  "path": "{tmp_path}"\n}}\n'
    )
    assert write_json_lines(tmp_path / "many.jsonl", [{"a": "é"}, {"b": [1, 2]}]) == 2
    assert (tmp_path / "many.jsonl").read_text("utf-8") == '{"a":"é"}\n{"b":[1,2]}\n'


def test_text_that_no_encoding_carries_is_replaced(tmp_path):
    write_text(tmp_path / "out", "a\ud800b\n")
    assert (tmp_path / "out").read_bytes() == "a\ufffdb\n".encode()
    write_json_lines(tmp_path / "out", [{"a": "\ud800"}])
    assert (tmp_path / "out").read_bytes() == '{"a":"\ufffd"}\n'.encode()


class TestAnOutputIsCheckedBeforeTheWork:
    def test_a_new_file_an_old_one_and_a_device_are_fine(self, tmp_path):
        (tmp_path / "old").write_text("x")
        for path in (tmp_path / "new", tmp_path / "old", Path(os.devnull)):
            check_writable(path, inputs=[tmp_path / "other"])

    def test_standard_input_that_comes_from_the_output_is_refused(self, tmp_path, monkeypatch):
        path = tmp_path / "forms.csv"
        path.write_text("x")
        with path.open() as stream:
            monkeypatch.setattr("sys.stdin", stream)
            with pytest.raises(SettingsError, match="your only copy"):
                check_writable(path, inputs=[Path("-")])

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_folder_without_the_right_to_write_is_refused(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(SettingsError, match="cannot be written to"):
            check_writable(tmp_path / "new")
