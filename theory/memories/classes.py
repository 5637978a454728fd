"""Class sizes that a law of fact maps leads to: how many inputs share each output."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Integers
from assoc.errors import InputError
from assoc.facts.maps import MAPS, class_sizes, zipf_sizes
from theory.memories.interference import Classes
from theory.memories.sizes import check_sizes

__all__ = ["INJECTIVE", "classes_of", "classes_of_facts", "classes_of_sizes"]

Floats = NDArray[np.float64]

INJECTIVE = ("identity", "permutation")
"""Laws of fact maps that give every input an output of its own."""

KINDS = 5
MOST_CLASSES = 10**7


def classes_of(facts: str, *, N: float, M: int | None = None) -> Classes:
    """Class sizes that a law of fact maps leads to.

    Parameters
    ----------
    facts : a name of :data:`assoc.facts.maps.MAPS`.
    N : number of facts.
    M : number of outputs; None means N.

    Raises
    ------
    InputError
        If the law is unknown, or there is no such map.
    """
    if M is not None:
        check_sizes(d=2, N=N, M=M)
    outputs = float(N if M is None else M)
    if facts in INJECTIVE:
        if M is not None and M < N:
            raise InputError(f"no injective map from N = {N:g} inputs to M = {M} outputs")
        one = np.ones(1)
        # Outputs without an input compete too, but attract nothing.
        return Classes(one, one, np.array([N - 1, outputs - N]), np.array([1.0, 0.0]))
    if facts == "balanced":
        floor = np.floor(N / outputs)
        larger = N - floor * outputs
        size = np.array([floor, floor + 1])
        count = np.array([outputs - larger, larger])
        share = count * size / N
        there = share > 0
        met = np.maximum(count - np.eye(2)[there], 0.0)
        return Classes(share[there], size[there], count * (outputs - 1) / outputs, size, met)
    others = (outputs - 1) / outputs
    if facts == "random":
        share, own = _merged(*_binomial(N - 1, 1 / outputs))
        part, size = _merged(*_binomial(N, 1 / outputs))
        return Classes(share, own + 1, part * outputs * others, size)
    if facts == "zipf":
        if outputs > MOST_CLASSES:
            raise InputError(
                f"M = {outputs:.4g}: zipf classes are summed one by one, {MOST_CLASSES:.0e} at most"
            )
        sizes = zipf_sizes(float(N), int(outputs))
        found = _of_sizes(sizes, KINDS)
        return replace(found, own=found.own + 1)
    raise InputError(f"facts {facts!r} is not one of {', '.join(MAPS)}")


def classes_of_sizes(sizes: Floats) -> Classes:
    """Classes of a known fact map, from the class size K_y of each output (M,)."""
    return _of_sizes(np.asarray(sizes, np.float64), 2 * KINDS)


def classes_of_facts(f: Integers, M: int, also: NDArray[np.intp]) -> Classes:
    """Classes of a known fact map, where some inputs have other right answers.

    Inputs with other right answers are kinds of their own, with as many in each kind of class as
    such an input has on average.

    Parameters
    ----------
    f : (N,) the answers that are stored.
    M : number of outputs.
    also : (n, 2) rows (input, answer) of the others, as for :func:`assoc.facts.maps.check_also`.

    Examples
    --------
    >>> found = classes_of_facts(np.array([0, 1, 2]), 3, np.array([[0, 1]]))
    >>> [met.wrong.tolist() for _, met in found.kinds()]
    [[2.0], [1.0]]
    """
    sizes = class_sizes(f, M).astype(np.float64)
    plain = classes_of_sizes(sizes)
    if not len(also):
        return plain
    N, kinds = len(f), len(plain.size)
    # Groups without an output have no place among the sizes.
    group = np.unique(_grouped(sizes, 2 * KINDS), return_inverse=True)[1]
    several = np.zeros(N, np.intp)
    several[also[:, 0]] = 1
    kind = several * kinds + group[f]
    inputs = np.bincount(kind, minlength=2 * kinds)
    own = np.bincount(kind, sizes[f], 2 * kinds)
    right = np.zeros((2 * kinds, kinds))
    np.add.at(right, (kind[also[:, 0]], group[also[:, 1]]), 1)
    there = np.flatnonzero(inputs)
    met = np.bincount(group, minlength=kinds) - np.eye(kinds)[there % kinds]
    return Classes(
        inputs[there] / N, own[there] / inputs[there], plain.count, plain.size, met,
        right[there] / inputs[there, None],
    )  # fmt: skip


def _of_sizes(sizes: Floats, kinds: int) -> Classes:
    """Classes of outputs of given sizes, of which an input's own is none of its competitors."""
    N, M = float(sizes.sum()), len(sizes)
    share, own = _merged(sizes / N, sizes, kinds=kinds)
    part, size = _merged(np.full(M, 1 / M), sizes, kinds=kinds)
    # Both are the same groups of outputs, but for those of none: an input is in none of these.
    met = np.arange(len(size)) == (np.arange(len(own)) + len(size) - len(own))[:, None]
    return Classes(share, own, part * (M - 1), size, np.maximum(part * M - met, 0.0))


def _binomial(n: float, p: float) -> tuple[Floats, Floats]:
    from scipy import stats

    mean = float(n * p)
    if mean > 1e6:
        # So many that the law is a normal one, and smooth.
        z = np.linspace(-6, 6, 2001)
        return np.exp(-(z**2) / 2), mean + np.sqrt(mean * (1 - p)) * z
    law = stats.poisson(mean) if n > 1e9 else stats.binom(round(n), p)
    values = np.arange(law.ppf(1e-9), law.ppf(1 - 1e-9) + 1, dtype=np.float64)
    return np.asarray(law.pmf(values)), values


def _merged(weight: Floats, value: Floats, *, kinds: int = KINDS) -> tuple[Floats, Floats]:
    """At most ``kinds`` groups of neighbouring values, with their weights and mean values."""
    order = np.argsort(value)
    weight, value = weight[order] / weight.sum(), value[order]
    group = _grouped(value, kinds)
    total: Floats = np.asarray(np.bincount(group, weight, kinds), np.float64)
    kept = total > 0
    mean = np.bincount(group, weight * value, kinds)[kept] / total[kept]
    return total[kept], mean


def _grouped(value: Floats, kinds: int) -> NDArray[np.intp]:
    """Group of each value, of equal width in its root: the few large classes have their own."""
    root: Floats = np.sqrt(value)
    spread = (root - root.min()) / max(np.ptp(root), 1e-300)
    return np.asarray(np.minimum((kinds * spread).astype(np.intp), kinds - 1))
