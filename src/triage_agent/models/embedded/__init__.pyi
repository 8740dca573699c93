from .examples import Neighbours
from .model import EmbeddedModel
from .weights import WEIGHTS, weight_file

__all__ = [
    "WEIGHTS",
    "EmbeddedModel",
    "Neighbours",
    "weight_file",
]
