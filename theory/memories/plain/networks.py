r"""Networks and their moments, computed a second time and by other means.

Hermite polynomials come from SciPy's recurrence and moments from adaptive quadrature; networks
are written as sums over all neurons at once, without tiles; read-outs and fits are solved densely.
What :mod:`assoc.memories` builds, and what the law of its memories takes from it, is compared with
these.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.memories import fitted_features
from assoc.memories.fitted_features import factor_step, fitted, output_step
from assoc.memories.hermite import DEGREES, evaluate, fourth_moment, hermite, sphere_moment
from assoc.memories.linear import dual_both, dual_inputs, dual_outputs
from assoc.memories.mlp import (
    choose_degree,
    choose_step,
    gated,
    hidden_activation,
    leading_width,
    two_layer,
)
from assoc.memories.networks import Gated
from assoc.memories.random_features import bilinear, least_squares, whitened

__all__ = ["MISTAKES", "PARTS", "network_rows", "plain_hermite", "plain_sphere_mean"]

Doubles = NDArray[np.float64]
Row = tuple[str, float, float]

PARTS = ("moments", "widths", "gates", "step", "read-outs", "fits")
"""What can be compared by itself."""

MISTAKES = (
    "fourth moment of the degree below",
    "kernel of the degree below",
    "not the minimiser",
    "sum and not mean over neurons",
    "no damping",
    "margin not halved",
)
"""What can be planted in the independent side, for controls."""


def network_rows(*, parts: Sequence[str] = PARTS, mistake: str | None = None) -> Iterator[Row]:
    """Give (symbol, as the package has it, independently) of networks and their moments.

    Parameters
    ----------
    parts : of :data:`PARTS`.
    mistake : one of :data:`MISTAKES`, planted in the independent side; None plants nothing.
    """
    rows: dict[str, Callable[[], Iterator[Row]]] = {
        "moments": partial(_moment_rows, mistake),
        "widths": partial(_width_rows, mistake),
        "gates": partial(_gate_rows, mistake),
        "step": partial(_step_rows, mistake),
        "read-outs": _read_out_rows,
        "fits": partial(_fit_rows, mistake),
    }
    for part in parts:
        yield from rows[part]()


def _pairs(symbol: str, measured: Floats, expected: Floats) -> Iterator[Row]:
    """Row of two arrays where they differ most, in units of the largest entry, and 1 more."""
    size = float(np.abs(expected).max()) or 1.0
    assert measured.shape == expected.shape, symbol
    place = int(np.argmax(np.abs(measured - expected)))
    yield symbol, 1 + float(measured.flat[place]) / size, 1 + float(expected.flat[place]) / size


# --- moments ------------------------------------------------------------------------------------


def plain_hermite(k: int, x: Doubles | float) -> Doubles:
    """h_k(x) by SciPy's recurrence.

    Parameters
    ----------
    k : degree, at least 0.
    x : where, of any shape.
    """
    from scipy import special

    return np.asarray(special.eval_hermitenorm(k, x) / np.sqrt(special.factorial(k)))


@cache
def _plain_fourth(k: int) -> float:
    """E h_k(g)^4 by adaptive quadrature."""
    from scipy import integrate

    return 2 * float(
        integrate.quad(
            lambda x: float(plain_hermite(k, x)) ** 4 * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi),
            0, 16, epsabs=0, epsrel=1e-11, limit=200,
        )[0]
    )  # fmt: skip


def plain_sphere_mean(function: Callable[[float], float], d: int) -> float:
    """Mean of a function of t, a coordinate on the sphere of R^d, by adaptive quadrature.

    Parameters
    ----------
    function : of t in [-1, 1].
    d : dimension, at least 2; the density of the angle is proportional to its sine to d - 2.
    """
    from scipy import integrate

    def over_angles(of: Callable[[float], float]) -> float:
        found = integrate.quad(
            lambda angle: of(float(np.cos(angle))) * np.sin(angle) ** (d - 2),
            0, np.pi, epsabs=1e-14, epsrel=1e-11, limit=200,
        )  # fmt: skip
        return float(found[0])

    return over_angles(function) / over_angles(lambda t: 1.0)


def _moment_rows(mistake: str | None) -> Iterator[Row]:
    x = np.array([-2.5, -0.3, 0.0, 0.7, 4.0])
    below = int(mistake == "fourth moment of the degree below")
    for k in DEGREES:
        yield from _pairs("h_k", hermite(k)(x), plain_hermite(k, x))
        yield from _pairs("h_k by Horner's rule", evaluate(hermite(k), x), plain_hermite(k, x))
        sigma = plain_hermite(k + 1, x) / np.sqrt(k + 1)
        yield from _pairs("sigma", hidden_activation(k)(x), sigma)
        yield "E h_k^4", fourth_moment(k), _plain_fourth(k - below)
    mixed = np.polynomial.Polynomial([0.3, -1.0, 0.0, 2.0])
    yield from _pairs("polynomial", evaluate(mixed, x), 0.3 - x + 2 * x**3)
    for d in (2, 3, 11):
        for p in range(1, 6):
            expected = plain_sphere_mean(lambda t, p=p: t ** (2 * p), d)  # type: ignore[misc]
            yield "E t^2p", sphere_moment(d, p), expected


def _plain_width(N: float, d: int, k: int, mistake: str | None = None) -> float:
    """Width at which 2 log N times the variance of a competitor is 1, by solving for it."""
    from scipy import optimize

    power = 2 * k if mistake == "kernel of the degree below" else 2 * k + 2
    kernel = N / d * plain_sphere_mean(lambda t: t**power, d)

    def excess(log_m: float) -> float:
        m = np.exp(log_m)
        return float(2 * np.log(N) * (N / (m * d) + _plain_fourth(k) / m + kernel) - 1)

    if excess(700.0) > 0:
        return float("inf")
    return float(np.exp(optimize.brentq(excess, -10, 700, xtol=1e-12)))


def _width_rows(mistake: str | None) -> Iterator[Row]:
    for N, d in ((200, 16), (512, 64), (4096, 64), (10**5, 64), (10**7, 8)):
        widths = {k: _plain_width(N, d, k, mistake) for k in DEGREES}
        for k, width in widths.items():
            # An infinite width is compared as the 0 that 1 over it is.
            yield "1 / leading width", 1 / leading_width(N, d, k), 1 / width
        best = min(widths, key=lambda k: widths[k])
        least = best if np.isfinite(widths[best]) else DEGREES[-1]
        yield "degree", float(choose_degree(N, d)), float(least)


# --- gates --------------------------------------------------------------------------------------


def _facts(N: int, d: int, M: int, d_out: int) -> tuple[Doubles, Doubles, NDArray[np.intp]]:
    """Inputs on the sphere, answers of norms around 1, facts; from angles."""
    E = np.cos(1 + np.arange(N * d) ** 1.4).reshape(N, d)
    U = np.sin(2 + np.arange(M * d_out) ** 1.3).reshape(M, d_out)
    return E / np.sqrt(np.sum(E**2, axis=1))[:, None], U, (5 * np.arange(N)) % M


def _plain_gated(network: Gated, E: Doubles) -> Doubles:
    """Sum over all neurons at once."""
    z, y = np.einsum("nd,md->nm", E, network.W), np.einsum("nd,md->nm", E, network.P)
    return np.asarray(np.einsum("nm,mo->no", plain_hermite(network.degree, z) * y, network.V))


def _gate_rows(mistake: str | None) -> Iterator[Row]:
    # One input and one neuron more than a tile has.
    for N, d, M, d_out, m, k in ((257, 4, 7, 3, 513, 2), (6, 5, 6, 5, 9, 1), (6, 3, 4, 2, 8, 3)):
        E, U, f = _facts(N, d, M, d_out)
        built = gated(m, k)(E, U, f, rng=np.random.default_rng(7))
        assert isinstance(built, Gated)
        weight = plain_hermite(k, built.W @ E.T) * (built.V @ U[f].T)
        scale = 1 if mistake == "sum and not mean over neurons" else m
        yield from _pairs("p_i", built.P, np.einsum("mn,nd->md", weight, E) / scale)
        lengths = np.sqrt(np.einsum("mo,mo->m", built.V, built.V))
        yield from _pairs("|v_i|", lengths, np.full(m, np.sqrt(d_out)))
        yield from _pairs("outputs of gates", built(E), _plain_gated(built, E))
        yield "parameters of gates", float(built.parameters), float(m * (2 * d + d_out))
        # At a step eta the pairs add eta^2 / 6 sum_i v_i <p_i, e>^3 h_k'' and no more, up to k = 3.
        step = 0.3
        pair = two_layer(2 * m, k, step)(E, U, f, rng=np.random.default_rng(7))
        y = E @ built.P.T
        bend = np.sqrt(k * (k - 1)) * plain_hermite(max(k - 2, 0), E @ built.W.T)
        more = np.einsum("nm,mo->no", y**3 * bend, built.V) * step**2 / 6
        yield from _pairs("outputs of pairs", pair(E), _plain_gated(built, E) + more)
        yield "parameters of pairs", float(pair.parameters), float(2 * m * (d + d_out))


def _step_rows(mistake: str | None) -> Iterator[Row]:
    """Minimise T eta^2 + R / eta numerically, T and R by loops over inputs and neurons."""
    from scipy import optimize

    dtype: Any
    for k, size, dtype in (
        (1, 1.0, np.float64),
        (2, 1.0, np.float32),
        (3, 1.0, np.float64),
        (2, 1e4, np.float32),
    ):
        E, U, f = _facts(7, 4, 5, 3)
        network = gated(6, k)(E, size * U, f, rng=np.random.default_rng(3))
        assert isinstance(network, Gated)
        W, P, V = (np.asarray(A, dtype) for A in (network.W, network.P, network.V))
        unit = 2.0**-24 if dtype is np.float32 else 2.0**-53
        truncation, rounding, largest = 0.0, 0.0, 0.0
        for e in E:
            third = np.zeros(3)
            for w, p, v in zip(*(A.astype(float) for A in (W, P, V)), strict=True):
                z, y = float(w @ e), float(p @ e)
                largest = max(largest, abs(y))
                bend = np.sqrt(k * (k - 1)) * float(plain_hermite(max(k - 2, 0), z))
                third += v * y**3 * bend / 6
                value = abs(float(plain_hermite(k + 1, z))) / np.sqrt(k + 1)
                value += abs(float(plain_hermite(k, z))) * np.sqrt((w @ w) * (e @ e))
                rounding += 2 * float(unit * value * np.sqrt(v @ v) / 2) ** 2
            truncation += float(third @ third)
        T, R = np.sqrt(truncation / len(E)), np.sqrt(rounding / len(E))
        power = 1 if mistake == "not the minimiser" else 2
        found = optimize.minimize_scalar(
            lambda log: np.log(T * np.exp(power * log) + R * np.exp(-log)),  # noqa: B023
            bounds=(-25, 25), options={"xatol": 1e-12},
        )  # fmt: skip
        eta = min(float(np.exp(found.x)), 1 / largest)
        yield "step eta", choose_step(Gated(W, P, V, k), E), eta


# --- read-outs and fits -------------------------------------------------------------------------


def _read_out_rows() -> Iterator[Row]:
    network: Any
    E, U, f = _facts(9, 4, 5, 3)
    rng = np.random.default_rng
    for width in (7, 30):
        network = whitened(width, 2)(E, U, f, rng=rng(1))
        phi = plain_hermite(3, E @ network.W.T) / np.sqrt(3)
        yield from _pairs("whitened read-out", network.V, np.linalg.lstsq(phi, U[f])[0])
    for ridge, width in ((False, 520), (True, 6)):
        network = bilinear(width, ridge=ridge)(E, U, f, rng=rng(2))
        phi = (E @ network.W.T) * (E @ network.P.T)
        V = np.linalg.lstsq(phi, U[f])[0] if ridge else phi.T @ U[f] / width
        yield from _pairs("bilinear read-out", network.V, V)
        yield from _pairs("bilinear outputs", network(E), phi @ V)
        yield (
            "parameters of bilinear memories",
            float(network.parameters),
            float(width * (2 * 4 + 3)),
        )
    # Features of very different sizes, which a damping beyond rounding would not tell apart.
    steep = np.array([1.0, 1.0, 1e-2, 1e-2])
    V = least_squares(lambda e: e * steep, 4, E, U, f)
    yield from _pairs("read-out of steep features", V, np.linalg.lstsq(E * steep, U[f])[0])
    few = E[:4] * [1.0, 1.0, 3e-4, 3e-4]
    for build, left, right in (
        (dual_inputs, np.eye(3), np.linalg.pinv(few)),
        (dual_outputs, np.linalg.pinv(U.T @ U), few.T),
        (dual_both, np.linalg.pinv(U.T @ U), np.linalg.pinv(few)),
    ):
        memory = build(few, U, f[:4], rng=rng(0))
        expected = left @ U[f[:4]].T @ right.T
        yield from _pairs(f"W of {build.__name__}", memory(np.eye(4)).T, expected)


def _fit_rows(mistake: str | None) -> Iterator[Row]:
    """Steps of the fit against dense least squares, and eight sweeps against plain ones."""
    E, U, f = _facts(8, 3, 5, 4)
    rng = np.random.default_rng(4)
    A, B, V = rng.standard_normal((2, 3)), rng.standard_normal((2, 3)), rng.standard_normal((2, 4))
    left = U[f] - ((E @ A.T) * (E @ B.T)) @ V
    phi = (E @ A.T) * (E @ B.T)
    for damping in (0.0, 0.3):
        planted = 0.0 if mistake == "no damping" else damping
        step = output_step(phi, left, damping)
        yield from _pairs("step of V", step, _dense_output(phi, left, planted))
        found = factor_step(E, E @ B.T, V, left, damping, 2 * A.size)
        yield from _pairs("step of A", found, _dense_factor(E, E @ B.T, V, left, planted))
    # Facts of which the fit recalls more after the sweeps of plain least squares, in other units.
    for N, M in ((10, 6), (13, 7)):
        drawn = np.random.default_rng(12)
        E, U = drawn.standard_normal((N, 3)), drawn.standard_normal((M, 4))
        E, U = (size * X / np.linalg.norm(X, axis=1)[:, None] for size, X in ((0.5, E), (3.0, U)))
        f = (5 * np.arange(N)) % M
        for targets in ("answers", "margins"):
            sweeps = fitted_features.WARM + 6
            network = fitted(2, targets=targets, sweeps=sweeps)(
                E, U, f, rng=np.random.default_rng(5)
            )
            expected = _plain_fit(E, U, f, targets, sweeps, mistake)
            yield from _pairs(f"fit of {targets}", network(E), expected)


def _dense_output(phi: Doubles, left: Doubles, damping: float) -> Doubles:
    """Damped least squares as plain least squares with rows for the damping."""
    size = np.sqrt(damping * np.mean(np.sum(phi**2, axis=0)))
    rows = np.concatenate([phi, size * np.eye(phi.shape[1])])
    return np.asarray(
        np.linalg.lstsq(rows, np.concatenate([left, np.zeros((phi.shape[1], left.shape[1]))]))[0]
    )


def _dense_factor(X: Doubles, B: Doubles, V: Doubles, left: Doubles, damping: float) -> Doubles:
    """Least squares in all entries of a factor, damped by their own curvature."""
    design = np.einsum("xi,xd,io->xoid", B, X, V).reshape(left.size, -1)
    extra = np.diag(np.sqrt(damping * np.sum(design**2, axis=0)))
    rows = np.concatenate([design, extra])
    target = np.concatenate([left.ravel(), np.zeros(len(extra))])
    return np.asarray(np.linalg.lstsq(rows, target)[0].reshape(B.shape[1], X.shape[1]))


def _plain_fit(
    E: Doubles, U: Doubles, f: NDArray[np.intp], targets: str, sweeps: int, mistake: str | None
) -> Doubles:
    """Outputs of the fit of two neurons that recalls most, all steps solved densely."""
    size_in, size_out = (np.sqrt(np.mean(np.sum(X**2, axis=1))) for X in (E, U))
    X, answers = E / size_in, U / size_out
    drawn = np.random.default_rng(5).standard_normal((2, 2 * E.shape[1]))
    A, V = [drawn[:, : E.shape[1]], drawn[:, E.shape[1] :]], np.zeros((2, U.shape[1]))
    weight, most, best = np.ones(len(E)), -1, np.zeros(0)
    for sweep in range(sweeps + 1):
        root = np.sqrt(weight)[:, None]

        def rest(push: bool = targets == "margins" and sweep > fitted_features.WARM) -> Doubles:
            F = (X @ A[0].T) * (X @ A[1].T) @ V  # noqa: B023
            goal = _plain_targets(F, answers, f, mistake) if push else answers[f]
            return np.asarray(goal - F)

        for k in (0, 1) if sweep else ():
            A[k] = A[k] + _dense_factor(
                root * X, X @ A[1 - k].T, V, root * rest(), fitted_features.DAMPING
            )
        phi = (X @ A[0].T) * (X @ A[1].T)
        V = V + _dense_output(root * phi, root * rest(), fitted_features.RIDGE)
        sizes = [np.sqrt(np.sum(a**2, axis=1) / a.shape[1])[:, None] for a in A]
        A, V = [a / size for a, size in zip(A, sizes, strict=True)], V * sizes[0] * sizes[1]
        F = (X @ A[0].T) * (X @ A[1].T) @ V
        gaps = [_rival(out, answers, own) for out, own in zip(F, f, strict=True)]
        recalled = sum(gap > 0 for _, gap, _ in gaps)
        if recalled > most:
            most, best = recalled, F * size_out
        for x, (_, gap, half) in enumerate(gaps) if sweep > fitted_features.WARM else ():
            if gap < fitted_features.HARD * half * (2 if mistake == "margin not halved" else 1):
                weight[x] *= fitted_features.GROWTH[targets]
    return best


def _rival(out: Doubles, answers: Doubles, own: int) -> tuple[int, float, float]:
    """Strongest competitor, the margin over it, and half the squared distance of the answers."""
    scores = answers @ out
    rival = max((y for y in range(len(answers)) if y != own), key=lambda y: float(scores[y]))
    away = answers[own] - answers[rival]
    return rival, float(scores[own] - scores[rival]), float(away @ away) / 2


def _plain_targets(
    F: Doubles, answers: Doubles, f: NDArray[np.intp], mistake: str | None
) -> Doubles:
    """Outputs, moved towards the half-space of what recalls, fact by fact."""
    moved = F.copy()
    for x, own in enumerate(f):
        rival, gap, half = _rival(F[x], answers, int(own))
        half *= 2 if mistake == "margin not halved" else 1
        short = max(fitted_features.WANTED * half - gap, 0.0)
        away = answers[own] - answers[rival]
        moved[x] += fitted_features.RELAXATION * short * away / (away @ away)
    return moved
