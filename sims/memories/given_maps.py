"""Recall of a memory whose facts are given, and whose embeddings are drawn."""

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers
from assoc.catalogue import blamed, resolve
from assoc.embeddings import LAWS
from assoc.memories.decoding import margins
from assoc.memories.memory import Build
from sims.engine.randomness import INPUTS, MEMORY, OUTPUTS, Source

__all__ = ["shares_lost"]


def shares_lost(
    memory: str | Build,
    f: Integers,
    *,
    d: int,
    first: int,
    trials: int,
    source: Source,
    also: Integers | None = None,
) -> NDArray[np.float64]:
    """Shares of the facts that trials fail to recall, embeddings being uniform on the sphere.

    Parameters
    ----------
    memory : as for :func:`sims.memories.recall.measure`, without options.
    f : (N,) answer of each input, from 0 on.
    d : dimension.
    first, trials : number of the first trial, and how many.
    source : of all randomness.
    also : (n, 2) what other answers are right, as for :func:`assoc.memories.decoding.margins`.

    Returns
    -------
    (trials,) shares in [0, 1].

    Examples
    --------
    >>> source = Source(0, "example", ())
    >>> shares_lost("linear", np.array([0, 1, 1]), d=64, first=0, trials=3, source=source)
    array([0., 0., 0.])
    """
    _, build = resolve(memory)

    def vectors(n: int, trial: int, stream: int) -> Floats:
        return source.vectors(LAWS["sphere"], n, d, trial=trial, stream=stream)

    outputs = 1 + max(int(f.max()), -1 if also is None or not len(also) else int(also[:, 1].max()))
    shares = []
    for trial in range(first, first + trials):
        E, U = vectors(len(f), trial, INPUTS), vectors(outputs, trial, OUTPUTS)
        built = build(E, U, f, rng=source.generator(trial, MEMORY))
        with blamed(memory):
            shares.append(np.mean(margins(built, E, U, f, also) <= 0))
    return np.array(shares)
