"""The command ``recall``: thin calls of the public functions."""

from theory.cli.app import main

__all__ = ["main"]
