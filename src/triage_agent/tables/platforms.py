"""JSON as form platforms send it: where the rows are in it, and the columns of an answer.

The shapes are those of Airtable, Trello, Typeform, Tally, Jotform and Google Forms, as their
documentation describes them; what is like them is read in the same way.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from triage_agent.errors import InputError
from triage_agent.tables.boards import cards_of
from triage_agent.tables.json_shapes import rows_in_shape, rows_of_lists, unwrapped, with_pages

# Where platforms put their rows; any other single list of objects is found too.
KNOWN_LISTS = ("records", "items", "content", "submissions", "responses", "data", "results", "rows")
DEEPEST = 3  # levels at which a list of rows is looked for
OF_A_RECORD = {"id", "createdTime", "fields", "commentCount", "deleted"}  # Airtable
NAMES = ("label", "title", "question", "question_text", "text", "name", "ref", "key")
VALUES = ("value", "answer", "answers", "response")
ENVELOPES = ("form_response", "data", "submission", "response")  # of a single webhook


def rows_in(document: Any, name: str) -> tuple[list[Any], str]:
    """Return the rows that a JSON document holds, and where they were found.

    Raises `InputError` if it holds no list of objects, or several that may be meant.
    """
    if _is_one_answer(document):
        return [document], "it is one form"
    if shaped := cards_of(document) or rows_of_lists(document):
        return shaped
    found = dict(_lists(document, "", 1))
    known = [path for path in found if _is_known(path)]
    likely = known if len(known) == 1 else list(found)
    if len(likely) == 1:
        path = likely[0]
        titles = _titles(document) if isinstance(document, dict) else {}
        return [_titled(row, titles) for row in found[path]], f"the forms are under {path!r}"
    if not found:
        if shaped := rows_in_shape(document):
            return shaped
        raise InputError(
            f"{name} does not hold an array of objects. Give "
            '[{"problem": "…"}, …], or JSON Lines with an object on each line.'
        )
    shown = ", ".join(f"{path!r} ({len(found[path])})" for path in list(found)[:6])
    raise InputError(
        f"{name} holds several lists: {shown}. Save the one with the forms as a file of its own."
    )


def wraps_rows(document: Mapping[str, Any], *, known_only: bool) -> bool:
    """Return whether an object is an export that wraps its rows, and not itself a row.

    `known_only`: the rows stand where platforms put them, else in any list of objects.

    >>> wraps_rows({"records": [{"id": 1}]}, known_only=True)
    True
    >>> wraps_rows({"problem": "Leads", "tags": [{"a": 1}]}, known_only=True)
    False
    """
    is_wrapper = any(_is_known(path) or not known_only for path, _ in _lists(document, "", 1))
    return is_wrapper and not _is_one_answer(document)


def flat(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return one form's values by column: questions by their text, nested objects by dotted paths.

    >>> flat({"id": 7, "answers": {"3": {"text": "What is slow?", "answer": "Invoices"}}})
    {'id': 7, 'What is slow?': 'Invoices'}
    >>> flat({"id": "rec1", "fields": {"Problem": "Leads"}}), flat({"a": {"b": {"c": 1}}, "d": [2]})
    ({'id': 'rec1', 'Problem': 'Leads'}, {'a.b.c': 1, 'd': [2]})
    """
    if not any(isinstance(value, dict | list) for value in item.values()):
        return dict(item)
    item = with_pages(item)
    titles = _titles(item)
    cells: dict[str, Any] = {}
    for path, value in _walk(_opened(item), "", titles):
        column = path
        for number in count(2):
            if column not in cells:
                break
            column = f"{path} ({number})"
        cells[column] = value
    return cells


def _walk(value: Mapping[str, Any], path: str, titles: Mapping[str, str]) -> Iterator[Any]:
    """Yield (column, value) of everything in an object."""
    for key, inner in value.items():
        here = f"{path}.{key}" if path else str(key)
        plain = unwrapped(inner)
        if plain is not inner:
            yield here, plain
            continue
        entries = list(_entries(inner))
        answers = [_answer(entry, titles) for entry in entries]
        if entries and all(answers):
            yield from (answer for answer in answers if answer)
        elif isinstance(inner, dict) and inner:
            yield from _walk(inner, here, titles)
        else:
            yield here, inner


def _opened(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object without the level that only wraps its values."""
    fields = item.get("fields")
    if isinstance(fields, dict) and item.keys() <= OF_A_RECORD:
        return {key: value for key, value in item.items() if key != "fields"} | fields
    for key in ENVELOPES:
        inner = item.get(key)
        if isinstance(inner, dict) and _holds_answers(inner):
            rest = {name: value for name, value in item.items() if name != key}
            return rest | {name: value for name, value in inner.items() if name != "definition"}
    return item


def _entries(value: Any) -> Iterator[Any]:
    """Yield the entries of what may be a list of questions with their answers."""
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values()):
        for key, entry in value.items():
            yield {"key": key, **entry}


def _answer(entry: Any, titles: Mapping[str, str]) -> tuple[str, Any] | None:
    """Return the question and the answer of an entry; None: it is no such entry."""
    if not isinstance(entry, dict):
        return None
    inner = entry.get("field")
    field: dict[str, Any] = inner if isinstance(inner, dict) else {}
    ids = (field.get("id"), entry.get("questionId"), entry.get("id"), field.get("ref"))
    asked = next((titles[one] for one in ids if isinstance(one, str) and one in titles), None)
    own = [(field or entry).get(name) for name in NAMES] + [field.get("id")]
    question = asked or next((one for one in [*own, *ids] if isinstance(one, str) and one), None)
    kind = entry.get("type")
    if isinstance(kind, str) and field and kind in entry:
        value = entry[kind]
    elif "textAnswers" in entry:
        value = [one.get("value") for one in entry["textAnswers"].get("answers", [])]
    else:
        key = next((name for name in VALUES if name in entry), None)
        if key is None:  # Jotform leaves out what was not answered, and has its pages and buttons
            is_empty = {"order", "text", "type"} <= entry.keys()
            return (question, None) if question and is_empty else None
        value = _chosen(entry[key], entry.get("options"))
    return (question, _plain(value)) if question else None


def _plain(value: Any) -> Any:
    """Return an answer without what wraps it: a choice's label, the parts of a name."""
    if isinstance(value, dict):
        if isinstance(value.get("labels"), list):
            return _plain([*value["labels"], *([value["other"]] if value.get("other") else [])])
        for key in ("label", "other", "value", "text"):
            if isinstance(value.get(key), str):
                return value[key]
        parts = list(value.values())
        return " ".join(map(str, parts)) if all(isinstance(one, str) for one in parts) else value
    if isinstance(value, list):
        plain = [_plain(one) for one in value]
        return plain[0] if len(plain) == 1 else plain
    return value


def _chosen(value: Any, options: Any) -> Any:
    """Return the texts of the options that were chosen by their ids (Tally)."""
    if not isinstance(options, list):
        return value
    texts = {one.get("id"): one.get("text") for one in options if isinstance(one, dict)}
    if isinstance(value, list):
        return [texts.get(one, one) if isinstance(one, str) else one for one in value]
    return texts.get(value, value) if isinstance(value, str) else value


def _titles(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the questions' texts by their ids, where a document lists them apart."""
    lists = [document.get("questions"), document.get("fields")]
    for key in ("definition", "form_response", "form"):
        if isinstance(inner := document.get(key), dict):
            lists += [inner.get("questions"), inner.get("fields")]
            if isinstance(deeper := inner.get("definition"), dict):
                lists.append(deeper.get("fields"))
    return {
        one[key]: str(one.get("title") or one.get("label"))
        for found in lists
        if isinstance(found, list)
        for one in found
        if isinstance(one, dict) and (one.get("title") or one.get("label"))
        for key in ("id", "ref")
        if isinstance(one.get(key), str)
    }


def _titled(row: Any, titles: Mapping[str, str]) -> Any:
    """Return a row that knows the questions' texts, which its document lists apart."""
    if not titles or not isinstance(row, dict):
        return row
    named: dict[str, Any] = {}
    for key, value in row.items():
        answers = [_answer(entry, titles) for entry in _entries(value)]
        if answers and all(answers):
            named |= dict(filter(None, answers))
        else:
            named[key] = value
    return named


def _is_one_answer(document: Any) -> bool:
    """Return whether a document is a single form, as a webhook sends it."""
    return isinstance(document, dict) and (
        _holds_answers(document)
        or any(isinstance(v, dict) and _holds_answers(v) for v in document.values())
    )


def _holds_answers(value: Mapping[str, Any]) -> bool:
    """Return whether an object holds questions with their answers."""
    for key in ("answers", "fields", "responses"):
        entries = list(_entries(value.get(key)))
        if entries and all(_answer(entry, {}) for entry in entries):
            return True
    return False


def _is_known(path: str) -> bool:
    """Return whether a list stands where platforms put their rows."""
    return path.rpartition(".")[2] in KNOWN_LISTS


def _lists(value: Any, path: str, level: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield (path, list) for each list of objects, the outermost ones only."""
    if level > DEEPEST or not isinstance(value, dict):
        return
    for key, inner in value.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
            yield here, inner
        else:
            yield from _lists(inner, here, level + 1)
