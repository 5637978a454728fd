r"""Fact tables counted another way, and the bounds on their bits to forty digits.

What :mod:`theory.bounds.table_counts` and :mod:`theory.bounds.table_bits` have by a recurrence, by
packed integers and in log-gamma form is here written from its definition: Stirling numbers by
inclusion and exclusion, products of polynomials term by term, factorials as integers, real
arguments in mpmath. It is slow, and only for sizes of a few dozen.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

__all__ = [
    "DIGITS",
    "bits_of",
    "exact_choices",
    "exact_entropy_bits",
    "exact_single_bits",
    "exact_stirling",
    "exact_tables",
    "exact_truncated",
    "plain_rising",
    "proved_stirling",
]

DIGITS = 40
"""Decimal digits of what is not an integer."""


def bits_of(number: Any) -> Any:
    """Return log2 of a positive integer, fraction or mpmath number, to forty digits.

    Examples
    --------
    >>> float(bits_of(2**1000)), float(bits_of(Fraction(1, 8)))
    (1000.0, -3.0)
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        if isinstance(number, Fraction):
            return bits_of(number.numerator) - bits_of(number.denominator)
        return mpmath.log(number) / mpmath.log(2)


def exact_stirling(S: int, k: int) -> int:
    """Partitions of S subjects into k blocks, by inclusion and exclusion over empty blocks.

    Examples
    --------
    >>> [exact_stirling(4, k) for k in range(5)]
    [0, 1, 7, 6, 1]
    """
    onto = 0
    for j in range(k + 1):
        onto += (1 - 2 * (j % 2)) * math.comb(k, j) * (k - j) ** S
    return onto // math.factorial(k)


def exact_tables(relations: Sequence[tuple[int, int]], vocabulary: int) -> int:
    """Count the tables whose relation r has so many facts, and at most so many answers.

    Parameters
    ----------
    relations : for each, its number of facts and its largest number of answers.
    vocabulary : V.

    Examples
    --------
    >>> exact_tables([(2, 2), (1, 1)], 3)
    12
    """
    ways = {0: 1}
    for facts, D in relations:
        longer: dict[int, int] = {}
        for used, count in ways.items():
            for k in range(1, min(facts, D) + 1):
                longer[used + k] = longer.get(used + k, 0) + count * exact_stirling(facts, k)
        ways = longer
    return sum(math.perm(vocabulary, used) * count for used, count in ways.items())


def exact_choices(S: int, R: int, D: int, vocabulary: int) -> int:
    """Count disjoint answer sets of D answers each, and the facts in them.

    Examples
    --------
    >>> exact_choices(2, 1, 2, 4)
    24
    """
    sets, left = 1, vocabulary
    for _ in range(R):
        sets, left = sets * math.comb(left, D), left - D
    return int(sets * D ** (S * R))


def exact_entropy_bits(S: int, R: int, D: int, vocabulary: int) -> Any:
    r"""Entropy of a table whose sets are drawn first, less what unused answers leave open at most.

    .. math:: \log_2 (\text{sets and facts}) - \log_2 \frac{(V - R D + J)!}{J!\,(V - R D)!}
              - J \log_2 R, \qquad J = R D (1 - 1/D)^S

    Examples
    --------
    >>> round(float(exact_entropy_bits(3, 1, 2, 2)), 9)
    3.0
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        unused = mpmath.mpf(R * D) * (1 - mpmath.mpf(1) / D) ** S
        left = vocabulary - R * D
        open_sets = mpmath.gammaprod([left + unused + 1], [unused + 1, left + 1])
        return bits_of(exact_choices(S, R, D, vocabulary)) - bits_of(
            open_sets * mpmath.mpf(R) ** unused
        )


def proved_stirling(S: int, k: int) -> Any:
    r"""Lower bound on S2(S, k) by the steps of its proof (docs/lower-bounds.md, L2).

    With X the sum of k zero-truncated Poisson variables of mean S / k, v and mu4 its central
    moments: half of v^(3/2) / sqrt(mu4) is at most E (S - X)^+, at most a half of that comes from
    more than D = 2 v / h below, so one of the D + 1 integers within D has at least the chance
    (h / 2) / D / (D + 1), and S2(S, k) is S! (e^rho - 1)^k / (k! rho^S) times the chance of S.

    Examples
    --------
    >>> 1 < proved_stirling(20, 8) < exact_stirling(20, 8)
    True
    """
    import mpmath

    if k in (1, S):
        return mpmath.mpf(1)
    with mpmath.workdps(DIGITS):
        mean = mpmath.mpf(S) / k
        # The root of rho / (1 - e^-rho) = S / k other than 0, by Lambert's function.
        rho = mean + mpmath.lambertw(-mean * mpmath.exp(-mean)).real
        chance, second, fourth = 1 / mpmath.expm1(rho), mpmath.mpf(0), mpmath.mpf(0)
        for z in range(1, int(mean + 20 * mpmath.sqrt(mean)) + 40):
            chance *= rho / z
            second += chance * (z - mean) ** 2
            fourth += chance * (z - mean) ** 4
        v = k * second
        # Of the fourth powers, and of the k (k - 1) / 2 pairs of squares, six times each.
        mu4 = k * fourth + 6 * mpmath.mpf(k * (k - 1)) / 2 * second**2
        half = v ** mpmath.mpf("1.5") / mpmath.sqrt(mu4) / 2
        reach = 2 * v / half
        proved = half / 2 / reach / (reach + 1)
        ways = mpmath.factorial(S) * mpmath.expm1(rho) ** k / mpmath.factorial(k) / rho**S
        return ways * proved


def exact_single_bits(S: int, R: int, D: int, vocabulary: int) -> Any:
    """Largest bound from tables whose relations all use k answers, over every k up to D.

    Examples
    --------
    >>> float(exact_single_bits(3, 2, 1, 16)) == math.log2(16 * 15)
    True
    """
    return max(
        bits_of(math.perm(vocabulary, R * k)) + R * bits_of(proved_stirling(S, k))
        for k in range(1, min(S, D) + 1)
    )


def exact_truncated(t: Any, most: int) -> Any:
    """Sum of t^k / k! over k = 0, ..., most.

    Examples
    --------
    >>> exact_truncated(Fraction(2), 2)
    Fraction(5, 1)
    """
    return sum((t**k / math.factorial(k) for k in range(most + 1)), start=t * 0)


def plain_rising(W: Any, J: Any) -> Any:
    """Log of (W + 1) (W + 2) ... (W + J) for real J, by mpmath's gamma function.

    Examples
    --------
    >>> round(float(plain_rising(3, 2)), 9) == round(math.log(20), 9)
    True
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        return mpmath.loggamma(mpmath.mpf(W) + J + 1) - mpmath.loggamma(mpmath.mpf(W) + 1)
