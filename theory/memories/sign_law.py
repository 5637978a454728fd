r"""The law of sign-gated memories: that of gated ones (:mod:`theory.memories.gated`), with q = 1.

A gate of 1 or -1 has the square 1 at every input, so that the signal of a neuron is a_i^2 whatever
its gate, and the noise gain v is 1. The outputs v_i are normal: a_i ~ N(0, 1), and as a long v_i
also lets more noise in, each direction at right angles to the answer has the mean square 1 + 2/d.
All neurons share the sum of <e_z, e_x>^2, whose law is averaged over. The kernel that is left with
infinitely many neurons is t kappa(t), t a coordinate on the sphere. What is approximated there is
approximated here; nothing is fitted and nothing simulated.
"""

import numpy as np
from numpy.typing import NDArray

from sims.engine.parallel import blas_threads
from theory.memories.gated import MOST_NEURONS, Kernel, Neuron, failure_of
from theory.memories.interference import Classes
from theory.memories.quadrature import chi_square_nodes, half_normal_nodes, sphere_nodes
from theory.memories.sign_gates import kernel

__all__ = ["failure_probability"]

Floats = NDArray[np.float64]

NODES = (64, 64, 3)
"""Quadrature nodes for a, t and the noise's share."""


def failure_probability(
    gates: str, omega: float | None, m: float, d: int, classes: Classes
) -> Floats:
    """Probability that an input is not recalled, for each kind of class.

    Parameters
    ----------
    gates, omega : as for :func:`assoc.memories.sign_gates.sign_gated`, ``gates`` given.
    m : number of gates; beyond 10^9 they count as 10^9.
    d : dimension of inputs and outputs.
    classes : how the facts fall into classes.

    Returns
    -------
    (a,) probabilities in [0, 1], aligned with ``classes.own``.

    Examples
    --------
    >>> from theory.memories.classes import classes_of
    >>> classes = classes_of("identity", N=512, M=None)
    >>> failure_probability("square", 4.0, 400, 64, classes).round(3)
    array([0.002])
    """
    root, weight = sphere_nodes(d, NODES[1])
    t = root / np.sqrt(d)
    alone = t * kernel(gates, np.clip(t, -1, 1), omega=omega)
    mean, overlap = float(weight @ alone), float(weight @ alone**2)
    a, share = half_normal_nodes(NODES[0])
    one = np.ones_like(a)
    across = one * (d + 2) / d

    def failure(own: float, met: Classes) -> float:
        others = float(met.count @ met.size)
        if others <= 0 or met.wrong.sum() <= 0:
            return 0.0
        # Squared coordinates have the variance 2 (d - 1)/(d + 2) in units of their squared mean.
        lengths = chi_square_nodes(max(others * (d + 2) / (d - 1), 1.0), NODES[2])
        total = 0.0
        for length, w in zip(*lengths, strict=True):
            spread = length * (others + a**2 * (own - 1)) / d
            total += w * failure_of(
                Neuron(share, one, a**2, across, one, spread),
                Kernel.of_moments(mean, overlap, d, met, own),
                (alone, weight),
                min(m, MOST_NEURONS),
                d,
                met,
            )
        return total

    with blas_threads(1):
        return np.array([failure(own, met) for own, met in classes.kinds()])
