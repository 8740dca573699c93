"""The codes that a column's name explains: "Revenue (1 = under 1M, 2 = 1M to 10M)"."""

import re

CODE = re.compile(r"(?<![\w.,$])(\d{1,2}|[A-Ha-h])\s?(?:=|:(?!\d))\s*(?=\S)")
ENDS = " \t\n,;|/-–"


def code_list(name: str) -> tuple[dict[str, str], str]:
    """Return what each code of a name stands for, and the name without them; one is no list.

    >>> code_list("Sells software (0 = yes, 1 = no)")
    ({'0': 'yes', '1': 'no'}, 'Sells software ()')
    >>> code_list("Revenue, A: under 1M; B: 1M to 10M")
    ({'a': 'under 1M', 'b': '1M to 10M'}, 'Revenue, ')
    """
    marks = [*CODE.finditer(name)]
    if len(marks) < 2:
        return {}, name
    ends = [*[mark.start() for mark in marks[1:]], len(name)]
    codes: dict[str, str] = {}
    last = len(name)
    for mark, end in zip(marks, ends, strict=True):
        said = name[mark.end() : end]
        for opening, closing in ("()", "[]"):
            if said.count(closing) > said.count(opening):
                said = said[: said.rindex(closing)]
        codes[mark[1].casefold()] = said.strip(ENDS)
        last = mark.end() + len(said)
    return codes, name[: marks[0].start()] + name[last:]
