"""Gates of 1 and -1 a second time: kernels by quadrature, determinants pair by pair, and draws."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import scipy

from assoc.arrays import Floats, Integers
from assoc.memories.sign_networks import SignGated
from theory.memories.sign_gates import exponent, kernel

__all__ = ["determinant_sum", "exponent_symbols", "kernel_symbols", "wrong_pairs_of_outputs"]

Row = tuple[str, float, float]

COSINES = (-0.95, -0.4, 0.0, 0.3, 0.8, 0.98)
FREQUENCIES = (0.5, 1.5, 3.0)
TURN = 2 * math.pi
THETAS = np.geomspace(3e-3, 1, 100)


def kernel_symbols(*, frequency: float = 1.0, squared: bool = True) -> list[Row]:
    """Kernels beside means over one normal variable.

    Parameters
    ----------
    frequency : what the independent frequency is multiplied by; true for 1.
    squared : whether the independent kernel of two signs is squared; true.
    """
    rows = []
    for rho in COSINES:
        sign = _mean(partial(_agreement_of_signs, rho / math.sqrt(2 * (1 - rho * rho))), 1.0)
        rows.append(("sign", float(kernel("sign", rho)), sign))
        both = sign**2 if squared else sign
        rows.append(("two signs", float(kernel("two-signs", rho)), both))
        for omega in FREQUENCIES:
            spread = frequency * omega * math.sqrt(2 * (1 - rho))
            found = _mean(partial(_agreement_of_waves, spread), math.pi / spread)
            rows.append(("square wave", float(kernel("square", rho, omega=omega)), found))
    return rows


def _agreement_of_signs(ratio: float, g: Floats) -> Floats:
    """Mean of sgn g sgn g' given g."""
    return np.asarray(np.sign(g) * scipy.special.erf(ratio * g))


def _agreement_of_waves(spread: float, g: Floats) -> Floats:
    """Mean over phases: waves |x| <= pi apart differ on a share |x| / pi of the phases."""
    turns = spread * g / TURN
    return np.asarray(1 - 4 * np.abs(turns - np.round(turns)))


def _mean(function: Callable[[Floats], Floats], kinks: float) -> float:
    """Mean over a standard normal variable of a function smooth between multiples of ``kinks``."""
    node, weight = np.polynomial.legendre.leggauss(24)
    pieces = math.ceil(kinks)
    step = kinks / pieces
    low = step * np.arange(-math.ceil(9 / step), math.ceil(9 / step))
    g = low[:, None] + step * (node + 1) / 2
    density = np.exp(-(g**2) / 2) / math.sqrt(TURN)
    return float((function(g) * density) @ weight @ np.ones(len(low)) * step / 2)


def exponent_symbols(*, variance: float = 3.0, own: bool = True, extra: int = 0) -> list[Row]:
    """Exponents of the unconditional bound beside averages over normal variables, by quadrature.

    Parameters
    ----------
    variance : m times that of weighted signs; true for 3.
    own : whether the right answer's part at right angles counts; it does.
    extra : dimensions too many at right angles.
    """
    d, m, kappa, rng = 24, 300, 0.02, np.random.default_rng(0)
    rows = []
    for _ in range(12):
        low, high = np.sort(rng.uniform(-0.5, 0.5, 2))
        c, zeta, s = rng.uniform(0, 0.5), rng.uniform(0.1, 1), rng.uniform(8, 12)
        G, Q = rng.uniform(200, 400), rng.uniform(4, 8)
        energy = s * s / d * Q + s * s * (1 - low) * c * c / (4 * zeta)
        tau, size = s * s / G, math.sqrt(Q / d)
        h = (1 + c) * math.sqrt((1 + high) / 2) if own else 0.0
        signs = _log_average(kappa * math.sqrt(2 * energy), 0.0, variance * energy / m)
        along = _log_average(0.0, 2 * tau * h * size, tau * size**2) + tau * h * h
        across = (d - 2 + extra) * _log_average(0.0, 0.0, tau * size**2)
        plain = -s * math.sqrt(1 - high) + zeta + signs + along + across
        corner = [np.array(value) for value in (high, low, c, G, Q)]
        found = exponent(d, m, kappa, *corner, s=np.array(s), zeta=np.array(zeta))
        rows.append(("exponent", math.exp(float(found)), math.exp(min(plain, 0.0))))
    return rows


def _log_average(size: float, slope: float, bend: float) -> float:
    """Logarithm of E exp(size |g| + slope g + bend g^2), g standard normal."""

    def weighted(g: float) -> float:
        return math.exp(size * abs(g) + slope * g + (bend - 0.5) * g * g)

    value = scipy.integrate.quad(weighted, -40, 40, points=[0.0], limit=200)[0]
    return math.log(value / math.sqrt(TURN))


def determinant_sum(network: SignGated, E: Floats, U: Floats, f: Integers) -> float:
    """Sum over pairs of the least Gaussian determinant, over a grid of theta."""
    S, total = network.gates(E), 0.0
    for x in range(len(E)):
        b = S[x][:, None] * (S.T @ ((E @ E[x])[:, None] * U[f]))
        energy = np.array([float(row @ row) for row in b])
        for y in range(len(U)):
            if y == f[x]:
                continue
            delta = U[f[x]] - U[y]
            p, size = b @ delta, float(delta @ delta) * energy
            theta = THETAS[(THETAS[:, None] * (np.sqrt(size) - p) < 1).all(axis=1)][:, None]
            logs = np.log((1 + theta * p) ** 2 - theta**2 * size).sum(axis=1) / 2
            total += math.exp(-max(float(logs.max(initial=0.0)), 0.0))
    return total


def wrong_pairs_of_outputs(
    network: SignGated,
    E: Floats,
    U: Floats,
    f: Integers,
    *,
    draws: int,
    rng: np.random.Generator,
    spread: float = 0.0,
) -> Floats:
    """Count the pairs (x, y) in which y beats the right answer, for outputs v_i drawn anew.

    Parameters
    ----------
    network : its gates.
    E, U, f : embeddings and map.
    draws : how often outputs are drawn.
    rng : what they are drawn from.
    spread : deviation of the logarithm of the lengths of the v_i; 0 for normal ones.
    """
    S, counts = network.gates(E), np.empty(draws)
    for draw in range(draws):
        V = rng.standard_normal((S.shape[1], U.shape[1]))
        V *= np.exp(spread * rng.standard_normal((S.shape[1], 1)))
        P = (S * (U[f] @ V.T)).T @ E
        scores = (S * (E @ P.T)) @ V @ U.T
        own = scores[np.arange(len(E)), f]
        counts[draw] = (scores >= own[:, None]).sum() - len(E)
    return counts
