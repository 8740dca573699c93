from .encoder import WEIGHTS, usable, weight_file
from .examples import Neighbours
from .model import EmbeddedModel

__all__ = [
    "WEIGHTS",
    "EmbeddedModel",
    "Neighbours",
    "usable",
    "weight_file",
]
