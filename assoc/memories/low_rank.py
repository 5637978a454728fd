r"""Linear memories of rank at most m, stored as two factors: 2 m d parameters.

=====================  ==========================================  ==========================
``low-rank``           W P, P a random orthonormal projector       d^2 becomes m d
``low-rank-gaussian``  W A^T A, A an (m, d) Gaussian matrix        d^2 becomes m d / (1 + m/d)
``low-rank-svd``       the best rank-m approximation of W          keeps more than either
=====================  ==========================================  ==========================

Each function takes the rank and returns a ``build(E, U, f, *, rng) -> memory``.
"""

from functools import partial

import numpy as np

from assoc.arrays import Floats
from assoc.embeddings import orthonormal
from assoc.errors import InputError
from assoc.memories.linear import HebbianBuild
from assoc.memories.memory import Factors

__all__ = ["gaussian_projected", "projected", "truncated"]


def projected(rank: int) -> HebbianBuild:
    r"""Hebbian memory restricted to a random m-dimensional subspace of the inputs.

    .. math:: F(e) = (W Q^\top)(Q e), \qquad Q Q^\top = I_m

    Parameters
    ----------
    rank : m, between 1 and d.

    Returns
    -------
    A build whose memory holds the factors (d, m) and (m, d).

    Raises
    ------
    InputError
        If the rank is not between 1 and d (raised when the memory is built).

    References
    ----------
    NLB, Theorem 1, rank-m part.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> memory = projected(2)(np.eye(3), np.eye(3), np.arange(3), rng=rng)
    >>> memory.parameters, np.linalg.matrix_rank(memory.W).item()
    (12, 2)
    """
    return HebbianBuild(partial(_project, rank))


def gaussian_projected(rank: int) -> HebbianBuild:
    r"""Hebbian memory behind a Gaussian sketch, F(e) = (W A^T)(A e), A_ij ~ N(0, 1/m).

    The sketch is cheaper to draw than a projector and worse: A^T A e_x also points away from
    e_x, which multiplies the interference by 1 + d/m instead of d/m. Parameters and errors as in
    :func:`projected`.
    """
    return HebbianBuild(partial(_sketch, rank))


def truncated(rank: int) -> HebbianBuild:
    """Best rank-m approximation of the Hebbian W, by singular value decomposition.

    Parameters and errors as in :func:`projected`.
    """
    return HebbianBuild(partial(_truncate, rank))


def _project(rank: int, W: Floats, /, *, rng: np.random.Generator) -> Factors:
    d = _check_rank(rank, W)
    Q = orthonormal(rank, d, rng=rng).astype(W.dtype)
    return Factors((W @ Q.T, Q))


def _sketch(rank: int, W: Floats, /, *, rng: np.random.Generator) -> Factors:
    d = _check_rank(rank, W)
    A = (rng.standard_normal((rank, d)) / np.sqrt(rank)).astype(W.dtype)
    return Factors((W @ A.T, A))


def _truncate(rank: int, W: Floats, /, *, rng: np.random.Generator) -> Factors:
    _check_rank(rank, W)
    left, values, right = np.linalg.svd(W, full_matrices=False)
    return Factors((left[:, :rank] * values[:rank], right[:rank]))


def _check_rank(rank: int, W: Floats) -> int:
    d = int(W.shape[1])
    if not 1 <= rank <= d:
        raise InputError(f"rank {rank} is not between 1 and d = {d}")
    return d
