"""What the number formats of a workbook show beside the digits: a currency, a unit, a scale."""

import re
import unicodedata
from dataclasses import dataclass

LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)(?:-[^\]]*)?\]')
DROPPED = re.compile(r"_.|\*.|\[[^\]]*\]")  # the width of a sign, a filling, a colour or condition
SCALED = re.compile(r"[0#?],+(?![0#?,.])")  # each comma behind the last digit divides by 1,000
DATE = re.compile(r"[ymdhs]", re.IGNORECASE)
PLAIN = {"", "$", "us$", "usd"}


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """What a format shows beside the digits."""

    unit: str = ""  # as it stands there; empty: nothing, or US dollars
    is_scaled: bool = False  # the digits are thousands or millions of a cell that holds it all


def read_format(code: str) -> NumberFormat:
    """Return what a number format shows beside the digits, by its part for positive numbers.

    >>> read_format('#,##0.00 "€"').unit, read_format("[$£-809]#,##0").unit
    ('€', '£')
    >>> read_format('#,##0,"k"'), read_format("yyyy-mm-dd"), read_format('"$"#,##0')
    (NumberFormat(unit='k', is_scaled=True), NumberFormat(unit='', is_scaled=False), \
NumberFormat(unit='', is_scaled=False))
    """
    literals: list[str] = []

    def take(found: re.Match[str]) -> str:
        literals.append(next((part for part in found.groups() if part), ""))
        return "\0"

    # A semicolon in a literal ends no part, so literals go first.
    shown = DROPPED.sub("", LITERAL.sub(take, re.sub(r"_.|\*.", "", code)))
    part = shown.partition(";")[0]
    if DATE.search(part.replace("General", "")):
        return NumberFormat()
    signs = [one for one in part if one == "%" or unicodedata.category(one) == "Sc"]
    unit = " ".join("".join([*literals[: part.count("\0")], *signs]).split()).strip(" ()-+,.")
    if unit.casefold() in PLAIN:
        unit = ""
    return NumberFormat(unit, SCALED.search(part) is not None)
