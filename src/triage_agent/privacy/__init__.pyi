from .hiding import mask, masked_spans, redact, restore
from .plain import clean, escape_json, one_line

__all__ = [
    "clean",
    "escape_json",
    "mask",
    "masked_spans",
    "one_line",
    "redact",
    "restore",
]
