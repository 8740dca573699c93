from .recognisers import mask, redact, restore

__all__ = ["mask", "redact", "restore"]
