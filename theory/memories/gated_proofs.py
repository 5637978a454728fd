"""Algebra that the law of gated memories rests on (docs/gated-memories.md), checked by sympy."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sympy as sp

__all__ = ["gated_proof_steps"]


def gated_proof_steps(*, normalised: bool = True, gain: bool = True) -> list[tuple[str, bool]]:
    r"""Check the moments and integrals that the law of gated memories rests on.

    Parameters
    ----------
    normalised : h_k is divided by sqrt(k!); true for h_k.
    gain : a neuron's gate changes the noise that it lets through, v(g) != 1; true.

    Returns
    -------
    (step, proved) for each step.

    Examples
    --------
    >>> all(proved for _, proved in gated_proof_steps())
    True
    """
    steps: list[tuple[str, Callable[[], bool]]] = [
        ("E h_j(g) h_k(g') = [j = k] rho^k", lambda: _mehler(normalised)),
        ("E h_k^4 = 3, 15, 93, 639 for k = 1, 2, 3, 4", lambda: _fourth_moments(normalised)),
        ("signal and competitor variances of one neuron", _variances),
        ("E h_2(g)^2 h_2(g')^2 = 1 + 8 rho^2 + 6 rho^4", _squares),
        ("mean noise gain at k = 2", lambda: _mean_gain(gain)),
        ("average of exp(beta t + gamma t^2) over a normal t", _quadratic_exponent),
        ("sigma' = h_k for sigma = h_{k+1} / sqrt(k+1)", lambda: _activation(normalised)),
        ("a pair of neurons at k = 1 is the gate, for any step", _pair),
    ]
    return [(name, step()) for name, step in steps]


def _h(k: int, x: "sp.Expr", normalised: bool = True) -> "sp.Expr":
    """Hermite polynomial by Rodrigues' formula, h_k(x)."""
    import sympy as sp

    t, he = _rodrigues(k)
    return he.subs(t, x) / (sp.sqrt(sp.factorial(k)) if normalised else 1)


@lru_cache(maxsize=16)
def _rodrigues(k: int) -> "tuple[sp.Symbol, sp.Expr]":
    """Return t, and the polynomial (-1)^k exp(t^2/2) (d/dt)^k exp(-t^2/2)."""
    import sympy as sp

    t = sp.Symbol("t", real=True)
    weight = sp.exp(-(t**2) / 2)
    return t, sp.expand(sp.simplify((-1) ** k * sp.diff(weight, t, k) / weight))


def _mean(expression: "sp.Expr", *normals: "sp.Symbol") -> "sp.Expr":
    """Average of a polynomial over independent standard normals."""
    import sympy as sp

    for g in normals:
        terms = sp.Poly(sp.expand(expression), g).terms()
        expression = sum(
            (c * (sp.factorial2(p - 1) if p > 0 else 1) for (p,), c in terms if p % 2 == 0),
            sp.Integer(0),
        )
    return sp.expand(expression)


# What does not depend on what is claimed is proved once for all regimes.
@lru_cache(maxsize=2)
def _mehler(normalised: bool) -> bool:
    import sympy as sp

    g, z = sp.symbols("g z", real=True)
    rho = sp.Symbol("rho", positive=True)
    rest = sp.sqrt(1 - rho**2)
    for j in range(5):
        for k in range(5):
            product = _h(j, g, normalised) * _h(k, rho * g + rest * z, normalised)
            expected = rho**k if j == k else 0
            if sp.expand(_mean(product, g, z) - expected) != 0:
                return False
    return True


def _fourth_moments(normalised: bool) -> bool:
    import sympy as sp

    g = sp.Symbol("g", real=True)
    found = [_mean(_h(k, g, normalised) ** 4, g) for k in (1, 2, 3, 4)]
    return found == [3, 15, 93, 639]


@lru_cache(maxsize=2)
def _variances() -> bool:
    """Var(q a^2) = 3 E h^4 - 1 and E (q a b)^2 = E h^4, a and b independent standard normal."""
    import sympy as sp

    g, a, b = sp.symbols("g a b", real=True)
    for k in (1, 2, 3):
        q = _h(k, g) ** 2
        fourth = _mean(q**2, g)
        signal = _mean(q**2 * a**4, g, a) - _mean(q * a**2, g, a) ** 2
        competitor = _mean(q**2 * a**2 * b**2, g, a, b)
        if signal != 3 * fourth - 1 or competitor != fourth:
            return False
    return True


@lru_cache(maxsize=2)
def _squares() -> bool:
    import sympy as sp

    g, z = sp.symbols("g z", real=True)
    rho = sp.Symbol("rho", positive=True)
    other = rho * g + sp.sqrt(1 - rho**2) * z
    found = _mean(_h(2, g) ** 2 * _h(2, other) ** 2, g, z)
    return bool(sp.expand(found - (1 + 8 * rho**2 + 6 * rho**4)) == 0)


def _mean_gain(gain: bool) -> bool:
    """E[q v] = d E t^2 (1 + 8 t^2 + 6 t^4) = 1 + 24/(d+2) + 90/((d+2)(d+4)), not 1."""
    import sympy as sp

    d = sp.Symbol("d", positive=True)
    moments = [sp.prod([sp.Integer(2 * j + 1) / (d + 2 * j) for j in range(p)]) for p in (1, 2, 3)]
    found = d * (moments[0] + 8 * moments[1] + 6 * moments[2])
    claimed = 1 + 24 / (d + 2) + 90 / ((d + 2) * (d + 4)) if gain else 1
    return bool(sp.simplify(found - claimed) == 0)


@lru_cache(maxsize=2)
def _quadratic_exponent() -> bool:
    import sympy as sp

    beta, mu, x = sp.symbols("beta mu x", real=True)
    sigma, rate, steepness = sp.symbols("sigma r a", positive=True)
    # gamma = -r < 0, so that the integral exists for every sigma.
    under = -((x - mu) ** 2) / (2 * sigma**2) + beta * x - rate * x**2
    spread = 1 + 2 * rate * sigma**2
    exponent = (beta * mu - rate * mu**2 + beta**2 * sigma**2 / 2) / spread
    # What is integrated is exp(exponent) times the exponential of a complete square.
    square = spread / (2 * sigma**2) * (x - (mu + beta * sigma**2) / spread) ** 2
    integral = sp.integrate(sp.exp(-steepness * x**2), (x, -sp.oo, sp.oo))
    height = integral.subs(steepness, spread / (2 * sigma**2)) / sp.sqrt(2 * sp.pi * sigma**2)
    return bool(
        sp.cancel(under - exponent + square) == 0 and sp.simplify(height**2 - 1 / spread) == 0
    )


@lru_cache(maxsize=2)
def _activation(normalised: bool) -> bool:
    import sympy as sp

    x = sp.Symbol("x", real=True)
    return all(
        sp.simplify(sp.diff(_h(k + 1, x, normalised) / sp.sqrt(k + 1), x) - _h(k, x, normalised))
        == 0
        for k in range(1, 7)
    )


@lru_cache(maxsize=2)
def _pair() -> bool:
    import sympy as sp

    w, p, eta = sp.symbols("w p eta", real=True)

    def sigma(z: sp.Expr) -> sp.Expr:
        return _h(2, z) / sp.sqrt(2)

    return bool(sp.simplify((sigma(w + eta * p) - sigma(w - eta * p)) / (2 * eta) - w * p) == 0)
