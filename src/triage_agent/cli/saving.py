"""A report is saved in a conversation: its name is asked for, and its folder said before."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

from triage_agent.advice import Advice
from triage_agent.cli.editor import typed_or_back
from triage_agent.cli.letterhead import letterhead
from triage_agent.cli.telling import tell
from triage_agent.errors import TriageError
from triage_agent.reports import check_report, write_report

WHERE = (
    "What should its name be? It is saved in {folder}, unless you name another folder. "
    "A name that ends in .html opens in a browser, which prints it too; {others} are possible too."
)


async def save_report(advice: Advice) -> None:
    """Write a report where the owner wants it; an error is said, and nothing is lost."""
    free = str(_free_name(advice.company))
    name: str | None = free
    tell("")
    others = ".pdf, .md and .json" if find_spec("weasyprint") else ".md and .json"
    tell(WHERE.format(folder=Path.cwd(), others=others))
    while name := await typed_or_back(name or ""):
        try:
            _write(name, free, advice)
        except TriageError as error:
            tell(error.message)
        else:
            return


def _write(name: str, free: str, advice: Advice) -> None:
    """Write a report and say where it is; in a folder its name is the `free` one.

    Raises `TriageError` if it cannot be written.
    """
    path = Path(os.path.expanduser(name))  # noqa: PTH111  (it never fails)
    path = path / free if path.is_dir() else path
    check_report(path)
    write_report(path, advice, letterhead())
    tell(f"The report is in {path.absolute()}", style="bold")


def _free_name(company: str) -> Path:
    """Return a name for the report that no file has yet."""
    stem = re.sub(r"[^\w]+", "-", company).strip("-").lower()
    stem = f"{stem}-report" if stem else "triage-report"
    names = (Path(f"{stem}{n}.html") for n in ("", *(f"-{n}" for n in range(2, 10_000))))
    return next(name for name in names if not name.exists())
