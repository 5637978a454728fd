"""Extras that some theorems and exhibits need."""

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

__all__ = ["EXTRAS", "lacking", "says_lacking", "without"]

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "dask": ("distributed",),
    "export": ("safetensors",),
    "lm": ("torch", "transformers", "peft"),
    "torch": ("torch",),
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


def without(extra: str | None) -> str:
    """Say that an extra is not installed, and how to install it; nothing if it is.

    Parameters
    ----------
    extra : as for :func:`lacking`.
    """
    module = lacking(extra)
    return _said(module, extra) if module else ""


def says_lacking(note: str, extra: str | None) -> bool:
    """Whether a note is one of :func:`without`, here or on the machine where it was made.

    Parameters
    ----------
    note : of a finding.
    extra : as for :func:`lacking`.
    """
    return extra is not None and note in {_said(module, extra) for module in EXTRAS[extra]}


def _said(module: str, extra: str | None) -> str:
    return f"{module} is not installed: pip install 'factual-recall[{extra}]'"
