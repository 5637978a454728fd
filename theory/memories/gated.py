r"""The law of gated memories: recall as an average over what m random neurons do to one input.

Take an input x with right answer u, and let neuron i have g_i = <w_i, e_x> ~ N(0, 1) and
a_i = <v_i, u>, sqrt(d) times a sphere coordinate. What the other facts stored in p_i, read at e_x,
is xi_i, normal given g_i with variance v(g_i) (N - 1)/d. The memory's output is

.. math:: F(e_x) = \frac1m \sum_i c_i v_i + \text{kernel}, \qquad c_i = h_k(g_i)\,
          \bigl(h_k(g_i)\, a_i + \xi_i\bigr),

so that its component along u, and its mean square in each direction at right angles to u, are
sums over independent neurons,

.. math:: S = \frac1m \sum_i c_i a_i, \qquad
          B = \frac{1}{m^2} \sum_i c_i^2\, \frac{d - a_i^2}{d - 1},

heavy-tailed and dependent: a neuron with a large g_i adds to both. Their joint law comes from the
characteristic function of one neuron, in which the average over xi_i is closed, those over g_i and
a_i are quadratures, and m is a power. The kernel <e, e'>^{k+1}, which is left as m grows, adds
(N - 1) E t^{2k+2} / d to the variance of S and to B, and eta_y = <e_y, e_x>^{k+1} to the score of
a single competitor y. Given (S, B) the rest is as for linear memories
(:mod:`theory.memories.interference`): competitors are independent, and y wins when a sphere
coordinate exceeds (S - eta_y) / sqrt((S - eta_y)^2 + r^2), r^2 = B chi^2 with d - 1 degrees.

v(g) = d E[t^2 h_k(t g + sqrt(1 - t^2) g')^2] is not 1: an input near e_x, which counts more, has a
similar gate. On average over what matters it adds a share of 24/d to the noise at k = 2.
``docs/gated-memories.md`` has the derivation; nothing is fitted and nothing simulated.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray

from assoc.memories.hermite import hermite, sphere_moment
from sims.engine.parallel import blas_threads
from theory.memories.interference import Classes, half_tail, lost
from theory.memories.quadrature import Nodes, chi_square_nodes, half_normal_nodes, sphere_nodes

__all__ = [
    "MOST_NEURONS", "Kernel", "Neuron", "failure_of", "failure_probability", "joint_law",
    "noise_gain",
]  # fmt: skip

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

# Quadrature nodes for g, a, the length of the noise and eta; tests double them.
NODES = (64, 8, 6, 16)

# Windows of the joint law: below and above the mean of S, in standard deviations, and how far the
# law is tilted across each window, so that what lies beyond does not fold back into it.
BELOW, ABOVE = 8.0, 12.0
TILT_S, TILT_B = 4.0, 5.0
STEPS = 2.0
OUTLIERS = 8
FEWEST, MOST, COLUMNS, KNOTS = 32, 8192, 16, 96
MOST_NEURONS = 1e9
"""Neurons beyond which more make no difference."""

SPAN = 1e4
NEGLIGIBLE = 1e-14


def noise_gain(k: int, d: int, g: Floats) -> Floats:
    r"""v(g) = d E[t^2 h_k(t g + sqrt(1 - t^2) g')^2]: what a neuron's gate makes of other inputs.

    t is a coordinate on the sphere of R^d, g' standard normal; the mean over g ~ N(0, 1) is 1.

    Examples
    --------
    >>> noise_gain(1, 10, np.array([0.0, 1.0]))
    array([0.75, 1.  ])
    """
    n = k + 3
    root, weight = sphere_nodes(d, 2 * n)
    x, x_weight = hermegauss(n)
    t = root / np.sqrt(d)
    z = t[:, None, None] * g + np.sqrt(1 - t**2)[:, None, None] * x[:, None]
    moment = weight * root**2
    gain: Floats = np.einsum("t,x,txg->g", moment, x_weight / x_weight.sum(), hermite(k)(z) ** 2)
    return gain


@dataclass(frozen=True, eq=False)
class Neuron:
    """One neuron as the sums see it: nodes of (g, a) with what the law needs of them, (n,) each.

    Parameters
    ----------
    weight : probability.
    q, a2 : h_k(g)^2 and a^2.
    across : (d - a^2) / (d - 1), the share of v_i at right angles to u.
    gain : v(g).
    spread : variance of xi.
    """

    weight: Floats
    q: Floats
    a2: Floats
    across: Floats
    gain: Floats
    spread: Floats

    @classmethod
    def of(cls, k: int, d: int, others: float, own: float) -> "Neuron":
        """Nodes for noise of ``others`` / d facts with other answers and ``own`` / d with this."""
        g, g_weight = half_normal_nodes(NODES[0])
        a, a_weight = sphere_nodes(d, 2 * NODES[1])
        a, a_weight = a[NODES[1] :], 2 * a_weight[NODES[1] :]
        q = np.repeat(hermite(k)(g) ** 2, NODES[1])
        gain = np.repeat(noise_gain(k, d, g), NODES[1])
        a2 = np.tile(a**2, NODES[0])
        return cls(
            np.outer(g_weight, a_weight).ravel(),
            q,
            a2,
            (d - a2) / (d - 1),
            gain,
            gain * (others + a2 * own) / d,
        )

    @property
    def signal(self) -> Floats:
        """Mean of c a, given g and a."""
        return self.q * self.a2

    @property
    def energy(self) -> Floats:
        """Mean of c^2 across, given g and a."""
        return self.q * (self.q * self.a2 + self.spread) * self.across

    def characteristic(self, start: complex, step: complex, count: int, b: Complex) -> Complex:
        r"""Return E exp(s c a + b c^2 across), (count, j), for s = start + step i and b (j,).

        Given g and a, xi is normal and the exponent is a quadratic in it; Re b < 0 lets the mean
        exist. In i it is a quadratic too, so that its exponential comes by multiplications.
        """
        from theory.memories.gated_kernel import progression_sums

        rate = b[:, None] * (self.q * self.across)
        damped = 1 / (1 - 2 * rate * self.spread)
        size = self.signal * damped
        exponent = size * (rate + start + start**2 / 2 * self.spread)
        term = np.asarray(self.weight * np.sqrt(damped) * np.exp(exponent), np.complex128)
        ratio = np.exp(size * (step + (start * step + step**2 / 2) * self.spread))
        bend = np.exp(size * step**2 * self.spread)
        return progression_sums(term, ratio, bend, count)


@dataclass(frozen=True)
class Kernel:
    """What infinitely many neurons leave: the interference of the kernel <e, e'>^{k+1}.

    Parameters
    ----------
    mean, overlap : mean and second moment of the kernel of two inputs.
    shift, signal : mean and variance that it adds to S.
    noise : what it adds to B.
    """

    mean: float
    overlap: float
    shift: float
    signal: float
    noise: float

    @classmethod
    def of(cls, k: int, d: int, classes: Classes, own: float) -> "Kernel":
        """Kernel between an input whose class has size ``own`` and all other inputs."""
        mean = 0.0 if k % 2 == 0 else sphere_moment(d, (k + 1) // 2)
        overlap = sphere_moment(d, k + 1)
        return cls.of_moments(mean, overlap, d, classes, own)

    @classmethod
    def of_moments(
        cls, mean: float, overlap: float, d: int, classes: Classes, own: float
    ) -> "Kernel":
        """Kernel of a given mean and second moment."""
        # Inputs of a class add up, and so do the means of their kernels.
        size = classes.size
        noise = float(classes.count @ (size * (overlap + (size - 1) * mean**2))) / d
        spread = (own - 1) * (overlap - mean**2)
        return cls(mean, overlap, (own - 1) * mean, noise + spread, noise)


def joint_law(
    neuron: Neuron, kernel: Kernel, m: float, least: float
) -> tuple[Floats, Floats, Floats]:
    r"""Law of S and B for m neurons: a power of the characteristic function, inverted.

    Parameters
    ----------
    neuron : law of one of them.
    kernel : what the kernel adds.
    m : their number.
    least : a ratio S^2 / B at which next to nothing is recalled; the window ends there.

    Returns
    -------
    S (i,), B (j,), probability (i, j)
        Grid points and probabilities; what these lack of 1 has larger B than the window.
    """
    # The few largest of m neurons make the tail of the law, not its bulk.
    order = np.argsort(neuron.energy)
    few = m <= 2 * OUTLIERS
    common = order if few else order[np.cumsum(neuron.weight[order]) <= 1 - OUTLIERS / m]
    centre, deviation, level, width = _spreads(neuron, kernel, m, common)
    S_mean, S_deviation, B_mean, B_deviation = _spreads(neuron, kernel, m, order)
    S = _grid(centre - BELOW * deviation, S_mean + ABOVE * S_deviation, deviation)
    hopeless = max((S_mean + 3 * S_deviation) ** 2 / least, 3 * B_mean)
    # Room below the least B, which is sharp, so that its ringing does not fold back to the top.
    low = level - 2 * BELOW * width
    B = _grid(low, min(hopeless, B_mean + 20 * B_deviation), width)
    s, b = _frequencies(S, TILT_S), _frequencies(B, TILT_B)[: len(B) // 2 + 1]
    transform = np.zeros((len(s), len(b)), np.complex128)
    up, down = np.arange((len(s) + 1) // 2), -1 - np.arange(len(s) // 2)
    for start in range(0, len(b), COLUMNS):
        columns = slice(start, start + COLUMNS)
        for side in (up, down):
            step = (s[side[0]] - s[0] if side is down else s[1] - s[0]) / m
            one = neuron.characteristic(s[side[0]] / m, step, len(side), b[columns] / m**2)
            log = m * np.log(one) - b[columns] * (B[0] - kernel.noise)
            log += (s[side] ** 2 / 2 * kernel.signal - s[side] * (S[0] - kernel.shift))[:, None]
            transform[side, columns] = np.exp(log)
        largest = np.abs(transform[:, columns]).max(axis=1)
        if largest.max() < NEGLIGIBLE * abs(transform[0, 0]):
            break
        # What has faded at these frequencies of B stays faded at higher ones.
        alive = largest > NEGLIGIBLE * abs(transform[0, 0])
        up = up[: np.flatnonzero(alive[up])[-1] + 1] if alive[up].any() else up[:1]
        down = down[: np.flatnonzero(alive[down])[-1] + 1] if alive[down].any() else down[:1]
    law = scipy.fft.irfft(scipy.fft.ifft(transform.conj(), axis=0), len(B), axis=1)
    law *= np.exp(-s[0].real * (S - S[0]))[:, None] * np.exp(-b[0].real * (B - B[0]))
    return S, B, law


def _spreads(
    neuron: Neuron, kernel: Kernel, m: float, which: NDArray[np.intp]
) -> tuple[float, float, float, float]:
    """Means and rough standard deviations of S and B, over some of a neuron's nodes."""
    weight, signal, energy = (x[which] for x in (neuron.weight, neuron.signal, neuron.energy))
    mean, level = float(weight @ signal), float(weight @ energy) / m
    square = float(weight @ (signal * (signal + neuron.spread[which])))
    return (
        mean + kernel.shift,
        float(np.sqrt((square - mean**2) / m + kernel.signal)),
        level + kernel.noise,
        float(np.sqrt(2 * (weight @ energy**2) / m**3)),
    )


def _grid(low: float, high: float, width: float) -> Floats:
    """Points from low to high that resolve a law of standard deviation ``width``."""
    steps = min(max(round(STEPS * (high - low) / width), FEWEST), MOST)
    count = scipy.fft.next_fast_len(steps + steps % 2, real=True)
    return low + np.arange(count) * (high - low) / count


def _frequencies(grid: Floats, tilt: float) -> Complex:
    """Tilted frequencies of the discrete Fourier transform on a grid."""
    step = float(grid[1] - grid[0])
    theta = -tilt / (step * len(grid)) + 2j * np.pi * scipy.fft.fftfreq(len(grid), step)
    return np.asarray(theta, np.complex128)


def failure_probability(k: int, m: float, d: int, classes: Classes) -> Floats:
    """Probability that an input is not recalled, for each kind of class.

    Parameters
    ----------
    k : degree.
    m : number of gated neurons; beyond 10^9 they count as 10^9, which is as good as infinity.
    d : dimension of inputs and outputs.
    classes : how the facts fall into classes.

    Returns
    -------
    (a,) probabilities in [0, 1], aligned with ``classes.own``.
    """
    with blas_threads(1):
        most = min(m, MOST_NEURONS)
        return np.array([_failure(k, most, d, met, own) for own, met in classes.kinds()])


def _failure(k: int, m: float, d: int, classes: Classes, own: float) -> float:
    if classes.wrong.sum() <= 0:
        return 0.0
    others = float(classes.count @ classes.size)
    root, weight = sphere_nodes(d, NODES[3])
    alone = (root / np.sqrt(d)) ** (k + 1), weight
    neuron = Neuron.of(k, d, others, own - 1)
    return failure_of(neuron, Kernel.of(k, d, classes, own), alone, m, d, classes)


def failure_of(
    neuron: Neuron, kernel: Kernel, alone: Nodes, m: float, d: int, classes: Classes
) -> float:
    """Probability that an input is not recalled, of any law of one neuron and any kernel.

    Parameters
    ----------
    neuron, kernel : of the memory.
    alone : nodes and weights of the kernel of two inputs.
    m, d, classes : as for :func:`failure_probability`; there are rivals.
    """
    rivals = float(classes.count.sum())
    S, B, law = joint_law(neuron, kernel, m, 2 * max(np.log(rivals) - 3, 0.5))
    # What a neuron adds for a fact, it adds three times over along that fact's own answer.
    threefold = 2 * float(neuron.weight @ (neuron.q * neuron.gain)) / (d * m)
    rivalry = [
        (float(count), float(wrong), _attraction(alone, kernel, threefold, size))
        for count, wrong, size in zip(classes.count, classes.wrong, classes.size, strict=True)
    ]
    # Given S, recall is smooth in log B.
    knots = np.geomspace(max(B[0], B[-1] / SPAN), B[-1], KNOTS)
    curve = scipy.interpolate.CubicSpline(
        np.log(knots), _recall(d, S[:, None], knots, rivalry), axis=1
    )
    failure = float(np.sum(law * (1 - curve(np.log(np.maximum(B, knots[0]))))))
    # Beyond the window lies what a single outlier does to otherwise average sums.
    jump, average = neuron.energy / m**2, float(neuron.weight @ neuron.energy) / m + kernel.noise
    far = jump > B[-1] - average
    missing = max(1 - float(law.sum()), 0.0)
    if far.any() and missing > 0:
        share = neuron.weight[far] / neuron.weight[far].sum()
        S_far = float(neuron.weight @ neuron.signal) + kernel.shift + neuron.signal[far] / m
        failure += missing * float(share @ (1 - _recall(d, S_far, average + jump[far], rivalry)))
    return float(np.clip(failure, 0, 1))


def _recall(d: int, S: Floats, B: Floats, rivalry: list[tuple[float, float, Nodes]]) -> Floats:
    """Probability that no wrong answer wins, given S and B, broadcast."""
    recall = np.zeros(np.broadcast_shapes(S.shape, B.shape))
    for factor, weight in zip(*chi_square_nodes(d - 1, NODES[2]), strict=True):
        hazard, wrong_hazard = np.zeros_like(recall), np.zeros_like(recall)
        for count, wrong, (eta, share) in rivalry:
            win = _win(d, S, (d - 1) * factor * B, eta, share)
            one = -np.log1p(-np.minimum(win, 1 - 1e-16))
            hazard += count * one
            wrong_hazard += wrong * one
        recall += weight * (1 - lost(hazard, wrong_hazard))
    return recall


def _attraction(alone: Nodes, kernel: Kernel, threefold: float, size: float) -> Nodes:
    """Nodes of eta_y, for a competitor whose class has this size."""
    if size <= 0:
        return np.zeros(1), np.ones(1)
    if size <= 1:
        return alone
    root, weight = hermegauss(NODES[3])
    variance = size * (kernel.overlap - kernel.mean**2 + threefold)
    return size * kernel.mean + np.sqrt(variance) * root, weight / weight.sum()


def _win(d: int, S: Floats, r2: Floats, eta: Floats, weight: Floats) -> Floats:
    """Probability that one competitor beats the right answer, given S and r^2."""
    win = np.zeros(np.broadcast_shapes(S.shape, r2.shape))
    for shift, share in zip(eta, weight, strict=True):
        half = half_tail((S - shift) ** 2 / r2, d)
        win += share * np.where(shift <= S, half, 1 - half)
    return win
