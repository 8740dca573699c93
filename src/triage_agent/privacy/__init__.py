"""Keys and personal data, taken out of what is sent, stored and said."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
