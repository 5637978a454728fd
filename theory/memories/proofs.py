"""Steps of the proofs in ``docs/derivations.md`` that are algebra, checked by sympy."""

from collections.abc import Callable
from functools import lru_cache

__all__ = ["linear_proof_steps"]


def linear_proof_steps(*, proxy: int = 1, exponent: int = 8) -> list[tuple[str, bool]]:
    r"""Check the steps of the guarantee and of the sharp constants.

    Parameters
    ----------
    proxy : the variance proxy of a sphere coordinate is claimed to be 1/(proxy * d); true for 1.
    exponent : everything is claimed to be recalled once N log N / d^2 < 1/exponent; true for 8.

    Returns
    -------
    (step, proved) for each step.

    Examples
    --------
    >>> all(proved for _, proved in linear_proof_steps())
    True
    """
    steps: list[tuple[str, Callable[[], bool]]] = [
        ("score difference splits into (1 - rho)(1 - eps) + Z", _score_difference),
        ("moments of a sphere coordinate", _sphere_moments),
        ("its even moments are at most those of N(0, proxy/d)", lambda: _moments_dominated(proxy)),
        ("Chernoff exponent is (1 - rho)(1 - eps)^2 d / (4 Q)", _chernoff),
        ("tangent of -c/Q lies above it", _tangent),
        ("Laplace transform of a squared normal", _normal_laplace),
        ("best tangent point", _best_point),
        ("mode and convexity of the law of the squared length's level", _level_law),
        ("variance of the squared length of the noise", _squared_length),
        ("covariance of two squared lengths, of overlapping inputs", _overlapping_lengths),
        ("weak inputs and strong outputs are many beyond the constant", _halves),
        ("union bound vanishes below the constant", lambda: _union_bound(exponent)),
        ("kappa of one bit is 2/pi", _one_bit),
        ("projector and sketch: mean interference factor", _rank_factors),
    ]
    return [(name, step()) for name, step in steps]


# What does not depend on what is claimed is proved once for all regimes.


@lru_cache(maxsize=1)
def _score_difference() -> bool:
    """Five facts with symbolic Gram matrices; x = 0, y = 1, the others are Z."""
    import sympy as sp

    n = 5
    G = sp.Matrix(n, n, lambda i, j: 1 if i == j else sp.Symbol(f"u{min(i, j)}{max(i, j)}"))
    H = sp.Matrix(n, n, lambda i, j: 1 if i == j else sp.Symbol(f"e{min(i, j)}{max(i, j)}"))
    difference = sum((G[0, z] - G[1, z]) * H[z, 0] for z in range(n))
    rest = sum((G[0, z] - G[1, z]) * H[z, 0] for z in range(2, n))
    claimed = (1 - G[0, 1]) * (1 - H[0, 1]) + rest
    norm = G[0, 0] - 2 * G[0, 1] + G[1, 1] - 2 * (1 - G[0, 1])
    return bool(sp.expand(difference - claimed) == 0 and sp.expand(norm) == 0)


@lru_cache(maxsize=1)
def _sphere_moments() -> bool:
    """E t^(2k) = prod_{j < k} (2j + 1) / (d + 2j), from the density, for k up to 5."""
    import sympy as sp

    d = sp.Symbol("d", positive=True)
    for k in range(1, 6):
        ratio = sp.beta(sp.Rational(2 * k + 1, 2), (d - 1) / 2) / sp.beta(
            sp.Rational(1, 2), (d - 1) / 2
        )
        claimed = sp.prod([sp.Integer(2 * j + 1) / (d + 2 * j) for j in range(k)])
        if sp.simplify(sp.gammasimp(ratio.rewrite(sp.gamma) / claimed)) != 1:
            return False
    return True


def _moments_dominated(proxy: int) -> bool:
    """Each factor (1/(d + 2j)) / (1/(proxy d)) is at most 1, for every j >= 0 and d > 0."""
    import sympy as sp

    d = sp.Symbol("d", positive=True)
    j = sp.Symbol("j", nonnegative=True)
    excess = sp.factor(sp.together(proxy * d / (d + 2 * j) - 1))
    return excess.is_nonpositive is True


@lru_cache(maxsize=1)
def _chernoff() -> bool:
    import sympy as sp

    rho, eps = sp.symbols("rho epsilon", real=True)
    d, Q, t = sp.symbols("d Q t", positive=True)
    signal = (1 - rho) * (1 - eps)
    variance = 2 * (1 - rho) * Q / d
    exponent = t**2 * variance / 2 - t * signal
    best = sp.solve(sp.diff(exponent, t), t)[0]
    least = sp.simplify(exponent.subs(t, best))
    return bool(sp.simplify(least + (1 - rho) * (1 - eps) ** 2 * d / (4 * Q)) == 0)


@lru_cache(maxsize=1)
def _tangent() -> bool:
    import sympy as sp

    c, q, Q = sp.symbols("c q Q", positive=True)
    gap = sp.factor((-2 * c / q + c * Q / q**2) - (-c / Q))
    return bool(sp.simplify(gap - c * (Q - q) ** 2 / (q**2 * Q)) == 0)


@lru_cache(maxsize=1)
def _normal_laplace() -> bool:
    """E exp(theta g^2) = (1 - 2 theta)^(-1/2) for g ~ N(0, 1), theta < 1/2."""
    import sympy as sp

    g = sp.Symbol("g", real=True)
    a = sp.Symbol("a", positive=True)
    theta = sp.Rational(1, 2) - a
    integral = sp.integrate(
        sp.exp(theta * g**2 - g**2 / 2) / sp.sqrt(2 * sp.pi), (g, -sp.oo, sp.oo)
    )
    return bool(sp.simplify(integral - 1 / sp.sqrt(1 - 2 * theta)) == 0)


@lru_cache(maxsize=1)
def _best_point() -> bool:
    import sympy as sp

    c, d, n, q = sp.symbols("c d n q", positive=True)
    log_bound = -2 * c / q - n / 2 * sp.log(1 - 2 * c / (d * q**2))
    at = (n + sp.sqrt(n**2 + 8 * c * d)) / (2 * d)
    return bool(sp.simplify(sp.diff(log_bound, q).subs(q, at)) == 0)


@lru_cache(maxsize=1)
def _level_law() -> bool:
    """1/tau^2 has density (v - 1)^((d - 3)/2) v^(-d/2): mode d/3, log-concave up to it."""
    import sympy as sp

    v, d, t = sp.symbols("v d t", positive=True)
    log_density = -sp.log(1 / v) / 2 + (d - 3) / 2 * sp.log(1 - 1 / v) - 2 * sp.log(v)
    claimed = (d - 3) / 2 * sp.log(v - 1) - d / 2 * sp.log(v)
    same = sp.simplify(sp.diff(log_density - claimed, v))
    slope = (d - 3) / (2 * (v - 1)) - d / (2 * v)
    mode = sp.simplify(slope.subs(v, d / 3)) == 0
    # The second derivative vanishes where (1 - 1/v)^2 = 1 - 3/d; with t = sqrt(1 - 3/d), d/3 is
    # 1/(1 - t^2), below that v = 1/(1 - t).
    bend = sp.diff(slope, v).subs(d, 3 / (1 - t**2)).subs(v, 1 / (1 - t))
    order = sp.factor(1 / (1 - t) - 1 / (1 - t**2) - t / (1 - t**2)) == 0
    return bool(same == 0 and mode and sp.simplify(bend) == 0 and order)


@lru_cache(maxsize=1)
def _squared_length() -> bool:
    """Var of the squared length over its squared mean: 2(d - 1)/((d + 2) n) + 2(n - 1)/(n d)."""
    import sympy as sp

    d, n = sp.symbols("d n", positive=True)
    square = 3 / (d * (d + 2)) - 1 / d**2
    variance = n * square + 2 * n * (n - 1) / d**2 * (1 / d)
    claimed = 2 * (d - 1) / ((d + 2) * n) + 2 * (n - 1) / (n * d)
    return bool(sp.simplify(variance / (n / d) ** 2 - claimed) == 0)


@lru_cache(maxsize=1)
def _overlapping_lengths() -> bool:
    """E theta theta' of two inputs with the overlap g, from the moments of two coordinates.

    The fourth one of a sphere coordinate along e_x, times that along e_x', comes from
    c' = g c + sqrt(1 - g^2) c'' with E c^4 = 3/(d(d + 2)) and E c^2 c''^2 = 1/(d(d + 2)).
    """
    import sympy as sp

    d, n, g = sp.symbols("d n g", positive=True)
    fourth = (3 * g**2 + (1 - g**2)) / (d * (d + 2))
    # Sums of squares, and pairs of facts, each twice, with E <u, u'>^2 = 1/d.
    product = n * fourth + n * (n - 1) / d**2 + 2 * n * (n - 1) * (g / d) ** 2 / d
    claimed = 2 * g**2 * (n - 1) / (n * d) + d * (1 + 2 * g**2) / (n * (d + 2)) - 1 / n
    return bool(sp.simplify(product / (n / d) ** 2 - 1 - claimed) == 0)


@lru_cache(maxsize=1)
def _halves() -> bool:
    """At N log N = alpha d^2, levels 1/2 have N^(1 - 1/(8 alpha)): above 1 beyond 1/8."""
    import sympy as sp

    L, alpha, share = sp.symbols("L alpha a", positive=True)
    # d^2/N = L/alpha; a level a has the chance exp(-a^2 d^2/(2 N)), the other one 1 - a.
    power = sp.log(sp.exp(L)) - share**2 * L / (2 * alpha)
    change = sp.solve(power.subs(share, sp.Rational(1, 2)) / L, alpha)
    best = sp.solve(sp.diff(share**2 + (1 - share) ** 2, share), share)
    return bool(change == [sp.Rational(1, 8)] and best == [sp.Rational(1, 2)])


def _union_bound(exponent: int) -> bool:
    """With d^2 = exponent * N log N, the exponent 2 log N - d^2 / (4 N) is not positive."""
    import sympy as sp

    N = sp.Symbol("N", positive=True)
    L = sp.Symbol("L", positive=True)
    power = sp.expand(2 * L - exponent * N * L / (4 * N))
    return sp.expand(power / L).is_nonpositive is True


@lru_cache(maxsize=1)
def _one_bit() -> bool:
    import sympy as sp

    g = sp.Symbol("g", positive=True)
    density = sp.exp(-(g**2) / 2) / sp.sqrt(2 * sp.pi)
    signal = 2 * sp.integrate(g * density, (g, 0, sp.oo))
    return bool(sp.simplify(signal**2 - 2 / sp.pi) == 0)


@lru_cache(maxsize=1)
def _rank_factors() -> bool:
    """E[1 / Beta(m/2, b/2)] is (d - 2)/(m - 2) for b = d - m, 1 + (d - 1)/(m - 2) for b = d - 1."""
    import sympy as sp

    d, m = sp.symbols("d m", positive=True)

    def mean_inverse(b: sp.Expr) -> sp.Expr:
        total = sp.Symbol("total", positive=True)
        ratio = sp.gamma(m / 2 - 1) * sp.gamma(total) / (sp.gamma(total - 1) * sp.gamma(m / 2))
        return sp.gammasimp(ratio).subs(total, (m + b) / 2)

    projector = sp.simplify(mean_inverse(d - m) - (d - 2) / (m - 2)) == 0
    sketch = sp.simplify(mean_inverse(d - 1) - 1 - (d - 1) / (m - 2)) == 0
    return bool(projector and sketch)
