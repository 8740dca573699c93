"""What the log says of an error: its kind and its place, never its words.

The words of an error may hold what somebody wrote ("… is no amount"), and so may a traceback.
"""

import logging
import traceback
from pathlib import PurePath

DEEPEST = 3  # places that are named, the innermost last


def places(error: BaseException) -> str:
    """Return the kind of an error and where it was raised.

    >>> try:
    ...     int("what somebody wrote")
    ... except ValueError as error:
    ...     print(places(error).partition(" (")[0])
    ValueError
    """
    frames = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
    named = " > ".join(f"{PurePath(one.filename).name}:{one.lineno}" for one in frames)
    cause = error.__cause__ or error.__context__
    return f"{type(error).__name__} ({named})" + (f", after {places(cause)}" if cause else "")


class WithoutWords(logging.Filter):
    """Lets a record through with the place of its error instead of the traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record that has an error."""
        if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            record.msg, record.args = (
                f"{record.getMessage().strip()}: %s",
                (places(record.exc_info[1]),),
            )
            record.exc_info, record.exc_text = None, None
        return True
