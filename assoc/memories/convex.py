r"""The convex read-out: outputs linear in their parameters, fitted to recall every input.

With features phi_x (p,), an offset o_x (d,) and outputs o_x + Theta^T phi_x, the multinomial
logistic loss

.. math:: L(\Theta) = \frac1N \sum_x -\log \operatorname{softmax}\bigl(
          U (o_x + \Theta^\top \phi_x)\bigr)_{f(x)}

is convex in Theta, and where some Theta recalls everything with no offset its infimum is zero. The
fit stops at the first iterate at which every margin is at least 1; if the loss stalls before, that
iterate is given back as it is.

Linear memories (phi_x = e_x), the values of an attention head (phi_x tells which tokens are
attended to) and the read-out of a network (its hidden layer) are all of this form.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers
from assoc.errors import InputError

__all__ = [
    "STALLED",
    "STEPS",
    "WANTED",
    "WARM",
    "LogisticLoss",
    "WhiteLoss",
    "descend",
    "logistic_readout",
    "stalled",
]

Doubles: TypeAlias = NDArray[np.float64]

WANTED = 1.0
"""Margin, in units of the logits, at which the fit is done."""

STEPS = 300
"""Iterations after which a fit is given up; few need more than a hundred."""

WARM, STALLED = 80, 0.85
"""From this iteration on a fit is given up whose loss is above that share of what it was at half
the iterations. Fits that succeed, also those that barely do, were seen below 0.7 there."""

SCORES = 2**22
"""Scores held at a time."""

RIDGE = 1e-8
"""Damping of the whitening, relative to the mean eigenvalue."""


def logistic_readout(
    features: Any,
    U: Floats,
    f: Integers,
    *,
    offset: Floats | None = None,
    steps: int = STEPS,
) -> Doubles:
    r"""Fit Theta (p, d) by L-BFGS, in coordinates in which features and outputs are white.

    Products are of single precision; what is fitted is judged, and certified, in double.

    Parameters
    ----------
    features : (N, p) matrix, dense or a SciPy sparse array.
    U : (M, d) output embeddings.
    f : (N,) integers in [0, M).
    offset : (N, d) what is added to the outputs, or None.
    steps : iterations at most.

    Returns
    -------
    Theta (p, d).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> E, U = rng.standard_normal((2, 12, 8))
    >>> scores = E @ logistic_readout(E, U, np.arange(12)) @ U.T
    >>> int((scores.argmax(axis=1) == np.arange(12)).sum())
    12
    """
    if len(U) == 1:
        # Nothing competes.
        return np.zeros((features.shape[1], U.shape[1]))
    loss = WhiteLoss(LogisticLoss(features, U, f, offset=offset, dtype=np.float32))
    falling: list[float] = []

    def done(value: float) -> bool:
        falling.append(value)
        return loss.least >= WANTED or stalled(falling)

    return loss.outward(descend(loss, np.zeros(loss.size), done, steps=steps))


def stalled(losses: Sequence[float], *, warm: int = WARM) -> bool:
    """Whether a fit whose losses were these is to be given up.

    Parameters
    ----------
    losses : after each iteration so far.
    warm : iterations that are always made.

    Examples
    --------
    >>> stalled([1.0] * 80), stalled([0.99**i for i in range(80)])
    (True, False)
    """
    return len(losses) >= warm and losses[-1] > STALLED * losses[len(losses) // 2]


def descend(
    loss: Callable[[Doubles], tuple[float, Doubles]],
    start: Doubles,
    done: Callable[[float], bool],
    *,
    steps: int,
    tolerance: float = 1e-12,
) -> Doubles:
    """Lower a loss by L-BFGS until an iterate is good enough, and return that iterate.

    Parameters
    ----------
    loss : value and gradient at (n,) coordinates.
    start : (n,) coordinates.
    done : told the value after every iteration, says whether to stop. The last point that the loss
        was evaluated at is then the iterate.
    steps : iterations at most.
    tolerance : relative decrease of the loss, and a thousand times the gradient, below which an
        iteration is the last one.
    """
    from scipy.optimize import minimize

    def after(intermediate_result: Any) -> None:
        if done(float(intermediate_result.fun)):
            raise StopIteration

    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", callback=after,
        options={
            "maxiter": steps, "maxfun": 2 * steps, "maxcor": 20,
            "ftol": tolerance, "gtol": 1e3 * tolerance,
        },
    )  # fmt: skip
    return np.asarray(found.x)


@dataclass
class LogisticLoss:
    """The loss, its gradient and the least margin, a block of inputs at a time.

    Parameters
    ----------
    features : (N, p) matrix, dense or a SciPy sparse array.
    U : (M, d) output embeddings.
    f : (N,) integers in [0, M).
    offset : (N, d) what is added to the outputs, or None.
    dtype : precision of the products.

    Attributes
    ----------
    least : the least margin where the loss was evaluated last.

    Raises
    ------
    InputError
        If there are not as many answers as inputs, or one is no output.
    """

    features: Any
    U: Floats
    f: Integers
    offset: Floats | None = None
    dtype: type[Any] = np.float64
    least: float = field(default=-np.inf, init=False)

    def __post_init__(self) -> None:
        if hasattr(self.features, "tocsr"):
            # Of the sparse formats the one whose rows are at hand.
            self.features = self.features.tocsr()
        self.features = self.features.astype(self.dtype, copy=False)
        self.U = np.asarray(self.U, self.dtype)
        self.f = np.ascontiguousarray(self.f, np.int64)
        # Once here, since the kernels do not look: an answer that is none would be read past the
        # end of a row.
        N, M = self.features.shape[0], len(self.U)
        if self.f.shape != (N,) or (N and not 0 <= self.f.min() <= self.f.max() < M):
            raise InputError(f"answers f are not {N} integers from 0 to {M - 1}")

    def __call__(self, Theta: Doubles) -> tuple[float, Doubles]:
        """Return the loss at Theta (p, d), and its gradient (p, d)."""
        self.least = np.inf
        given = Theta.astype(self.dtype)
        if self._few:
            total, slope = self._by_features(given)
        else:
            total, slope = self._by_outputs(given)
        N = self.features.shape[0]
        return total / N, slope / N

    @property
    def _few(self) -> bool:
        """Whether inputs have few of few features, so that scores are best made of theirs."""
        (N, p), (M, d) = self.features.shape, self.U.shape
        sparse = self.offset is None and hasattr(self.features, "tocsr")
        return sparse and self.features.nnz <= N * d and p < N and p * M <= SCORES

    def _by_outputs(self, Theta: Floats) -> tuple[float, Doubles]:
        """Sum of the losses, and its gradient: outputs first, then their scores."""
        out = np.asarray(self.features @ Theta)
        if self.offset is not None:
            out = out + self.offset.astype(self.dtype)
        gradient = np.empty_like(out)
        total = 0.0
        for rows in self._blocks():
            scores = out[rows] @ self.U.T
            total += self._blame(scores, rows)
            gradient[rows] = scores @ self.U
        return total, np.asarray(self.features.T @ gradient, np.float64)

    def _by_features(self, Theta: Floats) -> tuple[float, Doubles]:
        """The same, with scores as sums over an input's features."""
        each = Theta @ self.U.T
        gradient = np.zeros_like(each)
        total = 0.0
        for rows in self._blocks():
            features = self.features[rows]
            scores = np.asarray(features @ each)
            total += self._blame(scores, rows)
            gradient += features.T @ scores
        return total, np.asarray(gradient @ self.U, np.float64)

    def _blocks(self) -> Iterator[slice]:
        """Inputs whose scores are held at a time."""
        N, block = self.features.shape[0], max(1, SCORES // len(self.U))
        return (slice(start, start + block) for start in range(0, N, block))

    def _blame(self, scores: Floats, rows: slice) -> float:
        """Return the losses of some inputs in all, and put their derivatives in the scores."""
        from assoc.memories.logistic_kernel import blame, face

        answers = self.f[rows]
        own, rival = np.empty((2, len(scores)), self.dtype)
        least = face(scores, answers, own, rival)
        np.exp(scores, out=scores)
        lost = blame(scores, answers, own, rival)
        # A margin that is not a number is none, and makes the loss none.
        self.least = -np.inf if np.isnan(lost) else min(self.least, least)
        return lost

    def bend(self, Theta: Doubles, way: Doubles) -> Doubles:
        """Return the Hessian at Theta (p, d) times a direction (p, d)."""
        out = np.asarray(self.features @ Theta.astype(self.dtype))
        if self.offset is not None:
            out = out + self.offset.astype(self.dtype)
        moved = np.asarray(self.features @ way.astype(self.dtype))
        N = len(out)
        bent = np.empty_like(out)
        for rows in self._blocks():
            chance = out[rows] @ self.U.T
            chance -= chance.max(axis=1)[:, None]
            np.exp(chance, out=chance)
            chance /= chance.sum(axis=1)[:, None]
            change = moved[rows] @ self.U.T
            change -= np.einsum("xy,xy->x", chance, change)[:, None]
            change *= chance
            bent[rows] = change @ self.U
        return np.asarray(self.features.T @ bent, np.float64) / N


class WhiteLoss:
    """The loss in coordinates Z in which features and outputs are white, Theta = left Z right^T.

    Parameters
    ----------
    loss : what it is the loss of.
    """

    def __init__(self, loss: LogisticLoss) -> None:
        self.loss = loss
        moment = np.asarray(_dense(loss.features.T @ loss.features), np.float64)
        answers = loss.U.astype(np.float64)
        self.left = _whitening(moment / loss.features.shape[0])
        self.right = _whitening(answers.T @ answers / len(answers))

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return int(self.left.shape[1] * self.right.shape[1])

    @property
    def least(self) -> float:
        """The least margin where the loss was evaluated last."""
        return self.loss.least

    def outward(self, z: Doubles) -> Doubles:
        """Theta (p, d) at coordinates z."""
        Z = z.reshape(self.left.shape[1], self.right.shape[1])
        return np.asarray(self.left @ Z @ self.right.T)

    def inward(self, Theta: Doubles) -> Doubles:
        """Coordinates (n,) of Theta (p, d)."""
        return np.asarray(np.linalg.pinv(self.left) @ Theta @ np.linalg.pinv(self.right).T).ravel()

    def bend(self, z: Doubles, way: Doubles) -> Doubles:
        """Return the Hessian at coordinates z times a direction (n,)."""
        bent = self.loss.bend(self.outward(z), self.outward(way))
        return np.asarray(self.left.T @ bent @ self.right).ravel()

    def __call__(self, z: Doubles) -> tuple[float, Doubles]:
        """Return the loss at coordinates z, and its gradient."""
        value, slope = self.loss(self.outward(z))
        return value, np.asarray(self.left.T @ slope @ self.right).ravel()


def _whitening(moment: Doubles) -> Doubles:
    """Matrix L with L^T C L about the identity for a second moment C; null directions dropped."""
    values, vectors = np.linalg.eigh(moment)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    damped = values[kept] + RIDGE * values[kept].mean()
    return np.asarray(vectors[:, kept] / np.sqrt(damped))


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix
