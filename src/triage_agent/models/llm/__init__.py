"""A language model as a reader of problems: prompt, client, cache, limits and money."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
