"""Everything in one file, and back from it."""

import os
import sqlite3
import sys
import time
import zipfile

import pytest

from support.site import begin, heading, site, walk
from triage_agent.cli.main import app
from triage_agent.errors import InputError, SettingsError, TriageError
from triage_agent.web.backup import back_up, delete_old_backups, restore
from triage_agent.web.database import FILE, Database


def test_a_backup_made_while_the_server_runs_brings_back_every_link(tmp_path):
    data, other = tmp_path / "data", tmp_path / "other"
    with site(data) as client:
        path = walk(client, begin(client, "Leads get lost every week")).url.path
        made = back_up(data)
    restore(made, other)
    with site(other) as client:
        assert heading(client.get(path)) == "Hire a fractional AI officer."


def test_a_backup_can_be_read_by_its_owner_alone(tmp_path):
    Database(tmp_path / "data").close()
    made = back_up(tmp_path / "data")
    assert made.stat().st_mode & 0o077 == 0


def test_what_is_no_backup_is_refused_and_nothing_is_made(tmp_path):
    for name, held in (("a.zip", b"no zip"), ("b.zip", None)):
        path = tmp_path / name
        if held is None:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("../evil", "x")
        else:
            path.write_bytes(held)
        with pytest.raises(InputError, match="backup of triage serve"):
            restore(path, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_backup_writes_nothing_outside_the_folder(tmp_path):
    Database(tmp_path / "data").close()
    made = back_up(tmp_path / "data", tmp_path / "one.zip")
    with zipfile.ZipFile(made, "a") as archive:
        for name in ("../evil", "texts/../../evil", "texts/..\\evil.toml", "/evil"):
            archive.writestr(name, "x")
    restore(made, tmp_path / "deep" / "other")
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


def test_a_folder_that_holds_something_is_not_restored_into(tmp_path):
    Database(tmp_path / "data").close()
    made = back_up(tmp_path / "data")
    with pytest.raises(SettingsError, match="not empty"):
        restore(made, tmp_path / "data")


@pytest.mark.parametrize("place", [0.3, 0.6])
def test_a_damaged_backup_is_refused_and_leaves_nothing(tmp_path, place):
    Database(tmp_path / "data").close()
    made = back_up(tmp_path / "data", tmp_path / "one.zip")
    held = bytearray(made.read_bytes())
    at = int(len(held) * place)
    held[at : at + 20] = bytes(20)
    made.write_bytes(held)
    with pytest.raises(InputError, match="damaged"):
        restore(made, tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "one.zip"]


def test_a_backup_whose_data_are_no_database_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.writestr(FILE, "no database " * 1000)
        archive.writestr("secret", "x" * 32)
    with pytest.raises(InputError, match="damaged"):
        restore(tmp_path / "one.zip", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_backup_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"one\.zip"):
        restore(tmp_path / "one.zip", tmp_path / "other")


def test_what_a_killed_backup_left_goes_with_the_old_ones(tmp_path):
    Database(tmp_path).close()
    left = back_up(tmp_path).parent / "tmpabc"
    left.mkdir()
    (left / FILE).write_bytes(b"words")
    day = time.time() - 31 * 86_400
    os.utime(left, (day, day))
    assert delete_old_backups(tmp_path, 30) == 1
    assert not left.exists()


class TestTheCommands:
    def test_bring_back_what_was_kept(self, tmp_path, capsys):
        data = tmp_path / "data"
        with site(data) as client:
            path = walk(client, begin(client, "Leads get lost every week")).url.path
            program("serve", "backup", str(tmp_path / "one.zip"), "--data", str(data))
        program("serve", "--data", str(tmp_path / "other"), "restore", str(tmp_path / "one.zip"))
        assert str(tmp_path / "one.zip") in capsys.readouterr().err
        with site(tmp_path / "other") as client:
            assert heading(client.get(path)) == "Hire a fractional AI officer."

    def test_say_what_is_wrong(self, tmp_path, capsys):
        assert program("serve", "backup", "--data", str(tmp_path)) == 4
        assert program("serve", "restore", str(tmp_path / "no.zip")) == 4
        said = capsys.readouterr().err
        assert str(tmp_path) in said
        assert "no.zip" in said


def program(*arguments):
    """Run the program in this process, and return its exit code."""
    try:
        app(list(arguments))
    except TriageError as error:
        sys.stderr.write(error.message)
        return error.exit_code
    except SystemExit as end:
        return end.code


def test_backups_go_when_they_are_old(tmp_path):
    Database(tmp_path).close()
    made = back_up(tmp_path)
    assert delete_old_backups(tmp_path, 30) == 0
    day = time.time() - 31 * 86_400
    os.utime(made, (day, day))
    assert delete_old_backups(tmp_path, 30) == 1
    assert not made.exists()


class TestTheData:
    def test_those_of_a_newer_version_are_refused(self, tmp_path):
        Database(tmp_path).close()
        with sqlite3.connect(tmp_path / FILE) as one:
            one.execute(
                "INSERT INTO _yoyo_migration (migration_hash, migration_id)"
                " VALUES ('x', '0999.from-the-future')"
            )
        one.close()
        with pytest.raises(SettingsError, match="newer version"):
            Database(tmp_path)

    def test_only_their_owner_can_read_them(self, tmp_path):
        Database(tmp_path / "data").close()
        assert not [p for p in (tmp_path / "data").iterdir() if p.stat().st_mode & 0o077]
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0

    def test_a_damaged_secret_is_refused(self, tmp_path):
        Database(tmp_path).close()
        (tmp_path / "secret").write_bytes(b"short")
        with pytest.raises(SettingsError, match="damaged"):
            Database(tmp_path)
