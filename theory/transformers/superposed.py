r"""The law of superposed values: what attention recalls whose values are plain sums of answers.

The model is ``attention-only-sum``: v_s = sum_r phi(f*(s, r)), v_r = sum_{a in A_r} phi(a), facts
drawn at random, embeddings uniform on the sphere. Heads are taken to look where they should, as
those of at most d/128 tokens do. Asked for the fact (s, r) -> a it outputs

.. math:: F = v_s + v_r = 2\,\phi_a + \sum_{r' \ne r} \phi_{f^*(s, r')}
          + \sum_{a' \in A_r \setminus a} \phi_{a'} .

- The right answer scores A = 2 + g; g has variance E/d, with E = (R - 1) + (D' - 1) other terms, D'
  the mean number of answers of a relation that occur.
- The answers in the other terms are competitors of coefficient c = 1; other tokens have c = 0.
- A head with g tokens gives the values of its g - 1 others too, each times <phi_z, phi_z'>, of
  variance 1/d: the crossed values. They raise E by (R (g_S - 1) + D' (g_R - 1))/d. One subject in
  D has the same answer, so coefficients get the variance v = (g_S - 1)/(D d), 1/D of it shared
  by a and answers of other relations; answers of relations in r's own head get 1/d besides.

A competitor beats A with the probability that a coordinate on the sphere exceeds
(A - c)/sqrt((A - c)^2 + l^2), l the length of the part of F at right angles to phi_a, as in
:mod:`theory.memories.interference`. Given A and l competitors are taken as independent, which makes
their union a product; the mean over A and l is the recall. No number is fitted.

That every fact is recalled needs one thing more, for misses come in clumps. The score of a less
that of y is 2 - c + x_sa + u_ra - z_sy - w_ry, four independent normals: u is shared by the
facts of r with answer a, w by all of r, z by all of s. Where k events of probability q share
a variable, none happens with probability E (1 - q)^k: what counts in place of k E q is
-log E (1 - q)^k. The ratio, for each variable, is a factor on the misses; clumps are Poisson.
"""

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.checks import as_size, positive
from assoc.errors import InputError
from theory.memories.interference import half_tail
from theory.memories.quadrature import chi_square_nodes, sphere_nodes

__all__ = ["heads_right", "superposed_all", "superposed_dimension", "superposed_recall"]

Floats = NDArray[np.float64]

# Quadrature nodes for A, for the length l, for a competitor's coefficient, and for clumps.
NODES = (64, 6, 8, 40)
NORMAL, TINY, CERTAIN, LARGEST = 1e9, 1e-300, 1 - 1e-16, 2**40


def superposed_recall(
    subjects: int, relations: int, answers: int, d: int, *, noise: int, group: int | None = None
) -> float:
    """Predict the share of facts that plain sums recall.

    Parameters
    ----------
    subjects, relations, answers : S, R and D; every fact is a uniform draw of D answers.
    d : dimension of the embeddings, at least 2.
    noise : K, at least 0.
    group : most tokens of a head, whose values disturb each other; None means that none do.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> superposed_recall(32, 32, 8, 512, noise=64)
    0.9212371
    """
    return 1 - _missed(subjects, relations, answers, d, noise, group)[0]


def superposed_all(
    subjects: int, relations: int, answers: int, d: int, *, noise: int, group: int | None = None
) -> float:
    """Predict the probability that plain sums recall every fact.

    Parameters and errors are those of :func:`superposed_recall`. The clumps are an approximation,
    within 0.08 of every simulation. At D = 1 all subjects miss a fact together: it is too low.

    Examples
    --------
    >>> superposed_all(32, 32, 8, 1280, noise=64)
    0.5968806
    """
    missed, clumping = _missed(subjects, relations, answers, d, noise, group)
    return float(np.exp(clumping * subjects * relations * np.log1p(-min(missed, CERTAIN))))


def superposed_dimension(
    subjects: int,
    relations: int,
    answers: int,
    *,
    noise: int,
    group: int | None = None,
    target: float = 0.5,
) -> int:
    """Predict the least d at which every fact is recalled with probability ``target``.

    Other parameters and errors are those of :func:`superposed_recall`.

    Examples
    --------
    >>> superposed_dimension(32, 32, 8, noise=64)
    1236
    """
    if not 0 < target < 1:
        raise InputError(f"target {target} is not strictly between 0 and 1")

    def enough(d: int) -> bool:
        return superposed_all(subjects, relations, answers, d, noise=noise, group=group) >= target

    low, high = 1, 2
    while not enough(high):
        if high >= LARGEST:
            raise InputError(f"no d up to {LARGEST} is enough")
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def heads_right(subjects: int, relations: int, d: int, *, group: int, length: int) -> float:
    r"""Predict how often the heads of a prompt's subject and of its relation look at them.

    With keys that are plain sums over g tokens the logits, before the temperature, are 1 for the
    token itself, 1/2 for the end of sequence and 0 for all others, with variances (g - 3/4)/d, g/d
    and (g + 1/4)/d, taken as independent normals. A head that rests on the end leaves its value
    out, and its fact is answered rightly by chance only; heads that own neither token do little
    harm where they go astray, having little to say about tokens of others. So the recall is about
    :func:`superposed_recall` times this, or a little above.

    Parameters
    ----------
    subjects, relations, d, group : as for :func:`superposed_recall`.
    length : T of the prompt.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> round(heads_right(32, 32, 512, group=32, length=32), 2)
    0.81
    """
    nodes, weight = sphere_nodes(NORMAL, NODES[0])
    right = 1.0
    for tokens in (positive(subjects, "S"), positive(relations, "R")):
        g = tokens / np.ceil(tokens / positive(group, "group"))
        own = 1 + np.sqrt(max(g - 0.75, 0.0) / as_size(d, "d")) * nodes
        over_end = scipy.special.ndtr((own - 0.5) / np.sqrt(g / d))
        over_others = scipy.special.ndtr(own / np.sqrt((g + 0.25) / d)) ** (
            positive(length, "T") - 2
        )
        right *= float(weight @ (over_end * over_others))
    return right


def _missed(S: int, R: int, D: int, d: int, K: int, g: int | None) -> tuple[float, float]:
    """Probability that a fact is missed, and the number of clumps per missed fact."""
    for name, value in (("S", S), ("R", R), ("D", D), ("group", 1 if g is None else g)):
        positive(value, name)
    if as_size(d, "d") < 2 or as_size(K, "K") < 0:
        raise InputError(f"d = {d}, K = {K}: at least 2 dimensions and 0 noise tokens are needed")
    # Other tokens in a subject's head, and in a relation's.
    g_S, g_R = (0.0 if g is None else float(n / np.ceil(n / g) - 1) for n in (S, R))
    occurring = 1 + (D - 1) * (1 - (1 - 1 / D) ** (S - 1))
    terms = R + occurring - 2
    crossed, common = g_S / (D * d), g_S / (D * D * d)
    apart = crossed - common + g_R / max(R - 1, 1) / d
    # Variances of the text's x and u, and E/d.
    x, u = (R - 1 + R * g_S / d) / d + crossed, (occurring - 1 + occurring * g_R / d) / d
    energy = x + u - crossed
    kinds = (  # how many, c, variance of the coefficient, and what it shares with that of a
        (occurring - 1, 1, crossed, 0.0),  # of the relation
        (R - 1, 1, apart, common),  # of the subject
        (R * (D - 1) + 1 - occurring, 0, apart, common),  # other answers
        (S + R + K + 1, 0, 0.0, 0.0),
    )
    # A sum of few coordinates has lighter tails than a normal, and is part of the length.
    z, z_weight = sphere_nodes(max(terms, 1) * (d + 2) - 2, NODES[0])
    degrees = (d - 1) / (1 - 1 / terms) if terms > 1 else np.inf
    length, length_weight = chi_square_nodes(degrees, NODES[1])
    t, t_weight = sphere_nodes(NORMAL, NODES[2])
    log_recall, beaten = np.zeros((len(length), len(z))), []
    for count, c, variance, shared in kinds:
        spread = np.sqrt(max(x + u - c / d - shared, 0.0))
        gap = 2 - c + spread * z[:, None] - np.sqrt(variance) * t
        squared = (d - 1) * max(energy - c / d, TINY) * length[:, None, None]
        half = half_tail(gap**2 / squared, d)
        win = np.where(gap >= 0, half, 1 - half) @ t_weight
        log_recall += count * np.log1p(-np.minimum(win, CERTAIN))
        beaten.append(count * float(length_weight @ win @ z_weight))
    missed = float(length_weight @ -np.expm1(log_recall) @ z_weight)
    alike = S / occurring  # facts with the same relation and answer
    absent = 1 / d  # from the variance of what a competitor meets: itself
    clumps = (
        _clumping(occurring - 1, (alike, occurring - 1, occurring - 1, 1), (x, u, x, u - absent)),
        _clumping(R - 1, (1, alike * (R - 1), alike, R - 1), (x, u, x - absent, u)),
        *(1.0, 1.0),  # misses to tokens with c = 0 are rare where whole recall is in question
    )
    return missed, float(np.dot(beaten, clumps) / max(sum(beaten), TINY))


def _clumping(rivals: float, sharing: tuple[float, ...], variances: tuple[float, ...]) -> float:
    """Clumps per fact that is missed for one of its ``rivals`` with c = 1.

    ``sharing``: events that share u and w, such groups that share u, and w, events that share z.
    ``variances``: of x, u, z and w.
    """
    nodes, weight = sphere_nodes(NORMAL, NODES[3])
    both, by_u, by_w, by_z = sharing
    x, u, z, w = np.maximum(variances, 0.0)
    gap = 1 + np.sqrt(u) * nodes[:, None] - np.sqrt(w) * nodes
    lost = scipy.special.ndtr(-gap / np.sqrt(max(x + z, TINY)))
    mean = float(weight @ lost @ weight)
    if rivals <= 0 or mean < TINY:
        return 1.0

    def some(chance: Floats, events: float) -> Floats:
        return np.asarray(-np.expm1(events * np.log1p(-np.minimum(chance, CERTAIN))))

    def factor(chance: Floats, events: float) -> float:
        return float(-np.log1p(-min(float(weight @ chance), CERTAIN)) / (events * mean))

    group = some(lost, both)
    share_both = factor(group @ weight, both)
    share_u = factor(some(group @ weight, by_u), both * by_u) / share_both
    share_w = factor(some(weight @ group, by_w), both * by_w) / share_both
    lost_by_z = scipy.special.ndtr((np.sqrt(z) * nodes - 1) / np.sqrt(max(x + u + w, TINY)))
    share_z = factor(some(lost_by_z, by_z), by_z)
    # A fact that is missed for several competitors is one miss already.
    counted = factor(some(lost @ weight, rivals), rivals)
    return min(share_both * share_u * share_w * share_z / counted, 1.0)
