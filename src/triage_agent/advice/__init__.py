"""One business in, what to do out: decision, quiz, roles, plan, return, and the check of a hire."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
