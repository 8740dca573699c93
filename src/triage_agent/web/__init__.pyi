from .backup import back_up, restore
from .capped import CappedTriage
from .options import ServeOptions
from .server import serve

__all__ = [
    "CappedTriage",
    "ServeOptions",
    "back_up",
    "restore",
    "serve",
]
