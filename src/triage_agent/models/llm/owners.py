"""Names of the processes that hold claims, from which those of this machine know the dead ones."""

import os
import platform
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

PROCESSES = Path("/proc/self/ns/pid")  # names what process numbers are counted in, on Linux


def new_owner() -> str:
    """Return a name for something in this process that holds claims, and for nothing else."""
    return f"{_place()} {os.getpid()} {uuid4().hex}"


def is_dead(owner: str) -> bool:
    """Return whether the process of a name has ended; False where that cannot be known.

    >>> is_dead(new_owner()), is_dead("another machine 1 f0")
    (False, False)
    """
    place, _, rest = owner.rpartition(" ")[0].rpartition(" ")
    if place != _place() or os.name != "posix":  # elsewhere, signal 0 is no question
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):  # it is another user's, or no number
        return False
    return False


def _place() -> str:
    """Return what process numbers are counted in: a container or a machine."""
    with suppress(OSError):
        return str(PROCESSES.readlink())
    return platform.node()
