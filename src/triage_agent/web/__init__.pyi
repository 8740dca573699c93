from .advisers import first_link, password_link
from .options import ServeOptions
from .server import serve

__all__ = [
    "ServeOptions",
    "first_link",
    "password_link",
    "serve",
]
