r"""The law of plain sums a second time: its counts by writing out small tables, its means by grids.

Every table of a few subjects, relations and answers is written out, and what a fact meets in it is
counted: other answers in the values of its subject and of its relation, and answers that the values
of other tokens of their heads have in common. The laws of the scores follow from moments, solved
for; means over them are taken on fine grids, and chances on the sphere from the incomplete beta
function. :mod:`theory.transformers.superposed` has the same in closed form, by few nodes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, exp, log1p, sqrt

import numpy as np
import scipy
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from theory.transformers.superposed import (
    heads_right,
    superposed_all,
    superposed_dimension,
    superposed_recall,
)

__all__ = ["CASES", "MISTAKES", "law_rows"]

Floats = NDArray[np.float64]
Row = tuple[str, float, float]

MISTAKES = (
    "every answer occurs",
    "the right answer competes",
    "no crossed values",
    "once for every rival",
    "normal scores",
)
"""What can be planted in the independent side, for controls."""

CASES = (
    (3, 2, 2, 12, None),
    (2, 3, 2, 16, None),
    (4, 2, 2, 16, 2),
    (2, 2, 3, 14, 2),
    (3, 3, 2, 24, 3),
    (2, 4, 2, 24, 2),
)
"""S, R, D, d, and most tokens of a head; heads are equally large."""

K = 5
FINE, NARROW = 96, 32
"""Nodes of the grid of a score, and of that of a length."""


@dataclass(frozen=True)
class _Counts:
    """What a fact meets, on average over all tables.

    Parameters
    ----------
    rivals : other answers of its relation that occur.
    subject, relation : answers in the values of a subject, and of a relation.
    alike : facts with its relation and answer, as S over the answers that occur.
    same : other subjects of its head with its answer.
    both : those with it and a given answer of another relation.
    others : other tokens in the subject's head, and in the relation's.
    """

    rivals: float
    subject: float
    relation: float
    alike: float
    same: float
    both: float
    others: tuple[int, int]


def law_rows(
    *, cases: Sequence[tuple[int, int, int, int, int | None]] = CASES, mistake: str | None = None
) -> Iterator[Row]:
    """Give (symbol, as the law has it, independently) of what plain sums recall.

    Parameters
    ----------
    cases : S, R, D, d and the most tokens of a head, D^(S R) of the order of a thousand at most.
    mistake : one of :data:`MISTAKES`, planted in the independent side; None plants nothing.
    """
    for S, R, D, d, group in cases:
        missed, clumps = _law(S, R, D, d, group, mistake)
        recall = superposed_recall(S, R, D, d, noise=K, group=group)
        yield "share missed", 1 - recall, missed
        whole = superposed_all(S, R, D, d, noise=K, group=group)
        yield "log of whole recall", -np.log(whole), -clumps * S * R * log1p(-missed)
    S, R, D, _, group = cases[0]
    for target in (0.5, 0.8):
        d = superposed_dimension(S, R, D, noise=K, group=group, target=target)
        for size, enough in ((d, 1.0), (d - 1, 0.0)):
            missed, clumps = _law(S, R, D, size, group, mistake)
            found = exp(clumps * S * R * log1p(-missed)) >= target
            yield "enough dimensions", float(found), enough
    for S, R, d, group, length in ((6, 4, 40, 2, 5), (9, 5, 64, 3, 12), (4, 4, 30, 1, 3)):
        right = heads_right(S, R, d, group=group, length=length)
        yield "heads right", right, _looking(S, d, group, length) * _looking(R, d, group, length)


def _count(S: int, R: int, D: int, group: int | None) -> _Counts:
    """Count over every table what the fact of the first subject and relation meets."""
    tables = list(product(range(D), repeat=S * R))
    heads = [1 if group is None else n // ceil(n / group) for n in (S, R)]
    rivals = same = both = held = 0.0
    for flat in tables:
        table = [flat[s * R : (s + 1) * R] for s in range(S)]
        a = table[0][0]
        held += len({row[0] for row in table})
        rivals += len({row[0] for row in table} - {a})
        for row in table[1 : heads[0]]:
            same += row[0] == a
            # A given answer of another relation; with one relation there is none.
            both += row[0] == a and (R == 1 or row[1] == 0)
    rivals, held, same, both = (total / len(tables) for total in (rivals, held, same, both))
    return _Counts(rivals, R, held, S / held, same, both, (heads[0] - 1, heads[1] - 1))


def _law(
    S: int, R: int, D: int, d: int, group: int | None, mistake: str | None
) -> tuple[float, float]:
    """Share of facts missed, and clumps per miss."""
    n = _count(S, R, D, group)
    rivals = D - 1.0 if mistake == "every answer occurs" else n.rivals
    crossed = 0.0 if mistake == "no crossed values" else 1.0
    # Of scores: from the subject's values, from the relation's, and from the answer in others'.
    again = crossed * n.same / d
    x = (n.subject - 1) / d + crossed * n.others[0] * n.subject / d**2 + again
    u = rivals / d + crossed * n.others[1] * (rivals + 1) / d**2
    shared = crossed * n.both / d
    near = crossed * n.others[1] / max(R - 1, 1) / d
    own = 1.0 if mistake == "the right answer competes" else 0.0
    kinds = (
        (rivals + own, 1, again, 0.0),
        (R - 1.0, 1, again - shared + near, shared),
        (R * D - 1.0 - rivals - (R - 1), 0, again - shared + near, shared),
        (S + R + K + 1.0, 0, 0.0, 0.0),
    )
    terms = rivals + R - 1
    z, z_weight = _score_grid(terms, d, mistake)
    length, length_weight = _length_grid(terms, d)
    t, t_weight = hermegauss(14)
    t_weight = t_weight / t_weight.sum()
    kept, beaten = np.ones((len(length), len(z))), []
    for count, c, variance, common in kinds:
        gap = 2 - c + sqrt(x + u - c / d - common) * z[:, None] - sqrt(variance) * t
        side = (d - 1) * max(x + u - again - c / d, 0.0) * length[:, None, None]
        win = _beyond(gap, side, d) @ t_weight
        kept *= (1 - win) ** count
        beaten.append(count * float(length_weight @ win @ z_weight))
    missed = float(length_weight @ (1 - kept) @ z_weight)
    many = 1.0 if mistake == "once for every rival" else None
    clumps = (
        _clumps(many or rivals, (n.alike, rivals, rivals, 1.0), (x, u, x, u - 1 / d)),
        _clumps(many or R - 1.0, (1.0, n.alike * (R - 1), n.alike, R - 1.0), (x, u, x - 1 / d, u)),
        *(1.0, 1.0),
    )
    return missed, sum(b * c for b, c in zip(beaten, clumps, strict=True)) / sum(beaten)


def _score_grid(terms: float, d: int, mistake: str | None) -> tuple[Floats, Floats]:
    """Sum of coordinates on the sphere of R^d, by the sphere of one coordinate as peaked."""
    # A coordinate has E t^4 = 3 / (d (d + 2)): an excess of -6 / (d + 2), which sums share.
    excess = -6 / (d + 2) / max(terms, 1.0)
    size = 1e9 if mistake == "normal scores" else -6 / excess - 2
    end = min(sqrt(size), 12.0)
    node, weight = leggauss(FINE)
    z = end * node
    density = np.exp((size - 3) / 2 * np.log1p(-np.minimum(z**2 / size, 1 - 1e-15)))
    return z, weight * density / (weight @ density)


def _length_grid(terms: float, d: int) -> tuple[Floats, Floats]:
    """Squared length over its mean: of so many unit vectors, by the chi-square as spread."""
    # The overlap of each of two vectors in d - 1 dimensions has variance 1 / (d - 1).
    pairs = terms * (terms - 1) / 2
    variance = 4 * pairs / (d - 1) / terms**2 if terms > 1 else 0.0
    if variance <= 0:
        return np.ones(1), np.ones(1)
    shape = 1 / variance
    node, weight = leggauss(NARROW)
    low, high = (max(1 - 6 * sqrt(variance), 0.0), 1 + 9 * sqrt(variance))
    q = low + (high - low) * (1 + node) / 2
    density = np.exp((shape - 1) * np.log(q) - shape * (q - 1))
    # The law is of k = 2 shape degrees, 2 / k its variance.
    return q, weight * density / (weight @ density)


def _beyond(gap: Floats, side: Floats, d: int) -> Floats:
    """Chance that a coordinate on the sphere exceeds gap over the root of gap^2 + side."""
    half = scipy.special.betainc((d - 1) / 2, 0.5, side / (gap**2 + side)) / 2
    return np.asarray(np.where(gap >= 0, half, 1 - half))


def _clumps(rivals: float, sharing: tuple[float, ...], variances: tuple[float, ...]) -> float:
    """Clumps per fact missed, from the chance that events which share a variable all fail."""
    x, u, z, w = (max(variance, 0.0) for variance in variances)
    both, by_u, by_w, by_z = sharing
    node, weight = hermegauss(100)
    weight = weight / weight.sum()
    if rivals <= 0:
        return 1.0
    first, second = node[:, None], node[None, :]
    lost = scipy.special.ndtr(-(1 + sqrt(u) * first - sqrt(w) * second) / sqrt(x + z))
    mean = float(weight @ lost @ weight)

    def rate(chances: Floats, events: float) -> float:
        """-log of the mean chance that none of so many events happens."""
        return -float(np.log(weight @ (1 - chances) ** events))

    joint = 1 - (1 - lost) ** both
    over_w, over_u = joint @ weight, weight @ joint
    by_subject = scipy.special.ndtr((sqrt(z) * node - 1) / sqrt(x + u + w))
    ratios = (
        rate(over_w, by_u) / by_u,
        rate(over_u, by_w) / by_w,
        1 / rate(over_w, 1.0),
        rate(by_subject, by_z) / by_z,
        1 / (rate(lost @ weight, rivals) / rivals),
    )
    # Both is counted in two of the shares and taken out once; each is per event of chance ``mean``.
    return min(float(np.prod(ratios)) / (both * mean), 1.0)


def _looking(tokens: int, d: int, group: int, length: int) -> float:
    """Chance that a token's head looks at it, by a grid over its logit."""
    g = tokens / ceil(tokens / group)
    node, weight = hermegauss(120)
    weight = weight / weight.sum()
    chance = 0.0
    for z, share in zip(node.tolist(), weight.tolist(), strict=True):
        own = 1 + sqrt((g - 0.75) / d) * z
        above_end = 0.5 * (1 + scipy.special.erf((own - 0.5) / sqrt(2 * g / d)))
        above_other = 0.5 * (1 + scipy.special.erf(own / sqrt(2 * (g + 0.25) / d)))
        chance += share * above_end * above_other ** (length - 2)
    return float(chance)
