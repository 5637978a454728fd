"""Weights of few bits, stored bits and least losses, held against plain computations."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.bits.codes import encode
from assoc.bits.levels import gaussian_quantiser, quantise
from assoc.embeddings import sphere
from assoc.facts.input_laws import GivenLaw, PowerLaw
from assoc.memories.memory import Factors, Memory
from assoc.memories.networks import Gated
from sims.engine.randomness import INPUTS, OUTPUTS, Source
from theory.bounds.accounting import Account, account, counted_bits, stored_bits
from theory.bounds.bits import (
    corollary_form,
    information_of_error,
    least_cross_entropy,
    least_error_rate,
    map_bits,
)
from theory.bounds.bound import bound
from theory.bounds.plain.bits import (
    best_step,
    code_digits,
    error_of_information,
    kept_share,
    map_number,
    nearest_levels,
    power_law_losses,
    two_group_error,
)
from theory.bounds.plain.tables import bits_of, exact_tables, plain_rising
from theory.bounds.table_logs import log_rising
from theory.claims import Finding
from theory.judging import judge_arms, judge_predictions, judge_symbols
from theory.memories.faults import whispering
from theory.memories.few_bits import few_bits_capacity

__all__ = ["check_bit_symbols", "check_least_errors", "check_sign_optimum", "check_weights"]

Rows = list[tuple[str, float, float]]


# --- Weights ------------------------------------------------------------------------------------


def _matrices(seed: int) -> list[Floats]:
    """Matrices of which none is Gaussian: uniform, sparse, of a heavy tail, and of one row."""
    rng = np.random.default_rng(seed)
    flat, sparse = rng.uniform(-1, 1, (5, 4)), np.full((6, 3), 1e-3)
    sparse[0, 1], sparse[4, 2], sparse[2, 0] = 7.0, -0.3, 0.11
    return [flat, sparse, rng.standard_t(2, (4, 4)) * 1e-6, np.array([[3.0, -4.0, 12.0]])]


class _Spaced:
    """Numbers between 0 and 1 in equal distances, for chances that are to be met exactly."""

    def random(self, shape: tuple[int, ...]) -> Floats:
        size = math.prod(shape)
        return np.asarray((np.arange(size) + 0.5) / size).reshape(shape)


def _raised(value: float, bits: int) -> float:
    """Mean weight, rounded by chance, of a matrix of entries of one size."""
    rng: Any = _Spaced()
    levels, step = quantise(np.full((100, 200), value), bits, rounding="stochastic", rng=rng)
    return float((levels - (2 ** (bits - 1) - 0.5)).mean() * step)


def check_weights(
    *,
    seed: int,
    bits: Sequence[int],
    tolerance: float,
    wider: float = 1.0,
    mean_size: bool = False,
    scale_bits: int = 32,
) -> Finding:
    """Compute steps, kept shares, levels and codes of b-bit weights a second time.

    Parameters
    ----------
    bits : b, for the steps.
    tolerance : largest relative difference; of steps, which a search finds, 10^-4.
    wider : factor on the independent steps.
    mean_size : scale the independent steps by the mean size of a matrix's entries.
    scale_bits : bits of the scale of a network's matrix, in the independent codes.
    """
    steps: Rows = []
    rows: Rows = []
    for b in bits:
        step, kappa = gaussian_quantiser(b)
        best = best_step(b)
        steps.append(("step", step, best * wider))
        rows.append(("kappa", kappa, kept_share(b, best)))
    steps += [("rounded by chance", _raised(value, b), value) for value, b in
              ((0.7, 2), (-1.3, 3), (2.0, 4))]  # fmt: skip
    for W in _matrices(seed):
        off = float(np.abs(W).mean() / np.sqrt(np.mean(W**2))) if mean_size else 1.0
        for b in (1, 2, 3, 5, 8, 11):
            rows += _coded(W, b, gaussian_quantiser(b)[0] * off, scale_bits)
    return judge_arms({
        "steps": judge_symbols(steps, tolerance=1e-4, note="by the condition for the best step"),
        "codes": judge_symbols(rows, tolerance=tolerance, note="level by level, bit by bit"),
    })  # fmt: skip


def _coded(W: Floats, b: int, delta: float, scale_bits: int) -> Rows:
    """Compare a matrix's levels, and a linear and a gated memory's codes."""
    levels, step = nearest_levels(W, b, delta)
    found, found_step = quantise(W, b)
    digits = code_digits(levels, b)
    linear = encode(Factors((W,)), b)
    gated = encode(Gated(W, W, W.T.copy(), 1), b)
    turned = np.reshape(levels, W.shape).T.ravel().tolist()
    network = digits + digits + code_digits(turned, b)
    stored = "".join(format(byte, "08b") for byte in gated.data)
    decoded = gated.decode().W.ravel()
    values = [(level - 2 ** (b - 1) + 0.5) * float(np.float32(step)) for level in levels]
    unit = linear.decode().W.ravel() * 2.0 ** (b - 2) + 2 ** (b - 1) - 0.5
    wrong = sum(level != mine for level, mine in zip(found.ravel().tolist(), levels, strict=True))
    return [
        ("levels", float(wrong), 0.0),
        ("scale", float(found_step), step),
        ("bits of a linear code", float(linear.bits), float(len(digits))),
        ("bits of a network's code", float(gated.bits), float(len(network) + 3 * scale_bits)),
        ("stored bits", float(stored[: len(network)] != network), 0.0),
        ("stored bytes", float(len(gated.data)), -(-len(network) // 8) + 3 * scale_bits / 8),
        ("decoded", float(np.abs(decoded - values).max() / step), 0.0),
        ("decoded, without scale", float(np.abs(unit - found.ravel()).max()), 0.0),
    ]  # fmt: skip


# --- Bits that are stored and spent -------------------------------------------------------------

RISING = tuple((W, J) for W in (0, 1, 7.5, 199, 199.5, 200, 201, 1e3, 1e6, 1e15)
               for J in (2, 3, 3.5, 50, 200, 1000, 1e6, 1e15))  # fmt: skip
MAPS = ((1, 1), (3, 4), (4, 4), (7, 3), (10, 4), (3, 7), (40, 6), (250, 251), (100, 700))


class _Attentive:
    """Outputs of the nearest stored input, as long as there are not too many of them."""

    parameters = 1
    bits = 500

    def __init__(self, E: Floats, answers: Floats, most: int) -> None:
        self.E, self.answers, self.most = E, answers, most

    def __call__(self, E: Floats, /) -> Floats:
        sign = 1.0 if len(self.E) <= self.most else -1.0
        return np.asarray(sign * self.answers[(E @ self.E.T).argmax(axis=1)])


def attentive(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
    """Build a memory that recalls 37 facts whole, and not one of any more, in 500 bits."""
    return _Attentive(E, U[f], 37)


def check_bit_symbols(
    *, seed: int, tolerance: float, leading: bool = False, larger: int = 0, last: bool = True
) -> Finding:
    """Compute bits of maps, of facts and of accounts a second time.

    Parameters
    ----------
    tolerance : largest relative difference.
    leading : take N log2 N for the independent log2 N!.
    larger : further outputs of the independent maps.
    last : whether the last of the distinct values of a weight counts.
    """
    rows: Rows = [("rising factorials", log_rising(float(W), float(J)), float(plain_rising(W, J)))
                  for W, J in RISING]  # fmt: skip

    def stored(N: float) -> float:
        if leading:
            return N * math.log2(N)
        if int(N) == N:
            return float(bits_of(math.factorial(int(N))))
        return float(plain_rising(0, N)) / math.log(2)

    rows += [("log2 N!", stored_bits(N), stored(N)) for N in (2, 3, 10, 37, 170, 500, 3000)]
    rows += [("log2 N!", stored_bits(N), stored(N)) for N in (2.5, 99.25)]
    for facts in ("random", "permutation", "identity", "balanced"):
        for N, M in MAPS:
            if facts in ("random", "balanced") or N <= M:
                exact = float(bits_of(map_number(N, M + larger, facts)))
                rows.append((f"{facts} maps", map_bits(N, M, facts), exact))
    for N, M in ((5, 3), (100, 40)):
        shares = [1 / y / math.fsum(1 / z for z in range(1, M + 1)) for y in range(1, M + 1)]
        entropy = -math.fsum(p * math.log2(p) for p in shares)
        rows.append(("zipf maps", map_bits(N, M, "zipf"), N * entropy))
    rows += _accounts(stored, last=last) + _bounds()
    return judge_symbols(rows, tolerance=tolerance, note="in integers and to forty digits")


def _accounts(stored: Any, *, last: bool) -> Rows:
    """Counted, declared and stored bits of accounts and of matrices made by hand."""
    rows: Rows = []
    for values in (1, 2, 3, 4, 5, 8, 9, 16, 17):
        W = np.resize(np.arange(values, dtype=float), (5, 7))
        told = values if last else values - 1
        least = next(b for b in range(1, 9) if told <= 2**b)
        rows.append(("counted bits", float(counted_bits(Factors((W,))) or 0), 35.0 * least))
        both = counted_bits(Gated(W, np.eye(7), np.ones((7, 5)), 1)) or 0
        rows.append(("counted bits", float(both), 35.0 * least + 49 + 35))
    for N, declared, counted in (((9, 4, 30), 100, 70), ((5, 6), 40, 90), ((7, 3, 8), 60, None),
                                 ((20,), 50, 50)):  # fmt: skip
        made = Account("by hand", 8, N, declared, counted, 12.0)
        spent = declared if counted is None or counted < declared else counted
        ordered = sorted(N)
        middle = (ordered[(len(N) - 1) // 2] + ordered[len(N) // 2]) / 2
        row = made.row()
        rows += [
            ("spent", float(made.spent), float(spent)),
            ("stored", made.stored, stored(middle)),
            ("best trial", made.best, stored(ordered[-1]) / spent),
            ("efficiency", made.efficiency, stored(middle) / spent),
            ("predicted efficiency", made.predicted_efficiency or 0.0, stored(12) / spent),
            ("understated", float(made.understated), float(counted == 90)),
            ("row", row["N"] + row["spent"] + row["efficiency"] + row["stored"],
             middle + spent + stored(middle) / spent + stored(middle)),
        ]  # fmt: skip
    found = account(attentive, d=24, max_N=64, trials=3)
    rows += [("largest N", float(N), 37.0) for N in found.N]
    rows.append(("declared", float(found.declared or 0), 500.0))
    free = Account("free", 8, (3,), 0, 0, None)
    rows.append(("stored in no bits", float(math.isinf(free.best)), 1.0))
    looked_up = account(whispering(bits=64), d=16, max_N=40, trials=1)
    return [*rows, ("looked up", looked_up.best, stored(40) / 64)]


def _bounds() -> Rows:
    """Bits and parameters that `recall bound` lists, and losses at both ends of its curve."""
    maps = bound(N=50, M=7, bits=(1, 3), exponent=1.5, given=20.0)
    tables = bound(subjects=9, relations=4, answers=3, vocabulary=20, bits=(3, 8))
    exact = float(bits_of(exact_tables([(9, 3)] * 4, 20)))
    needed = float(bits_of(7**50))
    p = [x**-1.5 for x in range(1, 51)]
    held = 20 / math.log2(7)
    beyond = math.fsum(p[int(held) + 1 :]) + p[int(held)] * (1 - held % 1)
    cubic = math.fsum(x**-3.0 for x in range(1, 3000)) + 1 / 2 / 2999.5**2
    rows: Rows = [
        ("bits listed", maps.low, needed),
        ("bits listed", tables.high, exact),
        ("bits that name answers", tables.naming or 0.0, 36 * math.log2(3)),
        ("cross-entropy", maps.cross_entropy or 0.0, math.log(7) * beyond / math.fsum(p)),
        ("corollary", corollary_form(3.0, 8, 30.0), math.log(8) / 2 / cubic / 100),
        ("last of the curve", maps.curve[-1][0], needed),
        ("first of the curve", maps.curve[0][0], 1.0),
    ]
    for found, bits in ((maps, needed), (tables, exact)):
        for row in found.rows():
            b = row["bits_per_parameter"]
            rows += [("parameters", float(row["parameters"]), float(-(-bits // b))),
                     ("parameters of a fact", row["per_fact"], bits / b / found.facts)]  # fmt: skip
    return rows


# --- Least losses -------------------------------------------------------------------------------

GROUPS = ((((2, 0.4), (20, 0.01)), 1000, 0.2), (((1, 0.9), (5, 0.02)), 3, 0.5),
          (((3, 0.3), (4, 0.025)), 40, 0.8), (((1, 0.999), (10, 0.0001)), 1000, 0.3))  # fmt: skip
HEAVY = ((1.01, 16, -12.0), (1.5, 1000, -14.0), (2.0, 2, -16.0))


def check_least_errors(
    *, seed: int, tolerance: float, linear: bool = False, M_shift: int = 0, more: float = 0.0
) -> Finding:
    """Compute least error rates a second time: of few bits, of two groups, of heavy tails.

    Of few bits the gain over chance is compared, which is small.

    Parameters
    ----------
    tolerance : largest relative difference.
    linear : take the leading term, the root of the bits, for the gain of few bits.
    M_shift : further outputs of the package's side.
    more : share of bits that only the package's side has.
    """
    import mpmath

    rows: Rows = []
    for M, N in ((8, 1000), (2, 50), (3, 4000), (40, 9)):
        for x in (4e-6, 9e-6, 2e-5, 5e-4, 0.03, 1.0, 5.0):
            # About what an input gets whose probability is x times the price of a nat.
            nats = min((M - 1) / M**2 * x**2 / 2, 0.2 * x * math.log(M) / 2)
            best = least_error_rate(PowerLaw(0.0, N), M + M_shift, N * nats / math.log(2))
            if linear:
                gain = math.sqrt(2 * nats * (M - 1)) / M
            else:
                gain = float(1 - 1 / mpmath.mpf(M) - error_of_information(nats, M))
            rows.append(("gain of few bits", 1 - 1 / M - best, gain))
    for groups, M, share in GROUPS:
        p = np.array([q for n, q in groups for _ in range(n)])
        nats = share * len(p) * math.log(M)
        bits = nats / math.log(2) * (1 + more)
        found = least_error_rate(GivenLaw(p), M + M_shift, bits)
        rows.append(("two groups", found, two_group_error(groups, M, nats)))
    for a, M, log_mu in HEAVY:
        bits, error = power_law_losses(a, M, log_mu)
        rows.append(("heavy tails", least_error_rate(PowerLaw(a), M, bits * (1 + more)), error))
    for e, M in ((0.0, 5), (0.2, 2), (0.5, 8), (0.7, 4), (0.9, 4)):
        known = math.log(M) + sum(
            share * math.log(share / ways) for share, ways in ((1 - e, 1), (e, M - 1)) if share
        )
        exact = known if e <= 1 - 1 / M else 0.0
        rows.append(("information of an error", float(information_of_error(e, M)), exact))
    p, M = np.array([0.1, 0.6, 0.3]), 32
    for bits, left in ((0.0, 1.0), (4.0, 0.52), (5.0, 0.4), (7.5, 0.25), (15.0, 0.0)):
        found = least_cross_entropy(GivenLaw(p), M, bits)
        rows.append(("answers listed", found, left * math.log(M)))
    return judge_symbols(rows, tolerance=tolerance, note="by halving at sixty digits and searches")


# --- The best matrix of signs ---------------------------------------------------------------------


@cache
def _sign_optima(seed: int, d_in: int, d: int, draws: int) -> tuple[int, ...]:
    """Most facts that any matrix of signs recalls, for each draw of embeddings."""
    from sims.memories.sign_enumeration import most_recalled_by_signs

    source = Source(seed, "sign-optimum", (d_in, d))

    def vectors(dim: int, stream: int, draw: int) -> Floats:
        return source.vectors(sphere, 6 * d, dim, trial=draw, stream=stream, dtype=np.float64)

    return tuple(
        most_recalled_by_signs(vectors(d_in, INPUTS, draw), vectors(d, OUTPUTS, draw))
        for draw in range(draws)
    )


def check_sign_optimum(
    *,
    seed: int,
    shapes: Sequence[tuple[int, int]],
    draws: int,
    tolerance: float,
    bits: int = 1,
    more: int = 0,
    counted: bool = False,
) -> Finding:
    """Compare the most facts that any sign matrix recalls, of all tried, with the prediction.

    Parameters
    ----------
    shapes : coordinates of inputs and answers.
    draws : of embeddings.
    bits, more : bits per weight, and additional coordinates of inputs, on the predicted side only.
    counted : take N log2 N = d_in d for the prediction.
    """
    from scipy import optimize

    rows = []
    for d_in, d in shapes:
        found = _sign_optima(seed, d_in, d, draws)
        if counted:
            N = float(optimize.brentq(lambda N, B: N * math.log2(N) - B, 2, 1e3, args=(d_in * d,)))
        else:
            N = few_bits_capacity(d, bits, features=d_in + more)[0]
        # A transition at N that is as wide on either side has its mean whole number 1/2 below.
        rows.append({
            "d_in": d_in, "d": d, "trials": draws, "measured": float(np.mean(found)),
            "error": float(np.std(found, ddof=1) / math.sqrt(draws)), "predicted": N - 0.5,
        })  # fmt: skip
    return judge_predictions(
        "largest N that some sign matrix recalls", rows, tolerance=tolerance, relative=True
    )
