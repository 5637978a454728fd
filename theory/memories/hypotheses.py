r"""Hypotheses that the linear theorems share, as executable checks on sizes or on vectors.

The uniform law on the sphere is tested by its classical invariants, each with a known null law:

- unit norms;
- Rayleigh: n d |mean|^2 is about chi^2 with d degrees: the vectors are centred;
- Bingham: n d (d + 2) / 2 (tr C^2 - 1/d), with C the second moment of the directions, is about
  chi^2 with (d - 1)(d + 2)/2 degrees: no direction is preferred;
- the largest cosine of two vectors, against a union bound over all pairs: no near duplicates.

Together the three tests reject uniform vectors with probability at most 3 * LEVEL.

References
----------
Mardia and Jupp, Directional Statistics (2000), sections 9.4 and 10.4.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy

from assoc.arrays import Floats
from assoc.embeddings import PREPROCESSING, check_vectors, normalise
from assoc.errors import InputError
from sims.memories.construction import Construction
from theory.claims import Condition, Hypothesis, Problem
from theory.memories.capacity import capacity_of
from theory.memories.class_guarantee import balanced_sizes, class_failure_bound
from theory.memories.guarantee import failure_bound
from theory.memories.optimal import orthogonal_cost
from theory.memories.sign_gates import failure_bound as gates_bound

__all__ = [
    "INDEPENDENT",
    "INJECTIVE",
    "LEVEL",
    "UNIFORM",
    "Isotropy",
    "below_the_law",
    "duplicate_condition",
    "enough_dimensions",
    "enough_for_the_best",
    "enough_gates",
    "enough_rank",
    "isotropy",
    "isotropy_conditions",
    "not_done_again",
    "proved_failure",
]

LEVEL = 1e-3
"""Probability with which each test rejects vectors for which its hypothesis holds."""

BLOCK = 2048
NORM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Isotropy:
    """How far vectors (n, d) are from uniform on the sphere.

    Parameters
    ----------
    n, d : sizes.
    norms : smallest, median and largest norm.
    mean_length : length of the mean of the unit vectors; about 1/sqrt(n) if uniform.
    mean_p, spread_p : p-values of the Rayleigh and Bingham tests.
    interference : d times the mean squared cosine of two different vectors; 1 if uniform. This is
        the factor by which interference between random pairs exceeds the theorem's.
    """

    n: int
    d: int
    norms: tuple[float, float, float]
    mean_length: float
    mean_p: float
    spread_p: float
    interference: float


def isotropy(E: Floats) -> Isotropy:
    """Measure how far E (n, d) is from the uniform law on the sphere.

    Raises
    ------
    InputError
        If E is not a finite real matrix, has a zero row, or n < 2.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> round(isotropy(sphere(2000, 16, rng=np.random.default_rng(0))).interference, 2)
    1.0
    """
    E = np.asarray(check_vectors(E, "embeddings"), np.float64)
    n, d = E.shape
    directions = normalise(E)
    # Squares of very small or large entries would leave double precision.
    norms = np.einsum("ij,ij->i", E, directions)
    if n < 2 or d < 2:
        raise InputError(f"embeddings: {n} vectors in R^{d} are too few to judge a distribution")
    mean = directions.mean(axis=0)
    energy = float(np.sum((directions.T @ directions / n) ** 2))
    bingham = n * d * (d + 2) / 2 * (energy - 1 / d)
    return Isotropy(
        n,
        d,
        (float(norms.min()), float(np.median(norms)), float(norms.max())),
        float(np.linalg.norm(mean)),
        float(scipy.special.chdtrc(d, n * d * float(mean @ mean))),
        float(scipy.special.chdtrc((d - 1) * (d + 2) / 2, max(bingham, 0.0))),
        (energy * n - 1) / (n - 1) * d,
    )


def isotropy_conditions(problem: Problem) -> tuple[Condition, ...]:
    """Check unit norm, centring and isotropy of the user's vectors."""
    if problem.vectors is None:
        return ()
    found = isotropy(problem.vectors)
    low, median, high = found.norms
    unit = max(abs(low - 1), abs(high - 1)) <= NORM_TOLERANCE
    return (
        Condition(
            "unit norm",
            unit,
            f"norms {low:.3g} to {high:.3g}, median {median:.3g}",
            f"1 +- {NORM_TOLERANCE:g}",
            "" if unit else "normalise",
        ),
        Condition(
            "centred",
            found.mean_p >= LEVEL,
            f"mean direction has length {found.mean_length:.3g} (p = {found.mean_p:.2g})",
            f"about {1 / np.sqrt(found.n):.3g} (Rayleigh p >= {LEVEL:g})",
            "" if found.mean_p >= LEVEL else "centre",
        ),
        Condition(
            "isotropic",
            found.spread_p >= LEVEL,
            f"mean squared cosine is {found.interference:.3g} / d (p = {found.spread_p:.2g})",
            f"1 / d (Bingham p >= {LEVEL:g})",
            "" if found.spread_p >= LEVEL else "whiten",
        ),
    )


def duplicate_condition(problem: Problem) -> tuple[Condition, ...]:
    """Check that no two of the user's vectors are closer than independent ones would be."""
    if problem.vectors is None:
        return ()
    E = np.asarray(problem.vectors, np.float64)
    n, d = E.shape
    directions = normalise(E)
    top, pair = -1.0, (0, 0)
    for start in range(0, n, BLOCK):
        cosines = directions[start : start + BLOCK] @ directions.T
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -1.0
        i, j = np.unravel_index(int(cosines.argmax()), cosines.shape)
        if cosines[i, j] > top:
            top, pair = float(cosines[i, j]), (int(i) + start, int(j))
    log_level = np.log(LEVEL) - np.log(n * (n - 1) / 2)
    limit = float(
        scipy.optimize.brentq(
            lambda t: (
                np.log(0.5 * scipy.special.betaincc(0.5, (d - 1) / 2, t * t) + 1e-300) - log_level
            ),
            0.0,
            1.0,
        )
    )
    labels = [problem.names[k] if problem.names else f"row {k}" for k in pair]
    return (
        Condition(
            "no near duplicates",
            top <= limit,
            f"largest cosine {top:.3g} ({labels[0]}, {labels[1]})",
            f"at most {limit:.3g} among {n} independent vectors",
            "" if top <= limit else "no linear map fixes this: such pairs compete at every d",
        ),
    )


def not_done_again(condition: Condition, done: str) -> Condition:
    """Leave out a remedy that was applied to the vectors, or is part of one that was.

    Parameters
    ----------
    condition : of vectors after a preprocessing.
    done : which one.
    """
    order = list(PREPROCESSING)
    if condition.remedy not in order or order.index(condition.remedy) > order.index(done):
        return condition
    return replace(condition, remedy="")


def injective_condition(problem: Problem) -> tuple[Condition, ...]:
    """Check that the fact map can be injective."""
    N, M = problem.N, problem.outputs
    if problem.facts is None and (N is None or M is None):
        return ()
    one_each = problem.map in ("identity", "permutation")
    remedy = "see the non-injective law (claim non-injective)" if not one_each else "raise M"
    sizes = "" if N is None or M is None else f", N = {N} and M = {M}"
    return (
        Condition(
            "f injective",
            problem.injective,
            f"{problem.map} facts{sizes}",
            "one input per output",
            "" if problem.injective else remedy,
        ),
    )


def proved_failure(problem: Problem) -> float:
    """Bound the probability that sums of outer products lose some fact, by injective or even maps.

    Parameters
    ----------
    problem : with N, d, and M for a balanced map; its map counts as injective unless it is that.
    """
    N, d, M, rank = problem.N, problem.d, problem.outputs, problem.rank
    assert N is not None
    assert d is not None
    if problem.map == "balanced" and M is not None and rank is None and d > 2:
        return min(1.0, class_failure_bound(balanced_sizes(N, M), d))
    return failure_bound(N, d, M=max(N, M or N), rank=rank)


def enough_dimensions(problem: Problem) -> tuple[Condition, ...]:
    """Check N against the explicit guarantee."""
    N, d, m = problem.N, problem.d, problem.rank
    law = "d^2" if m is None else "m d"
    name = f"{law} large enough for N"
    required = f"proved failure probability <= {problem.delta:g}"
    if N is None or d is None:
        missing = "--N" if N is None else "--d"
        return (Condition(name, None, "", required, f"give {missing}, or see the sizes below"),)
    bound = proved_failure(problem)
    value = N * np.log(float(N)) / (d * d if m is None else m * d)
    holds = bound <= problem.delta
    return (
        Condition(
            name,
            holds,
            f"N log N / {law} = {value:.4g}, failure probability <= {bound:.2g}",
            required,
            "" if holds else "raise d" if m is None else "raise m or d",
        ),
    )


def enough_rank(problem: Problem) -> tuple[Condition, ...]:
    """Check N against the explicit guarantee behind a projector; without a rank, ask for it."""
    if problem.rank is not None:
        return enough_dimensions(problem)
    required = f"proved failure probability <= {problem.delta:g}"
    mend = "give --rank, or see the least below"
    return (Condition("m d large enough for N", None, "", required, mend),)


def enough_gates(problem: Problem) -> tuple[Condition, ...]:
    """Check the number of gates of 1 and -1 against their guarantee."""
    name, required = "m large enough for N", f"proved failure probability <= {problem.delta:g}"
    N, d, m = problem.N, problem.d, problem.width
    if N is None or d is None or m is None:
        sizes = (("--N", N), ("--d", d), ("--width", m))
        missing = ", ".join(option for option, size in sizes if size is None)
        mend = f"give {missing}, or see the width below"
        return (Condition(name, None, "", required, mend),)
    if problem.crowded:
        value = f"M = {problem.outputs} outputs for N = {N} facts"
        return (Condition(name, None, value, required, "the bound is for M = N"),)
    bound = gates_bound(N, d, m)
    value = f"N log N / (m d) = {N * np.log(N) / (m * d):.4g}, failure probability <= {bound:.2g}"
    holds = bound <= problem.delta
    return (Condition(name, holds, value, required, "" if holds else "raise the width, or d"),)


def below_the_law(problem: Problem) -> tuple[Condition, ...]:
    """Compare N with the capacity that the law predicts."""
    name, d, N = "N below the capacity by the law", problem.d, problem.N
    if d is None or N is None:
        missing = "--N" if N is None else "--d"
        return (Condition(name, None, "", "all recalled in half of the draws", f"give {missing}"),)
    most = capacity_of(Construction("linear"), d=d, facts=problem.map, M=problem.outputs)
    return (
        Condition(
            name, most >= N, f"N log N / d^2 = {N * np.log(N) / d**2:.4g}, N = {N}",
            f"N <= {most:.0f}, where half of the draws recall all (law)",
            "" if most >= N else "raise d",
        ),
    )  # fmt: skip


def enough_for_the_best(problem: Problem) -> tuple[Condition, ...]:
    """Check N times the degrees of freedom that a fact takes against those that W has."""
    if problem.N is None or problem.d is None:
        missing = "--N" if problem.N is None else "--d"
        return (Condition("d^2 large enough for N", None, "", "N delta <= d^2", f"give {missing}"),)
    N, d = problem.N, problem.d
    M = max(2, problem.outputs or N)
    cost = orthogonal_cost(np.log(float(M)))
    enough = N * cost <= d * d
    return (
        Condition(
            "d^2 large enough for N",
            enough,
            f"N delta = {N * cost:.4g}, delta = {cost:.4g} for {M} nearly orthogonal answers",
            f"at most d^2 = {d * d} (asymptotically N log N / d^2 < 1/2)",
            "" if enough else "raise d",
        ),
    )


UNIFORM = Hypothesis(
    "The embeddings e_x, u_y are uniform on the unit sphere of R^d.", isotropy_conditions
)
"""Of unit norm, centred, isotropic."""

INDEPENDENT = Hypothesis("All embeddings are independent.", duplicate_condition)
"""No near duplicates."""

INJECTIVE = Hypothesis("The fact map f is injective.", injective_condition)
"""One input per output."""
