"""What the pages of businesses are called: after the business, safe as a file name, each once."""

import re
import unicodedata

from triage_agent.batch.form import Form

LONGEST_NAME = 60  # characters of a business's name
LONGEST_FILE = 40  # characters of a file's name without its ending, of up to 4 bytes each
INDEX = "index"
# Names that Windows gives to devices, whatever the ending.
DEVICES = {"con", "prn", "aux", "nul", *(f"{one}{n}" for one in ("com", "lpt") for n in range(10))}


def name_of(form: Form) -> str:
    """Return what a business is called: its name, its group, the form's id, else its row.

    Rows may be grouped by what is no name, such as an e-mail address.
    """
    own = "" if form.id == str(form.number) else form.id
    name = form.company or form.group or own or f"row {form.number}"
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def file_name(text: str) -> str:
    """Return a text as a safe file name without an ending; empty if nothing of it can stay.

    >>> [*map(file_name, ("Müller & Söhne GmbH", "../../etc", "日本 商店", "NUL"))]
    ['müller-söhne-gmbh', 'etc', '日本-商店', 'nul-']
    """
    kept = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", text).casefold())
    kept = unicodedata.normalize("NFC", kept).strip("-")[:LONGEST_FILE].strip("-")
    return f"{kept}-" if kept in DEVICES else kept


class PageNames:
    """Gives every business the name of its page, the same for the same forms in the same order."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self._taken = {INDEX, *taken}

    def name(self, form: Form) -> str:
        """Return the name of a business's page; a second of the same name also holds its row."""
        stem = file_name(name_of(form)) or f"row-{form.number}"
        name = stem
        if name in self._taken:
            name = f"{stem}-row-{form.number}"
        while name in self._taken:  # two rows of one number in a table that was put together
            name += "-2"
        self._taken.add(name)
        return name
