"""A report is saved in a conversation: its name is asked for, and its folder said before."""

import re
from pathlib import Path

from triage_agent.advice import Advice
from triage_agent.cli.conversing import BACK, BACK_HINT
from triage_agent.cli.editor import typed_text
from triage_agent.cli.letterhead import letterhead
from triage_agent.cli.telling import tell
from triage_agent.errors import TriageError
from triage_agent.reports import check_report, write_report

WHERE = (
    "What should its name be? It is saved in {folder}, unless you name another folder. "
    "A name that ends in .html opens in a browser; .md and .json are possible too."
)


async def save_report(advice: Advice) -> None:
    """Write a report where the owner wants it; an error is said, and nothing is lost."""
    name = str(_free_name(advice.company))
    tell("")
    tell(WHERE.format(folder=Path.cwd()))
    while (name := await typed_text(name, hint=BACK_HINT)) and name.casefold() != BACK:
        try:
            path = _written(Path(name).expanduser(), advice)
        except (TriageError, RuntimeError) as error:  # the second: `~somebody` has no home
            tell(str(error))
        else:
            tell(f"The report is in {path}", style="bold")
            return


def _written(path: Path, advice: Advice) -> Path:
    """Return where a report was written."""
    check_report(path)
    write_report(path, advice, letterhead())
    return path.absolute()


def _free_name(company: str) -> Path:
    """Return a name for the report that no file has yet."""
    stem = re.sub(r"[^\w]+", "-", company).strip("-").lower()
    stem = f"{stem}-report" if stem else "triage-report"
    names = (Path(f"{stem}{n}.html") for n in ("", *(f"-{n}" for n in range(2, 10_000))))
    return next(name for name in names if not name.exists())
