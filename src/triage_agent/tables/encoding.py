"""Bytes become text: which encoding a file has, and where it stops having it."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator

from triage_agent.errors import InputError, SettingsError
from triage_agent.tables.row import ROW_LIMIT

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# charset-normalizer tells these apart on a few lines of text; with all of Python's codecs allowed
# it answers with rare relatives (mac_iceland for mac_roman).
LEGACY = [
    "cp1252", "mac_roman", "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip
WESTERN = frozenset(
    "ÀÁÂÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœŠšŽž"
    "‘’“”–—…•€£¥§©®™°±²³´µ·¹º¼½¾«»¿¡×÷ª\xa0\xad"
)
CAPITAL_IN_WORD = re.compile(r"[a-z][À-ÖØ-ÞŠŽŒ]")  # "donÕt": Mac Roman read as Windows-1252
CONTROLS = bytes(set(range(1, 27)) - {7, 8, 9, 10, 11, 12, 13, 26})
NAMES = {
    "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE",
    "utf-32": "UTF-32", "cp1252": "Windows-1252", "mac_roman": "Mac Roman",
}  # fmt: skip


def guess_encoding(sample: bytes, name: str, *, is_all: bool) -> tuple[str, tuple[str, ...]]:
    """Return the codec of a file that begins with `sample`, and notes for the user.

    A byte-order mark decides; then UTF-16 by its zero bytes; then UTF-8 if it fits; only then a
    guess, with a note. Raises `InputError` for what is not text, and for UTF-8 with damage.
    """
    for mark, encoding in BOMS:
        if sample.startswith(mark):
            return encoding, ()
    if encoding := _wide_without_mark(sample):
        return encoding, ()
    controls = len(sample) - len(sample.translate(None, CONTROLS))
    if controls > len(sample) * 0.02 or sample.count(0) > len(sample) * 0.1:
        raise InputError(
            f"{name} is not text: it is full of control characters. "
            "Give a CSV, TSV, XLSX, JSON or JSON Lines file."
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, is_all)
    except UnicodeDecodeError as error:
        if _is_damaged_utf8(sample):
            line = 1 + sample.count(b"\n", 0, error.start)
            raise _undecodable(error, "utf-8", error.start, line, name) from error
        encoding = _legacy(sample, name)
        note = f"It is not UTF-8 and looks like {NAMES.get(encoding, encoding)}"
        return encoding, (f"{note}; if letters look wrong, name it with --encoding.",)
    return "utf-8", ()


def check_encoding(encoding: str) -> str:
    """Return the codec to use, or raise `SettingsError` if Python knows no such text encoding."""
    try:
        "".encode(encoding)
        b"".decode(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise SettingsError(
            f"There is no text encoding {encoding[:40]!r}. Try utf-8, utf-16, cp1252, latin-1 or "
            "mac-roman with --encoding."
        ) from error


def decoded(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[str]:
    """Yield the text of the chunks, without a byte-order mark.

    Raises `InputError` with byte and line, both from 1, at the first bytes that do not decode.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    seen, line, at_start = 0, 1, True
    for chunk, is_last in _with_end(chunks):
        held = decoder.getstate()[0]
        try:
            text = decoder.decode(chunk, is_last)
        except UnicodeDecodeError as error:
            before = (held + chunk)[: error.start].decode(encoding, "ignore")
            place = seen - len(held) + error.start
            raise _undecodable(error, encoding, place, line + before.count("\n"), name) from error
        except UnicodeError as error:  # "UTF-16 stream does not start with BOM", IDNA
            raise InputError(
                f"{name} cannot be read as {NAMES.get(encoding, encoding)} ({error}). "
                "Name its encoding with --encoding."
            ) from error
        seen += len(chunk)
        line += text.count("\n")
        if at_start and text:
            text, at_start = text.removeprefix("\ufeff"), False
        yield text


def lines(texts: Iterable[str], name: str) -> Iterator[str]:
    r"""Yield lines with their ends: `\n`, `\r\n` or `\r` and no other, as editors count them.

    Raises `InputError` for a line over `ROW_LIMIT` characters.

    >>> list(lines(["a\r", "\nb\x0bc", "\rd"], "x"))
    ['a\r\n', 'b\x0bc\r', 'd']
    """
    parts: list[str] = []  # of the line that is not finished yet
    size = number = 0
    for text in texts:
        parts.append(text)
        size += len(text)
        if "\n" in text or "\r" in text or parts[0].endswith("\r"):
            held = ""
            for line in io.StringIO("".join(parts), newline=""):
                if held:
                    number += 1
                    yield held
                held = line
            if held.endswith("\n"):
                number += 1
                yield held
                held = ""
            parts, size = [held], len(held)  # or "\r" whose "\n" may come with the next chunk
        if size > ROW_LIMIT:
            raise InputError(
                f"{name}, line {number + 1:,} is longer than {ROW_LIMIT:,} characters. "
                "Check that it is a table with a row on each line."
            )
    if tail := "".join(parts):
        yield tail


def _with_end(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each chunk with False, then an empty one with True."""
    for chunk in chunks:
        yield chunk, False
    yield b"", True


def _wide_without_mark(sample: bytes) -> str:
    """Return the UTF-16 codec that the zero bytes of Western text give away, or ""."""
    pairs = len(sample) // 2
    even, odd = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if pairs > 1 and odd > 0.3 * pairs and even < 0.02 * pairs:
        return "utf-16-le"
    if pairs > 1 and even > 0.3 * pairs and odd < 0.02 * pairs:
        return "utf-16-be"
    return ""


def _is_damaged_utf8(sample: bytes) -> bool:
    """Return whether far more characters are good UTF-8 than are not: not another encoding."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for character in text if character > "\x7f") - bad
    return good >= 3 and good >= 4 * bad


def _legacy(sample: bytes, name: str) -> str:
    """Return the likeliest one-byte or East Asian codec of text that is not UTF-8."""
    telling = b"".join(
        line for line in sample[: 256 * 1024].splitlines(keepends=True) if not line.isascii()
    )[: 32 * 1024]
    if _is_western(telling):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(telling, cp_isolation=LEGACY).best()
    if best is None:
        raise InputError(
            f"The encoding of {name} cannot be told. Save it as UTF-8, or name its encoding with "
            "--encoding (cp1252, latin-1, mac-roman, …)."
        )
    return best.encoding


def _is_western(sample: bytes) -> bool:
    """Return whether Windows-1252 gives plausible Western text.

    charset-normalizer is not asked first: on one line with "£3,000" it says Shift JIS.
    """
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    special = [character for character in text if character > "\x7f"]
    return (
        len(special) < 0.25 * sum(map(str.isalpha, text)) + 2
        and WESTERN.issuperset(special)
        and not CAPITAL_IN_WORD.search(text)
    )


def _undecodable(
    error: UnicodeDecodeError, encoding: str, place: int, line: int, name: str
) -> InputError:
    """Return the error for a byte (from 0) that is not text in this encoding."""
    other = "utf-8" if encoding != "utf-8" else "cp1252"
    return InputError(
        f"{name} is not {NAMES.get(encoding, encoding)} throughout: byte {place + 1:,} (line "
        f"{line:,}) is 0x{error.object[error.start]:02x}. Save the file as UTF-8, or name its "
        f"encoding, like --encoding {other}."
    )
