import re
from hashlib import sha256

import pytest

from support.eval_sets import Oracle, Sets, run_main
from triage_agent.errors import SettingsError
from triage_agent.evals.manifest import checked, digest
from triage_agent.models import embedded

FIRST, SECOND = b'{"id": "1"}\n', b'{"id": "2"}\n'


def evals(home, manifest, content=FIRST):
    """Return a folder with one set and a manifest."""
    (home / "set.jsonl").write_bytes(content)
    (home / "manifest.toml").write_text(manifest, encoding="utf-8")
    return home


def version(number, content):
    return f'{number} = "{sha256(content).hexdigest()}"\n'


def test_a_set_is_found_with_its_newest_version(tmp_path):
    manifest = '["set.jsonl"]\n' + version(1, FIRST) + version(2, SECOND)
    found = checked("set.jsonl", evals(tmp_path, manifest, SECOND))
    assert found == (tmp_path / "set.jsonl", 2)


@pytest.mark.parametrize("content", [SECOND, FIRST[:-1], FIRST.replace(b"\n", b"\r\n"), b""])
def test_a_set_of_which_a_byte_has_changed_is_refused_with_the_line_that_accepts_it(
    tmp_path, content
):
    evals(tmp_path, '["set.jsonl"]\n' + version(1, FIRST), content)
    with pytest.raises(SettingsError) as caught:
        checked("set.jsonl", tmp_path)
    said = caught.value.message
    assert re.search(r"set\.jsonl is not version 1: its content has changed\. Restore it", said)
    line = re.search(r'2 = "[0-9a-f]{64}"', said).group()
    manifest = tmp_path / "manifest.toml"
    manifest.write_text(manifest.read_text("utf-8") + line, encoding="utf-8")
    assert checked("set.jsonl", tmp_path)[1] == 2


def test_an_older_version_is_refused_once_a_newer_one_is_in_the_manifest(tmp_path):
    manifest = '["set.jsonl"]\n' + version(2, SECOND) + version(1, FIRST)
    with pytest.raises(SettingsError, match="is not version 2"):
        checked("set.jsonl", evals(tmp_path, manifest, FIRST))


def test_versions_are_counted_and_not_spelled(tmp_path):
    manifest = '["set.jsonl"]\n' + version(9, FIRST) + version(10, SECOND)
    assert checked("set.jsonl", evals(tmp_path, manifest, SECOND))[1] == 10


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ('["other.jsonl"]\n' + version(1, FIRST), r"does not name set\.jsonl"),
        ('["set.jsonl"]\n', "has no version"),
        ('["set.jsonl"]\nlast = "abc"\n', "does not fit"),
        ('["set.jsonl"]\n1 = 5\n', "does not fit"),
        ("set.jsonl", "not valid TOML"),
    ],
    ids=["another set", "no version", "a version in words", "no checksum", "no TOML"],
)
def test_a_manifest_that_says_nothing_about_a_set_is_an_error(tmp_path, manifest, said):
    with pytest.raises(SettingsError, match=rf"manifest\.toml.*{said}"):
        checked("set.jsonl", evals(tmp_path, manifest))


@pytest.mark.parametrize("name", ["set.jsonl", "manifest.toml"])
def test_a_missing_file_is_an_error_that_names_it(tmp_path, name):
    evals(tmp_path, '["set.jsonl"]\n' + version(1, FIRST))
    (tmp_path / name).unlink()
    with pytest.raises(SettingsError, match=name):
        checked("set.jsonl", tmp_path)


def test_the_digest_is_that_of_the_bytes(tmp_path):
    evals(tmp_path, "")
    assert version(1, FIRST) == f'1 = "{digest(tmp_path / "set.jsonl")}"\n'


@pytest.fixture
def sets(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "EmbeddedModel", Oracle)
    return Sets(tmp_path, monkeypatch)


def spoil(path):
    """Change a byte, and nothing that is said."""
    path.write_bytes(path.read_bytes().replace(b'": ', b'":\t', 1))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("problems", []),
        ("problems", ["--set", "attacks"]),
        ("attacks", ["--set", "attacks"]),
        ("perturbations", ["--set", "perturbations"]),
        ("decisions", ["--set", "decisions"]),
        ("ties", ["--set", "decisions"]),
        ("businesses", ["--set", "businesses"]),
        ("problems", ["--gate"]),
        ("ties", ["--gate"]),
    ],
)
def test_the_program_refuses_a_changed_set_before_it_measures_anything(
    sets, capsys, monkeypatch, name, options
):
    spoil(sets.evals / f"{name}.jsonl")
    ended = run_main(["eval", *options], capsys, monkeypatch)
    assert (ended.code, ended.out) == (2, "")
    assert f"{name}.jsonl is not version 1: its content has changed" in ended.err
    assert "backend:" not in ended.err


def test_the_program_takes_a_changed_set_whose_version_was_raised_and_says_which(
    sets, capsys, monkeypatch
):
    spoil(sets.evals / "problems.jsonl")
    sets.raise_version("problems.jsonl")
    ended = run_main(["eval", "--json"], capsys, monkeypatch)
    assert ended.code == 0
    assert ended.values["settings"]["sets"] == {
        "problems": {
            "file": "problems.jsonl",
            "version": 2,
            "sha256": digest(sets.evals / "problems.jsonl"),
        }
    }
