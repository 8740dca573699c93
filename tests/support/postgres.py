"""A PostgreSQL server of a test's own: a new data folder, a Unix socket, no password."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

INSTALLED = Path("/usr/lib/postgresql")  # as Debian has it, a folder for each version


def programs() -> Path | None:
    """Return the folder with initdb and pg_ctl; None: there is no PostgreSQL on this machine."""
    places = sorted(INSTALLED.glob("*/bin"))
    found = shutil.which("initdb")
    return places[-1] if places else Path(found).parent if found else None


def need_postgres() -> None:
    """Skip a test where there is no PostgreSQL; in CI that is a failure."""
    if programs() is None:
        assert not os.environ.get("CI"), "CI needs PostgreSQL: apt-get install postgresql"
        pytest.skip("there is no PostgreSQL on this machine (apt-get install postgresql)")


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the address of a database, and stop and delete its server afterwards."""
    where = programs()
    assert where is not None
    # PostgreSQL refuses to run as root; a Unix socket's path may have 107 bytes.
    root = os.geteuid() == 0
    user = "postgres" if root else pwd.getpwuid(os.geteuid()).pw_name
    account = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if root else {}
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        if root:
            shutil.chown(folder, user)
        data = f"{folder}/data"

        def run(name: str, *arguments: str) -> None:
            command = [str(where / name), "-D", data, *arguments]
            ended = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, **account
            )
            assert ended.returncode == 0, ended.stderr + ended.stdout

        run("initdb", "-A", "trust", "-U", "triage", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://triage@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
