r"""Takes out of a text what steers a terminal, reorders what stands around it, or is not seen.

Everything from outside may hold it: names of files, sheets and columns, cells, settings, a
server's words. An escape sequence repaints the screen, sets the clipboard or makes a link; an
override of direction shows `exe.txt` for `txt.exe`; a line break makes a line that looks like ours.

Dropped are the control characters (C0, DEL and C1; of them only tab and line feed stay), the
characters that set the direction of text (UAX #9), and what Unicode calls default ignorable,
which no font shows. What people need of the latter stays where it does its work: joiners and
variation selectors directly after a letter or emoji (👩‍💻, ❤️, می‌خواهم, 1️⃣), and the tags of a
flag (🏴󠁧󠁢󠁥󠁮󠁧󠁿). Letters of every script stay, those from right to left too.

The patterns are plain strings, which `re` compiles at their first use: each start of the program
imports this module.
"""

import re

LINE_BREAK = r"\r\n?|[\x0b\x0c\x85\u2028\u2029]"
CONTROL = r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
DIRECTION = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
JOINER = r"\u200c\u200d"
SELECTOR = r"\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
TAG = r"\U000e0020-\U000e007f"
# The other default ignorable characters, and the anchors of annotations.
UNSEEN = (
    r"\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    r"\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"
)
DROPPED = CONTROL + DIRECTION + JOINER + SELECTOR + TAG + UNSEEN
# What a joiner or selector may follow: not ASCII and not punctuation, except two emoji in it.
JOINED = rf"(?:[\u203c\u2049]|[^\x00-\xa0\u2000-\u206f{DIRECTION}{SELECTOR}{TAG}{UNSEEN}])"
FLAG = r"\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,8}\U000e007f"
PATTERN = rf"""(?x)
      (?P<kept>{FLAG} | [0-9\#*]\ufe0f\u20e3 | {JOINED}[{SELECTOR}]?[{JOINER}]?)
    | (?P<line>{LINE_BREAK})
    | [{DROPPED}]"""
IN_JSON = rf"[{CONTROL}\x85{DIRECTION}\u2028\u2029{UNSEEN}{TAG}]"


def clean(text: str) -> str:
    r"""Return the text without what steers a terminal or is not seen; every line break is `\n`.

    What is clean stays as it is, so cleaning twice changes nothing.

    >>> clean("a\x1b[31mb\x9b2J \u202egnp.exe"), clean("one\r\ntwo\tthree")
    ('a[31mb2J gnp.exe', 'one\ntwo\tthree')
    """
    if text.isascii() and text.isprintable():
        return text
    return re.sub(PATTERN, _cleaned, text)


def one_line(text: str) -> str:
    r"""Return the text clean and on one line, for a place where a line break would forge one.

    >>> one_line("sheet\nerror: \x1b[1mno such file\r\n")
    'sheet error: [1mno such file'
    """
    return re.sub(r"[\n\t]+", " ", clean(text).strip("\n\t"))


def escape_json(text: str) -> str:
    r"""Return JSON that holds the same values, with escapes for what `clean` would drop.

    `json.dumps(..., ensure_ascii=False)` leaves DEL, C1 controls and directions as they are, and
    a terminal obeys them. Joiners and variation selectors, which do no harm, stay.

    >>> escape_json('{"a\x9b": "\u202eé"}')
    '{"a\\u009b": "\\u202eé"}'
    """
    return text if text.isascii() and "\x7f" not in text else re.sub(IN_JSON, _escaped, text)


def _cleaned(match: re.Match[str]) -> str:
    return "\n" if match["line"] else match["kept"] or ""


def _escaped(match: re.Match[str]) -> str:
    """Return a character as JSON writes it: one escape, or two above U+FFFF."""
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
