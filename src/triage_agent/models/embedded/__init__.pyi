from .encoder import WEIGHTS, weight_file
from .examples import Neighbours
from .model import EmbeddedModel

__all__ = [
    "WEIGHTS",
    "EmbeddedModel",
    "Neighbours",
    "weight_file",
]
