"""Algebra that the gradient flow's times and rates rest on (docs/gradient-flow.md), by sympy."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sympy as sp

__all__ = ["convergence_proof_steps", "stage_proof_steps"]


def stage_proof_steps(*, centred: bool = True, disjoint: bool = True) -> list[tuple[str, bool]]:
    r"""Check the gradient, what is conserved, the rates of both stages and the reduction.

    Parameters
    ----------
    centred : growth rates have R - 1 and D - 1 in them, since a softmax pushes down as much as it
        lifts up; true.
    disjoint : relations have answers of their own; the reduction needs that.

    Returns
    -------
    (step, proved) for each step.

    Examples
    --------
    >>> all(proved for _, proved in stage_proof_steps())
    True
    """
    steps: list[tuple[str, Callable[[], bool]]] = [
        ("minus the derivative of the loss in M is G", _gradient),
        ("w^2 - sum V^2 and sum V are conserved", _conserved),
        ("|G| of a relation at the start is g_R", lambda: _relation_rate(centred)),
        ("|G| of a subject at the start is g_S", lambda: _subject_rate(centred)),
        ("G of a subject is the same while relations are learnt", _same_direction),
        ("the softmax of balanced facts factorises", lambda: _factorises(disjoint)),
        ("the gap's equation separates", _gap_equation),
        ("stage times have slope 1/g in log(1/alpha)", _slope),
        ("half of the loss is lost at the gap log(sqrt n + 1)", _half),
    ]
    return [(name, step()) for name, step in steps]


def convergence_proof_steps(*, degree: int = 2, split: bool = True) -> list[tuple[str, bool]]:
    r"""Check the late rate, its constant for balanced facts, and that w stays positive.

    Parameters
    ----------
    degree : degree of homogeneity of the logits in (V, w); true for 2.
    split : the late loss is split between relations and subjects as the multipliers are; true.

    Returns
    -------
    (step, proved) for each step.

    Examples
    --------
    >>> all(proved for _, proved in convergence_proof_steps())
    True
    """
    steps: list[tuple[str, Callable[[], bool]]] = [
        ("w^2 - sum V^2 and sum V are conserved", _conserved),
        ("w^2 >= alpha^2 + sum V^2 keeps w positive", _positive),
        ("multipliers of balanced facts are dual feasible", _dual),
        ("primal and dual values of balanced facts agree", _closed_margin),
        ("the late equation has the solution L t (log(k/L) - 1) -> 1/(4 gamma)", _late_limit),
        ("late rates of both gaps add up to 1/(4 gamma)", lambda: _late_sum(degree)),
        ("log k of balanced facts is that of their multipliers", lambda: _log_k(split)),
    ]
    return [(name, step()) for name, step in steps]


def _sizes() -> tuple["sp.Symbol", "sp.Symbol", "sp.Symbol"]:
    import sympy as sp

    S, R, D = sp.symbols("S R D", positive=True)
    return S, R, D


def _gradient() -> bool:
    """Two subjects, two relations, four answers, with symbolic logits and probabilities p."""
    import sympy as sp

    M = sp.Matrix(4, 4, lambda z, a: sp.Symbol(f"m{z}{a}", real=True))
    p = sp.Matrix(2, 2, lambda s, r: sp.Symbol(f"p{s}{r}", positive=True))
    label = {(0, 0): 0, (1, 0): 1, (0, 1): 2, (1, 1): 2}
    phat = {}
    loss = sp.Integer(0)
    for s, r in label:
        odds = [sp.exp(M[s, a] + M[2 + r, a]) for a in range(4)]
        phat[s, r] = [o / sum(odds) for o in odds]
        loss -= p[s, r] * sp.log(phat[s, r][label[s, r]])
    for z, a in ((0, 0), (0, 2), (1, 3), (2, 1), (3, 2)):
        facts = [(s, r) for s, r in label if z in (s, 2 + r)]
        G = sum(p[f] * (int(label[f] == a) - phat[f][a]) for f in facts)
        if sp.simplify(sp.diff(loss, M[z, a]) + G) != 0:
            return False
    return True


def _conserved() -> bool:
    """With dV = w G, dw = <V, G> and the sum of G zero, as each 1[a = f] - phat(a) sums to zero."""
    import sympy as sp

    V, G = (sp.symbols(f"{name}1:5", real=True) for name in "VG")
    w = sp.Symbol("w", real=True)
    moved_V, moved_w = [w * g for g in G], sum(v * g for v, g in zip(V, G, strict=True))
    energy = 2 * w * moved_w - sum(2 * v * dv for v, dv in zip(V, moved_V, strict=True))
    total = sum(moved_V).subs(G[3], -sum(G[:3]))
    return bool(sp.expand(energy) == 0 and sp.expand(total) == 0)


def _positive() -> bool:
    import sympy as sp

    alpha, A, squares = sp.symbols("alpha A q", positive=True)
    w2 = squares + (alpha**2 * (A + 1) - A * alpha**2)
    return bool(sp.expand(w2 - squares - alpha**2) == 0 and sp.expand(w2).is_positive)


def _relation_rate(centred: bool) -> bool:
    import sympy as sp

    S, R, D = _sizes()
    inside = S / D / (S * R) - S / (S * R) / (R * D)
    outside = -S / (S * R) / (R * D)
    norm = D * inside**2 + (R * D - D) * outside**2
    claimed = (R - (1 if centred else 0)) / (R * D) / R**2
    return bool(sp.simplify(norm - claimed) == 0)


def _subject_rate(centred: bool) -> bool:
    import sympy as sp

    S, R, D = _sizes()
    own = 1 / (S * R) - R / (S * R) / (R * D)
    other = -R / (S * R) / (R * D)
    norm = R * own**2 + (R * D - R) * other**2
    claimed = (D - (1 if centred else 0)) / (R * D) / S**2
    return bool(sp.simplify(norm - claimed) == 0)


def _same_direction() -> bool:
    """With probability q inside A_r and 1 - q spread over the rest, relations sum q out."""
    import sympy as sp

    S, R, D = _sizes()
    q = sp.Symbol("q", positive=True)
    pushed = (q / D + (R - 1) * (1 - q) / (R * D - D)) / (S * R)
    return bool(sp.simplify(pushed - R / (S * R) / (R * D)) == 0)


def _factorises(disjoint: bool) -> bool:
    """Sum of exp(x [a in A_r] + y [a own]) over answers; one answer in both, or none."""
    import sympy as sp

    _, R, D = _sizes()
    x, y = sp.symbols("x y", real=True)
    # If two relations share their answers, the subject has two of its own in A_r.
    own_inside = 1 if disjoint else 2
    own, inside, A = R, D, R * D
    total = (
        own_inside * sp.exp(x + y)
        + (inside - own_inside) * sp.exp(x)
        + (own - own_inside) * sp.exp(y)
        + (A - inside - own + own_inside)
    )
    return bool(sp.simplify(total - (sp.exp(x) + R - 1) * (sp.exp(y) + D - 1)) == 0)


def _gap_equation() -> bool:
    """From V = alpha + c n, w = omega cosh(u / 2), c = omega sinh(u / 2) and G = g' n."""
    import sympy as sp

    _, rest, D = _sizes()
    R = 1 + rest
    omega, g, u, x = sp.symbols("omega g u x", positive=True)
    w, c = omega * sp.cosh(u / 2), omega * sp.sinh(u / 2)
    # The direction n has R - 1 at D answers and -1 at D (R - 1), over its norm.
    contrast = R / sp.sqrt(D * (R - 1) ** 2 + D * (R - 1))
    # At the start 1 - q = 1 - 1/R; at a gap x it is (R - 1)/(e^x + R - 1).
    slowed = g * ((R - 1) / (sp.exp(x) + R - 1)) / (1 - 1 / R)
    return all(
        sp.simplify(difference) == 0
        for difference in (
            # dc/dt = w g' and dw/dt = c g', so that du/dt = 2 g'.
            sp.diff(c, u) - w / 2,
            sp.diff(w, u) - c / 2,
            # The gap is kappa sinh u, with kappa^2 = omega^4/4 R/(D (R - 1)).
            sp.expand((w * c).rewrite(sp.exp) - (omega**2 / 2 * sp.sinh(u)).rewrite(sp.exp)),
            contrast**2 - R / (D * (R - 1)),
            2 * slowed - 2 * g * R / (R - 1 + sp.exp(x)),
        )
    )


def _slope() -> bool:
    """The part of t that depends on alpha is asinh(gap / kappa) / (2 g), kappa ~ alpha^2."""
    import sympy as sp

    gap, g, constant, alpha = sp.symbols("Delta g C alpha", positive=True)
    time = sp.asinh(gap / (constant * alpha**2)) / (2 * g)
    slope = sp.limit(-alpha * sp.diff(time, alpha), alpha, 0)
    return bool(sp.simplify(slope - 1 / g) == 0)


def _half() -> bool:
    import sympy as sp

    n = sp.Symbol("n", positive=True)
    inside = 1 + (n - 1) / (sp.sqrt(n) + 1)
    return bool(sp.simplify(inside - sp.sqrt(n)) == 0)


def _dual() -> bool:
    """Multipliers beta (in the relation) and beta' (own elsewhere) give |h_z| = 2 for all z."""
    import sympy as sp

    S, R, D = _sizes()
    b, c = 2 / sp.sqrt(R * D * (D - 1)), 2 * sp.sqrt(D) / (S * sp.sqrt(R * (R - 1)))
    own = (D - 1) * b + (R - 1) * c - (R - 1) * c
    subject = R * own**2 + R * (D - 1) * b**2
    lifted = S / D * ((D - 1) * b + (R - 1) * c) - (S - S / D) * b
    relation = D * lifted**2 + (R - 1) * D * (S / D * c) ** 2
    return bool(sp.simplify(subject - 4) == 0 and sp.simplify(relation - 4) == 0)


def _closed_margin() -> bool:
    import sympy as sp

    S, R, D = _sizes()
    b, c = 2 / sp.sqrt(R * D * (D - 1)), 2 * sp.sqrt(D) / (S * sp.sqrt(R * (R - 1)))
    dual = S * R * ((D - 1) * b + (R - 1) * c)
    # Gap 1 with entries 1 - 1/D at R answers and -1/D at R (D - 1), and alike for relations.
    subject = sp.sqrt(R * (1 - 1 / D) ** 2 + R * (D - 1) / D**2)
    relation = sp.sqrt(D * (1 - 1 / R) ** 2 + D * (R - 1) / R**2)
    primal = 2 * (S * subject + R * relation)
    closed = 2 * (S * sp.sqrt(R * (1 - 1 / D)) + R * sp.sqrt(D * (1 - 1 / R)))
    squares = [
        sp.simplify(subject**2 - R * (1 - 1 / D)),
        sp.simplify(relation**2 - D * (1 - 1 / R)),
    ]
    at = {S: 24, R: 5, D: 8}
    return bool(
        squares == [0, 0]
        and sp.simplify((dual - closed).subs(at)) == 0
        and sp.simplify((primal - closed).subs(at)) == 0
        and sp.simplify(sp.powdenest(sp.simplify(dual / closed - 1), force=True)) == 0
    )


def _late_limit() -> bool:
    """DL/dt = -4 gamma L^2 log(k/L): with x = log(k/L), 4 gamma k t = Ei(x) + constant."""
    import sympy as sp

    x, gamma, k = sp.symbols("x gamma k", positive=True)
    loss = k * sp.exp(-x)
    moved = 1 / sp.diff(sp.Ei(x) / (4 * gamma * k), x)
    equation = sp.simplify(sp.diff(loss, x) * moved + 4 * gamma * loss**2 * x) == 0
    limit = sp.limit((x - 1) * sp.exp(-x) * sp.exp(x) * _ei_series(x), x, sp.oo)
    return bool(equation and limit == 1)


def _ei_series(x: "sp.Expr") -> "sp.Expr":
    """Ei(x) exp(-x) by its asymptotic series, to the order that the limit needs."""
    import sympy as sp

    series = 1 / x + 1 / x**2 + 2 / x**3
    # Its derivative is that of Ei(x) exp(-x), 1/x - series, up to the next order.
    left = sp.expand(x**4 * (sp.diff(series, x) - (1 / x - series)))
    return series if sp.limit(left / x, x, sp.oo) == 0 else sp.nan


def _late_sum(degree: int) -> bool:
    """(n - 1)/(2 g n) of both gaps, against 1/(degree^2 gamma)."""
    import sympy as sp

    S, R, D = _sizes()
    g_R, g_S = sp.sqrt((R - 1) / (R * D)) / R, sp.sqrt((D - 1) / (R * D)) / S
    total = (R - 1) / (2 * g_R * R) + (D - 1) / (2 * g_S * D)
    inverse = 2 * (S * sp.sqrt(R * (1 - 1 / D)) + R * sp.sqrt(D * (1 - 1 / R)))
    ratio = (total / (inverse / degree**2)).subs({S: 24, R: 5, D: 8})
    each = [
        sp.simplify(((R - 1) / (2 * g_R * R)) ** 2 - R**2 * D * (1 - 1 / R) / 4),
        sp.simplify(((D - 1) / (2 * g_S * D)) ** 2 - S**2 * R * (1 - 1 / D) / 4),
    ]
    return bool(each == [0, 0] and sp.simplify(ratio - 1) == 0)


def _log_k(split: bool) -> bool:
    """Sum of mu log(p / mu) with shares tau, 1 - tau, spread evenly, against log(R + D - 2)."""
    import sympy as sp

    S, R, D = _sizes()
    tau = sp.Symbol("tau", positive=True)
    p = 1 / (S * R)
    relation, subject = tau * p / (R - 1), (1 - tau) * p / (D - 1)
    total = (
        S
        * R
        * (
            (R - 1) * relation * sp.log((R - 1) / tau)
            + (D - 1) * subject * sp.log((D - 1) / (1 - tau))
        )
    )
    claimed = tau * sp.log((R - 1) / tau) + (1 - tau) * sp.log((D - 1) / (1 - tau))
    if not split:
        claimed = sp.log(R + D - 2)
    at = {tau: sp.Rational(1, 3), R: 4, D: 6, S: 12}
    return bool(abs(sp.N((total - claimed).subs(at), 30)) < 1e-20)
