r"""What a sample says, from the plain definition: means, standard errors, laws and counts.

Everything here is worked out value by value, in sums over trials or by trying every case, and held
against what the records of :mod:`sims.memories` say of the same small samples.

A control puts the sum of squares over n for that over n - 1, leaves a square root out, or allows
one answer fewer.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from assoc.embeddings import sphere
from assoc.facts.input_laws import PowerLaw
from sims.engine.randomness import INPUTS, MEMORY, OUTPUTS, SAMPLE, Source
from sims.enumeration import enumerated_tables, lost_on_signs
from sims.memories.capacity import CapacityPoint
from sims.memories.construction import Construction
from sims.memories.fact_cost import FactCost, fact_cost
from sims.memories.pairs import wrong_pairs
from sims.memories.power_laws import ErrorPoint, Weighted
from sims.memories.recall import RecallPoint
from sims.memories.settings import RandomVectors, source_of
from sims.memories.width import WidthPoint, parameters_per_neuron
from theory.claims import Finding
from theory.judging import judge_symbols

__all__ = ["SUBJECTS", "cone_distance", "plain_standard_error"]

EXACT = 1e-9
Rows = list[tuple[str, float, float]]

COUNTS = (7, 9, 4, 10, 10, 8)
SHARES = (0.11, 0.25, 0.07, 0.31, 0.18)


def plain_standard_error(values: Sequence[float], *, spent: int = 1, root: bool = True) -> float:
    """Standard error of a mean: the root of the sum of squares over (n - 1) n.

    Parameters
    ----------
    values : at least two.
    spent : what is subtracted from n; 1 for one mean.
    root : whether the mean of n values has a root of n less error than one, or no less.

    Examples
    --------
    >>> plain_standard_error([1.0, 3.0])
    1.0
    """
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    spread = sum((value - mean) ** 2 for value in exact) / (len(exact) - spent)
    return math.sqrt(spread / len(exact) if root else spread)


def _recall(*, seed: int, spent: int, root: bool) -> Finding:
    """Recall and its standard error, and how often all is recalled."""
    point = RecallPoint(8, 10, 10, COUNTS, 10)
    shares = [Fraction(count, 10) for count in COUNTS]
    error = plain_standard_error([float(share) for share in shares], spent=spent, root=root)
    single = RecallPoint(8, 10, 10, (3,), 10)
    rows: Rows = [
        ("recall", point.recall, float(sum(shares) / 6)),
        ("standard error", point.standard_error, error),
        ("error of one trial", float(math.isnan(single.standard_error)), 1.0),
        ("trials recalled whole", point.whole, sum(share == 1 for share in shares)),
    ]
    return judge_symbols(rows, tolerance=EXACT, note="by sums over trials")


def _weighted(*, seed: int, spent: int, root: bool) -> Finding:
    """Errors of weighted memories, their standard error, and what is stored with which weight."""
    law = PowerLaw(1.5)
    point = ErrorPoint(Weighted("first", law, 8, stored=4), SHARES)
    rows: Rows = [
        ("error", point.error, math.fsum(SHARES) / 5),
        (
            "standard error",
            point.standard_error,
            plain_standard_error(SHARES, spent=spent, root=root),
        ),
    ]
    for d in (5, 16, 50):
        # The least n with n >= 32 d^(1/(2 a)), in integers: n^3 >= 32^3 d for a = 3/2.
        listed = next(n for n in itertools.count(1) if n**3 >= 32**3 * d)
        rows.append(("inputs stored", Weighted("probability", law, d).listed, listed))
    source = Source(seed, "weights", (4, 50))
    for weights in ("probability", "first", "counts", "seen", "frequent"):
        memory = Weighted(
            weights,
            law,
            4,
            stored=6 if weights in ("probability", "first", "frequent") else None,
            samples=50 if weights in ("counts", "seen", "frequent") else None,
        )
        stored = _stored(memory, source)
        p, q = memory.contents(source, 0)
        order = np.argsort(-p, kind="stable")
        for i, x in enumerate(sorted(stored)):
            rows.append(("weight of an input", q[order][i], stored[x]))
            rows.append(("chance of an input", p[order][i], (x + 1) ** -1.5 / law.normaliser))
        rows.append(("inputs stored", len(p), len(stored)))
        rows.append(
            ("error of a memory", memory.error(source, 0), _lost(memory, stored, p, source))
        )
    return judge_symbols(rows, tolerance=1e-6, note="input by input")


def _stored(memory: Weighted, source: Source) -> dict[int, float]:
    """Weights of the inputs that the first trial's memory stores."""
    n = memory.stored or 0
    if memory.samples is None:
        falls = memory.weights == "probability"
        return {x: (x + 1.0) ** -memory.law.exponent if falls else 1.0 for x in range(n)}
    drawn = memory.law.draw(memory.samples, rng=source.generator(0, SAMPLE)).tolist()
    times = {x: drawn.count(x) for x in drawn}
    if memory.weights == "counts":
        return {x: count / max(times.values()) for x, count in times.items()}
    kept = sorted(times, key=lambda x: (-times[x], x))
    return dict.fromkeys(kept[:n] if memory.weights == "frequent" else kept, 1.0)


def _lost(
    memory: Weighted, stored: Mapping[int, float], p: NDArray[np.float64], source: Source
) -> float:
    """Chance of the inputs that are not stored, or lose to a wrong answer."""
    K = len(stored)
    E = np.asarray(source.vectors(sphere, K, memory.d, trial=0, stream=INPUTS), np.float64)
    U = np.asarray(source.vectors(sphere, K, memory.d, trial=0, stream=OUTPUTS), np.float64)
    by_chance = {float(chance): i for i, chance in enumerate(p)}
    weight = [0.0] * K
    for x, q in stored.items():
        chance = min(by_chance, key=lambda c: abs(c * memory.law.normaliser - (x + 1) ** -1.5))
        weight[by_chance[chance]] = q
    right = []
    for x in range(K):
        output = sum(weight[z] * float(E[z] @ E[x]) * U[z] for z in range(K))
        scores = [float(output @ u) for u in U]
        right.append(all(scores[x] > scores[y] for y in range(K) if y != x))
    if memory.weights in ("probability", "counts"):
        return 1 - math.fsum(chance for chance, good in zip(p, right, strict=True) if good)
    return 1 - math.fsum(p) * sum(right) / K


def cone_distance(g: NDArray[np.float64], U: NDArray[np.float64]) -> float:
    """Squared distance of g from {v : <U_0 - U_y, v> >= 0 for all y}, trying every face.

    Parameters
    ----------
    g : (d,) vector.
    U : (M, d), M at least 2 and small: 2^(M-1) faces are tried.

    Examples
    --------
    >>> cone_distance(np.array([-3.0, 4.0]), np.array([[1.0, 0.0], [0.0, 0.0]]))
    9.0
    """
    against = U[0] - U[1:]
    best = math.inf
    for size in range(len(against) + 1):
        for face in itertools.combinations(range(len(against)), size):
            A = against[list(face)]
            v = g - np.linalg.pinv(A) @ (A @ g) if size else g
            if (against @ v >= -1e-9).all():
                best = min(best, float((g - v) @ (g - v)))
    return best


def _cost(*, seed: int, spent: int, root: bool) -> Finding:
    """Cost of a fact: every projection by trying all faces, the mean and its error by fractions."""
    M, d, trials = 5, 4, 12
    found = fact_cost([3, M], d, trials=trials, seed=seed, threads=1)
    source = Source(seed, "fact-cost", (d,))
    rows: Rows = []
    for trial in range(trials):
        U = source.vectors(sphere, M, d, trial=trial, stream=OUTPUTS, dtype=np.float64)
        g = source.generator(trial, SAMPLE).standard_normal(d)
        rows += [
            ("distance", float(cost.samples[trial]), cone_distance(g, np.asarray(U[: cost.M])))
            for cost in found
        ]
        rows.append(("own score", float(found[1].own[trial]), math.fsum(map(float, U[0] * g))))
    made = FactCost(
        5, 4, np.array([1.0, 0.2, 2.6, 0.4, 1.9, 3.3]), np.array([0.1, 1.4, -0.6, 0.8, -0.3, -1.2])
    )
    for cost in (made, found[1]):
        mean, error = _regressed(cost, spent=spent, root=root)
        rows += [("cost", cost.mean, mean), ("standard error", cost.standard_error, error)]
    return judge_symbols(rows, tolerance=1e-7, note="by all faces, and by fractions")


def _regressed(cost: FactCost, *, spent: int, root: bool) -> tuple[float, float]:
    """Mean where the own score and its square are at theirs, 0 and 1; and its standard error."""
    y = [Fraction(value) for value in cost.samples.tolist()]
    X = [(Fraction(1), g, g * g - 1) for g in map(Fraction, cost.own.tolist())]
    gram = [[sum((row[i] * row[j] for row in X), Fraction(0)) for j in range(3)] for i in range(3)]
    whole = _determinant(gram)
    moments = [
        sum((row[i] * v for row, v in zip(X, y, strict=True)), Fraction(0)) for i in range(3)
    ]
    # Cramer's rule, and for the inverse matrix as well.
    weights = [
        _determinant([[moments[i] if j == k else gram[i][j] for j in range(3)] for i in range(3)])
        / whole
        for k in range(3)
    ]
    first = (gram[1][1] * gram[2][2] - gram[1][2] ** 2) / whole
    left = sum(
        (v - sum(w * x for w, x in zip(weights, row, strict=True))) ** 2
        for row, v in zip(X, y, strict=True)
    )
    freedom = len(y) - 2 - spent
    return float(weights[0]), math.sqrt(left / freedom) * (
        math.sqrt(first) if root else float(first)
    )


def _determinant(a: Sequence[Sequence[Fraction]]) -> Fraction:
    return sum(
        (
            a[0][i]
            * (a[1][(i + 1) % 3] * a[2][(i + 2) % 3] - a[1][(i + 2) % 3] * a[2][(i + 1) % 3])
            for i in range(3)
        ),
        Fraction(0),
    )


def _sizes(*, seed: int, spent: int, root: bool) -> Finding:
    """Medians and loads of searches, the parameters of a neuron, and pairs counted one by one."""
    lengths = (12, 9, 31, 14)
    capacity = CapacityPoint(6, lengths, (13, 10, math.inf, 15))
    width = WidthPoint(6, 20, (8, 10, 4), (9.0, 12.0, 5.0), 12)
    empty = CapacityPoint(6, (0,), (1,))
    # The control leaves the root of 36 where d^2 belongs.
    square = 36 if root else 6
    rows: Rows = [
        ("median of lower ends", capacity.N, 13.0),
        ("N log N / d^2", capacity.law, 13 * _log(13) / square),
        ("N log N / d^2", empty.law, 0.0),
        ("censored", capacity.censored, 1.0),
        ("median of upper ends", width.width, 9.0),
        ("N log N / (m d)", width.load, 20 * _log(20) / (9 * 6)),
    ]
    rng = Source(seed, "neurons", ()).generator(0, MEMORY)
    rows += [
        ("parameters of a neuron", parameters_per_neuron(name, 8), vectors * 8)
        for name, vectors in (("mlp", 2), ("gated-mlp", 3))
    ]
    for name in ("mlp", "gated-mlp", "bilinear-ridge"):
        network = Construction(name, width=4).build(8)(
            np.eye(2, 8), np.eye(2, 8), np.arange(2), rng=rng
        )
        rows.append(
            ("parameters of a neuron", parameters_per_neuron(name, 8), network.parameters / 4)
        )
    rows += _pair_rows(seed)
    return judge_symbols(rows, tolerance=EXACT, note="one by one")


def _log(x: int) -> float:
    """Natural logarithm, as an integral of 1/t."""
    import mpmath

    return float(mpmath.quad(lambda t: 1 / t, [1, x]))


def _pair_rows(seed: int) -> Rows:
    d, N, M, trials = 4, 5, 7, 3
    counted = wrong_pairs(d=d, N=N, outputs=M, trials=trials, seed=seed)
    setting = RandomVectors(d)
    source = source_of(setting, seed, "pairs")
    rows: Rows = []
    for trial in range(trials):
        E = np.asarray(source.vectors(sphere, N, d, trial=trial, stream=INPUTS), np.float64)
        U = np.asarray(source.vectors(sphere, M, d, trial=trial, stream=OUTPUTS), np.float64)
        lost = 0
        for x in range(N):
            output = sum(float(E[z] @ E[x]) * U[z] for z in range(N))
            lost += sum(U[y] @ output >= U[x] @ output for y in range(M) if y != x)
        rows.append(("wrong pairs", float(counted[trial]), float(lost)))
    return rows


def _enumerated(*, seed: int, spent: int, root: bool) -> Finding:
    """Tables with disjoint answer sets and facts lost on signs, by trying every one."""
    # The control allows one answer fewer.
    rows: Rows = []
    for S, R, largest in ((2, 1, 3), (2, 2, 3), (3, 1, 2)):
        cells = S * R
        counted = enumerated_tables(S, R, largest**cells)
        rows.append(("largest vocabulary", len(counted) - 1, largest))
        for v, D in itertools.product(range(1, largest + 1), range(1, S + 1)):
            tables = itertools.product(range(v), repeat=cells)
            number = sum(_fits(table, S, R, D if root else D - 1) for table in tables)
            rows.append(("tables", float(counted[v, D]), number))
    for d, N in ((1, 2), (2, 2), (1, 3)):
        for ties_lost in (True, False):
            share = lost_on_signs(d, N, ties_lost=ties_lost)
            rows.append(("lost on signs", share, _lost_on_signs(d, N, ties_lost=ties_lost)))
    return judge_symbols(rows, tolerance=EXACT, note="by trying every one")


def _fits(table: Sequence[int], S: int, R: int, D: int) -> bool:
    """Whether relations have disjoint answers, and each at most D of them."""
    answers = [set(table[r * S : (r + 1) * S]) for r in range(R)]
    together = set().union(*answers)
    return all(len(each) <= D for each in answers) and len(together) == sum(map(len, answers))


def _lost_on_signs(d: int, N: int, *, ties_lost: bool) -> float:
    lost = 0
    vectors = list(itertools.product((-1, 1), repeat=d))
    every = list(itertools.product(vectors, repeat=2 * N))
    for signs in every:
        E, U = signs[:N], signs[N:]
        for x in range(N):
            output = [sum(_dot(E[z], E[x]) * U[z][i] for z in range(N)) for i in range(d)]
            own = _dot(U[x], output)
            best = max(_dot(U[y], output) for y in range(N) if y != x)
            lost += own <= best if ties_lost else own < best
    return lost / (N * len(every))


def _dot(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(x * y for x, y in zip(a, b, strict=True))


SUBJECTS: Mapping[str, Callable[..., Finding]] = MappingProxyType(
    {
        "recall": _recall,
        "weighted memories": _weighted,
        "cost of a fact": _cost,
        "sizes": _sizes,
        "enumeration": _enumerated,
    }
)
"""What is computed anew, each with the function (seed, spent, root) that judges it."""
