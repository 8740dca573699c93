"""One business in, what to do out: the decision, the quiz, the roles, the plan, the red flags."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
