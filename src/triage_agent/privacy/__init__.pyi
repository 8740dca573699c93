from .hiding import mask, masked_spans, redact, restore, without_half_placeholder

__all__ = [
    "mask",
    "masked_spans",
    "redact",
    "restore",
    "without_half_placeholder",
]
