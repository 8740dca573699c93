"""Everything in one file, and back from it."""

import os
import sqlite3
import time
import zipfile

import pytest

from support.site import begin, heading, site, walk
from triage_agent.errors import InputError, SettingsError
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
