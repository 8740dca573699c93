"""A page as a PDF, by WeasyPrint: it reads the page that stands here anyway, as it is printed."""

import re
from pathlib import Path
from typing import Any

from triage_agent.errors import SettingsError
from triage_agent.files import atomic_writer

DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
VARIABLE = re.compile(r"var\((--[a-z0-9-]+)(?:,[^)]*)?\)")
COLOUR = re.compile(r"(--[a-z0-9-]+): (#[0-9a-f]{6});")
INSTALL = "pip install 'triage-agent[pdf]'"
OTHERWISE = "Or name a file that ends in .html, and let your browser print it as a PDF."


def check_pdf() -> None:
    """Raise `SettingsError`, with the line that helps, unless a PDF can be made here."""
    _weasyprint()


def as_pdf(page: str) -> bytes:
    """Return one of our pages as a PDF; raises `SettingsError` where none can be made."""
    document = _weasyprint().HTML(string=_with_colours(page), url_fetcher=_only_data())
    made: bytes = document.write_pdf()
    return made


def write_pdf(path: Path, page: str) -> None:
    """Write one of our pages as a PDF, as `atomic_writer` does."""
    made = as_pdf(page)
    with atomic_writer(path) as file:
        file.write(made)


def _with_colours(page: str) -> str:
    """Return a page whose drawings name their colours: WeasyPrint does not look them up there.

    >>> _with_colours("<style>:root { --ink: #1a2027; }</style><svg fill='var(--ink)'></svg>")[-26:]
    "<svg fill='#1a2027'></svg>"
    """
    colours = dict(reversed(COLOUR.findall(page)))  # those of light paper stand first

    def named(found: re.Match[str]) -> str:
        return VARIABLE.sub(lambda one: colours.get(one[1], one[0]), found[0])

    return DRAWING.sub(named, page)


def _weasyprint() -> Any:
    """Return the library, which is an extra, and which needs Pango of the system."""
    try:
        import weasyprint
    except ImportError as error:
        raise SettingsError(
            f"A PDF needs a library that is not installed. Install it: {INSTALL}. {OTHERWISE}"
        ) from error
    except OSError as error:  # how it says that a library of the system is missing
        raise SettingsError(
            "A PDF needs Pango, a library of the system that is not there. Install it: "
            "`apt install libpango-1.0-0 libpangoft2-1.0-0`, `brew install pango`, or as "
            f"https://doc.courtbouillon.org/weasyprint/stable/first_steps.html says. {OTHERWISE}"
        ) from error
    return weasyprint


def _only_data() -> Any:
    """Return what fetches for a page: data: addresses, and nothing from outside."""
    _weasyprint()
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=("data",))
