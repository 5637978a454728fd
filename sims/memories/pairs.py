"""Pairs that go wrong: for how many inputs and wrong answers the wrong answer is not beaten.

Bounds on whole recall are sums over such pairs, so that their expected number is what they bound.
"""

from collections.abc import Sequence

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
    f: Sequence[int] | NDArray[np.integer] | None = None,
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
    outputs : M, at least N unless f is given; the answers are the first N. None means N.
    f : (N,) answers, below M; None means the identity.
    trials : independent trials.
    seed, experiment : determine every random number.

    Returns
    -------
    (trials,) counts.

    Raises
    ------
    InputError
        If a number is not positive, there are fewer outputs than facts, or f is no map of these.

    Examples
    --------
    >>> wrong_pairs(d=8, N=1, trials=3)
    array([0, 0, 0])
    """
    d, N, trials = positive(d, "d"), positive(N, "N"), trial_count(trials)
    M = N if outputs is None else positive(outputs, "M")
    answers = np.arange(N) if f is None else np.asarray(f)
    if f is not None and (answers.shape != (N,) or not ((answers >= 0) & (answers < M)).all()):
        raise InputError(f"f is not a map from N = {N} inputs to M = {M} outputs")
    if f is None and M < N:
        raise InputError(f"M = {M} outputs for N = {N} facts of different answers")
    source = source_of(RandomVectors(d), seed, experiment)
    counts = []
    for start in range(0, trials, BATCH):
        batch = range(start, min(start + BATCH, trials))
        E = source.spheres(N, d, trials=batch, stream=INPUTS).astype(np.float64)
        U = source.spheres(M, d, trials=batch, stream=OUTPUTS).astype(np.float64)
        W = U[:, answers].transpose(0, 2, 1) @ E
        scores = E @ W.transpose(0, 2, 1) @ U.transpose(0, 2, 1)
        own = scores[:, np.arange(N), answers]
        counts.append((scores >= own[:, :, None]).sum(axis=(1, 2)) - N)
    return np.concatenate(counts)
