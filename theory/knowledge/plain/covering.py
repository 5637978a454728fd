r"""Chances and bounds of covering a second time, at sizes that cannot be enumerated.

Laws of :mod:`theory.knowledge.covering` are sums of signed integers. Here templates are covered one
subject after another: from c covered ones a uniform K-set reaches c + k with probability

.. math:: \binom{R - c}{k} \binom{c}{K - k} \Big/ \binom RK ,

and a held-out fact is missed by a product of fractions. Bounds are their logarithms, as quotients.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from theory.knowledge.covering import (
    all_covered,
    covered_law,
    exponential_bound,
    published_bound,
    uncovered,
)
from theory.knowledge.plain.sentences import Row

__all__ = ["covering_symbols", "grown"]

SIZES = ((16, 1, 40), (12, 3, 5), (20, 4, 3), (9, 9, 2), (7, 6, 2), (33, 2, 8))


def grown(R: int, K: int, n: int) -> list[Fraction]:
    """Law of the number of covered templates, subject by subject.

    Parameters
    ----------
    R, K, n : templates, multiplicity and fine-tuned subjects.
    """
    law = [Fraction(1)] + [Fraction(0)] * R
    whole = math.comb(R, K)
    for _ in range(n):
        after = [Fraction(0)] * (R + 1)
        for c, chance in enumerate(law):
            for k in range(max(0, K - c), min(K, R - c) + 1):
                after[c + k] += chance * Fraction(math.comb(R - c, k) * math.comb(c, K - k), whole)
        law = after
    return law


def covering_symbols(*, along: Callable[[int], float], squared: bool = False) -> list[Row]:
    """Return chances, laws and exponents, as the package has them and step by step.

    Parameters
    ----------
    along : law of the cosine of a gradient with its question, of the number of subjects.
    squared : whether the chance to be missed is (1 - K/R)^K.
    """
    rows: list[Row] = []
    for R, K, n in SIZES:
        law = [float(chance) for chance in grown(R, K, n)]
        found = covered_law(R, K, n)
        mean = sum(c * chance for c, chance in enumerate(law))
        missed = math.prod(Fraction(max(0, R - K - i), R - i) for i in range(K))
        chance = (1 - K / R) ** K if squared else float(missed)
        rows += [
            ("chance to be uncovered", uncovered(R, K, n), chance**n),
            ("chance that all are covered", all_covered(R, K, n), law[-1]),
            ("number covered", float(found @ np.arange(R + 1)), mean),
            ("law of the number covered", float(np.abs(found - law).max()), 0.0),
            ("our exponent", -math.log(exponential_bound(R, K, n)) / n, K * (K / R)),
            # XC's exponent is ours, divided by 2 R / log R.
            (
                "factor between exponents",
                math.log(exponential_bound(R, K, n)) / math.log(published_bound(R, K, n)),
                2 * R / math.log(R),
            ),
        ]
    for n in (1, 2, 8, 33):
        # Each of n contexts is half a subject and half the question, with one gradient for all.
        inputs = np.hstack([np.eye(n), np.ones((n, 1))]) / 2
        leading = np.linalg.svd(np.ones((3, n)) @ inputs)[2][0]
        rows.append(("cosine with the question", along(n), abs(float(leading[-1]))))
    return rows
