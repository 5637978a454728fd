"""Files that were damaged on their way: bytes changed, dropped and inserted anywhere."""

from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from assoc import InputError, load_vectors
from assoc.vectors.named import NamedVectors
from tests.helpers.oracles import one_line

__all__ = ["damaged", "vectors_or_one_line"]


@st.composite
def damaged(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    """One of these contents, damaged in up to three places."""
    content = bytearray(draw(contents))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 4))
        content[start : start + length] = draw(st.binary(max_size=4))
    return bytes(content)


def vectors_or_one_line(path: Path) -> NamedVectors | None:
    """Return what a file holds if it can be read; if not, that is told in one line."""
    try:
        loaded = load_vectors(path)
    except InputError as error:
        one_line(error)
        return None
    assert np.isfinite(loaded.vectors).all()
    return loaded
