r"""The law of gated memories and of read-outs, computed a second time and by other means.

Means over a neuron are sums over fine grids of its gate, its answer and its noise, of which
:mod:`theory.memories.gated` has one in closed form and few nodes for the others; interference of
the kernel is summed fact by fact; recall comes from SciPy's incomplete beta function on another
grid of lengths; widths are found by trying integers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sims.memories.construction import Construction
from theory.memories.gated import Kernel, Neuron, failure_probability, joint_law, noise_gain
from theory.memories.interference import Classes
from theory.memories.plain.networks import plain_hermite, plain_sphere_mean
from theory.memories.quadrature import (
    beta_nodes,
    chi_square_nodes,
    half_normal_nodes,
    sphere_nodes,
)
from theory.memories.recall import all_recalled, expected_recall
from theory.memories.strengths import interference_of
from theory.memories.width import width_of

__all__ = ["CLOSE", "MISTAKES", "NEAR", "gated_rows"]

Doubles = NDArray[np.float64]
Row = tuple[str, float, float]

CLOSE = ("nodes", "gain", "neuron", "kernel", "strengths")
"""What can be compared closely."""

NEAR = ("sums", "recall", "means", "widths")
"""What the law has on grids, and is compared with less digits."""

MISTAKES = (
    "noise that ignores the gate",
    "all of a neuron across",
    "kernel of the degree below",
    "twofold",
    "d for d + 2",
    "2% more neurons",
)
"""What can be planted in the independent side, for controls."""


def gated_rows(*, parts: Sequence[str], mistake: str | None = None) -> Iterator[Row]:
    """Give (symbol, as the package has it, independently) of the law of networks.

    Parameters
    ----------
    parts : of :data:`CLOSE` and :data:`NEAR`.
    mistake : one of :data:`MISTAKES`, planted in the independent side; None plants nothing.
    """
    rows: dict[str, Callable[[], Iterator[Row]]] = {
        "nodes": _node_rows,
        "gain": _gain_rows,
        "neuron": partial(_neuron_rows, mistake),
        "kernel": partial(_kernel_rows, mistake),
        "strengths": partial(_strength_rows, mistake),
        "sums": partial(_sum_rows, mistake),
        "recall": partial(_recall_rows, mistake),
        "means": _mean_rows,
        "widths": _width_rows,
    }
    for part in parts:
        yield from rows[part]()


# --- nodes --------------------------------------------------------------------------------------


def _node_rows() -> Iterator[Row]:
    """Moments by the nodes of every law against products, up to those of few nodes."""
    for power in range(1, 7):
        j = np.arange(power)
        for a, b in ((0.5, 2.0), (3.0, 7.5), (500.0, 20.0)):
            s, weight = beta_nodes(a, b, 4)
            yield "moments of Beta", float(weight @ s**power), float(np.prod((a + j) / (a + b + j)))
        for degrees in (1.0, 9.0, 400.0):
            q, weight = chi_square_nodes(degrees, 4)
            exact = float(np.prod((degrees + 2 * j) / degrees))
            yield "moments of chi^2", float(weight @ q**power), exact
        for d in (2.0, 3.0, 40.0):
            z, weight = sphere_nodes(d, 8)
            exact = float(np.prod((2 * j + 1) * d / (d + 2 * j)))
            yield "moments on the sphere", float(weight @ z ** (2 * power)), exact
        g, weight = half_normal_nodes(64)
        if power < 4:
            yield "moments of |g|", float(weight @ g ** (2 * power)), float(np.prod(2 * j + 1))


# --- one neuron ---------------------------------------------------------------------------------


def _angles(d: int, n: int) -> tuple[Doubles, Doubles]:
    """Coordinates t on the sphere of R^d and their weights, by Gauss's rule over the angle."""
    node, share = np.polynomial.legendre.leggauss(n)
    angle = np.pi / 2 * (1 + node)
    weight = share * np.sin(angle) ** (d - 2)
    return np.cos(angle), weight / weight.sum()


def _plain_gain(k: int, d: int, g: Doubles) -> Doubles:
    """Return d E[t^2 h_k(t g + sqrt(1 - t^2) z)^2], z by the trapezoidal rule."""
    z = np.linspace(-8, 8, 65)
    at_z = np.exp(-(z**2) / 2)
    t, at_t = _angles(d, 40)
    values = plain_hermite(k, t[:, None] * g[:, None, None] + np.sqrt(1 - t**2)[:, None] * z) ** 2
    return np.asarray(d * np.einsum("gtz,t,z->g", values, at_t * t**2, at_z / at_z.sum()))


def _gain_rows() -> Iterator[Row]:
    for k, d, g in ((1, 2, 0.4), (2, 3, -1.5), (3, 16, 3.0), (6, 40, 0.7)):
        yield (
            "noise gain",
            float(noise_gain(k, d, np.array([g]))[0]),
            float(_plain_gain(k, d, np.array([g]))[0]),
        )


def _grids(
    k: int, d: int, others: float, own: float, mistake: str | None
) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Weights, a, c and the share across of a neuron, on a grid of (g, a, xi)."""
    g = np.linspace(0, 8, 81)
    at_g = np.exp(-(g**2) / 2) * np.where(g == 0, 0.5, 1.0)
    t, at_a = _angles(d, 40)
    a = np.sqrt(d) * t[:, None]
    z = np.linspace(-8, 8, 81)
    at_z = np.exp(-(z**2) / 2)
    ignored = mistake == "noise that ignores the gate"
    gain = np.ones(len(g)) if ignored else _plain_gain(k, d, g)
    spread = np.sqrt(gain[:, None, None] * (others + a**2 * own) / d)
    h = plain_hermite(k, g)[:, None, None]
    c = h * (h * a + spread * z)
    weight = at_g[:, None, None] * at_a[:, None] * at_z
    across = np.ones_like(a) if mistake == "all of a neuron across" else (d - a**2) / (d - 1)
    return weight / weight.sum(), a, c, across


def _neuron_rows(mistake: str | None) -> Iterator[Row]:
    for k, d, others, own in ((1, 16, 20.0, 0.0), (2, 24, 30.0, 5.0)):
        neuron = Neuron.of(k, d, others, own)
        weight, a, c, across = _grids(k, d, others, own, mistake)
        for symbol, measured, function in (
            ("E c a", neuron.weight @ neuron.signal, c * a),
            ("E c^2 across", neuron.weight @ neuron.energy, c**2 * across),
            ("E across", neuron.weight @ neuron.across, across + 0 * c),
        ):
            yield symbol, float(measured), float(np.sum(weight * function))
        s, b = -0.01 + 0.02j, np.array([-0.003 + 0.001j, -0.001])
        found = neuron.characteristic(s, 0.01j, 3, b)
        for i, j in np.ndindex(3, 2):
            exact = np.sum(weight * np.exp((s + 0.01j * i) * c * a + b[j] * c**2 * across))
            yield "characteristic function", float(found[i, j].real), float(exact.real)
            yield "characteristic function, i", 1 + float(found[i, j].imag), 1 + float(exact.imag)


# --- the kernel, and read-outs ------------------------------------------------------------------


def _kernel_rows(mistake: str | None) -> Iterator[Row]:
    """Sum the interference fact by fact, and the covariances of facts of one class."""
    classes = Classes(np.ones(1), np.array([3.0]), np.array([4.0, 2.0]), np.array([1.0, 5.0]))
    for k, d in ((1, 9), (2, 16), (3, 6)):
        power = k if mistake == "kernel of the degree below" else k + 1
        mean = plain_sphere_mean(lambda t, power=power: t**power, d)  # type: ignore[misc]
        square = plain_sphere_mean(lambda t, power=power: t ** (2 * power), d)  # type: ignore[misc]
        found = Kernel.of(k, d, classes, 3.0)
        facts = [(i, s) for i, s in enumerate([1, 1, 1, 1, 5, 5]) for _ in range(s)]
        noise = sum(
            (square if x == y else mean**2) / d
            for x, (i, _) in enumerate(facts)
            for y, (j, _) in enumerate(facts)
            if i == j
        )
        mates = 3 - 1
        yield "kernel mean", 1 + found.mean, 1 + mean
        yield "kernel square", found.overlap, square
        yield "kernel shift", 1 + found.shift, 1 + mates * mean
        yield "kernel signal", found.signal, noise + mates * (square - mean**2)
        yield "kernel noise", found.noise, noise


def _strength_rows(mistake: str | None) -> Iterator[Row]:
    d, m, N = 12, 40, 200.0
    square = plain_sphere_mean(lambda t: t**2, d)
    fourth = plain_sphere_mean(lambda t: t**4, d)
    # Features g g' of two inputs of overlap t: the mean of both squares is (1 + 2 t^2)^2.
    g = np.linspace(-9, 9, 91)
    weight = np.exp(-(g[:, None] ** 2 + g**2) / 2)
    weight /= weight.sum()

    def both(t: float) -> float:
        other = t * g[:, None] + np.sqrt(1 - t**2) * g
        return float(np.sum(weight * g[:, None] ** 2 * other**2)) ** 2

    spread = plain_sphere_mean(both, d) - fourth
    if mistake == "d for d + 2":
        fourth *= (d + 2) / d
    law = interference_of(Construction("bilinear", width=m), N=N, d=d)
    # pair = spread / (s m) + E t^4 / s^2 is solved for s, the mean square of m features.
    s = (spread / m + np.sqrt((spread / m) ** 2 + 4 * law.pair * fourth)) / (2 * law.pair)
    nodes = interference_of(Construction("bilinear-ridge", width=m), N=N, d=d)
    odds = 1 / (nodes.pair * (N - 1))
    ratio = odds / odds[0] * s[0]
    for i, value in enumerate(s):
        # Both memories draw the same features, whose leverage is tau s / (1 + tau s).
        yield "mean square of features", float(value), float(ratio[i])
        yield "noise of bilinear memories", float(law.noise[i]), float(law.pair[i] / d)
    for memory, k, most in (
        ("bilinear-ridge", None, d * (d + 1) // 2),
        ("whitened-mlp", 1, d * (d + 1) // 2),
        ("whitened-mlp", 2, d * (d + 1) * (d + 2) // 6),
    ):
        for width in (m, 10**4):
            facts = max(N, 2.0 * most)
            law = interference_of(Construction(memory, width=width, degree=k), N=facts, d=d)
            leverage = 1 / (1 + (facts - 1) * law.pair)
            yield "mean leverage", float(law.weight @ leverage), min(width, most) / facts
            yield (
                "noise of read-outs",
                float(law.noise @ law.weight * d),
                float(law.pair @ law.weight),
            )
            yield "overlap of answers", float(law.overlap.max()), 1.0
    yield "E t^2", square, 1 / d


def _mean_rows() -> Iterator[Row]:
    """Moments of the mean of m squared features, by those of one."""
    m, N, d = 60, 400.0, 16
    g = np.linspace(-9, 9, 361)
    normal = np.exp(-(g**2) / 2) / np.exp(-(g**2) / 2).sum()
    for memory, k in (("bilinear-ridge", None), ("whitened-mlp", 1)):
        law = interference_of(Construction(memory, width=m, degree=k), N=N, d=d)
        # With 1 / pair = s (N - 1) tau.
        s = 1 / law.pair / float(law.weight @ (1 / law.pair))
        fourth = float(normal @ g**4) ** 2 if k is None else normal @ plain_hermite(k + 1, g) ** 4
        yield "E s^2 of features", float(law.weight @ s**2), float(1 + (fourth - 1) / m)


# --- sums of neurons, recall and widths ---------------------------------------------------------

CASES = ((2, 24, 3000, 60.0, 0.0), (1, 16, 400, 20.0, 3.0))
"""(k, d, m, others, own) of sums of neurons."""


def _classes(others: float, own: float) -> Classes:
    size = own + 1
    return Classes(np.ones(1), np.array([size]), np.array([others / size]), np.array([size]))


def _sum_rows(mistake: str | None) -> Iterator[Row]:
    """Means and variances of the sums against those of m independent neurons."""
    for k, d, m, others, own in CASES:
        neuron = Neuron.of(k, d, others, own)
        kernel = Kernel.of(k, d, _classes(others, own), own + 1)
        S, B, law = joint_law(neuron, kernel, m, 2.0)
        weight, a, c, across = _grids(k, d, others, own, mistake)
        mean, square = float(np.sum(weight * c * a)), float(np.sum(weight * (c * a) ** 2))
        count = m + (m // 50 if mistake == "2% more neurons" else 0)
        centre = float(np.sum(law.T @ S))
        yield "mass", float(law.sum()), 1.0
        yield "mean of S", centre, mean + kernel.shift
        spread = float(np.sum(law.T @ (S - centre) ** 2))
        yield "variance of S", spread, (square - mean**2) / count + kernel.signal
        level = float(np.sum(weight * c**2 * across)) / count + kernel.noise
        yield "mean of B", float(np.sum(law @ B)), level


def _recall_rows(mistake: str | None) -> Iterator[Row]:
    """Failures from the law of the sums in blocks, with SciPy's beta function and other nodes."""
    from scipy import special

    node, at_node = np.polynomial.hermite_e.hermegauss(12)
    for k, d, m, others, own in ((2, 24, 250, 60.0, 0.0), (1, 16, 60, 24.0, 3.0)):
        classes = _classes(others, own)
        kernel = Kernel.of(k, d, classes, own + 1)
        S, B, law = joint_law(Neuron.of(k, d, others, own), kernel, m, 2.0)
        S, B, law = _blocks(S, B, law)
        size = own + 1
        if size == 1:
            t, weight = _angles(d, 24)
            eta = t ** (k + 1)
        else:
            # A neuron adds E a^4 = 3 times over along an answer; one of the three is in B.
            over, _, _, _ = _grids(k, d, others, own, None)
            g = np.linspace(0, 8, 81)
            gated = np.sum(over, axis=(1, 2)) @ (plain_hermite(k, g) ** 2 * _plain_gain(k, d, g))
            more = (1 if mistake == "twofold" else 2) * float(gated) / (d * m)
            variance = size * (kernel.overlap - kernel.mean**2 + more)
            eta = size * kernel.mean + np.sqrt(variance) * node
            weight = at_node / at_node.sum()
        ahead = S[:, :, None, None] - eta
        length, at_length = special.roots_genlaguerre(6, (d - 1) / 2 - 1)
        r2 = B[:, :, None, None] * 2 * length[:, None]
        half = 0.5 * special.betainc((d - 1) / 2, 0.5, r2 / (ahead**2 + r2))
        win = np.where(ahead > 0, half, 1 - half) @ weight
        recall = (1 - win) ** (others / size) @ (at_length / at_length.sum())
        failure = float(failure_probability(k, m, d, classes)[0])
        yield f"failures of gates, classes of {size:g}", failure, 1 - float(np.sum(law * recall))


def _blocks(S: Doubles, B: Doubles, law: Doubles, count: int = 24) -> tuple[Doubles, ...]:
    """Law on ``count`` blocks in either direction, each at its mean S and B."""

    def places(marginal: Doubles) -> NDArray[np.intp]:
        # Blocks are narrow where the law is, and not too wide where it is not.
        share = np.cumsum(np.abs(marginal)) / np.abs(marginal).sum()
        mixed = (3 * share + np.linspace(0, 1, len(share))) / 4
        return np.asarray(np.minimum(mixed * count, count - 1), np.intp)

    left = np.eye(count)[places(law.sum(axis=1))].T
    right = np.eye(count)[places(law.sum(axis=0))]
    mass = left @ law @ right
    kept = np.where(np.abs(mass) > 1e-12, mass, np.inf)
    return (
        np.clip(left @ (law * S[:, None]) @ right / kept, S[0], S[-1]),
        np.clip(left @ (law * B) @ right / kept, B[B > 0][0], B[-1]),
        mass,
    )


def _width_rows() -> Iterator[Row]:
    """Share that is recalled at a predicted width, in whole steps."""
    network = Construction("whitened-mlp", degree=1)
    m = round(width_of(network, d=24, N=300, rate=0.9))
    yield "recall at its width", expected_recall(replace(network, width=m), d=24, N=300), 0.9
    m = round(width_of(network, d=24, N=200))
    yield "chance of all at its width", all_recalled(replace(network, width=m), d=24, N=200), 0.5
