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

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.memory import Floats, Integers

__all__ = ["STALLED", "STEPS", "WANTED", "WARM", "logistic_readout"]

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
) -> NDArray[np.float64]:
    r"""Fit Theta (p, d) by L-BFGS, in coordinates in which features and outputs are white.

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
    from scipy.optimize import minimize

    answers = np.asarray(U, np.float64)
    left = _whitening(np.asarray(_dense(features.T @ features)) / features.shape[0])
    right = _whitening(answers.T @ answers / len(answers))
    loss = _Loss(features, answers, np.asarray(f), offset, left, right)

    falling: list[float] = []

    def done(intermediate_result: Any) -> None:
        falling.append(float(intermediate_result.fun))
        stalled = len(falling) >= WARM and falling[-1] > STALLED * falling[len(falling) // 2]
        # The last point evaluated is the iterate: its margins are known.
        if stalled or loss.least >= WANTED:
            raise StopIteration

    found = minimize(
        loss,
        np.zeros(left.shape[1] * right.shape[1]),
        jac=True,
        method="L-BFGS-B",
        callback=done,
        options={"maxiter": steps, "maxfun": 2 * steps, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-9},
    )
    return loss.outward(found.x)


@dataclass
class _Loss:
    """The loss and its gradient in white coordinates Z, where Theta = left Z right^T."""

    features: Any
    U: NDArray[np.float64]
    f: Integers
    offset: Floats | None
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    least: float = field(default=-np.inf, init=False)

    def outward(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        Z = z.reshape(self.left.shape[1], self.right.shape[1])
        return np.asarray(self.left @ Z @ self.right.T)

    def __call__(self, z: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        out = np.asarray(self.features @ self.outward(z))
        if self.offset is not None:
            out = out + self.offset
        N = len(out)
        gradient = np.empty_like(out)
        total, self.least = 0.0, np.inf
        block = max(1, SCORES // len(self.U))
        for start in range(0, N, block):
            rows = slice(start, start + block)
            scores = out[rows] @ self.U.T
            at = (np.arange(len(scores)), self.f[rows])
            own = scores[at]
            scores[at] = -np.inf
            rival = scores.max(axis=1)
            self.least = min(self.least, float((own - rival).min()))
            # softplus of the rivals' log-sum-exp against the own score, accurate when both differ.
            scores -= rival[:, None]
            np.exp(scores, out=scores)
            mass = scores.sum(axis=1)
            behind = rival + np.log(mass) - own
            total += float(np.logaddexp(0.0, behind).sum())
            wrong = np.exp(-np.logaddexp(0.0, -behind))
            scores *= (wrong / mass)[:, None]
            scores[at] = -wrong
            gradient[rows] = scores @ self.U
        slope = self.left.T @ np.asarray(self.features.T @ gradient) @ self.right
        return total / N, np.asarray(slope).ravel() / N


def _whitening(moment: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrix L with L^T C L about the identity for a second moment C; null directions dropped."""
    values, vectors = np.linalg.eigh(moment)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    damped = values[kept] + RIDGE * values[kept].mean()
    return np.asarray(vectors[:, kept] / np.sqrt(damped))


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix
