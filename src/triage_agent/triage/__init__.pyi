from .blocking import Triage
from .flow import AsyncTriage

__all__ = [
    "AsyncTriage",
    "Triage",
]
