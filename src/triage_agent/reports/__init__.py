"""Results for people and for programs: JSON, terminal, Markdown, HTML and charts."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
