r"""Interference strengths a second time: moments in closed form, and Laplace transforms.

For s ~ Beta(a, b), E[1/s] = (a + b - 1)/(a - 1), and twice over for E[1/s^2]. The truncated matrix
of normal entries keeps, by Stein's identity, as much of the signal as of the energy: with
singular values 2 cos(v), the share of d^2 is (2/pi)(v_0 - sin(4 v_0)/4) where (2 v_0 - sin(2
v_0))/pi = m/d. A mean s of m squared features has the Laplace transform L(x/m)^m, from which

.. math:: E[1/s] = m \int_0^\infty L(x)^m dx, \qquad E[1/s^2] = m^2 \int_0^\infty x L(x)^m dx,
          \qquad E\Bigl[\frac{1}{1 + \tau s}\Bigr] = \int_0^\infty e^{-x} L(\tau x/m)^m dx.
"""

from collections.abc import Callable
from itertools import combinations_with_replacement

import numpy as np
import scipy
from numpy.typing import NDArray

from sims.memories.construction import Construction
from theory.memories.interference import Interference
from theory.memories.strengths import interference_of, svd_efficiency

__all__ = ["feature_symbols", "strength_symbols"]

Floats = NDArray[np.float64]
Row = tuple[str, float, float]

# Grid of log x for the transforms' integrals, and of g for means over a normal.
LOG_X = np.linspace(-16, 9, 1601)
G = np.linspace(-9, 9, 1201)


def strength_symbols(*, lost: int = 0, sketched: bool = False) -> list[Row]:
    """Strengths of linear memories, against moments in closed form.

    Parameters
    ----------
    lost : facts of which no share of least squares' noise is taken, beyond the input's own.
    sketched : whether the projector is taken for a Gaussian sketch in the closed forms.
    """
    rows: list[Row] = []
    for d, m in ((48, 32), (64, 48)):
        for bits in (None, 1, 2):
            more = 1 / _kept(bits)
            first, second = _inverse_moments(m / 2, (d - 1 if sketched else d - m) / 2)
            pair = first + (more - 1) * m / d * second
            law = _law("low-rank", N=90, d=d, rank=m, bits=bits)
            rows += _means(law, "projector", noise=more * pair, pair=pair)
            first, second = _inverse_moments(m / 2, (d - 1) / 2)
            law = _law("low-rank-gaussian", N=90, d=d, rank=m, bits=bits)
            rows += _means(
                law, "sketch", noise=1 + (first - 1) * more**2, pair=1 + (first - 1) * more
            )
    for d in (16, 40):
        for bits in (None, 1, 2, 3):
            law = _law("linear", N=90, d=d, bits=bits)
            rows += _means(law, "linear", noise=1 / _kept(bits), pair=1.0)
        rows += _means(_law("sign", N=90, d=d), "sign", noise=np.pi / 2, pair=1.0)
    for fraction in (0.125, 0.5, 0.75, 1.0):
        rows.append(("truncation", svd_efficiency(fraction), _truncated(fraction)))
    law = _law("low-rank-svd", N=90, d=32, rank=8)
    rows += _means(law, "truncation", noise=1 / _truncated(0.25), pair=1.0)
    return rows + _least_squares(lost)


def _law(memory: str, *, N: float, d: int, **options: int | None) -> Interference:
    return interference_of(Construction(memory, **options), N=N, d=d)  # type: ignore[arg-type]


def _means(
    law: Interference, name: str, *, noise: float, pair: float, overlap: float = 1.0
) -> list[Row]:
    """Means over the construction's own factor, in units of 1/d^2 and 1/d."""
    d = law.d
    return [
        (f"{name}: weights", float(law.weight.sum()), 1.0),
        (f"{name}: noise", float(law.weight @ law.noise) * d**2, noise),
        (f"{name}: pair", float(law.weight @ law.pair) * d, pair),
        (f"{name}: overlap", float(law.weight @ law.overlap), overlap),
    ]


def _inverse_moments(a: float, b: float) -> tuple[float, float]:
    """E[1/s] and E[1/s^2] for s ~ Beta(a, b)."""
    first = (a + b - 1) / (a - 1)
    return first, first * (a + b - 2) / (a - 2)


def _kept(bits: int | None) -> float:
    """kappa_b: by parts, E[g q(g)] is a sum over the jumps of q; the best step is searched for."""
    if bits is None:
        return 1.0
    levels = np.arange(2 ** (bits - 1)) + 0.5

    def lost(step: float) -> float:
        edges = step * np.arange(1, len(levels))
        density = np.exp(-(edges**2) / 2)
        signal = step * (1 + 2 * density.sum()) / np.sqrt(2 * np.pi)
        jumps = np.diff((step * levels) ** 2)
        return float(-(signal**2) / ((step / 2) ** 2 + 2 * jumps @ scipy.special.ndtr(-edges)))

    return -float(
        scipy.optimize.minimize_scalar(lost, bounds=(0.05, 3), options={"xatol": 1e-9}).fun
    )


def _truncated(fraction: float) -> float:
    if fraction == 1:
        return 1.0
    v = scipy.optimize.brentq(lambda t: (2 * t - np.sin(2 * t)) / np.pi - fraction, 0, np.pi / 2)
    return float(2 / np.pi * (v - np.sin(4 * v) / 4))


def _least_squares(lost: int) -> list[Row]:
    """Least squares on the inputs, the outputs and both, for leverages of mean d/N."""
    rows: list[Row] = []
    for d, N in ((40, 70), (60, 90)):
        others, share = N - 1 + lost, d / N
        # Of a unit vector: mean share, relative variance 2 share (1 - share) / (d + 2).
        both = (1 - share) / share / (2 * share * (1 - share) / (d + 2)) - 1
        unit, _ = _inverse_moments(share * both, (1 - share) * both)
        first, second = _inverse_moments(d / 2, (N - d) / 2)
        for memory, kept, inverse in (
            ("dual-inputs", 1.0, unit), ("dual-both", 1 - share, first),
        ):  # fmt: skip
            pair = (inverse - 1) / others * d
            law = _law(memory, N=N, d=d)
            rows += _means(law, memory, noise=pair * kept, pair=pair, overlap=kept)
            rows.append((f"{memory}: steady", float(law.steady), 1.0))
        law = _law("dual-outputs", N=N, d=d)
        rows += _means(
            law,
            "dual-outputs",
            noise=share * (1 - share) * second * d / others,
            pair=share**2 * second,
            overlap=(first - 1) * share,
        )
        # No more facts than dimensions: nothing is left of the noise.
        for memory in ("dual-inputs", "dual-outputs"):
            law = _law(memory, N=d - 3, d=d)
            rows.append((f"{memory}: N < d", float(law.noise.sum()), 0.0))
    return rows


def feature_symbols(*, extra: int = 0) -> list[Row]:
    """Strengths of networks whose features are squared, against integrals of Laplace transforms.

    Parameters
    ----------
    extra : added to the width in every independent value.
    """
    rows: list[Row] = []
    for d, m in ((16, 200), (40, 300)):
        first, second = _inverses(_product, m + extra)
        fourth = 3 / (d * (d + 2))
        # E[(1 + 2 t^2)^2] - E t^4, the kernel's variance for one feature.
        variance = 1 + 4 / d + 4 * fourth - fourth
        pair = variance * first / (m + extra) + fourth * second
        law = _law("bilinear", N=500, d=d, width=m)
        rows += _means(law, "bilinear", noise=pair * d, pair=pair * d)
    for memory, degree, d, width, N in (
        ("bilinear-ridge", None, 16, 120, 400),
        ("bilinear-ridge", None, 12, 900, 150),
        ("whitened-mlp", 1, 24, 200, 500),
        ("whitened-mlp", 2, 20, 250, 800),
        ("whitened-mlp", 1, 14, 900, 200),
    ):
        features = _independent(d, 2 if degree is None else degree + 1, width) + extra
        transform = _product if degree is None else _hermite(degree + 1)
        tau, left = _leverage(transform, features, N)
        law = _law(memory, N=N, d=d, width=width, degree=degree)
        kept = 1 / (1 + law.pair * (N - 1))
        rows += [
            (f"{memory}: mean leverage", float(law.weight @ kept), features / N),
            (f"{memory}: pair", float(law.weight @ law.pair) * (N - 1), left / tau),
            (f"{memory}: noise", float(law.weight @ law.noise) * d * (N - 1), left / tau),
        ]
    law = _law("whitened-mlp", N=30, d=12, width=60, degree=1)
    rows.append(("whitened-mlp: N < m", float(law.noise.sum()), 0.0))
    return rows


def _independent(d: int, degree: int, width: int) -> int:
    """Features that are independent: no more than monomials of the degree, counted."""
    return min(width, sum(1 for _ in combinations_with_replacement(range(d), degree)))


def _product(x: Floats) -> Floats:
    """Laplace transform of (g g')^2, by Bessel's function K_0."""
    return np.asarray(scipy.special.k0e(1 / (8 * x)) / np.sqrt(4 * np.pi * x))


def _hermite(degree: int) -> Callable[[Floats], Floats]:
    """Laplace transform of a squared Hermite polynomial of unit mean square."""
    polynomial = np.polynomial.hermite_e.HermiteE([0] * degree + [1])
    square = polynomial(G) ** 2 / float(scipy.special.factorial(degree))
    weight = np.exp(-(G**2) / 2) / np.exp(-(G**2) / 2).sum()
    return lambda x: np.asarray(np.exp(-np.multiply.outer(x, square)) @ weight)


def _inverses(transform: Callable[[Floats], Floats], m: int) -> tuple[float, float]:
    """E[1/s] and E[1/s^2] for the mean s of m squared features."""
    x = np.exp(LOG_X)
    step = LOG_X[1] - LOG_X[0]
    power = transform(x) ** m
    return float(m * step * (x @ power)), float(m**2 * step * (x**2 @ power))


def _leverage(transform: Callable[[Floats], Floats], m: int, N: int) -> tuple[float, float]:
    """Find tau, for which the mean leverage is m/N, and E[1/s]."""
    x, step = np.exp(LOG_X), LOG_X[1] - LOG_X[0]
    log_transform = np.log(transform(x))

    def excess(log_tau: float) -> float:
        power = np.exp(m * np.interp(LOG_X + log_tau - np.log(m), LOG_X, log_transform, left=0.0))
        return float(step * (x * np.exp(-x) @ power)) - (1 - m / N)

    tau = float(np.exp(scipy.optimize.brentq(excess, -8, 8)))
    return tau, _inverses(transform, m)[0]
