"""The model that ships in the package: it reads a problem on this machine, without a network."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
