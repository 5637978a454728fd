r"""How many degrees of freedom a fact takes of the best read-out, by projecting normal vectors.

The outputs v that recall the fact x form the cone

.. math:: K = \{ v \in \mathbb R^d : \langle u_{f(x)} - u_y, v \rangle \ge 0
          \text{ for all } y \ne f(x) \},

and the cost of a fact is E dist(g, K)^2 for g standard normal, the statistical dimension of the
polar cone: the number of linear equations that asking for v in K amounts to. The projection is a
non-negative least-squares problem in the few competitors that stand against v.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from assoc.checks import positive, several
from assoc.embeddings import sphere
from assoc.errors import InputError
from sims.engine.parallel import Workers
from sims.engine.randomness import OUTPUTS, SAMPLE, Source

__all__ = ["FactCost", "fact_cost"]

FEWEST = 10
"""Trials that a standard error needs, three of whose degrees of freedom are spent on controls."""


@dataclass(frozen=True)
class FactCost:
    """Costs of a fact among M answers in R^d.

    Parameters
    ----------
    M, d : number of answers, dimension.
    samples : (trials,) squared distances.
    own : (trials,) scores of the right answer, standard normal.
    """

    M: int
    d: int
    samples: NDArray[np.float64]
    own: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The cost: mean of the samples, corrected by what the own scores say.

        A score and its square have means 0 and 1, and explain most of a sample (control variates).
        """
        return float(self._fit()[0])

    @property
    def standard_error(self) -> float:
        """Standard error of :attr:`mean`."""
        return self._fit()[1]

    def _fit(self) -> tuple[float, float]:
        controls = np.column_stack([np.ones_like(self.own), self.own, self.own**2 - 1])
        weights = np.linalg.lstsq(controls, self.samples, rcond=None)[0]
        left = self.samples - controls @ weights
        inverse = np.linalg.inv(controls.T @ controls)
        spread = np.sqrt(left @ left / (len(left) - 3))
        return float(weights[0]), float(spread * np.sqrt(inverse[0, 0]))


def fact_cost(
    M: int | Sequence[int],
    d: int,
    *,
    trials: int = 1000,
    seed: int = 0,
    threads: int | None = None,
) -> list[FactCost]:
    """Measure the cost of a fact among M answers, uniform on the unit sphere of R^d.

    Parameters
    ----------
    M : number of answers, or several; they are nested prefixes of the same draws.
    d : dimension.
    trials : independent answers and normal vectors, at least 10.
    seed : determines them.
    threads : trials run at a time; None means all available.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    Of two answers one is right half of the time; else a normal number is moved to zero:

    >>> cost = fact_cost(2, 8, trials=4000)[0]
    >>> abs(cost.mean - 0.5) < 4 * cost.standard_error
    True
    """
    sizes = [positive(size, "M") for size in several(M, "M")]
    if min(sizes) < 2:
        raise InputError("M = 1: with one answer nothing competes")
    d, trials = positive(d, "d"), positive(trials, "trials")
    if trials < FEWEST:
        raise InputError(f"trials = {trials}: a standard error needs at least {FEWEST}")
    workers = Workers.of(threads)
    source = Source(seed, "fact-cost", (d,))
    found = workers.run(partial(_trial, sizes, d, source), range(trials))
    table = np.array(found)
    return [FactCost(size, d, table[:, i], table[:, -1]) for i, size in enumerate(sizes)]


def _trial(sizes: Sequence[int], d: int, source: Source, trial: int) -> list[float]:
    """Squared distance for every size, then the own score."""
    U = source.vectors(sphere, max(sizes), d, trial=trial, stream=OUTPUTS, dtype=np.float64)
    g = source.generator(trial, SAMPLE).standard_normal(d)
    answers = np.asarray(U, np.float64)
    return [*(_squared_distance(g, answers[:size]) for size in sizes), float(answers[0] @ g)]


def _squared_distance(g: NDArray[np.float64], U: NDArray[np.float64]) -> float:
    """Squared distance of g from the cone of the vectors that score highest with the first of U."""
    from scipy.optimize import nnls

    against = U[0] - U[1:]
    chosen = np.zeros(len(against), np.bool_)
    v = g
    while True:
        gap = against @ v
        broken = np.flatnonzero((gap < -1e-10) & ~chosen)
        if not len(broken):
            return float((v - g) @ (v - g))
        # A few at a time: most that stand against g no longer do once it has moved.
        chosen[broken[np.argsort(gap[broken])[: len(g)]]] = True
        forces = nnls(against[chosen].T, -g)[0]
        v = g + against[chosen].T @ forces
