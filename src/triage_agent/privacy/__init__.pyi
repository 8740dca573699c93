from .plain import clean, escape_json, one_line
from .recognisers import mask, redact, restore

__all__ = ["clean", "escape_json", "mask", "one_line", "redact", "restore"]
