"""The linear memory simulated in plain NumPy, in double precision, straight from its definition."""

import numpy as np
from numpy.typing import NDArray


def uniform(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Points on the unit sphere, along the last axis."""
    points = rng.standard_normal(shape)
    return np.asarray(points / np.linalg.norm(points, axis=-1, keepdims=True))


def recalled(
    d: int,
    N: int,
    *,
    trials: int,
    seed: int,
    M: int | None = None,
    rank: int | None = None,
) -> NDArray[np.bool_]:
    """Whether W, or W P with a random projector P of rank m, recalls each input: (trials, N).

    W = sum_x u_x e_x^T, and input x has the answer x among M >= N outputs.
    """
    rng = np.random.default_rng(seed)
    E = uniform((trials, N, d), rng)
    U = uniform((trials, N if M is None else M, d), rng)
    overlaps = E @ E.transpose(0, 2, 1)
    if rank is not None:
        Q = np.linalg.qr(rng.standard_normal((trials, d, rank)))[0]
        overlaps = (E @ Q) @ (E @ Q).transpose(0, 2, 1)
    # scores[t, x, y] = <u_y, W e_x> = sum_z <u_y, u_z> <e_z, e_x>
    scores = overlaps @ (U[:, :N] @ U.transpose(0, 2, 1))
    own = np.diagonal(scores, axis1=1, axis2=2).copy()
    scores[:, np.arange(N), np.arange(N)] = -np.inf
    return np.asarray(own > scores.max(axis=2))
