from .hiding import (
    Redacted,
    mask,
    masked_spans,
    original_span,
    redact,
    restore,
    without_half_placeholder,
)
from .plain import clean, escape_json, one_line

__all__ = [
    "Redacted",
    "clean",
    "escape_json",
    "mask",
    "masked_spans",
    "one_line",
    "original_span",
    "redact",
    "restore",
    "without_half_placeholder",
]
