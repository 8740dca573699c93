"""Sentences of the data files with names in braces: what they may hold."""

from string import Formatter

from pydantic import AfterValidator


def placeholders(template: str) -> set[str]:
    """Return the names in braces, or raise `ValueError` where braces hold more than a name.

    >>> sorted(placeholders("“{problem}” takes {hours} a week"))
    ['hours', 'problem']
    """
    names = set()
    for _, name, form, conversion in Formatter().parse(template):
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise ValueError(f"{{{name}}} is not a plain placeholder; write a name in braces")
        names.add(name)
    return names


def check_known(template: str, known: frozenset[str]) -> str:
    """Return a template, or raise `ValueError` if it has a placeholder that nothing fills."""
    if unknown := placeholders(template) - known:
        raise ValueError(f"unknown placeholder {{{min(unknown)}}}; known are {sorted(known)}")
    return template


def filled_with(*names: str) -> AfterValidator:
    """Return the validator of a template in which these placeholders may stand."""
    return AfterValidator(lambda template: check_known(template, frozenset(names)))
