"""What a text may carry over an edge: no keys and personal data out, no control characters in."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
