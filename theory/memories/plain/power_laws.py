r"""Power laws a second time: zeta functions, plain sums over inputs, and dense grids.

Sums of powers come from Hurwitz's zeta function in 30 digits; recall with weights q from a grid
over the two normal variables in :func:`theory.memories.power_laws.weighted_recall`; exponents from
the mass that is lost beyond the input at which recall ends.
"""

from functools import cache

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.embeddings import sphere
from assoc.facts.input_laws import GivenLaw, PowerLaw, power_sum
from sims.engine.randomness import INPUTS, OUTPUTS, SAMPLE, Source
from sims.memories.construction import Construction
from sims.memories.power_laws import Weighted
from theory.memories.interference import Classes
from theory.memories.plain.recall import plain_failure
from theory.memories.power_laws import (
    best_first,
    dimension_exponent,
    limit_constant,
    predicted_error,
    sample_exponent,
    weighted_recall,
)
from theory.memories.strengths import interference_of

__all__ = ["error_symbols", "node_sum_symbols", "sum_symbols"]

Floats = NDArray[np.float64]
Row = tuple[str, float, float]

DIGITS = 30
T = np.linspace(-8, 8, 257)
NOISE = np.linspace(-7, 7, 43)


def sum_symbols(*, shift: float = 0.0, smooth: bool = False) -> list[Row]:
    """Sums of powers, masses beyond an input, and sums over nodes.

    Parameters
    ----------
    shift : added to the exponent in every independent value.
    smooth : whether a sum is an integral there, from half before the first to half past the last.
    """
    rows: list[Row] = []
    if smooth:
        for a in (1.1, 2.0):
            rows.append(("sum of powers", power_sum(a, 100, np.inf), 99.5 ** (1 - a) / (a - 1)))
        return rows
    for a in (0.0, 0.5, 1.0, 1.1, 2.0, 3.5, 8.0):
        for first, last in ((1, 40), (1, 65), (1, 66), (1, 10**3), (5, 10**9), (3, np.inf)):
            if a > 1 or last < np.inf:
                rows.append(
                    ("sum of powers", power_sum(a, first, last), _zeta(a + shift, first, last))
                )
    for a, N in ((1.1, None), (2.0, None), (0.7, 500), (1.5, 10**6)):
        law = PowerLaw(a, N)
        end = np.inf if N is None else N
        whole = _zeta(a + shift, 1, end)
        rows.append(("Z", law.normaliser, whole))
        p = [x ** -(a + shift) / whole for x in (1, 2, 3, 4, 5)]
        rows += [("p(x)", float(got), want) for got, want in zip(law.head(5), p, strict=True)]
        for k in (0.25, 3.0, 4.75, 120.5):
            left, part = int(k), k - int(k)
            rest = _zeta(a + shift, left + 1, end) - part * (left + 1) ** -(a + shift)
            rows.append(("mass beyond", law.beyond(k), rest / whole))
    if not shift:
        given = GivenLaw(np.array([0.1, 0.5, 0.15, 0.25]))
        for k, want in ((0.0, 1.0), (0.5, 0.75), (1.0, 0.5), (2.25, 0.2125), (4.0, 0.0)):
            rows.append(("mass beyond, given", given.beyond(k), want))
        drawn = given.draw(2000, rng=np.random.default_rng(1))
        u = np.random.default_rng(1).random(2000)
        wanted = np.where(u < 0.5, 0, np.where(u < 0.75, 1, np.where(u < 0.9, 2, 3)))
        rows.append(("draws, given", float(np.mean(drawn == wanted)), 1.0))
    return rows


def _zeta(a: float, first: float, last: float) -> float:
    """Sum of x^-a: a difference of Hurwitz's zeta functions, or of harmonic numbers."""
    import mpmath

    with mpmath.workdps(DIGITS):
        if a == 1:
            return float(mpmath.harmonic(last) - mpmath.harmonic(first - 1))
        # The double a, exactly.
        beyond = 0 if last == np.inf else mpmath.zeta(mpmath.mpf(a), int(last) + 1)
        return float(mpmath.zeta(mpmath.mpf(a), first) - beyond)


def node_sum_symbols(*, missed: int = 0) -> list[Row]:
    """Sums over all inputs, and over those beyond the listed ones, as sums over nodes.

    Parameters
    ----------
    missed : inputs next to the listed ones that the independent sums leave out.
    """
    rows: list[Row] = []
    for a, N in ((1.3, None), (2.0, None), (1.2, 60_000), (0.5, 30_000)):
        p, number = PowerLaw(a, N).nodes()
        listed = int(np.argmax(number != 1)) if np.any(number != 1) else len(number)
        end = np.inf if N is None else N
        whole = _zeta(a, 1, end)
        for power in (1.0, 1.5, 2.0):
            sums = number * p**power
            beyond = _zeta(a * power, listed + 1 + missed, end) / whole**power
            every = _zeta(a * power, 1, listed) / whole**power + beyond
            rows += [
                ("sum over nodes", float(sums[listed:].sum()), beyond),
                ("sum over all nodes", float(sums.sum()), every),
            ]
    return rows


def error_symbols(*, own: bool = False, steady: bool = False, rivals: bool = True) -> list[Row]:
    """Recall of weighted inputs, errors, exponents and what is measured, against plain sums.

    Parameters
    ----------
    own : whether an input's own weight is noise to it in the independent values.
    steady : whether counts do not vary in the noise of the independent values.
    rivals : whether the heaviest input's output competes there.
    """
    rows: list[Row] = []
    for q, d in (
        (np.array([1.0, 0.6, 0.3, 0.2, 0.1]), 24),
        (np.array([1.0, 1.0, 0.7, 0.5]), 9),
        (np.arange(1.0, 9.0) ** -1.5, 64),
    ):
        wanted = _weighted(q, d, own, rivals)
        rows += [
            ("recall with weights", float(got), want)
            for got, want in zip(weighted_recall(q, d), wanted, strict=True)
        ]
    for a, d in ((1.5, 20), (2.0, 40)):
        law = PowerLaw(a, 8)
        p = np.arange(1, 9) ** -a / np.sum(np.arange(1, 9) ** -a)
        error = 1 - float(p @ _weighted(p / p[0], d, own, rivals))
        rows.append(("error, q = p", predicted_error(Weighted("probability", law, d)), error))
        memory = Weighted("counts", law, d, samples=30)
        rows.append(("error, counts", predicted_error(memory), _counts(p, 30, d, steady)))
    rows += _equal_weights()
    for a in (1.3, 2.0, 3.0):
        rows.append(("C_a", limit_constant(a), _constant(a)))
    return [*rows, *_exponents(), *_measured()]


def _weighted(q: Floats, d: int, own: bool, rivals: bool) -> list[float]:
    """Recall of each input, on a grid over t and g."""
    top = q[0]
    weight = np.exp(-(T[:, None] ** 2) / 2 - NOISE**2 / 2)
    weight /= weight.sum()
    recalled = [1.0]
    for x in range(1, len(q)):
        others = [q[z] for z in range(1, len(q)) if z != x]
        energy = sum(each**2 for each in others) + (q[x] ** 2 if own else 0.0)
        sigma = np.sqrt((top * T) ** 2 + energy)[:, None] / d
        level = q[x] + sigma * NOISE
        chance = np.ones_like(weight)
        if rivals:
            chance *= scipy.special.ndtr((level - top * T[:, None] / np.sqrt(d)) / sigma)
        for each in others:
            chance *= scipy.special.ndtr(level / np.sqrt(each**2 / d + sigma**2))
        recalled.append(float(np.sum(weight * chance)))
    return recalled


def _counts(p: Floats, samples: int, d: int, steady: bool) -> float:
    """Error with counts as weights, averaged over Poisson counts one by one."""
    mean = samples * p
    heavy = mean[0]
    energy = sum(m**2 + (0.0 if steady else m) for m in mean[1:])
    t, g = T[::2, None], NOISE[::2]
    weight = np.exp(-(t**2) / 2 - g**2 / 2)
    weight /= weight.sum()
    sigma = np.sqrt((heavy * t) ** 2 + energy) / d
    number = np.arange(int(heavy + 7 * np.sqrt(heavy)) + 2)
    laws = [np.exp(number * np.log(m) - m - scipy.special.gammaln(number + 1)) for m in mean]
    recall = np.zeros(len(number))
    for c in number[1:]:
        level = c + sigma * g
        chance = scipy.special.ndtr((level - heavy * t / np.sqrt(d)) / sigma)
        lost = [scipy.special.ndtr(-level / np.sqrt(n**2 / d + sigma**2)) for n in number[1:]]
        for law in laws[1:]:
            chance = chance * (1 - np.tensordot(law[1:], lost, 1))
        recall[c] = float(np.sum(weight * chance))
    right = [share * float(law @ recall) for share, law in zip(p, laws, strict=True)]
    return float(1 - sum(right))


@cache
def _equal_weights() -> tuple[Row, ...]:
    """Errors with q = 1: on the likeliest n, on the best n, and on what was seen."""
    d, N = 12, 40
    law = PowerLaw(1.5, N)
    p = np.arange(1, N + 1) ** -1.5 / np.sum(np.arange(1, N + 1) ** -1.5)

    def lost(n: float) -> float:
        strengths = interference_of(Construction("linear"), N=n, d=d)
        return plain_failure(strengths, Classes.injective(n))[0]

    first = [1 - p[:n].sum() * (1 - (lost(n) if n > 1 else 0.0)) for n in range(1, 17)]
    rows: list[Row] = [
        ("error, first", predicted_error(Weighted("first", law, d, stored=n)), first[n - 1])
        for n in (1, 6, 15)
    ]
    n, error = best_first(law, d=d)
    rows += [("best n", float(n), float(np.argmin(first) + 1)), ("its error", error, min(first))]
    for samples in (10, 60):
        seen = 1 - (1 - p) ** samples
        wanted = 1 - (1 - lost(float(seen.sum()))) * float(p @ seen)
        rows.append(
            ("error, seen", predicted_error(Weighted("seen", law, d, samples=samples)), wanted)
        )
    return tuple(rows)


def _constant(a: float) -> float:
    """C_a by Simpson's rule in log t; what is above t = 60 is lost for good."""
    log_t = np.linspace(np.log(0.1), np.log(60), 801)
    t = np.exp(log_t)
    log_psi = np.zeros(len(t))
    for z in range(1, 1200):
        term = scipy.special.log_ndtr((z / t) ** a)
        log_psi += term
        if term.min() > -1e-17:
            break
    inside = scipy.integrate.simpson(t ** (1 - a) * -np.expm1(log_psi), x=log_t)
    return float((inside + 60 ** (1 - a) / (a - 1)) / _zeta(a, 1, np.inf))


def _exponents() -> list[Row]:
    """Slopes of the mass beyond the input at which recall ends, and of what is never seen."""
    rows: list[Row] = []
    for a in (1.5, 2.0, 3.0):
        ends = {
            ("probability", False): 1 / (2 * a),
            ("first", False): 2.0,
            ("first", True): 1.0,
        }
        for (weights, shared), power in ends.items():
            n = np.array([10**5, 10**6])
            mass = [_zeta(a, int(k) + 1, np.inf) for k in n]
            slope = -np.diff(np.log(mass))[0] / np.diff(np.log(n))[0] * power
            rows.append(("exponent in d", dimension_exponent(weights, a, shared=shared), slope))
        # Inputs never seen: the sum of p exp(-p T), over log x.
        log_x = np.linspace(-10, 60, 20001)
        unseen = []
        for samples in (1e6, 1e8):
            p = np.exp(-a * log_x)
            unseen.append(float(np.sum(np.exp(log_x) * p * np.exp(-p * samples))))
        slope = -np.log(unseen[1] / unseen[0]) / np.log(100)
        rows.append(("exponent in T", sample_exponent(a), slope))
    return rows


def _measured() -> list[Row]:
    """Errors of one trial each, fact by fact from the same vectors and samples."""
    rows: list[Row] = []
    d, law = 5, PowerLaw(1.5, 30)
    p = np.arange(1, 31) ** -1.5 / np.sum(np.arange(1, 31) ** -1.5)
    for weights, cut, samples in (
        ("probability", 9, None),
        ("first", 9, None),
        ("counts", None, 25),
        ("seen", None, 25),
        ("frequent", 5, 25),
    ):
        memory = Weighted(weights, law, d, stored=cut, samples=samples)
        source = Source(2, "plain", (d, samples or 0))
        for trial in range(3):
            stored, counts = list(range(9)), dict.fromkeys(range(9), 1)
            if samples is not None:
                drawn = law.draw(samples, rng=source.generator(trial, SAMPLE)).tolist()
                counts = {x: drawn.count(x) for x in sorted(set(drawn))}
                stored = list(counts)
            if weights == "frequent":
                # Ties go to the likelier input.
                ranked = sorted((-count, x) for x, count in counts.items())
                stored = [x for _, x in ranked[:cut]]
            q = {
                "probability": [p[x] / p[0] for x in stored],
                "counts": [counts[x] / max(counts.values()) for x in stored],
            }.get(weights, [1.0] * len(stored))
            E = source.vectors(sphere, len(stored), d, trial=trial, stream=INPUTS)
            U = source.vectors(sphere, len(stored), d, trial=trial, stream=OUTPUTS)
            right = _recalled(np.asarray(E, np.float64), np.asarray(U, np.float64), np.array(q))
            known = p[stored]
            if weights in ("probability", "counts"):
                error = 1 - sum(known[right])
            else:
                error = 1 - sum(known) * float(np.mean(right))
            rows.append((f"measured, {weights}", memory.error(source, trial), float(error)))
    return rows


def _recalled(E: Floats, U: Floats, q: Floats) -> NDArray[np.bool_]:
    """Which inputs score highest on their own output, by loops."""
    right = []
    for x in range(len(E)):
        out = sum((q[z] * float(E[z] @ E[x]) * U[z] for z in range(len(E))), np.zeros(U.shape[1]))
        scores = [float(u @ out) for u in U]
        right.append(scores.index(max(scores)) == x)
    return np.array(right)
