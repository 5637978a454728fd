"""Pairs that go wrong: for how many inputs and wrong answers the wrong answer is not beaten.

Bounds on whole recall are sums over such pairs, so that their expected number is what they bound.
"""

import numpy as np
from numpy.typing import NDArray

from assoc.checks import positive, trial_count
from assoc.errors import InputError
from sims.engine.randomness import INPUTS, OUTPUTS
from sims.memories.settings import RandomVectors, source_of

__all__ = ["wrong_pairs"]

BATCH = 100
"""Trials that are computed at a time."""


def wrong_pairs(
    *,
    d: int,
    N: int,
    outputs: int | None = None,
    trials: int,
    seed: int = 0,
    experiment: str = "pairs",
) -> NDArray[np.int64]:
    """Count the pairs (x, y), y not the answer to x, with <u_y, W e_x> >= <u_f(x), W e_x>.

    W is the outer-product memory of N facts on vectors from the sphere, scores are in double
    precision, and every trial is held whole: this is for small sizes and many trials.

    Parameters
    ----------
    d, N : dimension and number of facts.
    outputs : M, at least N; the answers are the first N. None means N.
    trials : independent trials.
    seed, experiment : determine every random number.

    Returns
    -------
    (trials,) counts.

    Raises
    ------
    InputError
        If a number is not positive, or there are fewer outputs than facts.

    Examples
    --------
    >>> wrong_pairs(d=8, N=1, trials=3)
    array([0, 0, 0])
    """
    d, N, trials = positive(d, "d"), positive(N, "N"), trial_count(trials)
    M = N if outputs is None else positive(outputs, "M")
    if M < N:
        raise InputError(f"M = {M} outputs for N = {N} facts of different answers")
    source = source_of(RandomVectors(d), seed, experiment)
    counts = []
    for start in range(0, trials, BATCH):
        batch = range(start, min(start + BATCH, trials))
        E = source.spheres(N, d, trials=batch, stream=INPUTS).astype(np.float64)
        U = source.spheres(M, d, trials=batch, stream=OUTPUTS).astype(np.float64)
        W = U[:, :N].transpose(0, 2, 1) @ E
        scores = E @ W.transpose(0, 2, 1) @ U.transpose(0, 2, 1)
        own = np.einsum("txx->tx", scores[:, :, :N])
        counts.append((scores >= own[:, :, None]).sum(axis=(1, 2)) - N)
    return np.concatenate(counts)
