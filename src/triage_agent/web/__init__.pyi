from .capped import CappedTriage
from .options import ServeOptions
from .server import serve

__all__ = [
    "CappedTriage",
    "ServeOptions",
    "serve",
]
