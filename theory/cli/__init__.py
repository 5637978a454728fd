"""The command ``recall``: thin calls of the public functions."""

from theory.cli.entry import main

__all__ = ["main"]
