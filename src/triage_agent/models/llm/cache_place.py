"""Where the user's cache is."""

import os
from pathlib import Path

from platformdirs import user_cache_path

from triage_agent.errors import SettingsError


def cache_path() -> Path:
    """Return the path of the cache: in TRIAGE_CACHE_DIR, else in the user's cache folder."""
    own = os.environ.get("TRIAGE_CACHE_DIR", "").strip()
    try:
        folder = Path(own).expanduser() if own else user_cache_path("triage-agent", appauthor=False)
    except RuntimeError as error:  # there is no such user, or this one has no home
        raise SettingsError(
            f"There is no home folder for the cache ({own or 'HOME is not set'}). Set "
            "TRIAGE_CACHE_DIR to a folder."
        ) from error
    return folder / "ledger.sqlite3"
