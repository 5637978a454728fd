r"""Verdicts of the fast code on inputs that are decided in integers, with ties and near ties.

Margins of integers are exact in Python's integers, so that it is known who is recalled, and whose
margin is zero to the last digit. Near ties are made: for integers p and q without a common divisor
there are s, t with p s + q t = 1, the smallest margin that is not zero.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers
from assoc.memories.decoding import CertifiedMargins, certified_margins, margins
from assoc.memories.linear import hebbian_matrix
from assoc.memories.memory import Factors
from sims.engine.randomness import INPUTS, Source
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import count_recalled
from sims.memories.scoring import Judge, recalled
from sims.memories.settings import RandomVectors
from theory.rounding.exact_arithmetic import exact_margin, rationals

__all__ = ["certificate_verdicts", "score_verdicts"]

Symbols = list[tuple[str, float, float]]
"""Symbol, as the package has it, as it is in integers."""

IDENTITY = Factors(())
"""The product of no factors: outputs are inputs."""


# --- Certified margins --------------------------------------------------------------------------


def certificate_verdicts(rng: np.random.Generator, draws: int, *, sign_alone: bool) -> Symbols:
    """What is recalled and certified of margins that are known exactly.

    Parameters
    ----------
    rng : draws the vectors.
    draws : how many outputs have a margin of exactly zero, or just below, that rounds.
    sign_alone : whether a computed margin above zero counts as certified.
    """
    rows: Symbols = []
    zero = below = clear = beyond = 0
    for _ in range(draws):
        out, U = _vanishing(rng)
        judged = certified_margins(IDENTITY, out[None], U, [0])
        zero += int((judged.recalled if sign_alone else judged.certified)[0])
        beyond += _beyond(judged, out, U)
        lower = out + _downwards(U[0] - U[1])
        judged = certified_margins(IDENTITY, lower[None], U, [0])
        below += int((judged.recalled if sign_alone else judged.certified)[0])
        beyond += _beyond(judged, lower, U)
        clear += int(certified_margins(IDENTITY, out[None], [out, -out], [0]).certified[0])
    rows += [
        ("certified, of margins of zero", zero, 0),
        ("certified, of margins below zero", below, 0),
        ("certified, of margins far above zero", clear, draws),
        ("margins further off than their bounds", beyond, 0),
    ]
    made = CertifiedMargins(np.array([0.0, 1.0, 1.0, -1.0]), np.array([0.0, 1.0, 0.5, 0.5]))
    rows += [("recalled, of margins made", made.recalled.sum(), 2)]
    rows += [("certified, of margins made", made.certified.sum(), 1)]
    alone = certified_margins(IDENTITY, np.ones((2, 2)), np.ones((1, 2)), [0, 0])
    rows += [("certified, where no other answer is", alone.certified.sum(), 2)]
    return rows + _integer_margins(rng) + _twins(rng) + _fine_margins(rng)


def _vanishing(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """An output (3,) and two answers whose scores are equal, though not in floating point."""
    delta, other = rng.integers(2**24, 2**25, (2, 3)) * rng.choice((-1, 1), (2, 3))
    out = np.cross(delta, other)
    own = rng.integers(-(2**25), 2**25, 3)
    return out.astype(np.float64), np.stack([own, own - delta]).astype(np.float64)


def _downwards(delta: Floats) -> Floats:
    """The step (3,) of at most 6 in each coordinate with the least negative product with delta."""
    steps = np.array(list(itertools.product(range(-6, 7), repeat=3)))
    products = steps @ delta.astype(np.int64)
    return np.asarray(steps[np.where(products < 0, products, np.iinfo(np.int64).min).argmax()])


def _beyond(judged: CertifiedMargins, out: Floats, U: Floats) -> int:
    error = abs(Fraction(float(judged.margin[0])) - exact_margin(rationals(out), U, 0))
    return int(error > Fraction(float(judged.bound[0])))


def _integer_margins(rng: np.random.Generator) -> Symbols:
    """Margins of a Hebbian memory of small integers, of more inputs than W is summed at a time."""
    N, M, d = 4100, 5, 3
    E, U, f = rng.integers(-3, 4, (N, d)), rng.integers(-3, 4, (M, d)), rng.integers(0, M - 1, N)
    W = hebbian_matrix(E.astype(float), U.astype(float), f)
    rows = [("W of integers", float(np.abs(W - _hebbian(E, U, f)).max()), 0.0)]
    few = slice(0, 40)
    exact = _margins(E[few] @ _hebbian(E, U, f).T, U, f[few])
    found = margins(Factors((W,)), E[few], U, f[few])
    return [*rows, *(("margin of integers", float(a), float(b)) for a, b in
                     zip(found, exact, strict=True))]  # fmt: skip


def _twins(rng: np.random.Generator) -> Symbols:
    """An answer that is there twice ties, also where a third is a little worse than both."""
    rows: Symbols = []
    for d in (1, 7, 64):
        out = rng.standard_normal(d)
        U = np.stack([out, out * (1 - 2.0**-51), out, -out])
        judged = certified_margins(IDENTITY, np.stack([out, out]), U, [0, 2])
        rows.append(("recalled, of answers that are there twice", judged.recalled.sum(), 0))
        rows += [("margin of a twin", float(margin), 0.0) for margin in judged.margin]
    return rows


def _fine_margins(rng: np.random.Generator) -> Symbols:
    """Margins that are differences of scores less than their rounding, and exact nevertheless."""
    out, u = rng.integers(2**9, 2**10, 8), rng.integers(2**48, 2**49, 8)
    rows: Symbols = []
    for step in np.eye(8, dtype=np.int64):
        U = np.stack([u, u - step]).astype(np.float64)
        found = margins(IDENTITY, np.stack([out, out]).astype(np.float64), U, [0, 1])
        exact = int(out @ step)
        rows += [("margin below the rounding of scores", float(found[0]), exact)]
        rows += [("margin below the rounding of scores", float(found[1]), -exact)]
    return rows


def _hebbian(E: Integers, U: Integers, f: Integers) -> Integers:
    W = np.zeros((U.shape[1], E.shape[1]), np.int64)
    for x, answer in enumerate(f):
        W += np.outer(U[answer], E[x])
    return W


def _margins(F: Integers, U: Integers, f: Integers) -> list[int]:
    """Margins of integer outputs F (N, d), one score at a time."""
    found = []
    for out, answer in zip(F, f, strict=True):
        scores = [sum(int(a) * int(b) for a, b in zip(out, u, strict=True)) for u in U]
        found.append(scores[answer] - max(s for y, s in enumerate(scores) if y != answer))
    return found


# --- Single-precision scores --------------------------------------------------------------------


def score_verdicts(rng: np.random.Generator, draws: int, *, ties_lost: bool = True) -> Symbols:
    """How many are recalled of inputs that are decided in integers.

    Parameters
    ----------
    rng : draws the integers.
    draws : near ties of each kind.
    ties_lost : whether a tie is a failure, of those that are decided in integers.
    """
    rows: Symbols = []
    for gap in (-1, 0, 1):
        for far in (1, 2**12):
            won = sum(_near_tie(rng, gap, far) for _ in range(draws))
            expected = draws * (gap > 0 or (gap == 0 and not ties_lost))
            rows.append((f"recalled, at a margin of {gap}", won, expected))
    return [*rows, *_tiles(rng, ties_lost), *_batches(rng, draws, ties_lost)]


def _near_tie(rng: np.random.Generator, gap: int, far: int) -> bool:
    """Whether the answer is said to be recalled whose margin is so many units of 2^-37 or less.

    Parameters
    ----------
    rng, gap : draws the integers; -1, 0 or 1.
    far : about how much longer the rival is than the answer.
    """
    p, q, s, t = _bezout(rng, 2**11)
    u = rng.integers(2**19, 2**20, 2)
    along = int(rng.integers(-8, 9)) * far
    rival = u + along * np.array([-q, p]) - gap * np.array([s, t])
    U = np.stack([-u, rival, u]).astype(np.float64)
    return bool(recalled(IDENTITY, np.array([[p, q]], np.float64), U, np.array([2]))[0])


def _bezout(rng: np.random.Generator, size: int) -> tuple[int, int, int, int]:
    """Integers p, q below twice the size and s, t with p s + q t = 1."""
    while True:
        p, q = (int(n) for n in rng.integers(size, 2 * size, 2))
        if np.gcd(p, q) == 1:
            s = pow(p, -1, q)
            return p, q, s, (1 - p * s) // q


def _tiles(rng: np.random.Generator, ties_lost: bool) -> Symbols:
    """Verdicts on more answers than a tile holds, many of them ties, whole and in two blocks."""
    N, M, d = 60, 1100, 8
    F, U = rng.integers(-9, 10, (N, d)), rng.integers(-9, 10, (M, d))
    scores = F @ U.T
    # The best answer, one of the best answers where there are several, and the next.
    f = np.argsort(-scores, axis=1, kind="stable")[np.arange(N), np.arange(N) % 2]
    own = scores[np.arange(N), f]
    rivals = np.where(np.arange(M) == f[:, None], -(10**6), scores).max(axis=1)
    expected = own > rivals if ties_lost else own >= rivals
    E, answers = F.astype(np.float64), U.astype(np.float64)
    whole = recalled(IDENTITY, E, answers, f, threads=1)
    judge = Judge(E, answers[f], f)
    for first in (0, 700):
        judge.see(first, answers[first : first + (700 if first == 0 else M)])
    return [
        ("verdicts that differ, of 1100 answers", float((whole != expected).sum()), 0.0),
        ("verdicts that differ, in two blocks", float((judge.recalled != expected).sum()), 0.0),
    ]


@dataclass(frozen=True)
class _Given(Source):
    """A source of the vectors that are given, whatever is asked for."""

    given: tuple[tuple[Floats, Floats], ...] = ()

    def spheres(
        self, n: int, d: int, *, trials: Sequence[int], stream: int, block: int = 0
    ) -> NDArray[np.float32]:
        """Return the inputs or the outputs of these trials."""
        side = 0 if stream == INPUTS else 1
        return np.stack([self.given[trial][side] for trial in trials]).astype(np.float32)


CROWD = 250
"""Facts with one input, which make the memory's output much longer than its embeddings."""


def _batches(rng: np.random.Generator, trials: int, ties_lost: bool) -> Symbols:
    """Inputs recalled in batches of small trials, one near tie or tie in each."""
    drawn = [_crowd(rng, gap) for gap in (-1, 0, 1) for _ in range(trials)]
    scale = 2.0**-17
    source = _Given(0, "given", (), tuple((E * 1.0, U * scale) for E, U in drawn))
    ensemble = Ensemble(Construction("linear"), RandomVectors(2), source)
    N = CROWD + 2
    counts = count_recalled(ensemble, N, range(len(drawn)))
    rows: Symbols = []
    for count, (E, U) in zip(counts, drawn, strict=True):
        F = E @ _hebbian(E, U, np.arange(N)).T
        own = (F[:1] * U[:1]).sum()
        others = (F[:1] @ U[1:].T).max()
        won = own > others if ties_lost else own >= others
        rows.append(("recalled of a small trial", count, int(won)))
    return rows


def _crowd(rng: np.random.Generator, gap: int) -> tuple[Integers, Integers]:
    """Inputs and outputs of a trial in which the first has a rival within single precision.

    The rival's input is zero, so that W and all but the scores are exact in single precision.
    """
    while True:
        u = rng.integers(2**15, 2**16, 2)
        crowd = (0.6 * u).astype(np.int64) + rng.integers(-(2**12), 2**12, 2)
        p, q = (int(n) for n in u + CROWD * crowd)
        if np.gcd(p, q) == 1 and max(p, q) < 2**24:
            break
    s, t = _nearly_orthogonal(p, q, 2**15)
    step = int(np.sign(p * s + q * t)) * gap
    E = np.zeros((CROWD + 2, 2), np.int64)
    E[:-1, 0] = 1
    U = np.concatenate([[u], np.tile(crowd, (CROWD, 1)), [u - step * np.array([s, t])]])
    return E, U


def _nearly_orthogonal(p: int, q: int, limit: int) -> tuple[int, int]:
    """Integers (s, t) of sizes below the limit with the smallest p s + q t other than 0."""
    # Convergents of p / q.
    (h, k), (h_next, k_next), a, b = (0, 1), (1, 0), p, q
    while b and max(h_next, k_next) < limit:
        digit, (a, b) = a // b, (b, a % b)
        (h, k), (h_next, k_next) = (h_next, k_next), (digit * h_next + h, digit * k_next + k)
    return k, -h
