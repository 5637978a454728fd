"""What is built: embeddings, fact maps, memories in closed form, and their decoding.

NumPy and SciPy only; all randomness comes from a ``numpy.random.Generator`` that the caller passes.
The public names are listed in ``__init__.pyi`` and loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
