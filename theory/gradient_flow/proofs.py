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
        ("the flow keeps the family of balanced facts, at any gaps", _closed_family),
        ("the softmax of balanced facts factorises", lambda: _factorises(disjoint)),
        ("the gap's equation, and its separation", _gap_equation),
        ("stage times have slope 1/g in log(1/alpha) as alpha tends to 0", _slope),
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
        ("w^2 is at least its initial value, by Cauchy and Schwarz", _positive),
        ("separated facts pull at M* by at least the wrong mass", _pull),
        ("y = 1 - exp(-L) obeys y' = -c y^2 (1 - y), with primitive F", _bound_equation),
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
    """With conserved numbers alpha^2 and A alpha: w^2 = (A + 1) alpha^2 + sum of (V - mean)^2."""
    import sympy as sp

    A = 4
    alpha = sp.Symbol("alpha", positive=True)
    free = sp.symbols("v1:4", real=True)
    V = [*free, A * alpha - sum(free)]
    w2 = alpha**2 + sum(v**2 for v in V)
    spread = sum((v - alpha) ** 2 for v in V)
    return bool(sp.expand(w2 - (A + 1) * alpha**2 - spread) == 0)


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


def _closed_family() -> bool:
    """G at all four kinds of answers, for any q (the relation's answers) and o (own answers).

    With the softmax a product, an answer of the relation that is the subject's own has the
    probability q o, one that is not q (1 - o)/(D - 1), and so on.
    """
    import sympy as sp

    S, R, D = _sizes()
    q, o = sp.symbols("q o", positive=True)
    inside, outside = q, (1 - q) / (R - 1)
    own, other = o, (1 - o) / (D - 1)
    # A subject's answer a belongs to one relation, and is outside for R - 1.
    subject_own = 1 - (inside + (R - 1) * outside) * own
    subject_other = -(inside + (R - 1) * outside) * other
    # An answer of r is own for S/D subjects; one of another relation alike.
    spread = S / D * own + (S - S / D) * other
    relation_in = S / D - inside * spread
    relation_out = -outside * spread
    g_R, g_S = sp.sqrt((R - 1) / (R * D)) / R, sp.sqrt((D - 1) / (R * D)) / S
    length_R = (D * relation_in**2 + D * (R - 1) * relation_out**2) / (S * R) ** 2
    length_S = (R * subject_own**2 + R * (D - 1) * subject_other**2) / (S * R) ** 2
    return all(
        sp.simplify(difference) == 0
        for difference in (
            subject_own - (1 - o),
            subject_other + (1 - o) / (D - 1),
            relation_in - S / D * (1 - q),
            relation_out + S / D * (1 - q) / (R - 1),
            length_R - (g_R * R / (R - 1) * (1 - q)) ** 2,
            length_S - (g_S * D / (D - 1) * (1 - o)) ** 2,
        )
    )


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
    omega, g, u, x, kappa = sp.symbols("omega g u x kappa", positive=True)
    w, c = omega * sp.cosh(u / 2), omega * sp.sinh(u / 2)
    # The direction n has R - 1 at D answers and -1 at D (R - 1), over its norm.
    contrast = R / sp.sqrt(D * (R - 1) ** 2 + D * (R - 1))
    q = sp.exp(x) / (sp.exp(x) + R - 1)
    velocity = 2 * g * R / (R - 1) * (1 - q)
    return all(
        sp.simplify(difference) == 0
        for difference in (
            # dc/dt = w g' and dw/dt = c g', so that du/dt = 2 g'.
            sp.diff(c, u) - w / 2,
            sp.diff(w, u) - c / 2,
            # The gap is kappa sinh u, with kappa^2 = omega^4/4 R/(D (R - 1)).
            sp.expand((w * c).rewrite(sp.exp) - (omega**2 / 2 * sp.sinh(u)).rewrite(sp.exp)),
            contrast**2 - R / (D * (R - 1)),
            velocity - 2 * g * R / (R - 1 + sp.exp(x)),
            # d gap/du = sqrt(gap^2 + kappa^2), and dt/d gap is the integrand.
            sp.diff(kappa * sp.sinh(u), u) ** 2 - (kappa * sp.sinh(u)) ** 2 - kappa**2,
            1 / (velocity * sp.sqrt(x**2 + kappa**2))
            - (R - 1 + sp.exp(x)) / (2 * g * R * sp.sqrt(x**2 + kappa**2)),
        )
    )


def _slope() -> bool:
    """Differentiate the integrand in log(1/alpha); what is left is a kernel that tends to 2 at 0.

    The part e^x - 1 is at most x e^gap, whose integral against the kernel tends to 0.
    """
    import sympy as sp

    gap, x, kappa, alpha, constant = sp.symbols("Delta x kappa alpha C", positive=True)
    root = 1 / sp.sqrt(x**2 + (constant * alpha**2) ** 2)
    kernel = 2 * kappa**2 / (x**2 + kappa**2) ** sp.Rational(3, 2)
    moved = -alpha * sp.diff(root, alpha) - kernel.subs(kappa, constant * alpha**2)
    primitive = 2 * x / sp.sqrt(x**2 + kappa**2)
    remainder = -2 * kappa**2 / sp.sqrt(x**2 + kappa**2)
    whole = primitive.subs(x, gap) - primitive.subs(x, 0)
    rest = remainder.subs(x, gap) - remainder.subs(x, 0)
    return bool(
        sp.simplify(moved) == 0
        and sp.simplify(sp.diff(primitive, x) - kernel) == 0
        and sp.simplify(sp.diff(remainder, x) - x * kernel) == 0
        # n times 2 over 2 g n is 1/g.
        and sp.limit(whole, kappa, 0) == 2
        and sp.limit(rest, kappa, 0) == 0
    )


def _half() -> bool:
    import sympy as sp

    n = sp.Symbol("n", positive=True)
    inside = 1 + (n - 1) / (sp.sqrt(n) + 1)
    return bool(sp.simplify(inside - sp.sqrt(n)) == 0)


def _pull() -> bool:
    """Sum over answers of phat (M*(f) - M*(a)) minus the wrong mass is phat times margins - 1."""
    import sympy as sp

    phat = sp.symbols("phat1:4", positive=True)
    excess = sp.symbols("e1:4", nonnegative=True)
    # The right answer has the margin 0 to itself; others 1 and more.
    pulled = sum(p * (1 + e) for p, e in zip(phat, excess, strict=True))
    left = sp.expand(pulled - sum(phat))
    return bool(left.is_nonnegative)


def _bound_equation() -> bool:
    import sympy as sp

    L, y, c = sp.symbols("L y c", positive=True)
    moved = sp.diff(1 - sp.exp(-L), L) * (-c * (1 - sp.exp(-L)) ** 2)
    equation = moved - (-c * y**2 * (1 - y)).subs(y, 1 - sp.exp(-L))
    primitive = sp.log(y / (1 - y)) - 1 / y
    return bool(
        sp.simplify(equation) == 0
        and sp.simplify(sp.diff(primitive, y) - 1 / (y**2 * (1 - y))) == 0
    )


def _multipliers() -> tuple["sp.Expr", "sp.Expr"]:
    """Multipliers of other answers in a fact's relation, and of its subject's other own ones."""
    import sympy as sp

    S, R, D = _sizes()
    return 2 / sp.sqrt(R * D * (D - 1)), 2 * sp.sqrt(D) / (S * sp.sqrt(R * (R - 1)))


def _dual() -> bool:
    """Multipliers beta (in the relation) and beta' (own elsewhere) give |h_z| = 2 for all z."""
    import sympy as sp

    S, R, D = _sizes()
    b, c = _multipliers()
    own = (D - 1) * b + (R - 1) * c - (R - 1) * c
    subject = R * own**2 + R * (D - 1) * b**2
    lifted = S / D * ((D - 1) * b + (R - 1) * c) - (S - S / D) * b
    relation = D * lifted**2 + (R - 1) * D * (S / D * c) ** 2
    return bool(sp.simplify(subject - 4) == 0 and sp.simplify(relation - 4) == 0)


def _closed_margin() -> bool:
    import sympy as sp

    S, R, D = _sizes()
    b, c = _multipliers()
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
    # 4 gamma L t (x - 1) is (x - 1) exp(-x) Ei(x): 1, and without a term of order 1/x. With x in
    # place of x - 1 there would be one.
    scaled = (x - 1) * _ei_series(x)
    limit, next_term = sp.limit(scaled, x, sp.oo), sp.limit(x * (scaled - 1), x, sp.oo)
    return bool(equation and limit == 1 and next_term == 0)


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
    """Sum of mu log(p / mu) with the normalised multipliers, against the formula in tau."""
    import sympy as sp

    S, R, D = _sizes()
    b, c = _multipliers()
    total = S * R * ((D - 1) * b + (R - 1) * c)
    p = 1 / (S * R)
    found = sum(
        S * R * n * (m / total) * sp.log(p * total / m) for n, m in ((D - 1, b), (R - 1, c))
    )
    relation, subject = R * sp.sqrt(D * (1 - 1 / R)), S * sp.sqrt(R * (1 - 1 / D))
    tau = relation / (relation + subject)
    claimed = tau * sp.log((R - 1) / tau) + (1 - tau) * sp.log((D - 1) / (1 - tau))
    if not split:
        claimed = sp.log(R + D - 2)
    sizes = ((12, 4, 6), (16, 4, 8), (10, 7, 2), (9, 2, 9))
    return all(
        abs(sp.N((found - claimed).subs(dict(zip((S, R, D), at, strict=True))), 40)) < 1e-30
        for at in sizes
    )
