from .capped import CappedTriage
from .client import Client
from .mcp_tools import serve_mcp
from .options import ServeOptions
from .server import serve

__all__ = [
    "CappedTriage",
    "Client",
    "ServeOptions",
    "serve",
    "serve_mcp",
]
