from .backup import back_up, restore
from .capped import CappedTriage
from .client import Client
from .mcp_tools import serve_mcp
from .options import ServeOptions
from .server import serve

__all__ = [
    "CappedTriage",
    "Client",
    "ServeOptions",
    "back_up",
    "restore",
    "serve",
    "serve_mcp",
]
