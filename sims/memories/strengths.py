r"""How strongly the facts of a memory interfere, measured on a few draws.

For an input x with right answer a the output is split into :math:`s\,u_a` and the rest, with s the
mean of :math:`\langle u_a, F(e_x)\rangle` over facts. In units of s,

- *noise* is the variance that one other fact adds to a coordinate of the output:
  :math:`E|F(e_x)/s - u_a|^2 / (d\,(N-1))`;
- *pair* is the variance of the coefficient of a wrong answer's vector. The score of a wrong answer
  has the mean square :math:`V = \text{pair} + (L - \text{pair})/d` with :math:`L =
  E|F(e_x)/s|^2`, as its vector is independent of all else in the output.

A memory whose signal differs from fact to fact, as that of a projector does, has the spread of the
signal in its noise.
"""

from dataclasses import dataclass

import numpy as np

from assoc.checks import check_fits, trial_count
from assoc.errors import InputError
from assoc.memories.decoding import memory_outputs
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.settings import settle

__all__ = ["Strengths", "measured_strengths"]


@dataclass(frozen=True)
class Strengths:
    """Strengths of interference, and their standard errors over the draws.

    Parameters
    ----------
    d, N, trials : sizes, and draws.
    noise, pair : see :mod:`sims.memories.strengths`; a pair below 0 is counted as 0.
    noise_error, pair_error : standard errors.
    """

    d: int
    N: int
    trials: int
    noise: float
    pair: float
    noise_error: float
    pair_error: float


def measured_strengths(
    construction: Construction, *, d: int, N: int, trials: int = 20, seed: int = 0
) -> Strengths:
    """Measure the strengths of interference of a memory of N facts, each with an answer of its own.

    Parameters
    ----------
    construction : any memory, with its options.
    d, N : dimension, and number of facts, at least 2.
    trials : draws of embeddings, uniform on the sphere; at least 2.
    seed : determines every random number.

    Raises
    ------
    InputError
        If an argument is out of range, or the right answers have no signal.

    Examples
    --------
    >>> found = measured_strengths(Construction("linear"), d=64, N=100)
    >>> abs(found.noise * 64**2 - 1) < 0.02, abs(found.pair * 64 - 1) < 0.02
    (True, True)
    """
    if N < 2:
        raise InputError(f"N = {N}: interference takes two facts")
    if trial_count(trials) < 2:
        raise InputError("trials = 1: a standard error takes two draws")
    check_fits(N * N, 8, f"N = {N}: the scores of all answers")
    setting = settle(d=d)
    ensemble = Ensemble.of(construction, setting, seed, "strengths")
    found = np.array([_of_trial(ensemble, N, trial) for trial in range(trials)])
    noise, pair = found.mean(axis=0)
    errors = found.std(axis=0, ddof=1) / np.sqrt(trials)
    return Strengths(
        d, N, trials, float(noise), max(float(pair), 0.0), float(errors[0]), float(errors[1])
    )


def _of_trial(ensemble: Ensemble, N: int, trial: int) -> tuple[float, float]:
    """Return noise and pair of one draw."""
    E, U, f = ensemble.draw(N, trial)
    memory = ensemble.memory(E, U, f, trial)
    with ensemble.blamed():
        outputs = memory_outputs(memory, E, U.shape[1])
    answers = np.asarray(U, np.float64)
    d = outputs.shape[1]
    scores = outputs @ answers.T
    right = scores[np.arange(N), f]
    signal = float(right.mean())
    if not signal > 0:
        raise InputError(f"{ensemble.label}: the right answers have no signal at d = {d}, N = {N}")
    rest = outputs / signal - answers[f]
    length = float(np.square(outputs).sum() / N) / signal**2
    wrong = float(np.square(scores).sum() - np.square(right).sum()) / (N * (N - 1)) / signal**2
    noise = float(np.square(rest).sum()) / (N * d * (N - 1))
    return noise, (wrong - length / d) / (1 - 1 / d)
