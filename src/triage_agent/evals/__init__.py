"""Evaluation: how often a backend is right, how sure it may be, and whether B beats A."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
