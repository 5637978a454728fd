"""Class sizes by counting: every map is listed, or every output looked at, one by one."""

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.facts.maps import MAPS, class_sizes, zipf_sizes
from sims.memories.construction import Construction
from theory.memories.classes import classes_of, classes_of_sizes
from theory.memories.guarantee import failure_bound, guaranteed_capacity
from theory.memories.interference import Classes, Interference
from theory.memories.plain.recall import plain_failure
from theory.memories.predict import predict
from theory.memories.recall import all_recalled, expected_recall
from theory.memories.vocabulary import mean_square_overlap, projected_failure

__all__ = ["class_symbols", "prediction_symbols"]

Floats = NDArray[np.float64]
Row = tuple[str, float, float]


def class_symbols(*, competitors: int = 0, exponent: float = 1.0) -> list[Row]:
    """Class sizes of every law of fact maps, against counts.

    Parameters
    ----------
    competitors : outputs too many in every count of those that compete.
    exponent : of Zipf's law in the counts.
    """
    rows: list[Row] = []
    for N, M in ((7, 3), (6, 3), (3, 5), (12, 5)):
        f = MAPS["balanced"](N, M, rng=np.random.default_rng(0))
        rows += [("balanced map", float(y), float(x % M)) for x, y in enumerate(f)]
        sizes = [[x % M for x in range(N)].count(y) for y in range(M)]
        rows += [("class sizes", *pair) for pair in zip(class_sizes(f, M), sizes, strict=True)]
        rows += _compared("balanced", classes_of("balanced", N=N, M=M), [sizes], competitors)
    for N, M in ((6, 3), (5, 4)):
        maps = itertools.product(range(M), repeat=N)
        listed = [[f.count(y) for y in range(M)] for f in maps]
        rows += _compared("random", classes_of("random", N=N, M=M), listed, competitors)
    for N, outputs in ((5, 5), (5, 9)):
        for law in ("identity", "permutation"):
            sizes = [1] * N + [0] * (outputs - N)
            rows += _compared(law, classes_of(law, N=N, M=outputs), [sizes], competitors, own=True)
            f = MAPS[law](N, outputs, rng=np.random.default_rng(1))
            rows.append((f"{law} map", float(len(set(f.tolist()))), float(N)))
    given = [1, 1, 4, 9]
    rows += _compared("given", classes_of_sizes(np.array(given)), [given], competitors)
    for own, met in classes_of_sizes(np.array(given)).kinds():
        others = [K for place, K in enumerate(given) if place != given.index(int(own))]
        rows += [
            ("given: met", float(met.count.sum()), len(others) + competitors),
            ("given: met inputs", float(met.count @ met.size), sum(others)),
            ("given: met squares", float(met.count @ met.size**2), sum(K * K for K in others)),
        ]
    return rows + _zipf(competitors, exponent)


def _compared(
    law: str,
    classes: Classes,
    listed: Sequence[Sequence[int]],
    competitors: int,
    *,
    own: bool = False,
) -> list[Row]:
    """Compare moments of the classes with those of all lists of sizes, equally likely.

    A competitor is any other output than one: of any output, or of an input's ``own``.
    """
    share = number = size = spread = kinds = 0.0
    for sizes in listed:
        inputs, outputs = sum(sizes), len(sizes)
        for y, K in enumerate(sizes):
            share += K * K / inputs / len(listed)
            weight = (K / inputs if own else 1 / outputs) / len(listed)
            others = [*sizes[:y], *sizes[y + 1 :]]
            number += weight * (len(others) + competitors)
            size += weight * sum(others)
            spread += weight * sum(each**2 for each in others)
    rows = [
        (f"{law}: shares", float(classes.share.sum()), 1.0),
        (f"{law}: own class", float(classes.share @ classes.own), share),
        (f"{law}: competitors", float(classes.count.sum()), number),
        (f"{law}: their inputs", float(classes.count @ classes.size), size),
    ]
    if law != "random":
        # Random classes are merged into groups, which keeps means alone.
        kinds = float(classes.count @ classes.size**2)
        rows.append((f"{law}: their squares", kinds, spread))
    return rows


def _zipf(competitors: int, exponent: float) -> list[Row]:
    """Zipf's classes from exact fractions, and the outputs drawn by inversion."""
    rows: list[Row] = []
    N, M = 110, 3
    weights = [Fraction(1, (y + 1)) ** int(exponent) for y in range(M)]
    p = [float(each / sum(weights)) for each in weights]
    rows += [
        ("zipf sizes", *pair) for pair in zip(zipf_sizes(N, M), [N * x for x in p], strict=True)
    ]
    half = [(y + 1) ** -0.5 for y in range(M)]
    rows += [
        ("zipf sizes, exponent 1/2", float(got), N * want / sum(half))
        for got, want in zip(zipf_sizes(N, M, exponent=0.5), half, strict=True)
    ]
    classes = classes_of("zipf", N=N, M=M)
    order = np.argsort(classes.own)[::-1]
    for place, (k, x) in enumerate(zip(order, p, strict=True)):
        rows += [
            ("zipf: own class", float(classes.own[k]), N * x + 1),
            ("zipf: shares", float(classes.share[k]), x),
            ("zipf: competitors", float(np.sort(classes.size)[::-1][place]), N * x),
            ("zipf: their number", float(classes.count[k]), (M - 1 + competitors) / M),
        ]
    drawn = MAPS["zipf"](400, M, rng=np.random.default_rng(3))
    uniform = np.random.default_rng(3).random(400)
    edges = np.cumsum(p)
    wanted = [next(y for y in range(M) if u < edges[y]) for u in uniform]
    rows.append(("zipf map", float(np.mean(drawn == np.array(wanted))), 1.0))
    return rows


def prediction_symbols(*, share: float = 1.0, independent: bool = False) -> list[Row]:
    """Predictions for a vocabulary, and the records of ``recall predict``, entry by entry.

    Parameters
    ----------
    share : factor of the overlap of the vocabulary's vectors in the independent values.
    independent : whether these take the vectors' overlap to be that of independent ones, 1/d.
    """
    rng = np.random.default_rng(5)
    V = rng.standard_normal((40, 16)) * np.linspace(0.5, 1.5, 16)
    V /= np.linalg.norm(V, axis=1)[:, None]
    pairs = [(V[i] @ V[j]) ** 2 for i in range(40) for j in range(40) if i != j]
    overlap = 1 / 16 if independent else share * float(np.mean(pairs))
    rows: list[Row] = [("overlap of a vocabulary", mean_square_overlap(V), overlap)]
    for rank in (8, 12):
        s, weight = scipy.special.roots_jacobi(12, (16 - rank) / 2 - 1, rank / 2 - 1)
        s = (1 + s) / 2
        # Mean square of a projected overlap, in units of that of independent vectors.
        through = (overlap + (16 / rank - 1) / 16) * rank
        pair = through / s / 16
        law = Interference(16, weight / weight.sum(), pair * overlap, pair, np.ones(len(s)))
        lost = plain_failure(law, Classes.injective(14))[0]
        rows.append(("failure of a vocabulary", projected_failure(V, N=14, rank=rank), lost))
    return rows + _records()


def _records() -> list[Row]:
    """Records of predictions, against what each entry is defined by."""
    d, rank = 24, 12
    record = predict("low-rank", d=d, N=9, rank=rank).points[0]
    rows: list[Row] = [
        ("failure bound", record["failure_bound"], failure_bound(9, d, rank=rank)),
        ("N log N / d^2", record["law"], 9 * np.log(9) / d**2),
    ]
    linear = Construction("linear")
    record = predict("linear", d=d).points[0]
    N_99, N_all, sure = (record[key] for key in ("N_99", "N_all", "N_guaranteed"))
    rows += [
        ("recall at N_99", expected_recall(linear, d=d, N=N_99), 0.99),
        ("chance of all at N_all", all_recalled(linear, d=d, N=N_all), 0.5),
        ("law at 99%", record["law_99"], N_99 * np.log(N_99) / d**2),
        ("law of all", record["law_all"], N_all * np.log(N_all) / d**2),
        ("guaranteed: proved", float(failure_bound(sure, d) <= 0.5), 1.0),
        ("guaranteed: largest", float(failure_bound(sure + 1, d) > 0.5), 1.0),
    ]
    most = guaranteed_capacity(64)
    rows += [
        ("guaranteed: proved", float(failure_bound(most, 64) <= 0.5), 1.0),
        ("guaranteed: largest", float(failure_bound(most + 1, 64) > 0.5), 1.0),
    ]
    record = predict("mlp", d=16, N=40, width=64).points[0]
    return [*rows, ("load of a network", record["load"], 40 * np.log(40) / (64 * 16))]
