"""The export of a board of cards (Trello): each card is a form.

Beside its cards it lists everything else by id: lists, the fields that the users made, comments.
"""

from collections.abc import Iterator, Mapping
from typing import Any

BOARD = {"cards", "lists"}
VALUES = ("text", "number", "date", "checked")  # how a field keeps what a card holds


def cards_of(document: Any) -> tuple[list[Any], str] | None:
    """Return the cards of a board as rows, with the fields of the users by name; None: no board.

    A card in the archive is a row too, which says so ("closed").

    >>> cards_of({"cards": [{"name": "Acme", "desc": "Late", "idList": "1"}],
    ...           "lists": [{"id": "1", "name": "New"}]})[0]
    [{'name': 'Acme', 'desc': 'Late', 'list': 'New'}]
    """
    if not isinstance(document, dict) or not document.keys() >= BOARD:
        return None
    cards = document["cards"]
    if not isinstance(cards, list) or not all(isinstance(one, dict) for one in cards) or not cards:
        return None
    lists = _by_id(document["lists"])
    fields = _by_id(document.get("customFields"))
    return [dict(_cells(one, lists, fields)) for one in cards], "the forms are under 'cards'"


def _cells(
    card: Mapping[str, Any],
    lists: Mapping[str, Mapping[str, Any]],
    fields: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, Any]]:
    """Yield what a card holds that people wrote or chose; ids of other things are left out."""
    for key, value in card.items():
        if key == "idList":
            yield "list", lists.get(str(value), {}).get("name")
        elif key == "labels" and isinstance(value, list):
            yield key, [one.get("name") for one in value if isinstance(one, dict)]
        elif not isinstance(value, dict | list) and not (key.startswith("id") and key != "id"):
            yield key, value
    held = card.get("customFieldItems")
    entries = [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
    values = {str(one.get("idCustomField")): one for one in entries}
    for key, field in fields.items():
        yield str(field.get("name") or key), _value(values.get(key, {}), field)


def _value(entry: Mapping[str, Any], field: Mapping[str, Any]) -> Any:
    """Return what a card holds in a field: what was written, or the text of the option chosen."""
    value = entry.get("value")
    if entry.get("idValue"):
        value = _by_id(field.get("options")).get(str(entry["idValue"]), {}).get("value")
    if not isinstance(value, dict):
        return value
    return next((value[key] for key in VALUES if key in value), None)


def _by_id(things: Any) -> dict[str, Mapping[str, Any]]:
    """Return the objects of a list by their ids."""
    found = things if isinstance(things, list) else []
    return {str(one["id"]): one for one in found if isinstance(one, dict) and one.get("id")}
