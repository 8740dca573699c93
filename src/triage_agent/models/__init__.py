"""Who reads a problem: protocols, the factory of backends, the cascade, calibration, health."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
