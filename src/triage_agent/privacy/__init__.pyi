from .hiding import mask, masked_spans, redact, restore

__all__ = [
    "mask",
    "masked_spans",
    "redact",
    "restore",
]
