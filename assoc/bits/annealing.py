r"""The matrix of b-bit weights that recalls most, found by annealing: a fit in bits.

Rounding comes after a fit, and takes from it what the fit did not know would be taken. Here the
weights are levels from the first step to the last: odd numbers from :math:`-(2^b - 1)` to
:math:`2^b - 1`, which are signs for b = 1. What is lowered is the squared hinge loss

.. math:: \sum_x \sum_{y \ne f(x)} \max\bigl(0,\ \kappa - \langle u_{f(x)} - u_y, W e_x\rangle
    \bigr)^2

in units in which embeddings have a mean square of 1 and W starts with entries of mean square 1. It
is lowered by the Metropolis rule (Kirkpatrick, Gelatt and Vecchi 1983): one weight is moved at a
time, always where the loss falls, else with probability exp(-rise / T), while T is lowered from
sweep to sweep. The rise is exact (:mod:`assoc.bits.flips`). A margin kappa above 0 makes the search
look for wide regions of solutions, which local moves can find, in place of single ones (Baldassi
et al. 2016). The search starts at the rounded Hebbian matrix or, of more than four bits, at the
rounded best matrix of any weights (:mod:`assoc.memories.separation`), which then recalls nearly
all. It ends with the first W that recalls every fact, and returns the best where it finds none.

The problem is not convex: that nothing was found proves nothing.

References
----------
Kirkpatrick, Gelatt and Vecchi, Optimization by simulated annealing, Science 220 (1983), 671.
Baldassi et al., Unreasonable effectiveness of learning neural networks, PNAS 113 (2016), E7655.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers, precision
from assoc.bits.fitted_codes import encode_levels
from assoc.bits.levels import check_bits, levels_of, quantise
from assoc.checks import check_fits, positive
from assoc.embeddings import check_vectors
from assoc.facts.maps import check_map
from assoc.memories.linear import hebbian_matrix
from assoc.memories.memory import Build, Factors
from assoc.memories.separation import separate

__all__ = ["CLEAR", "FAR", "Moves", "annealed", "leads", "lowered", "unit_sized"]

MARGIN = 0.4
"""kappa, in units of the spread of the scores that weights of random signs give."""

HOT, COLD = 0.096, 0.024
"""First and last temperature T, in units of the squared margin's."""

SWEEPS = 800
"""Sweeps over all weights after which the search is given up, where nothing else is said."""

FEW = 4
"""Bits up to which the search starts at the outer products."""

FAR = 1e6
"""Margin that stands for an infinite one, in the same units."""

CLEAR = 1e-9
"""Least margin, in the same units, that counts as recall in the search: beyond all roundings."""


def annealed(bits: int, *, sweeps: int = SWEEPS) -> Build:
    """Return the build of linear memories whose weights of b bits are fitted as such.

    Parameters
    ----------
    bits : b, between 1 and 16.
    sweeps : over all weights, in which T falls from the first to the last and after which the
        search is given up; at least 1.

    Returns
    -------
    A build function. Its memories are decoded from the bits that they count, b per weight; they
    depend on ``rng``, which draws the moves.

    Raises
    ------
    InputError
        If bits or sweeps is out of range; when a memory is built, if the embeddings are not finite
        real matrices, f is no map, or the margins would not fit in memory.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> from assoc.memories.decoding import margins
    >>> rng = np.random.default_rng(0)
    >>> E, U = sphere(24, 16, rng=rng), sphere(24, 16, rng=rng)
    >>> memory = annealed(1)(E, U, np.arange(24), rng=rng)
    >>> memory.bits, bool((margins(memory, E, U, np.arange(24)) > 0).all())
    (256, True)
    """
    return partial(_annealed, check_bits(bits), positive(sweeps, "sweeps"))


def _annealed(
    bits: int, sweeps: int, E: Floats, U: Floats, f: Integers, /, *, rng: np.random.Generator
) -> Factors:
    E, U = check_vectors(E, "E"), check_vectors(U, "U")
    f = check_map(f, len(E), len(U))
    check_fits(4 * len(E) * len(U), 8, f"N = {len(E)}: the margins")
    inputs, answers = unit_sized(E)[0], unit_sized(U)[0]
    if bits <= FEW:
        begin: Floats = hebbian_matrix(inputs, answers, f)
    else:
        begin = separate(inputs, answers, f, prove=False).Theta.T
    start = 2.0 * quantise(begin, bits)[0] - (2**bits - 1)
    W, _ = lowered(
        start, inputs, answers, np.asarray(f, np.int64),
        top=2.0**bits - 1, sweeps=sweeps, moves=partial(_moves, bits, rng),
    )  # fmt: skip
    decoded: Factors = encode_levels(levels_of(W, bits), bits, str(precision(E, U))).decode()
    return decoded


def unit_sized(X: Floats) -> tuple[NDArray[np.float64], float]:
    """Embeddings (n, d) divided by the root of their mean squared norm, and that root.

    Examples
    --------
    >>> unit_sized(np.array([[3.0, 4.0]]))
    (array([[0.6, 0.8]]), 5.0)
    """
    largest = float(np.abs(X).max()) or 1.0
    unit = np.asarray(X, np.float64) / largest
    size = float(np.sqrt(np.einsum("ij,ij->", unit, unit) / len(unit))) or 1.0
    return np.asarray(unit / size), size * largest


Moves = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float64]]
"""Places in W read row by row, steps, and by how much each may raise the loss at T = 1."""


def lowered(
    W: NDArray[np.float64],
    E: NDArray[np.float64],
    U: NDArray[np.float64],
    f: NDArray[np.int64],
    *,
    top: float,
    sweeps: int,
    moves: Callable[[NDArray[np.float32]], Moves],
) -> tuple[NDArray[np.float64], int]:
    """Lower the loss from W on, by moves of single weights.

    Parameters
    ----------
    W : (d_out, d_in) levels at which the search starts.
    E, U : (N, d_in) and (M, d_out), of mean square norm 1.
    f : (N,) right answers.
    top : the largest level; a step that leads past it is turned round.
    sweeps : over all weights, at most.
    moves : draws what is offered in a sweep over a matrix as it is now.

    Returns
    -------
    levels, lost
        Those that lose the fewest facts of all that are seen, and how many these are.
    """
    from assoc.bits.flips import sweep

    unit = float(np.sqrt(np.mean(W**2)))
    inputs, answers = (np.ascontiguousarray(X.T, np.float32) for X in (E, U))
    best, fewest = W, len(E) + 1
    moved = np.ascontiguousarray(W, np.float32)
    for temperature in [*np.geomspace(HOT, COLD, sweeps), None]:
        margins = leads((E @ moved.astype(np.float64).T) @ U.T, f)
        lost = int((margins.min(axis=1) <= CLEAR * unit).sum())
        if lost < fewest:
            best, fewest = moved.astype(np.float64), lost
        if fewest == 0 or temperature is None:
            break
        short = (MARGIN * unit - np.minimum(margins, FAR * unit)).astype(np.float32)
        places, steps, rises = moves(moved)
        allowed = temperature * unit**2 * rises
        sweep(moved, short, inputs, answers, f, places, steps, allowed, top)
    return best, fewest


def _moves(bits: int, rng: np.random.Generator, W: NDArray[np.float32]) -> Moves:
    """Steps of powers of 2 up and down, one for each weight, in random order."""
    sizes = 2 ** rng.integers(1, bits, W.size, endpoint=True)
    steps = np.where(rng.random(W.size) < 0.5, sizes, -sizes).astype(np.float32)
    rises = rng.exponential(size=W.size)
    return rng.permutation(W.size), steps, rises


def leads(scores: NDArray[np.float64], f: NDArray[np.int64]) -> NDArray[np.float64]:
    """Leads (N, M) of the right answers over all others, infinite over themselves.

    Examples
    --------
    >>> leads(np.array([[3.0, 1.0]]), np.array([0]))
    array([[inf,  2.]])
    """
    rows = np.arange(len(scores))
    lead = scores[rows, f][:, None] - scores
    lead[rows, f] = np.inf
    return np.asarray(lead)
