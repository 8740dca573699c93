"""The pages for owners and advisers, on one's own machine or server (extra `web`)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
