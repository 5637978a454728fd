r"""What the guarantee of dual inputs bounds: the expected number of pairs in which an answer loses.

Of Gaussian inputs the projector P onto their columns has a uniform range. With s = P_xx, r^2 =
s / (1 - s), t the coordinate of the rest of its column along a competitor y, and rho the overlap of
the outputs, the competitor wins where

.. math:: \sum_z a_z \tau_z \ge \sqrt{\frac{1 - \rho}2}\, \frac{r - t}{\sqrt{1 - t^2}},

a uniform on the sphere of R^n and tau_z coordinates on that of R^d
(:mod:`theory.memories.dual_guarantee`): n = N - 2, or N - 1 and t = 0 for an output that is no
input's answer. As a is uniform, the sum is |tau| times one coordinate on the sphere of R^n, whose
tail is an incomplete beta function: no inequality of the proof is used, and none of its code. Means
over s, t and rho are by Gauss's rules for them; |tau|^2, a sum of n squared coordinates, has the
nodes of the gamma law of its mean and variance, from which it differs in its third moment by a few
per cent.
"""

import numpy as np
import scipy
from numpy.typing import NDArray

__all__ = ["dual_pairs_lost"]

Floats = NDArray[np.float64]

SHARES, COORDINATES, LENGTHS = 16, 16, 4


def dual_pairs_lost(N: int, d: int, *, M: int | None = None) -> float:
    """Expected number of pairs of an input and an output that beats its answer.

    Parameters
    ----------
    N : number of facts, at least 4.
    d : dimension, at least 3.
    M : number of outputs, at least N; None means N.

    Examples
    --------
    >>> round(dual_pairs_lost(200, 64), 1)
    16.7
    >>> dual_pairs_lost(60, 64)
    0.0
    """
    if d >= N:
        return 0.0
    s, share = scipy.special.roots_jacobi(SHARES, (N - d) / 2 - 1, d / 2 - 1)
    r = np.sqrt((1 + s) / (1 - s))
    rho, weight = scipy.special.roots_gegenbauer(COORDINATES, (d - 2) / 2)
    scale = np.sqrt((1 - rho) / 2)
    t, place = scipy.special.roots_gegenbauer(COORDINATES, (N - 3) / 2)
    share, weight, place = (w / w.sum() for w in (share, weight, place))
    level = (r[:, None] - t) / np.sqrt(1 - t**2)
    used = np.einsum(
        "s,t,r,str->", share, place, weight, _tail(np.multiply.outer(level, scale), N - 2, d)
    )
    unused = np.einsum("s,r,sr->", share, weight, _tail(np.multiply.outer(r, scale), N - 1, d))
    return float(N * (N - 1) * used + N * ((M or N) - N) * unused)


def _tail(x: Floats, n: int, d: int) -> Floats:
    """P(sum of a_z tau_z >= x), elementwise."""
    # Squared coordinates have the mean 1/d and the variance 2 (d - 1) / (d^2 (d + 2)).
    shape = n * (d + 2) / (2 * (d - 1))
    y, weight = scipy.special.roots_genlaguerre(LENGTHS, shape - 1)
    length = y / shape * n / d
    ratio = np.minimum(x[..., None] ** 2 / length, 1.0)
    half = scipy.special.betaincc(0.5, (n - 1) / 2, ratio) / 2
    tail = np.where(x[..., None] >= 0, half, 1 - half)
    return np.asarray(tail @ (weight / weight.sum()))
