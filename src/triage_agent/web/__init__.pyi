from .advisers import first_link, password_link
from .backup import back_up, restore
from .capped import CappedTriage
from .client import Client
from .mcp_tools import serve_mcp
from .options import ServeOptions
from .server import listen, serve

__all__ = [
    "CappedTriage",
    "Client",
    "ServeOptions",
    "back_up",
    "first_link",
    "listen",
    "password_link",
    "restore",
    "serve",
    "serve_mcp",
]
