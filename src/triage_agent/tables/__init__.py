"""Any table in, any table out: readers, encodings, writers, and the guard against formulas."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
