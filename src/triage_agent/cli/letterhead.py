"""What the commands put at the top of the pages that they write."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from triage_agent.settings import LOCAL_FILE, read_adviser, user_file

if TYPE_CHECKING:
    from triage_agent.reports import Letterhead


def letterhead() -> "Letterhead":
    """Return today's date and the adviser of the settings files; the client is not known here.

    Raises `SettingsError` for an adviser that cannot be used, so it is best called before any work.
    """
    from triage_agent.reports import Letterhead

    today = date.today()  # noqa: DTZ011  (the day where the user is)
    return Letterhead("", today, read_adviser(Path(LOCAL_FILE), user_file()))
