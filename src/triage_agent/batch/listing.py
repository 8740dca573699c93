"""The businesses of a batch in a list: for the index of the pages, and for the summary."""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from html import unescape
from pathlib import Path
from urllib.parse import quote, unquote

from triage_agent.errors import TriageError
from triage_agent.files import LARGEST_RECORD, json_line, read_bytes

LINK = re.compile(r'<a href="([^"]+\.(?:html|pdf))"')
IN_MEMORY = 1_000_000  # characters; a longer list is on disk


def pages_listed(index: Path) -> list[str]:
    """Return the names of the pages beside an index to which it leads; none if there is no index.

    Only what is there still, and beside it: a link may have been written by anybody.
    """
    try:
        text = read_bytes(index, LARGEST_RECORD).decode("utf-8", "replace")
    except (OSError, TriageError):
        return []
    names = dict.fromkeys(unquote(unescape(link)) for link in LINK.findall(text))
    return [name for name in names if Path(name).name == name and (index.parent / name).is_file()]


@dataclass(frozen=True, slots=True)
class Listed:
    """One business in the list."""

    name: str
    headline: str  # the recommendation in words; empty: none was asked for
    provisional: bool
    to_look_at: int  # problems
    page: str = ""  # its file's name; empty: there is no page
    pdf: str = ""


class Listing:
    """The businesses in their order; a long list is in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8")  # noqa: SIM115
        self.count = 0

    def add(self, one: Listed) -> None:
        """Put a business at the end."""
        self._file.write(json_line(asdict(one)))
        self.count += 1

    def linked(self, folder: Path | None, origin: Path) -> Iterator[Listed]:
        """Yield the businesses with links to the pages in `folder`, from a file in `origin`."""
        start = os.path.relpath(folder, origin).replace(os.sep, "/") if folder else "."
        before = "" if start == "." else f"{start}/"
        self._file.seek(0)
        for line in self._file:
            one = Listed(**json.loads(line))
            yield replace(
                one,
                page=quote(before + one.page) if one.page else "",
                pdf=quote(before + one.pdf) if one.pdf else "",
            )

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()
