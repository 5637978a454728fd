"""One line: what is built."""

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.memories.memory import Factors

__all__ = ["build"]


def build(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Factors:
    """Build the memory W = U_f^T (E E^T + I)^-1 E, a ridge regression from inputs to answers.

    Parameters
    ----------
    E, U : input (N, d) and output (M, d) embeddings.
    f : (N,) output of each input.
    rng : source of randomness, of which nothing is used here.

    Returns
    -------
    What is callable, ``memory(E) -> (N, d)``, and has ``parameters``: any object will do.
    """
    strengths = np.linalg.solve(E @ E.T + np.eye(len(E)), E)
    return Factors((U[f].T @ strengths,))
