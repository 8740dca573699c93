"""What stands at the top of a page: whom it is for, of which day it is, and who made it."""

from dataclasses import dataclass
from datetime import date

from triage_agent.settings import Adviser

NOBODY = Adviser()


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The client, the day and the adviser of a page; what is not known is left out.

    >>> head = Letterhead("Acme", date(2026, 11, 9), Adviser("Ann Ray"))
    >>> head.title, head.made
    ('Advice for Acme', '9 November 2026, by Ann Ray')
    """

    client: str = ""
    day: date | None = None
    adviser: Adviser = NOBODY

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"Advice for {self.client}" if self.client else "Advice"

    @property
    def day_words(self) -> str:
        """The day in words; empty if it is not known."""
        return f"{self.day.day} {self.day:%B %Y}" if self.day else ""

    @property
    def made(self) -> str:
        """The day and the adviser."""
        return ", by ".join(filter(None, (self.day_words, self.adviser.name)))

    @property
    def line(self) -> str:
        """The title and the day; the adviser stands above them."""
        return " · ".join(filter(None, (self.title, self.day_words)))


NO_LETTERHEAD = Letterhead()
