"""JSON that holds its rows or texts in another shape than a list of plain objects.

Rows as lists under column names, columns side by side, an object of objects, a single form; texts
as the nodes of a document (Jira), as runs with a style (Notion); questions on pages (SurveyMonkey).
The shapes are those that the platforms' documentation describes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PLAIN = str | int | float | bool | None
LINES = {"paragraph", "heading", "listItem", "codeBlock", "tableRow", "blockquote", "rule"}
DEEP = 60  # levels of a document's nodes


def rows_in_shape(document: Mapping[str, Any]) -> tuple[list[Any], str] | None:
    """Return the rows of a document that has no list of objects, and where they are; None: none.

    >>> rows_in_shape({"Pain": ["Leads", "Stock"], "Firm": ["A", "B"]})[0]
    [{'Pain': 'Leads', 'Firm': 'A'}, {'Pain': 'Stock', 'Firm': 'B'}]
    """
    if not document:
        return None
    values = list(document.values())
    if all(_is_list_of_plain(one) for one in values):
        lengths = {len(one) for one in values}
        if len(lengths) == 1 and len(values) > 1:
            rows = [dict(zip(document, cells, strict=True)) for cells in zip(*values, strict=True)]
            return rows, "each column is a list"
    if len(values) > 1 and all(isinstance(one, dict) and one for one in values):
        common = set.intersection(*({*one} for one in values))
        if common:
            return values, "each key holds a form"
    if any(isinstance(one, str) for one in values) and all(
        isinstance(one, PLAIN) or _is_list_of_plain(one) for one in values
    ):
        return [dict(document)], "it is one form"
    return None


def rows_of_lists(document: Any) -> tuple[list[Any], str] | None:
    """Return the rows of a document whose rows are lists and whose columns are named apart.

    >>> rows_of_lists({"columns": ["Pain"], "data": [["Leads"], ["Stock"]]})[0]
    [{'Pain': 'Leads'}, {'Pain': 'Stock'}]
    """
    if not isinstance(document, dict):
        return None
    for path, rows in _walk_lists(document, "", 1):
        if not all(isinstance(row, list) for row in rows):
            continue
        width = max(map(len, rows))
        for where, found in _walk_lists(document, "", 1):
            names = [_name(one) for one in found]
            if where != path and len(names) == width and all(names):
                titled = [dict(zip(map(str, names), row, strict=False)) for row in rows]
                return titled, f"the forms are under {path!r}, and their columns under {where!r}"
    return None


def words_of(value: Any) -> str | None:
    """Return the text of what an editor keeps as nodes or as runs with a style; None: it is not.

    >>> words_of({"type": "doc", "content": [{"type": "text", "text": "Late"}]})
    'Late'
    >>> words_of([{"plain_text": "Stock is "}, {"plain_text": "wrong"}])
    'Stock is wrong'
    """
    if (
        isinstance(value, dict)
        and value.get("type") == "doc"
        and isinstance(value.get("content"), list)
    ):
        return "".join(_nodes(value, 1)).strip()
    if (
        isinstance(value, list)
        and value
        and all(isinstance(one, dict) and isinstance(one.get("plain_text"), str) for one in value)
    ):
        return "".join(one["plain_text"] for one in value)
    return None


def unwrapped(value: Any) -> Any:
    """Return a value without what wraps it: a typed property, a document, names of choices.

    >>> unwrapped({"id": "x", "type": "select", "select": {"name": "Retail"}})
    'Retail'
    """
    if (words := words_of(value)) is not None:
        return words
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in value and value.keys() <= {"id", "type", "name", kind}:
        inner = value[kind]
        if inner == []:
            return None
        if isinstance(inner, dict) and isinstance(inner.get("name"), str):
            return inner["name"]
        if isinstance(inner, list) and all(
            isinstance(one, dict) and "name" in one for one in inner
        ):
            return [one["name"] for one in inner]
        return unwrapped(inner)
    return value


def with_pages(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object whose questions stand on pages with a column for each question."""
    pages = item.get("pages")
    if not isinstance(pages, list) or not pages:
        return item
    if not all(isinstance(one, dict) and isinstance(one.get("questions"), list) for one in pages):
        return item
    answers: dict[str, Any] = {}
    for question in (one for page in pages for one in page["questions"]):
        if not isinstance(question, dict):
            return item
        name = next((question[key] for key in ("heading", "title", "id") if question.get(key)), "")
        texts = [
            text for one in question.get("answers") or () if (text := _answer(one)) is not None
        ]
        if name:
            answers[str(name)] = texts[0] if len(texts) == 1 else texts or None
    return {key: value for key, value in item.items() if key != "pages"} | answers


def _answer(entry: Any) -> Any:
    """Return the words of one of a question's answers."""
    if not isinstance(entry, dict):
        return entry
    return next((entry[key] for key in ("text", "simple_text", "content") if key in entry), None)


def _nodes(node: Mapping[str, Any], level: int) -> Iterator[str]:
    """Yield the texts of a document's nodes, a new line after each paragraph."""
    if isinstance(node.get("text"), str):
        yield node["text"]
    attributes = node.get("attrs")
    if node.get("type") in {"mention", "emoji"} and isinstance(attributes, dict):
        yield str(attributes.get("text") or "")
    if node.get("type") == "hardBreak":
        yield "\n"
    inner = node.get("content")
    for one in inner if isinstance(inner, list) and level < DEEP else ():
        if isinstance(one, dict):
            yield from _nodes(one, level + 1)
    if node.get("type") in LINES:
        yield "\n"


def _walk_lists(value: Any, path: str, level: int) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield (path, list) for each list that holds anything, the outermost ones only."""
    for key, inner in value.items() if isinstance(value, dict) and level <= 4 else ():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(inner, list) and inner:
            yield here, inner
        else:
            yield from _walk_lists(inner, here, level + 1)


def _name(column: Any) -> str | None:
    """Return the name of a column that a list describes."""
    if isinstance(column, dict):
        column = next((column[key] for key in ("name", "label", "id") if column.get(key)), None)
    return column if isinstance(column, str) else None


def _is_list_of_plain(value: Any) -> bool:
    """Return whether a value is a list of texts and numbers, with something in it."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, PLAIN) for one in value)
