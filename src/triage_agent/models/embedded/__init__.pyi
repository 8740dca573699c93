from .examples import Neighbours
from .model import EmbeddedModel
from .weights import WEIGHTS

__all__ = [
    "WEIGHTS",
    "EmbeddedModel",
    "Neighbours",
]
