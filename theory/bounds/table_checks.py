"""Counts of fact tables and bounds on their bits, held against exact numbers of another making."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from theory.bounds.plain.tables import (
    bits_of,
    exact_choices,
    exact_entropy_bits,
    exact_single_bits,
    exact_tables,
    exact_truncated,
)
from theory.bounds.table_bits import (
    TableBits,
    agreement_size,
    bounds_by_name,
    bracket,
    choices_bits,
    entropy_bits,
    paper_bits,
    table_bits,
)
from theory.bounds.table_counts import count_tables, uneven_bits
from theory.bounds.table_logs import log_truncated
from theory.claims import Finding
from theory.judging import judge_arms, judge_bounds, judge_symbols

__all__ = ["check_each_bound", "check_table_symbols"]

Sizes = tuple[int, int, int, int]
"""S, R, D and V."""

ROUNDED = 1e-10
"""What rounding may do to a bound on a number of tables, relatively: of a thousand bits."""

TIGHT: dict[str, tuple[float, tuple[Sizes, ...]]] = {
    # One answer a relation; subjects enough for every answer; all but.
    "choices": (1.2, ((1, 1, 1, 10**6), (3, 2, 1, 16), (30, 3, 1, 9), (60, 2, 3, 8),
                      (200, 3, 4, 12), (2, 2, 2, 4), (40, 4, 8, 64))),
    "entropy": (2.0, ((1, 1, 1, 10**6), (3, 2, 1, 16), (30, 3, 1, 9), (60, 2, 3, 8),
                      (200, 3, 4, 12), (300, 2, 3, 6), (2, 2, 2, 4), (40, 4, 8, 64))),
    # As many answers as subjects, out of so many that hardly a subject shares one.
    "saddle": (1.03, ((1, 1, 1, 10**6), (3, 1, 3, 10**12), (5, 1, 5, 10**14),
                      (20, 1, 20, 10**6), (4, 2, 4, 10**14))),
    "single": (1.03, ((3, 2, 1, 16), (30, 3, 1, 9), (3, 1, 3, 10**12), (4, 2, 4, 10**14),
                      (20, 1, 20, 10**6))),
}  # fmt: skip
"""For each bound how far from the exact number it may be, and sizes at which it nearly is that."""

SERIES = (2.2, (1, 2, 3, 10, 100), (1e-3, 0.5, 1, 1.5, 2, 5, 8, 11, 15, 50, 90, 110, 150, 1e4))
"""The same of the truncated exponential series: the largest power, and t."""

BOTH = ((7, 3, 1, 11), (1, 6, 1, 6), (3, 5, 1, 10**15), (40, 2, 1, 3), (64, 2, 3, 8),
        (90, 3, 2, 7), (250, 2, 4, 9))  # fmt: skip
"""Sizes at which both ends of the bracket are the exact number, but for rounding."""


def check_each_bound(
    *, seed: int, scaled: str | None = None, by: float = 0.5, paper: bool = False
) -> Finding:
    """Hold every bound on numbers of tables against exact numbers, where it is nearly one.

    The numbers and not their logarithms are compared: half of them is one bit in hundreds.

    Parameters
    ----------
    scaled, by : a bound, or the series or the bracket, and a factor on bound over exact (for lower
        bounds exact over bound).
    paper : take the paper's form for the entropy, the lower bound that it stands for.
    """
    either = ("saddle", "single")
    both = {sizes: bounds_by_name(*sizes) for name in either for sizes in TIGHT[name][1]}

    def found(name: str, sizes: Sizes) -> float:
        S, R, D, V = sizes
        if name in either:
            return both[sizes][name]
        if paper and name == "entropy":
            return paper_bits(*sizes)
        return (choices_bits if name == "choices" else entropy_bits)(S, R, min(S, D), V)

    def row(name: str, sizes: Sizes) -> dict[str, Any]:
        S, R, D, V = sizes
        above = found(name, sizes) - bits_of(exact_tables([(S, D)] * R, V))
        if name in ("entropy", "single"):
            above = -above
        factor = by if name == scaled else 1.0
        return {"of": name, "S": S, "R": R, "D": D, "V": V, "exact": 1.0,
                "bound": factor * float(2**above) * (1 + ROUNDED)}  # fmt: skip

    arms = {
        name: judge_bounds(
            f"bound on the number of tables: {name}", [row(name, sizes) for sizes in cases],
            ratio=ratio, note=f"{len(cases)} numbers of tables, in integers",
        )
        for name, (ratio, cases) in TIGHT.items()
    }  # fmt: skip
    arms["series"] = _series(by if scaled == "series" else 1.0)
    arms["bracket"] = _bracket(by if scaled == "bracket" else 1.0)
    return judge_arms(arms)


def _series(factor: float) -> Finding:
    ratio, powers, places = SERIES
    cases = [(math.log(t), most) for most in powers for t in places] + [(705.0, 1)]
    rows = []
    for log_t, most in cases:
        exact = math.log(2) * bits_of(exact_truncated(Fraction(math.exp(log_t)), most))
        bound = factor * math.exp(log_truncated(log_t, most) - float(exact))
        rows.append({"of": "series", "t": math.exp(min(log_t, 700.0)), "most": most,
                     "exact": 1.0, "bound": bound * (1 + ROUNDED)})  # fmt: skip
    return judge_bounds(
        "truncated exponential series", rows, ratio=ratio, note=f"{len(rows)} sums of fractions"
    )


def _bracket(factor: float) -> Finding:
    """Judge both ends; here nothing is allowed for rounding, which the bracket says it covers."""
    rows = []
    for sizes in BOTH:
        S, R, D, V = sizes
        exact = bits_of(exact_tables([(S, D)] * R, V))
        low, high = bracket(*sizes)
        for end, above in (("low", exact - low), ("high", high - exact)):
            rows.append({"of": f"bracket, {end}", "S": S, "R": R, "D": D, "V": V, "exact": 1.0,
                         "bound": factor * float(1 + math.log(2) * above)})  # fmt: skip
    return judge_bounds(
        "bound on the number of tables: bracket",
        rows,
        ratio=1 + 1e-9,
        note=f"{len(BOTH)} sizes, both ends",
    )


# --- What both sides share ----------------------------------------------------------------------

COUNTED = ((12, 3, 5, 40), (7, 4, 9, 60), (20, 2, 3, 6), (9, 5, 4, 21), (1, 8, 3, 24))
UNEVEN: tuple[tuple[tuple[tuple[int, int], ...], int], ...] = (
    (((2, 2), (1, 1)), 3),
    (((9, 4), (3, 7), (9, 4), (1, 5)), 25),
    (((30, 2), (2, 30)), 33),
)
BOUNDED = ((30, 2, 6, 50), (12, 3, 5, 40), (25, 2, 25, 100), (60, 1, 7, 9), (9, 4, 12, 48),
           (40, 3, 2, 10**9), (200, 1, 3, 4), (450, 1, 2, 3), (33, 2, 32, 64))  # fmt: skip
CAUCHY = ((200, 1, 4, 4), (200, 3, 4, 12), (300, 2, 3, 6))
"""Sizes at which every relation uses all its answers in all but e^-50 of the tables."""


def check_table_symbols(
    *,
    seed: int,
    tolerance: float,
    paper: bool = False,
    others: int = 0,
    chance: float = 1.0,
) -> Finding:
    """Compute counts of tables, and the formulas of their bounds, a second time.

    Parameters
    ----------
    tolerance : largest relative difference.
    paper : take the paper's form for the formula of answer sets and facts.
    others : tokens of the vocabulary that only one side has.
    chance : factor on the chance that the lower bound on Stirling numbers has proved.
    """
    rows: list[tuple[str, float, float]] = []
    for S, R, D, V in COUNTED:
        exact = exact_tables([(S, D)] * R, V + others)
        rows.append(("tables counted", float(Fraction(count_tables(S, R, D, V), exact)), 1.0))
        found = table_bits(S, R, D, V)
        rows += [("bits of a count", value, float(bits_of(exact)))
                 for value in (found.low, found.high, found.bits)]  # fmt: skip
    for relations, V in UNEVEN:
        exact_bits = float(bits_of(exact_tables(relations, V)))
        rows.append(("uneven relations", uneven_bits(relations, V), exact_bits))
    for sizes in BOUNDED:
        rows += _formulas(sizes, paper=paper, chance=chance)
    for S, R, D, V in CAUCHY:
        # Cauchy's bound is off by S! (e / S)^S for each relation, and by nothing else.
        lost = R * (math.lgamma(S + 1) + S - S * math.log(S)) / math.log(2)
        exact_bits = float(bits_of(exact_tables([(S, D)] * R, V)))
        rows.append(("saddle", bounds_by_name(S, R, D, V)["saddle"], exact_bits + lost))
    rows += [("half the distance", TableBits(5.0, 8.0, False, 0.0).error, 1.5),
             ("middle", TableBits(5.0, 8.0, False, 0.0).bits, 6.5)]  # fmt: skip
    rows += _agreements()
    return judge_symbols(rows, tolerance=tolerance, note="in integers and to forty digits")


def _formulas(sizes: Sizes, *, paper: bool, chance: float) -> list[tuple[str, float, float]]:
    S, R, D, V = sizes
    most = min(S, D)
    found = bounds_by_name(*sizes)
    choices = bits_of(exact_choices(S, R, most, V))
    entropy = [exact_entropy_bits(S, R, pool, V) for pool in range(1, most + 1)]
    single = float(exact_single_bits(S, R, most, V)) + R * math.log2(chance)
    # V / D once for each answer of each relation, as NLB print it.
    form = Fraction(D) ** (S * R) * Fraction(V, D) ** (R * D)
    return [
        ("choices", paper_bits(*sizes) if paper else found["choices"], float(choices)),
        ("entropy", found["entropy"], float(entropy[-1])),
        ("single", found["single"], single),
        ("lower end", bracket(*sizes)[0], max(single, float(max(entropy)))),
        ("upper end", bracket(*sizes)[1], min(found["choices"], found["saddle"])),
        ("paper's form", paper_bits(*sizes), float(bits_of(form))),
    ]


def _agreements() -> list[tuple[str, float, float]]:
    """Sizes of agreement of forms that are off by so much, by design, at so many sizes."""

    def family(n: int) -> Sizes:
        return n, 2, 2, 9

    def form(off: dict[int, float]) -> Callable[[int, int, int, int], float]:
        return lambda S, R, D, V: table_bits(S, R, D, V).bits * (1 + off.get(S, 0.0))

    cases: Sequence[tuple[dict[int, float], int]] = (
        ({2: 0.02, 4: 0.009, 8: -0.02}, 16),
        ({2: 0.02, 4: 0.009, 8: -0.009}, 4),
        ({4: 0.5}, 8),
        ({16: 0.009}, 2),
    )
    rows = [
        ("size of agreement", float(agreement_size(family, [2, 4, 8, 16], form=form(off)) or 0),
         float(size))
        for off, size in cases
    ]  # fmt: skip
    never = agreement_size(family, [2, 4, 8, 16], form=form({16: -0.02}))
    return [*rows, ("size of agreement", 0.0 if never is None else float(never), 0.0)]
