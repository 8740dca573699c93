"""What is not as a behaviour expects it."""

from collections.abc import Iterator
from typing import Any

from acceptance.play import KEY

Json = dict[str, Any]
LIMITS = (
    ("max_requests", "requests", 1),
    ("min_requests", "requests", -1),
    ("max_in_flight", "most_in_flight", 1),
    ("min_in_flight", "most_in_flight", -1),
    ("max_seconds", "seconds", 1),
)


def verdict(behaviour: Json, seen: Json) -> list[str]:
    """Return what is not as expected; empty: all is."""
    if seen.get("hung"):
        return ["it did not end in time"]
    if "crash" in seen:
        return [f"it broke: {seen['crash']}"]
    expect = behaviour["expect"]
    told = "\n".join(seen["messages"])
    wrong = [*_rows(expect, seen), *_words(expect, seen, told.lower())]
    for name, key, sign in LIMITS:
        if name in expect and (seen[key] - expect[name]) * sign > 0:
            wrong.append(f"{key} is {seen[key]}, {name} is {expect[name]}")
    first = seen["rows"][0] if seen["rows"] else {}
    wrong += [
        f"{name} is {first.get(name)}, not {expect[name]}"
        for name in ("output_tokens", "evidence")
        if name in expect and first.get(name) not in _listed(expect[name])
    ]
    if "exit" in expect and seen.get("exit") not in _listed(expect["exit"]):
        wrong.append(f"the exit code is {seen.get('exit')}, not {expect['exit']}")
    return [*wrong, f"it said {told[:300]!r}"] if wrong and told else wrong


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _words(expect: Json, seen: Json, told: str) -> Iterator[str]:
    ends = [row["outcome"] for row in seen["rows"]]
    failed = not ends or any(end != "classified" for end in ends)
    for words in expect.get("message_has", []):
        if failed and not any(word in told for word in words.split("|")):
            yield f"the message lacks “{words}”"
    for word in [*expect.get("message_lacks", []), KEY]:
        if word in told:
            yield f"the message has “{word}”"


def _rows(expect: Json, seen: Json) -> Iterator[str]:
    rows = expect.get("rows", [expect["outcome"]] if "outcome" in expect else [])
    if isinstance(rows, dict):
        rows = [rows["outcome"]] * rows["count"]
    if seen["stopped"] and any("stopped" not in _listed(row) for row in rows):
        yield "it stopped"
        return
    if not rows:
        return
    labels = _listed(expect.get("label"))
    for number, (wanted, got) in enumerate(zip(rows, seen["rows"], strict=False), 1):
        if got["outcome"] not in _listed(wanted):
            yield f"row {number} is {got['outcome']}, not {wanted}"
        elif got["outcome"] == "classified" and "label" in expect and got["label"] not in labels:
            yield f"row {number} is labelled {got['label']}, not {labels[0]}"
    if len(rows) != len(seen["rows"]):
        yield f"{len(seen['rows'])} rows came back, not {len(rows)}"
