r"""Optimal memories: the best read-out of given features, with a proof where there is no good one.

=========================  =================================================  ===========
``optimal-linear``         any W                                              d^2
``optimal-low-rank``       W = A B of rank m, the best found                  2 m d
``optimal-mlp``            V on the hidden layer of a random two-layer        2 m d
                           network
``optimal-bilinear``       V on random bilinear features                      3 m d
``optimal-bilinear-fit``   V on the features of ``bilinear-margin``           3 m d
=========================  =================================================  ===========

All but the second are convex problems: :func:`assoc.memories.separation.separate` decides them. The
builds have a second method, :meth:`OptimalBuild.decide`, that says what was proved.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers, precision
from assoc.checks import check_fits, check_width
from assoc.embeddings import check_vectors
from assoc.errors import InputError
from assoc.facts.maps import check_map
from assoc.memories.convex import WANTED, LogisticLoss, descend, stalled
from assoc.memories.fitted_features import fitted
from assoc.memories.hermite import check_degree
from assoc.memories.memory import Factors, Memory
from assoc.memories.mlp import hidden_activation
from assoc.memories.networks import Gated, TwoLayer
from assoc.memories.refutation import Refutation, moderate
from assoc.memories.separation import separate

__all__ = [
    "Decides",
    "Decision",
    "OptimalBuild",
    "optimal_bilinear",
    "optimal_linear",
    "optimal_low_rank",
    "optimal_mlp",
]

LOW_RANK_STEPS = 1500
"""Iterations after which a fit of two factors is given up."""


@dataclass(frozen=True, eq=False)
class Decision:
    """A memory, and whether anything like it could do better.

    Parameters
    ----------
    memory : the best found.
    refuted : the proof that no read-out of these features, as computed, recalls everything, or
        None. The features of a linear memory are the inputs themselves.
    """

    memory: Memory
    refuted: Refutation | None


@runtime_checkable
class Decides(Protocol):
    """A build that may prove that no memory of its kind recalls everything."""

    def decide(
        self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator, prove: bool = True
    ) -> Decision:
        """Build the memory, and say what is proved, if that is wanted."""


Features = Callable[..., tuple[Floats, Callable[[Floats], Memory]]]
"""Draws features (N, p) and says what memory a read-out Theta (p, d) of them is."""


@dataclass(frozen=True)
class OptimalBuild:
    """The best read-out of features that are drawn first.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> rng = np.random.default_rng(0)
    >>> E, U = sphere(40, 8, rng=rng), sphere(40, 8, rng=rng)
    >>> optimal_linear.decide(E, U, np.arange(40), rng=rng).refuted.proved
    True
    """

    features: Features

    def decide(
        self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator, prove: bool = True
    ) -> Decision:
        """Build the memory, and say what is proved, if that is wanted.

        Parameters
        ----------
        E, U, f, rng : as for any build.
        prove : see :func:`assoc.memories.separation.separate`.

        Raises
        ------
        InputError
            If the embeddings are not finite real matrices, f is no map, or nothing would fit.
        """
        E, U = check_vectors(E, "E"), check_vectors(U, "U")
        f = check_map(f, len(E), len(U))
        phi, memory = self.features(E, U, f, rng=rng)
        check_fits(2 * len(E) * (phi.shape[1] + U.shape[1]), 8, f"N = {len(E)}: the features")
        found = separate(phi, U, f, prove=prove)
        # Recall does not depend on the size of Theta, which single precision may not hold.
        Theta = moderate(found.Theta)[0].astype(precision(E, U))
        return Decision(memory(Theta), found.refuted)

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        """Build the memory of the facts x -> f(x)."""
        return self.decide(E, U, f, rng=rng).memory


def _inputs(
    E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator
) -> tuple[Floats, Callable[[Floats], Memory]]:
    return E, lambda Theta: Factors((np.ascontiguousarray(Theta.T),))


optimal_linear = OptimalBuild(_inputs)
"""Any W that recalls everything, or a proof that none does; d^2 parameters."""


def optimal_mlp(width: int, degree: int | None = None) -> OptimalBuild:
    r"""Two-layer network V^T sigma(W e) with random W and the best V; 2 m d parameters.

    Parameters
    ----------
    width : m.
    degree : k, where sigma = h_{k+1} / sqrt(k+1); None means 1.

    Raises
    ------
    InputError
        If the width or degree is out of range.
    """
    k = 1 if degree is None else check_degree(degree)
    return OptimalBuild(partial(_hidden, check_width(width), k))


def _hidden(
    width: int, degree: int, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator
) -> tuple[Floats, Callable[[Floats], Memory]]:
    check_fits(width * (E.shape[1] + len(E)), 8, f"width m = {width}, N = {len(E)}: the features")
    W = rng.standard_normal((width, E.shape[1]), dtype=precision(E, U).type)
    activation = hidden_activation(degree)
    hidden = TwoLayer(W, np.eye(0), activation).hidden(E.astype(np.float64))
    return hidden, lambda V: TwoLayer(W, V, activation)


def optimal_bilinear(width: int, *, fit: bool = False) -> OptimalBuild:
    r"""Bilinear memory V^T ((A_0 e) * (A_1 e)) with the best V; 3 m d parameters.

    Parameters
    ----------
    width : m.
    fit : take A_0 and A_1 of :func:`assoc.memories.fitted_features.fitted` with margins as targets
        in place of Gaussian ones.

    Raises
    ------
    InputError
        If the width is out of range.
    """
    return OptimalBuild(partial(_products, check_width(width), fit))


def _products(
    width: int, fit: bool, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator
) -> tuple[Floats, Callable[[Floats], Memory]]:
    check_fits(width * (2 * E.shape[1] + len(E)), 8, f"width m = {width}: the features")
    if fit:
        network: Any = fitted(width, targets="margins")(E, U, f, rng=rng)
        A, B = network.W, network.P
    else:
        drawn = rng.standard_normal((width, 2 * E.shape[1]), dtype=precision(E, U).type)
        A, B = (np.ascontiguousarray(half) for half in np.split(drawn, 2, axis=1))
    inputs = E.astype(np.float64)
    return (inputs @ A.T) * (inputs @ B.T), lambda V: Gated(A, B, V, 1)


def optimal_low_rank(rank: int) -> Any:
    r"""Linear memory W = A B of rank m, fitted to the logistic loss; 2 m d parameters.

    The problem is not convex: L-BFGS starts at the best rank-m approximation of the best W of
    any rank, with factors of equal size, and what is not found is not proved impossible.

    Parameters
    ----------
    rank : m, between 1 and d.

    Raises
    ------
    InputError
        If the rank is not between 1 and d (raised when the memory is built).
    """
    return partial(_two_factors, rank)


def _two_factors(
    rank: int, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator
) -> Factors:
    E, U = check_vectors(E, "E"), check_vectors(U, "U")
    f = check_map(f, len(E), len(U))
    p, d = E.shape[1], U.shape[1]
    if isinstance(rank, bool) or not isinstance(rank, int | np.integer):
        raise InputError(f"rank {rank!r} is not an integer")
    if not 1 <= rank <= min(p, d):
        raise InputError(f"rank {rank} is not between 1 and d = {min(p, d)}")
    left, values, right = np.linalg.svd(separate(E, U, f, prove=False).Theta, full_matrices=False)
    root = np.sqrt(values[:rank])
    z = np.concatenate([(left[:, :rank] * root).ravel(), (root[:, None] * right[:rank]).ravel()])
    for dtype in (np.float32, np.float64):
        loss = _FactorLoss(LogisticLoss(E, U, f, dtype=dtype), rank, p, d)
        z = descend(loss, z, loss.done, steps=LOW_RANK_STEPS)
        if loss.loss.least >= WANTED:
            break
    B, A = loss.split(z)
    stored = precision(E, U)
    return Factors((np.ascontiguousarray(A.T, stored), np.ascontiguousarray(B.T, stored)))


@dataclass
class _FactorLoss:
    """The loss of Theta = B A in the entries of both factors."""

    loss: LogisticLoss
    rank: int
    p: int
    d: int
    falling: list[float] = field(default_factory=list)

    def split(self, z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """B (p, m) and A (m, d)."""
        cut = self.p * self.rank
        return z[:cut].reshape(self.p, self.rank), z[cut:].reshape(self.rank, self.d)

    def __call__(self, z: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        B, A = self.split(z)
        value, slope = self.loss(B @ A)
        return value, np.concatenate([(slope @ A.T).ravel(), (B.T @ slope).ravel()])

    def done(self, value: float) -> bool:
        """Whether every margin is wide enough, or the loss has stalled."""
        self.falling.append(value)
        return self.loss.least >= WANTED or stalled(self.falling)
