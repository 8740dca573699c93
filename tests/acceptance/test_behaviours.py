"""Hold the program against how chat servers behave; README.md here says what the set is."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from acceptance.play import behaviours
from acceptance.verdict import verdict

TESTS = Path(__file__).parents[1]
HELD_OUT = os.environ.get("TRIAGE_HELD_OUT") == "1"


def seen_of(half):
    """Play a half once, even where several workers ask for it at the same time."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    out = Path(tempfile.gettempdir()) / f"triage-behaviours-{half}-{run}.jsonl"
    with out.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            part = out.with_suffix(".part")
            paths = [str(TESTS), str(TESTS.parent / "src"), os.environ.get("PYTHONPATH", "")]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
            command = [sys.executable, "-m", "acceptance.play", half, str(part)]
            subprocess.run(command, env=environment, check=True, timeout=600)
            part.rename(out)
    lines = out.read_text(encoding="utf-8").splitlines()
    return {one["id"]: one for one in map(json.loads, lines)}


@pytest.fixture(scope="module")
def seen():
    return seen_of("open")


@pytest.mark.parametrize("behaviour", behaviours("open"), ids=lambda one: one["id"])
def test_open_behaviour_ends_as_a_user_wants(behaviour, seen):
    wrong = verdict(behaviour, seen[behaviour["id"]])
    assert not wrong, f"{behaviour['server']}: {behaviour['why']}\n" + "\n".join(wrong)


@pytest.mark.skipif(not HELD_OUT, reason="the held-out half is for acceptance only")
def test_held_out_behaviours_end_as_a_user_wants(capsys):
    played = seen_of("held-out")
    total, right = Counter(), Counter()
    for behaviour in behaviours("held-out"):
        total[behaviour["area"]] += 1
        right[behaviour["area"]] += not verdict(behaviour, played[behaviour["id"]])
    with capsys.disabled():
        print()  # noqa: T201
        for area, count in total.items():
            print(f"{area:12} {right[area]:3} of {count}")  # noqa: T201
        print(f"{'all':12} {right.total():3} of {total.total()}")  # noqa: T201
    assert right == total, "some of the held-out half do not"
