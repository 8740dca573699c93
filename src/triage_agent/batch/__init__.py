"""Many forms: which columns mean what, the run over all of them, its outputs, and their review."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
