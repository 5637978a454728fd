"""Numba kernels of the logistic loss: from scores to what they cost, and what is to move.

Exponentials of all scores are taken between the two, by NumPy, which has them as vector
instructions. Compiled code is cached (:mod:`assoc.compiled`).

Numbers so small that they make no difference are set to 0: where they are below the smallest normal
number, a product of matrices takes up to thirty times as long.
"""

import math
from typing import Any

import numpy as np
from numba import types

from assoc.arrays import Floats, Integers
from assoc.compiled import compiled

__all__ = ["blame", "face"]

NEGLIGIBLE = 1e-30
"""Shares of a probability, or of the gradient, below this count as 0."""

_ANSWERS = types.Array(types.int64, 1, "C", readonly=True)


def _signature(scalar: Any) -> Any:
    return types.float64(scalar[:, ::1], _ANSWERS, scalar[::1], scalar[::1])


@compiled(_signature(types.float32), _signature(types.float64))
def face(scores: Floats, answers: Integers, own: Floats, rival: Floats) -> float:
    """Set each input's right answer against its best rival; return the least margin.

    Parameters
    ----------
    scores : (n, M) of n inputs; the best rival's is subtracted from each, and the right answer's is
        minus infinity thereafter, as are those that are too far behind to count.
    answers : (n,) the right answers.
    own, rival : (n,) filled with scores of the right answer and of the best other one.
    """
    n, M = scores.shape
    least = np.inf
    far = scores.dtype.type(math.log(NEGLIGIBLE))
    for i in range(n):
        row, right = scores[i], answers[i]
        own[i] = row[right]
        row[right] = -np.inf
        # Maxima side by side, so that none waits for the one before. What is not a number is no
        # maximum, and stays in the row.
        a = b = c = d = row[0]
        whole = M - M % 4
        for j in range(0, whole, 4):
            a = row[j] if row[j] > a else a
            b = row[j + 1] if row[j + 1] > b else b
            c = row[j + 2] if row[j + 2] > c else c
            d = row[j + 3] if row[j + 3] > d else d
        for j in range(whole, M):
            a = row[j] if row[j] > a else a
        top = max(a, b, c, d)
        rival[i] = top
        for j in range(M):
            behind = row[j] - top
            row[j] = -np.inf if behind < far else behind
        least = min(least, np.float64(own[i] - top))
    return least


@compiled(
    _signature(types.float32), _signature(types.float64), fastmath={"reassoc", "contract"}
)  # fmt: skip
def blame(scores: Floats, answers: Integers, own: Floats, rival: Floats) -> float:
    """Return the loss of some inputs, and put its derivative in the scores in their place.

    Parameters
    ----------
    scores : (n, M) exponentials of what :func:`face` leaves.
    answers, own, rival : of :func:`face`.

    Returns
    -------
    The sum over inputs of the softplus of the rivals' log-sum-exp against the own score, accurate
    when both differ.
    """
    total = 0.0
    for i in range(len(scores)):
        row, right = scores[i], answers[i]
        mass = 0.0
        for j in range(len(row)):
            mass += row[j]
        behind = np.float64(rival[i]) - np.float64(own[i]) + np.log(mass)
        small = np.exp(-abs(behind))
        total += max(behind, 0.0) + np.log1p(small)
        wrong = (1.0 if behind > 0 else small) / (1.0 + small)
        if np.isnan(behind):
            total, wrong = np.nan, np.nan
        share = scores.dtype.type(wrong / mass)
        for j in range(len(row)):
            part = row[j] * share
            row[j] = 0.0 if part < NEGLIGIBLE else part
        row[right] = 0.0 if wrong < NEGLIGIBLE else -wrong
    return total
