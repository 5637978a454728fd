"""Example data that comes with the package: tables of facts, and vectors."""

from importlib.resources import files
from pathlib import Path

from assoc.errors import InputError

__all__ = ["EXAMPLES", "example_path"]

EXAMPLES = (
    "countries.csv", "countries_minilm.npz", "minilm_tokens.npz", "countries_phrasings.csv",
    "territories.csv", "territories_glove.npz", "glove_words.npz", "territories_phrasings.csv",
    "textgenrnn_inputs.npz", "textgenrnn_outputs.npz",
)  # fmt: skip
"""Data files shipped with the package."""


def example_path(name: str) -> Path:
    """Path of a data file shipped with the package, one of :data:`EXAMPLES`.

    Raises
    ------
    InputError
        If no such example is shipped.

    Examples
    --------
    >>> example_path("minilm_tokens.npz").name
    'minilm_tokens.npz'
    """
    if name not in EXAMPLES:
        raise InputError(f"no file and no example {name!r}; shipped: {', '.join(EXAMPLES)}")
    return Path(str(files("assoc") / "data" / name))
