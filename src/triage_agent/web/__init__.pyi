from .capped import CappedTriage
from .mcp_tools import serve_mcp
from .options import ServeOptions
from .server import serve

__all__ = [
    "CappedTriage",
    "ServeOptions",
    "serve",
    "serve_mcp",
]
