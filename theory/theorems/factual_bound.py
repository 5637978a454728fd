r"""Theorem 8: how many bits a table of facts takes, by counting tables."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.results import log_scales, new_axes
from sims.enumeration import enumerated_tables
from sims.transformers.architecture import Architecture, Shape
from sims.transformers.fewest_bits import fewest_bits_facts
from theory.bounds.attention_checks import check_fitted_attention
from theory.bounds.outlook import table_outlook
from theory.bounds.table_bits import (
    agreement_size,
    bracket,
    choices_bits,
    entropy_bits,
    paper_bits,
    table_bits,
)
from theory.bounds.table_checks import check_each_bound, check_table_symbols
from theory.bounds.table_counts import count_tables, countable
from theory.claims import (
    Claim,
    Condition,
    Finding,
    Hypothesis,
    Kind,
    Problem,
    Side,
    Theorem,
    Verdict,
)
from theory.judging import judge_arms, judge_largest
from theory.rendering.axes import MEASURED, PREDICTED, figure_of, legend_over, level
from theory.transformers.hypotheses import DISJOINT, TOTAL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

# --- Checks -------------------------------------------------------------------------------------


def check_count(
    *, seed: int, limit: int, cells: int, choices: bool = False, merged: bool = False
) -> Finding:
    """Compare the formula with every table made, for all S R up to ``cells``.

    ``choices`` counts answer sets and facts in them instead, ``merged`` takes all relations as one.
    """
    rows = []
    for S in range(1, cells + 1):
        for R in range(1, cells // S + 1):
            found = enumerated_tables(S, R, limit)
            # For a single fact the number is V; a hundred of the million vocabularies are enough.
            vocabularies = range(1, len(found)) if S * R > 1 else range(1, 101)
            wrong = compared = 0
            for V in vocabularies:
                for D in range(1, V // R + 1):
                    if D > S + 1:
                        break
                    if choices:
                        counted = round(2 ** choices_bits(S, R, min(D, S), V))
                    elif merged:
                        counted = count_tables(S * R, 1, min(R * D, V), V)
                    else:
                        counted = count_tables(S, R, D, V)
                    wrong += int(counted != found[V, min(D, S)])
                    compared += 1
            rows.append({"S": S, "R": R, "vocabulary": len(found) - 1, "compared": compared,
                         "wrong": wrong})  # fmt: skip
    total = sum(row["compared"] for row in rows)
    return judge_largest(
        "wrong counts", rows, "wrong", tolerance=0.0,
        note=f"{total} sizes, all maps made up to {limit} of them",
    )  # fmt: skip


FAMILIES: Mapping[str, Callable[[int], tuple[int, int, int, int]]] = {
    "S = R = D": lambda n: (n, n, n, 2 * n * n),
    "S = R^2 = D^2": lambda n: (n, round(n**0.5), round(n**0.5), 2 * round(n**0.5) ** 2),
}
"""Growing sizes (S, R, D, V), all with V = 2 R D."""


def check_bounds(
    *,
    seed: int,
    cases: int,
    sizes: Sequence[int],
    width: float,
    entropy_only: bool = False,
    keep_unused: bool = False,
    added: float = 0.0,
) -> Finding:
    """Hold exact counts against the bounds, and the width of the bounds at any size.

    ``entropy_only`` leaves the entropy of the random table as the only lower bound, ``keep_unused``
    forgets to take off what unused answers leave open, ``added`` are bits too many of both bounds.
    """

    def bounds(S: int, R: int, D: int, V: int) -> tuple[float, float]:
        low, high = (end + added for end in bracket(S, R, D, V))
        if entropy_only:
            low = entropy_bits(S, R, min(S, D), V)
        return (choices_bits(S, R, min(S, D), V), high) if keep_unused else (low, high)

    rng = np.random.default_rng(seed)
    counted: list[dict[str, Any]] = []
    for _ in range(cases):
        S, R, D = (int(rng.integers(1, top)) for top in (40, 8, 12))
        V = R * D * int(rng.integers(1, 6))
        if not countable(S, R, D, V):
            continue
        bits = math.log2(count_tables(S, R, D, V))
        low, high = bounds(S, R, D, V)
        # Both sides are rounded: the count's logarithm to the last digit.
        missed = not low - 1e-12 * bits <= bits <= high + 1e-12 * bits
        counted.append({"S": S, "R": R, "D": D, "V": V, "bits": bits, "low": low, "high": high,
                        "missed": int(missed)})  # fmt: skip
    wide: list[dict[str, Any]] = []
    for name, family in FAMILIES.items():
        for n in sizes:
            low, high = bounds(*family(n))
            S, R, D, V = family(n)
            bits = (low + high) / 2
            wide.append({"S": S, "R": R, "D": D, "V": V, "bits": bits, "low": low, "high": high,
                         "family": name, "width": abs(high - low) / bits})  # fmt: skip
    outside = sum(row["missed"] for row in counted)
    note = f"{outside} of {len(counted)} exact counts outside their bounds"
    return judge_arms({
        "width": judge_largest("relative distance of the bounds", wide, "width", tolerance=width,
                               note=note),
        "counts": judge_largest("counts outside their bounds", counted, "missed", tolerance=0.0,
                                note=note),
    })  # fmt: skip


def check_paper(
    *, seed: int, family: str, sizes: Sequence[int], least: int, within: float, drop: bool = False
) -> Finding:
    """Find the size from which the paper's form is within a share of the bits.

    ``drop`` leaves out the form's second term.
    """

    def form(S: int, R: int, D: int, V: int) -> float:
        return S * R * math.log2(D) if drop else paper_bits(S, R, D, V)

    grow = FAMILIES[family]
    rows = []
    for n in sizes:
        S, R, D, V = grow(n)
        bits = table_bits(S, R, D, V).bits
        rows.append({"n": n, "S": S, "R": R, "D": D, "V": V, "bits": bits,
                     "paper": form(S, R, D, V),
                     "difference": abs(form(S, R, D, V) / bits - 1)})  # fmt: skip
    found = agreement_size(grow, sizes, within=within, form=form)
    return Finding(
        Verdict.HOLDS if found is not None and found <= least else Verdict.VIOLATED,
        "relative error of the leading terms, largest size",
        measured=rows[-1]["difference"],
        predicted=0.0,
        tolerance=within,
        side=Side.MOST,
        note=f"{family}: within {within:.0%} from n = {found} on",
        table=tuple(rows),
    )


def check_transformers(
    *,
    seed: int,
    cases: Sequence[tuple[Architecture, Shape]],
    bits: Sequence[int],
    trials: int,
    counted: float = 1.0,
    claimed: int = 1,
) -> Finding:
    """Hold the bits of quantised transformers that know every fact against the bound.

    ``counted`` is the share of the bits that is owned up to, ``claimed`` the multiple of the
    subjects that were asked about that the model is said to know.
    """
    rows: list[dict[str, Any]] = []
    for architecture, shape in cases:
        found = fewest_bits_facts(architecture, shape, bits=tuple(bits), trials=trials, seed=seed)
        answers = shape.relations * shape.answers
        subjects = claimed * shape.subjects
        needed = table_bits(subjects, shape.relations, shape.answers, answers)
        rows.append({
            "model": architecture.label(), "S": shape.subjects, "R": shape.relations,
            "D": shape.answers, "d": architecture.d, "b": found.b, "spent": found.spent,
            "bound": needed.low, "efficiency": needed.low / (found.spent * counted),
        })  # fmt: skip
    lost = [row["model"] for row in rows if math.isinf(row["spent"])]
    return judge_arms({
        "spent": judge_largest(
            "bits stored per bit spent", rows, "efficiency", tolerance=0.0, predicted=1.0,
            note=f"{len(rows)} transformers with the fewest bits that recall every fact",
        ),
        # A model that knows its facts with no number of bits says nothing about the bound.
        "known": judge_largest(
            "models that no number of bits is enough for",
            [{"model": row["model"], "b": row["b"], "lost": int(row["model"] in lost)}
             for row in rows], "lost", tolerance=0.0,
            note=f"no b up to {max(bits)} is enough for {', '.join(lost) or 'none'}",
        ),
    })  # fmt: skip


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Relative difference of the paper's form from the exact bits, against n."""
    ax = new_axes(None)
    for style, name in zip(("o-", "s--"), ("paper", "square"), strict=True):
        rows = findings[name].table
        colour = MEASURED if style == "o-" else PREDICTED
        label = f"${findings[name].note.split(':')[0]}$"
        ax.plot([row["n"] for row in rows], [row["difference"] for row in rows], style,
                color=colour, mfc="none", label=label)  # fmt: skip
    level(ax, 0.01, "1%")
    log_scales(ax)
    ax.set_xlabel("$n = S$")
    ax.set_ylabel("|paper's form / bits $-$ 1|")
    legend_over(ax, ncols=2)
    return figure_of(ax)


# --- Claims -------------------------------------------------------------------------------------


def _large_vocabulary(problem: Problem) -> tuple[Condition, ...]:
    """Check that the vocabulary has room for all answer sets, twice over."""
    task = problem.task
    if task is None:
        return ()
    R, D = task.relations, task.largest_answer_set
    return (
        Condition(
            "vocabulary at least 2 R D",
            task.vocabulary >= 2 * R * D,
            f"{task.vocabulary} tokens",
            f"2 R D = {2 * R * D}",
            "none needed here: the exact count takes R D tokens"
            if task.vocabulary >= R * D
            else "",
        ),
    )


SIZES = tuple(10**k for k in range(3, 10))
DENSE = tuple(round(10 ** (k / 4)) for k in range(4, 37))


THEOREM = Theorem(
    name="factual-bound",
    title="Bits of a table of facts with disjoint answer sets",
    source="NLB Theorem 8 (restated; the count and its bounds are derived here)",
    statement=r"""
Tables $[S] \times [R] \to [V]$ with disjoint answer sets of at most $D$ answers number
$\sum_K V^{(K)} [t^K] \bigl(\sum_{k \le \min(D, S)} S_2(S, k) t^k\bigr)^R$; a model that holds every
one needs the logarithm of that in bits, to leading order $S R \log_2 D + R D \log_2(V/D)$.
""",
    constants="none left open: exact where it can be counted, bounds on both sides elsewhere",
    deviations="the paper bounds the bits from below for V >= 2 R D; the count takes V >= R D",
    outlook=table_outlook,
    hypotheses=(
        DISJOINT,
        TOTAL,
        Hypothesis("The vocabulary has at least 2 R D tokens.", _large_vocabulary),
    ),
    claims=(
        Claim(
            name="count",
            kind=Kind.EXACT,
            source="docs/lower-bounds.md",
            proof="docs/lower-bounds.md, I.5",
            statement="The formula counts every table once: it agrees with all maps made one by "
            "one, for every S, R, D and vocabulary with at most 10^5 of them (10^6 in full).",
            check=check_count,
            quick={"limit": 10**5, "cells": 16},
            full={"limit": 10**6, "cells": 20},
            must_fail={"choices": True, "limit": 1000, "cells": 6},
            why_fail="sets with unused answers are counted as different tables",
            fault={"merged": True, "limit": 1000, "cells": 6},
            fault_text="answer sets of different relations may meet",
        ),
        Claim(
            name="bounds",
            kind=Kind.EXACT,
            source="docs/lower-bounds.md",
            statement="Exact counts lie between the bounds, which are within 0.1% of each other "
            "for S, R, D from 10^3 to 10^9.",
            check=check_bounds,
            quick={"cases": 100, "sizes": SIZES, "width": 1e-3},
            full={"cases": 2000},
            must_fail={"entropy_only": True, "cases": 20},
            why_fail="where S = D a third of the answers is unused, whose sets are lost",
            fault={"keep_unused": True, "cases": 20},
            fault_text="a table counts once for every choice of answers that it does not use",
            near_misses={"twice as many tables are bounded": {"added": 1.0, "cases": 20}},
        ),
        Claim(
            name="each-bound",
            kind=Kind.EXACT,
            source="docs/lower-bounds.md",
            statement="Each bound on the number of tables is sound, and nearly attained: at some "
            "sizes to 20% (choices), 3% (saddle point, equally many answers), a factor of 2 "
            "(entropy) and 2.2 (series), and both ends of the bracket to 10^-9 where they meet.",
            check=check_each_bound,
            quick={},
            must_fail={"paper": True},
            why_fail="answers that nobody uses are not told: the paper's form is no lower bound",
            fault={"scaled": "choices"},
            fault_text="half of the choices of sets and facts are left out",
            near_misses={
                "Cauchy's bound halved": {"scaled": "saddle"},
                "tables of equally many answers doubled": {"scaled": "single"},
                "the tables that the entropy tells doubled": {"scaled": "entropy"},
                "the series halved": {"scaled": "series"},
                "both ends short of the count by a millionth": {
                    "scaled": "bracket",
                    "by": 1 - 1e-6,
                },
            },
        ),
        Claim(
            name="symbols",
            kind=Kind.EXACT,
            source="derived here (docs/lower-bounds.md)",
            statement="Counts of tables, and each formula for their bits, are those of integers "
            "and of forty digits to 10^-11, from the chance that bounds Stirling numbers to the "
            "paper's form.",
            check=check_table_symbols,
            quick={"tolerance": 1e-11},
            must_fail={"paper": True},
            why_fail="the paper's form has leading terms only",
            fault={"others": 1},
            fault_text="one token more is in the vocabulary",
            near_misses={"a chance of 0.1% more": {"chance": 1.001}},
        ),
        Claim(
            name="paper",
            kind=Kind.SCALING,
            source="NLB Theorem 8 (restated)",
            statement="For S = R^2 = D^2 and V = 2 R D the paper's leading terms are within 1% of "
            "the bits from n = 562 on, up to 10^9 (four sizes a decade).",
            check=check_paper,
            quick={"family": "S = R^2 = D^2", "sizes": DENSE, "least": 562, "within": 0.01},
            must_fail={"sizes": DENSE[:6]},
            why_fail="at small sizes the terms that are left out count",
            fault={"drop": True, "sizes": DENSE[:24]},
            fault_text="the second term is left out",
            near_misses={"a size earlier": {"least": 316}},
        ),
        Claim(
            name="square",
            kind=Kind.SCALING,
            source="derived here",
            statement="For S = R = D and V = 2 R D the paper's leading terms are within 1% of the "
            "bits only from n = 5.6 x 10^6 on.",
            check=check_paper,
            quick={"family": "S = R = D", "sizes": DENSE, "least": 5_623_413, "within": 0.01},
            must_fail={"sizes": DENSE[:22]},
            why_fail="with S = D a third of the answers is unused: a share of 1 / log n",
            fault={"drop": True},
            fault_text="the second term is left out",
            near_misses={"a size earlier": {"least": 3_162_278}},
        ),
        Claim(
            name="transformers",
            kind=Kind.NECESSARY,
            source="NLB Theorem 8 (restated)",
            statement="No quantised transformer that knows every fact spends fewer bits than its "
            "table takes; those of this size know every fact with at most 16 bits per weight.",
            check=check_transformers,
            quick={
                "cases": (
                    (Architecture("attention-only", 48), Shape(16, 8, 8)),
                    (Architecture("attention-mlp", 32, width=96), Shape(16, 8, 8)),
                ),
                "bits": (4, 8, 12, 16),
                "trials": 3,
            },
            full={"trials": 10},
            must_fail={"counted": 1 / 1024},
            why_fail="one bit in a thousand is counted",
            fault={"claimed": 64},
            fault_text="facts of subjects are claimed that were never asked for",
            near_misses={"one bit per weight, which is not enough": {"bits": (1,)}},
        ),
        Claim(
            name="fitted-attention",
            kind=Kind.CONSTANT,
            source="measured here (docs/transformers.md)",
            statement="Attention that is fitted in one bit per weight is certified on every fact "
            "of a table of S = R = 8, D = 4 with probability 0.7 or more, and stores 0.15 of "
            "the bits that it spends, keys and scales included; never more than it spends.",
            check=check_fitted_attention,
            quick={
                "shape": Shape(8, 8, 4, 16),
                "d": 40,
                "value_dims": (7, 6),
                "efficiency": 0.15,
                "draws": 34,
                "delta": 0.3,
                "steps": 150,
            },
            full={
                "shape": Shape(16, 16, 8, 64),
                "d": 96,
                "value_dims": (17, 13),
                "efficiency": 0.18,
                "steps": 1500,
            },
            must_fail={"rounded": True, "draws": 8},
            why_fail="rounded after the fit, a transformer loses what it had fitted",
            fault={"forgotten": 2, "draws": 8},
            fault_text="two facts are left out of the fit",
            near_misses={
                "a tenth of its bits is not declared": {"declared": 0.9, "draws": 2},
                "each table is counted eight times": {"repeated": 8, "draws": 2},
                "two bits are spent in place of one": {"bits": 2, "draws": 8},
            },
        ),
        Claim(
            name="fitted-mlp",
            kind=Kind.CONSTANT,
            source="measured here (docs/transformers.md)",
            statement="Heads and an MLP that are fitted together in one bit per weight are "
            "certified on every fact of a table of S = R = 8, D = 4 with probability 0.7 or more, "
            "as heads of these dimensions alone are not, and store 0.1 of the bits that they "
            "spend, keys and scales included; never more than they spend.",
            check=check_fitted_attention,
            quick={
                "shape": Shape(8, 8, 4, 16),
                "d": 48,
                "value_dims": (4, 4),
                "width": 8,
                "efficiency": 0.1,
                "draws": 35,
                "delta": 0.3,
                "steps": 150,
            },
            full={
                "shape": Shape(16, 16, 8, 64),
                "value_dims": (12, 12),
                "width": 24,
                "efficiency": 0.22,
                "steps": 1500,
            },
            must_fail={"width": 0, "draws": 7},
            why_fail="without its neurons the heads are too few weights for the table",
            fault={"forgotten": 2, "draws": 7},
            fault_text="two facts are left out of the fit",
            near_misses={
                "a tenth of its bits is not declared": {"declared": 0.9, "draws": 2},
                "each table is counted ten times": {"repeated": 10, "draws": 2},
                "two bits are spent in place of one": {"bits": 2, "draws": 7},
            },
        ),
    ),
    figure=figure,
    caption="Relative difference between the paper's leading terms and the exact number of bits "
    "that a table of facts takes, against the number $n = S$ of subjects, for two ways in "
    "which $R$ and $D$ grow with it. Both sides are computed, none is measured; the "
    "dotted line is at 1%.",
)
"""Theorem 8, counted."""
