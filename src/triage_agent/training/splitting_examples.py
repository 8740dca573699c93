"""Texts with the problems in them known: written by hand, and made of texts with one problem."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from triage_agent.intake import Role, Unit, units_in

WRITTEN = "split_examples.jsonl"
SEED = 20
ALONE, TOGETHER = 800, 900  # texts made of those with one problem
SHORT, LONG = 220, 1_200  # characters of a text that is joined with others, or stands alone
LEADS = (
    "",
    "",
    "Our problems:\n",
    "Three things bother us:\n",
    "What we struggle with\n\n",
    "In short, ",
)
TAILS = (
    "As you can see, there is a lot to do.",
    "Number two is the most urgent.",
    "The first one costs us the most time.",
    "Happy to tell you more on the phone.",
    "That is all for now.",
)
TOPICS = ("Office", "Sales", "Money", "Website", "Operations", "Customers", "Team", "Stock", "IT")
ORDINALS = ("First, ", "Second, ", "Third, ", "Fourth, ")
NEXT = ("Also, ", "And ", "Then ", "Besides, ", "Another thing: ", "", "", "", "On top of that, ")


@dataclass(frozen=True, slots=True)
class SplitExample:
    """A text and where its problems stand."""

    text: str
    problems: tuple[str, ...]
    holds_several: bool = False
    kind: str = "made"


def written(folder: Path) -> list[SplitExample]:
    """Return the texts written by hand."""
    rows = [json.loads(line) for line in (folder / WRITTEN).open(encoding="utf-8")]
    return [
        SplitExample(row["text"], tuple(row["problems"]), row["holds_several"], row["kind"])
        for row in rows
    ]


def made(texts: Sequence[str], alone: int = ALONE, together: int = TOGETHER) -> list[SplitExample]:
    """Return some texts by themselves, and some joined to lists, paragraphs and prose."""
    chance = random.Random(SEED)  # noqa: S311  (no secret)
    single = [text.strip() for text in texts if len(text) <= LONG and text.strip()]
    chosen = chance.sample(single, min(alone, len(single)))
    short = [text for text in single if len(text) <= SHORT and "\n" not in text]
    found = [SplitExample(text, (text,)) for text in chosen]
    joined = (chance.sample(short, chance.choice((2, 2, 3, 3, 4))) for _ in range(together))
    return [*found, *(_joined(texts, chance) for texts in joined)]


WAYS = (
    *("number", "bullet", "inline", "letter", "ordinal", "heading", "lines", "gaps"),
    *("prose", "prose", "prose", "semi", "comma", "and"),
)


def _joined(texts: Sequence[str], chance: random.Random) -> SplitExample:
    """Return some texts as one, in one of the ways in which people write several."""
    way = chance.choice(WAYS)
    bare = [text.rstrip(" .!") for text in texts]
    soft = [text[0].lower() + text[1:] if text[1:2].islower() else text for text in bare]
    lead = chance.choice(LEADS)
    if way == "number":
        mark = chance.choice(("{}. ", "{}) ", "({}) ", "{}/ ", "{}.", "#{} "))
        text = lead + "\n".join(mark.format(n) + one for n, one in enumerate(texts, start=1))
        return SplitExample(text + _tail(chance), tuple(texts))
    if way == "letter":
        mark = chance.choice(("{}) ", "({}) ", "{}. "))
        letters = "ABCD" if mark == "{}. " else "abcd"
        rows = [mark.format(one) + text for one, text in zip(letters, texts, strict=False)]
        return SplitExample(lead + "\n".join(rows) + _tail(chance), tuple(texts))
    if way == "ordinal":
        rows = [one + text for one, text in zip(ORDINALS, soft, strict=False)]
        ended = [text + "." for text in soft]
        return SplitExample(". ".join(rows) + ".", tuple(ended))
    if way == "heading":
        mark = chance.choice(("## {}\n", "{}\n", "{}:\n"))
        topics = chance.sample(TOPICS, len(texts))
        rows = [mark.format(one) + text for one, text in zip(topics, texts, strict=True)]
        return SplitExample(chance.choice(("\n", "\n\n")).join(rows), tuple(texts))
    if way == "bullet":
        mark = chance.choice(("- ", "* ", "• ", "•", "– ", "→ "))
        text = lead + "\n".join(mark + one for one in texts)
        return SplitExample(text + _tail(chance), tuple(texts))
    if way == "inline":
        mark = chance.choice(("({}) ", "{}) ", "{}. ", "{}/ "))
        joint = chance.choice((", ", "; ", " "))
        text = lead.replace("\n", " ") + joint.join(
            mark.format(n) + one for n, one in enumerate(soft, start=1)
        )
        return SplitExample(text, tuple(soft))
    return _run_on(way, texts, soft, chance)


def _run_on(
    way: str, texts: Sequence[str], soft: Sequence[str], chance: random.Random
) -> SplitExample:
    """Return texts one after the other without marks."""
    if way in {"lines", "gaps"}:
        return SplitExample(("\n" if way == "lines" else "\n\n").join(texts), tuple(texts))
    if way == "semi":
        return SplitExample("; ".join(soft), tuple(soft))
    if way == "comma" and max(map(len, soft)) < 90:
        return SplitExample(", ".join(soft), tuple(soft))
    if way == "and" and len(texts) == 2:
        return SplitExample(" and ".join(soft), tuple(soft))
    told = []
    for n, (text, begun) in enumerate(zip(texts, soft, strict=True)):
        word = chance.choice(NEXT) if n else ""
        told.append(word + begun + "." if word else text if text[-1] in ".!?" else text + ".")
    return SplitExample(" ".join(told), tuple(told))


def _tail(chance: random.Random) -> str:
    """Return what may follow a list, and is no problem."""
    if chance.random() < 0.7:
        return ""
    return chance.choice(("\n", "\n\n")) + chance.choice(TAILS)


def roles_in(example: SplitExample) -> tuple[list[Unit], list[Role] | None]:
    """Return the units of a text and their roles; None: a problem begins within a unit."""
    units, _ = units_in(example.text)
    spans, at = [], 0
    for problem in example.problems:
        start = example.text.find(problem, at)
        if start < 0:
            return units, None
        spans.append((start, at := start + len(problem)))
    roles = [Role.CONTEXT] * len(units)
    for start, end in spans:
        inside = [
            n
            for n, unit in enumerate(units)
            if min(unit.end, end) - max(unit.start, start) > (unit.end - unit.start) / 2
        ]
        if not inside or roles[inside[0]] is not Role.CONTEXT:
            return units, None
        for n in inside:
            roles[n] = Role.BEGIN if n == inside[0] else Role.INSIDE
    return units, roles
