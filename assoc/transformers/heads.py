r"""Heads of attention by construction: whom a head looks at, and what it says about it.

A head has a group C of tokens of its own. In a prompt that holds one of them it is to look at that
token, and otherwise at the end of sequence, about which it says nothing. Its key direction kappa
gives the logits <kappa, phi(z)>, its value matrix the outputs v_z:

============  =======================================  ====================================
              key direction                            value map
============  =======================================  ====================================
plain sums    sum_{z in C} phi(z) + phi(end) / 2       sum_{z in C} v_z phi~(z)^T
separated     shortest kappa with a gap of at least 1  the least-squares map with phi(z) ->
              between C and end, end and all others    v_z, phi(end) -> 0 exactly
============  =======================================  ====================================

phi~(z) is phi(z) without its part along phi(end), with <phi~(z), phi(z)> = 1. The inverse
temperature makes the weight of all other tokens together at most LEAK where the gap is as nominal:
1/2 for plain sums, 1 for separated keys.

References
----------
NLB, Theorem 3 (plain sums, restated).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, precision
from assoc.errors import InputError
from assoc.transformers.model import Attention

__all__ = [
    "LEAK",
    "assemble",
    "check_head_dim",
    "choose_head_dim",
    "groups_of",
    "separating_key",
    "summed_key",
    "value_factors",
]

LEAK = 2.0**-40
"""Attention that a head may pay to all tokens but one, at the nominal gap."""

GAPS = {True: 1.0, False: 0.5}
"""Nominal gap of separated keys, and of plain sums."""


def choose_head_dim(subjects: int, relations: int, d: int) -> int:
    """Head dimension d_h that wastes least: the smallest H d_h among d_h <= d / 8, then largest.

    A head can look at d_h tokens of its own; subjects and relations have different heads. The
    bound leaves the keys room: they must tell d_h tokens from all others.

    Parameters
    ----------
    subjects, relations, d : S, R, and the dimension of the embeddings.

    Examples
    --------
    >>> choose_head_dim(64, 64, 128), choose_head_dim(252, 7, 128)
    (16, 7)
    """

    def stored(size: int) -> int:
        return (math.ceil(subjects / size) + math.ceil(relations / size)) * size

    sizes = range(1, max(1, min(d // 8, max(subjects, relations))) + 1)
    return min(sizes, key=lambda size: (stored(size), -size))


def check_head_dim(head_dim: int, d: int) -> int:
    """Refuse a head dimension that is not in 1, ..., d.

    Raises
    ------
    InputError
        If it is out of range.
    """
    if head_dim < 1:
        raise InputError(f"head dimension d_h = {head_dim} is not positive")
    if head_dim > d:
        raise InputError(f"head dimension d_h = {head_dim} exceeds d = {d}")
    return head_dim


def groups_of(tokens: Sequence[int] | NDArray[np.intp], heads: int) -> list[NDArray[np.intp]]:
    """Split tokens into groups of almost equal size, one for each head.

    Parameters
    ----------
    tokens : the tokens.
    heads : number of groups, at most one per token is used.

    Examples
    --------
    >>> [group.tolist() for group in groups_of(range(5), 2)]
    [[0, 1, 2], [3, 4]]
    """
    return np.array_split(np.asarray(tokens, np.intp), min(heads, len(tokens)))


def summed_key(own: Floats, end: Floats) -> Floats:
    """Key direction (d,) of the plain sum over a head's own tokens (g, d)."""
    return np.asarray(own.sum(axis=0) + GAPS[False] * end)


def separating_key(own: Floats, others: Floats, end: Floats) -> NDArray[np.float64]:
    r"""Shortest key direction with a gap of 1 on both sides of the end of sequence.

    .. math:: \min \|\kappa\| : \quad \langle \kappa, \phi(z) - \phi_{\rm end} \rangle \ge 1
              \ (z \in C), \qquad \langle \kappa, \phi_{\rm end} - \phi(z) \rangle \ge 1
              \ (z \notin C)

    is a least-distance problem, and the residual of a non-negative least-squares problem solves it
    (or shows that there is no such direction). Then the direction with gaps of 1 in the
    least-squares sense is given instead.

    Parameters
    ----------
    own, others : (g, d) and (k, d) embeddings of the head's tokens and of all others.
    end : (d,) embedding of the end of sequence.

    References
    ----------
    Lawson and Hanson, Solving Least Squares Problems (1995), chapter 23.

    Examples
    --------
    >>> separating_key(np.eye(3)[:1], np.eye(3)[1:2], np.eye(3)[2])
    array([ 1., -1.,  0.])
    """
    from scipy.optimize import nnls

    sides = np.concatenate([own - end, end - others]).astype(np.float64)  # (k, d)
    system = np.vstack([sides.T, np.ones(len(sides))])
    target = np.zeros(len(system))
    target[-1] = 1.0
    u, distance = nnls(system, target, maxiter=10 * len(sides) + 100)
    residual = system @ u - target
    if distance > 1e-7 and residual[-1] < 0:
        return np.asarray(-residual[:-1] / residual[-1])
    return np.asarray(np.linalg.lstsq(sides, np.ones(len(sides)), rcond=None)[0])


def value_factors(
    own: Floats, values: Floats, end: Floats, head_dim: int, *, exact: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""W_V and W_O (d_h, d) of a head, whose product maps phi(z) to v_z and phi(end) to 0.

    With more tokens than d_h the map is cut off at its d_h largest singular values.

    Parameters
    ----------
    own : (g, d) embeddings of the head's tokens.
    values : (g, d) their outputs v_z.
    end : (d,) embedding of the end of sequence, of unit norm or not.
    head_dim : d_h.
    exact : dual vectors, so that tokens of one head do not disturb each other (while g < d);
        otherwise plain ones.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> own, values, end = rng.standard_normal((2, 6)), np.eye(6)[:2], rng.standard_normal(6)
    >>> W_V, W_O = value_factors(own, values, end, 3, exact=True)
    >>> np.allclose(own @ W_V.T @ W_O, values), np.allclose(W_V @ end, 0)
    (True, True)
    """
    own, end = own.astype(np.float64), end.astype(np.float64)
    without = own - np.outer(own @ end, end) / (end @ end)
    if exact:
        rows = np.linalg.pinv(without).T
    else:
        size = np.einsum("ij,ij->i", without, own)
        rows = without / np.where(size > 0, size, 1.0)[:, None]
    W_V, W_O = np.zeros((2, head_dim, own.shape[1]))
    if len(own) <= head_dim:
        W_V[: len(own)], W_O[: len(own)] = rows, values
        return W_V, W_O
    # rows^T values (d, d) has rank at most g: its SVD through two thin QR factorisations.
    Q_in, R_in = np.linalg.qr(rows.T)
    Q_out, R_out = np.linalg.qr(np.asarray(values, np.float64).T)
    left, size, right = np.linalg.svd(R_in @ R_out.T)
    kept = min(head_dim, len(size))
    W_V[:kept] = (Q_in @ left[:, :kept]).T
    W_O[:kept] = size[:kept, None] * (right[:kept] @ Q_out.T)
    return W_V, W_O


def assemble(
    embeddings: Floats,
    keys: Sequence[Floats],
    factors: Sequence[tuple[Floats, Floats]],
    *,
    length: int,
    separated: bool,
    gap: float | None = None,
) -> Attention:
    """Make the weights of heads from their key directions and value factors.

    The query is the embedding of the end of sequence, so that a key matrix needs one row.

    Parameters
    ----------
    embeddings : (n, d) of all tokens, the end of sequence last; they decide the precision.
    keys : H key directions (d,), in which gaps are nominal.
    factors : H pairs W_V, W_O (d_h, d).
    length : T, longest prompt for which attention leaks no more than LEAK.
    separated : whether the nominal gap is that of separated keys.
    gap : gap at which attention leaks no more than LEAK, positive; None means the nominal one.

    Raises
    ------
    InputError
        If the gap is not positive.
    """
    H, (head_dim, d) = len(keys), factors[0][0].shape
    if gap is not None and not 0 < gap < math.inf:
        raise InputError(f"gap {gap} of the logits is not positive")
    sharpness = math.log((length - 1) / LEAK) / (GAPS[separated] if gap is None else gap)
    end = np.asarray(embeddings[-1], np.float64)
    W_K, W_Q = np.zeros((2, H, head_dim, d))
    # Half of the scale goes to each side, so that neither has outsized entries.
    share = math.sqrt(sharpness * math.sqrt(head_dim))
    W_K[:, 0] = share * np.asarray(keys)
    W_Q[:, 0] = share * end / (end @ end)
    dtype = precision(embeddings)
    weights = W_K, W_Q, np.stack([f[0] for f in factors]), np.stack([f[1] for f in factors])
    return Attention(*(weight.astype(dtype) for weight in weights))
