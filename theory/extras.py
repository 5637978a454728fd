"""Extras that some theorems and exhibits need."""

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

__all__ = ["EXTRAS", "lacking"]

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "lm": ("torch", "transformers", "peft"),
    "train": ("jax", "optax"),
})  # fmt: skip
"""Modules that each brings."""


def lacking(extra: str | None) -> str:
    """Return which module of an extra is not installed, or nothing.

    Parameters
    ----------
    extra : one of :data:`EXTRAS`; None, for the core, lacks nothing.

    Examples
    --------
    >>> lacking(None)
    ''
    """
    modules = () if extra is None else EXTRAS[extra]
    return next((module for module in modules if find_spec(module) is None), "")
