"""Skips the tests of what an extra brings where it is not installed, and says which extra it is."""

from types import ModuleType

import pytest

EXTRAS = {
    "dask": ("distributed",),
    "export": ("safetensors",),
    "lm": ("torch", "transformers", "peft"),
    "test": ("selenium", "axe_core_python"),
    "torch": ("torch",),
    "train": ("jax", "optax"),
}
"""Modules that each extra brings, as tests use them."""


def needs(extra: str) -> ModuleType:
    """Import the first module of an extra; skip the test where one is missing.

    Called outside a function it skips the whole file.
    """
    modules = [
        pytest.importorskip(name, reason=f"the extra '{extra}' is not installed: no {name}")
        for name in EXTRAS[extra]
    ]
    return modules[0]
