from .options import ServeOptions
from .server import serve

__all__ = [
    "ServeOptions",
    "serve",
]
