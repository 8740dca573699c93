"""What a server said, as a person may read it: no tags, no key, no one's address, not too long."""

import html
import re
from collections.abc import Iterator, Mapping

from triage_agent.privacy import mask, one_line, without_half_placeholder

SHOWN = 200  # characters of a server's words in a message
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
UNSEEN = re.compile(r"<(script|style|head)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)", re.I | re.S)
TAG = re.compile(r"<[^>]{0,2000}>")
PAGE = re.compile(r"\s*<(?:!doctype|\?xml|html|head|body|title|h1|center)\b", re.IGNORECASE)
SHINGLE = 4  # words in a row that stand in our request too are an echo of it
WORD = re.compile(r"[A-Za-z0-9_]+|[^\W\dA-Za-z_]")


def is_page(text: str) -> bool:
    """Return whether a body is a web page, and so not by the API itself.

    >>> is_page("<!DOCTYPE html><html>"), is_page('{"error": "<html>"}')
    (True, False)
    """
    return PAGE.match(text) is not None


def text_of_page(page: str) -> str:
    """Return what a web page says: its title, and the words of its body.

    >>> text_of_page("<html><head><title>403</title></head><h1>Blocked</h1><p>By&nbsp;us</p>")
    '403: Blocked By us'
    """
    title = TITLE.search(page)
    words = " ".join(html.unescape(TAG.sub(" ", UNSEEN.sub(" ", page))).split())
    named = " ".join(html.unescape(title[1]).split()) if title else ""
    if not named or words.startswith(named):
        return words or named
    return f"{named}: {words}" if words else named


def shown(message: str, key: str, most: int = SHOWN) -> str:
    """Return a server's words for a message of ours: masked, then cut; the key never shows."""
    message = message.replace(key, "[key]") if key else message
    masked = mask(one_line(message.strip()))
    return without_half_placeholder(masked[:most]).strip()


def without_echo(message: str, sent: object) -> str:
    """Return a message without what it repeats of the request: four words or more in a row.

    A server that refuses a text may quote it, or the schema, or all that it was sent; what stands
    in such a quotation is no word of its own.

    >>> " ".join(without_echo("Bad: 'a tools b c'", ["a tools b c"]).split())
    "Bad: ' '"
    """
    said = list(WORD.finditer(message))
    words = [one[0].casefold() for one in said]
    ours = [one.casefold() for part in _parts(sent) for one in WORD.findall(part)]
    known = set(zip(*(ours[start:] for start in range(SHINGLE)), strict=False))
    repeated = {
        place
        for start in range(len(words) - SHINGLE + 1)
        if tuple(words[start : start + SHINGLE]) in known
        for place in range(start, start + SHINGLE)
    }
    kept = list(message)
    for place in repeated:
        start, end = said[place].span()
        kept[start:end] = " " * (end - start)
    return "".join(kept)


def _parts(sent: object) -> Iterator[str]:
    """Yield the keys and values of a request's body, in their order, as text."""
    if isinstance(sent, Mapping):
        for key, value in sent.items():
            yield str(key)
            yield from _parts(value)
    elif isinstance(sent, list | tuple):
        for value in sent:
            yield from _parts(value)
    else:
        yield str(sent)
