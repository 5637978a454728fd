r"""Recall of a sample of the inputs at sizes whose embeddings do not fit in memory.

The facts are streamed twice, in blocks that are drawn again from their seed: once to sum
W = sum_x u_x e_x^T, once to let every output compete for the sampled inputs. Memory is
O(d^2 + block d + sample d) whatever N.
"""

from functools import partial

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.embeddings import LAWS, orthonormal
from assoc.errors import InputError
from assoc.memories.linear import HebbianBuild
from sims.engine.parallel import blas_threads, run
from sims.engine.randomness import BLOCK_ROWS, INPUTS, MEMORY, OUTPUTS, SAMPLE, Source
from sims.memories.ensemble import Ensemble
from sims.memories.scoring import Judge
from sims.memories.settings import RandomVectors, check_facts

__all__ = ["recalled_of_sample"]

# Sums are kept in a fixed number of lanes, so that they do not depend on the number of threads.
LANES = 4

# A rough rate of one core, to refuse what would not end in a working day.
OPERATIONS_PER_SECOND = 1e11
NORMALS_PER_SECOND = 1e8
MAX_HOURS = 8


def recalled_of_sample(
    ensemble: Ensemble, N: int, inputs: int, trial: int, *, threads: int = 1
) -> int:
    """Count how many of a uniform sample of the inputs are recalled among N facts.

    Parameters
    ----------
    ensemble : a memory that is a function of the Hebbian matrix, of random embeddings other than
        orthonormal ones, with the identity map and M = N.
    N, inputs : number of facts and size of the sample, 1 <= inputs <= N.
    trial : its number.
    threads : lanes worked on at a time; the count does not depend on it.

    Raises
    ------
    InputError
        If the construction or the setting cannot be streamed, or inputs is out of range.
    """
    build, setting, source = ensemble.build, ensemble.setting, ensemble.source
    if not isinstance(build, HebbianBuild):
        raise InputError(
            f"{ensemble.construction.label()} cannot be built from a stream of facts; drop --inputs"
        )
    streamable = (
        isinstance(setting, RandomVectors)
        and setting.facts == "identity"
        and setting.outputs is None
        and LAWS[setting.law] is not orthonormal
    )
    if not streamable or not isinstance(setting, RandomVectors):
        raise InputError("a sample of inputs needs random, non-orthonormal embeddings, f(x) = x")
    check_facts(N)
    if not 1 <= inputs <= N:
        raise InputError(f"inputs = {inputs} is not between 1 and N = {N}")
    d = setting.d
    hours = (
        2 * N * d * (d + inputs) / OPERATIONS_PER_SECOND + 3 * N * d / NORMALS_PER_SECOND
    ) / 3600
    if hours > MAX_HOURS:
        raise InputError(
            f"N = {N}, d = {d}: streaming the facts would take about {hours:.2g} hours of one "
            "core; recall predict needs none"
        )
    sample = np.sort(source.generator(trial, SAMPLE).choice(N, size=inputs, replace=False))
    E: Floats = np.zeros((inputs, setting.d), np.float32)
    U = np.zeros_like(E)
    lanes = range(min(LANES, -(-N // BLOCK_ROWS)))
    accumulate = partial(_accumulate, setting, N, source, trial, sample, E, U)
    W = _sum(run(accumulate, lanes, threads=threads))
    with blas_threads(threads):
        memory = build.store(W, rng=source.generator(trial, MEMORY))
        F = memory(E.astype(np.float64)).astype(np.float64)
    judges = [Judge(F, U, sample) for _ in lanes]
    run(partial(_compete, setting, N, source, trial, judges), lanes, threads=threads)
    return int(np.all([judge.recalled for judge in judges], axis=0).sum())


def _sum(shares: list[Floats]) -> Floats:
    """Sum of the lanes' matrices, in place of the first."""
    total, *others = shares
    for share in others:
        total += share
    return total


def _block(
    setting: RandomVectors, N: int, source: Source, trial: int, stream: int, b: int
) -> Floats:
    rows = min(BLOCK_ROWS, N - b * BLOCK_ROWS)
    return source.block(LAWS[setting.law], rows, setting.d, trial=trial, stream=stream, block=b)


def _accumulate(
    setting: RandomVectors,
    N: int,
    source: Source,
    trial: int,
    sample: Integers,
    sampled_E: Floats,
    sampled_U: Floats,
    lane: int,
) -> Floats:
    """One lane's share of W; fills its share of the sampled rows of E and U."""
    W: Floats = np.zeros((setting.d, setting.d), np.float32)
    for b in range(lane, -(-N // BLOCK_ROWS), LANES):
        E = _block(setting, N, source, trial, INPUTS, b)
        U = _block(setting, N, source, trial, OUTPUTS, b)
        W += U.T @ E
        where = slice(*np.searchsorted(sample, [b * BLOCK_ROWS, (b + 1) * BLOCK_ROWS]))
        rows = sample[where] - b * BLOCK_ROWS
        sampled_E[where], sampled_U[where] = E[rows], U[rows]
    return W


def _compete(
    setting: RandomVectors, N: int, source: Source, trial: int, judges: list[Judge], lane: int
) -> None:
    for b in range(lane, -(-N // BLOCK_ROWS), LANES):
        judges[lane].see(b * BLOCK_ROWS, _block(setting, N, source, trial, OUTPUTS, b))
