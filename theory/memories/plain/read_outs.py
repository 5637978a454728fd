r"""What the best read-outs rest on, computed a second time and by other means.

The logistic loss is written out in high precision and differentiated by differences; the cost of a
fact among nearly orthogonal answers is a minimum found without its derivatives; the directions that
few answers span are counted as a rank. What :mod:`assoc.memories.convex` and
:mod:`theory.memories.optimal` say is compared with these.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

from assoc.memories.convex import LogisticLoss, WhiteLoss
from sims.memories.fact_cost import fact_cost
from theory.memories.optimal import (
    extrapolated,
    optimal_capacity,
    optimal_limit,
    optimal_width,
    orthogonal_cost,
)

__all__ = ["MISTAKES", "PARTS", "capacity_rows", "read_out_rows"]

Doubles = NDArray[np.float64]
Row = tuple[str, float, float]

MISTAKES = (
    "gradient over N - 1",
    "second moments for covariances",
    "d for the span of the answers",
    "no level of its own",
    "M for M - 1",
    "2 log M",
)
"""What can be planted in the independent side, for controls."""

PARTS = ("loss", "white", "blocks", "cost", "width", "line")
"""What can be compared by itself."""

DIGITS = 50
TRIALS = 100
"""Of the costs that both sides draw from."""

STEP = mp.mpf(10) ** -15
"""Of the differences; their error is its square, far below what is compared."""


def read_out_rows(*, parts: Sequence[str] = PARTS, mistake: str | None = None) -> Iterator[Row]:
    """Give (symbol, as the package has it, independently) of the loss, its cost and its limits.

    Parameters
    ----------
    parts : of :data:`PARTS`.
    mistake : one of :data:`MISTAKES`, planted in the independent side; None plants nothing.
    """
    rows: dict[str, Callable[[], Iterator[Row]]] = {
        "loss": partial(_loss_rows, mistake),
        "white": _white_rows,
        "blocks": _block_rows,
        "cost": partial(_cost_rows, mistake),
        "width": partial(_width_rows, mistake),
        "line": _line_rows,
    }
    for part in parts:
        with mp.workdps(DIGITS):
            yield from rows[part]()


def capacity_rows(*, over: float = 1.0) -> Iterator[Row]:
    """Give what N facts cost at the predicted capacity, which is the number of entries.

    Parameters
    ----------
    over : factor on the capacity at which the cost is measured; 1 is right.
    """
    for d, features in ((6, None), (5, 11)):
        N, error = optimal_capacity(d, features=features, trials=TRIALS)
        sizes = [int(over * N), int(over * N) + 1, round(0.8 * N), round(1.25 * N)]
        costs = fact_cost(sizes, d, trials=TRIALS)
        low, high, *ends = (size * cost.mean for size, cost in zip(sizes, costs, strict=True))
        load = low + (over * N - sizes[0]) * (high - low)
        yield "N delta(N, d) at capacity", load, float(d * (features or d))
        # The relative error of N is that of delta over the slope of N delta in N.
        slope = np.log(ends[1] / ends[0]) / np.log(sizes[3] / sizes[2])
        spread = costs[0].standard_error / costs[0].mean
        yield "error of capacity", error / N, spread / slope


# --- the logistic loss --------------------------------------------------------------------------


def _problem(size: float = 1.0) -> tuple[Doubles, Doubles, NDArray[np.intp], Doubles, Doubles]:
    """Features (5, 3), answers (4, 2), facts, offset (5, 2) and a read-out (3, 2), from angles."""
    features = np.cos(np.arange(15.0) ** 1.5).reshape(5, 3)
    U = np.sin(1 + np.arange(8.0) ** 1.3).reshape(4, 2)
    offset = 0.3 * np.cos(2 + np.arange(10.0)).reshape(5, 2)
    return (
        features,
        U,
        np.array([2, 0, 3, 1, 2]),
        offset,
        size * np.sin(np.arange(6.0)).reshape(3, 2),
    )


def _plain_scores(
    phi: Doubles, U: Doubles, offset: Doubles | None, Theta: list[list[mp.mpf]]
) -> list[list[mp.mpf]]:
    """Scores <u_y, o_x + Theta^T phi_x> by plain sums."""
    scores = []
    for x, feature in enumerate(phi):
        out = [
            (mp.mpf(float(offset[x, j])) if offset is not None else mp.mpf(0))
            + sum(mp.mpf(float(value)) * row[j] for value, row in zip(feature, Theta, strict=True))
            for j in range(U.shape[1])
        ]
        scores.append(
            [sum(mp.mpf(float(u)) * v for u, v in zip(answer, out, strict=True)) for answer in U]
        )
    return scores


def _plain_loss(
    phi: Doubles,
    U: Doubles,
    f: NDArray[np.intp],
    offset: Doubles | None,
    Theta: list[list[mp.mpf]],
) -> mp.mpf:
    """Mean of -log softmax, as it is defined."""
    lost = [
        mp.log(sum(mp.exp(score) for score in row)) - row[own]
        for row, own in zip(_plain_scores(phi, U, offset, Theta), f, strict=True)
    ]
    return sum(lost) / len(lost)


def _moved(Theta: Doubles, *ways: tuple[Doubles, mp.mpf]) -> list[list[mp.mpf]]:
    """Theta with multiples of directions added, in high precision."""
    rows, columns = Theta.shape
    return [
        [
            mp.mpf(float(Theta[i, j])) + sum(step * mp.mpf(float(way[i, j])) for way, step in ways)
            for j in range(columns)
        ]
        for i in range(rows)
    ]


def _loss_rows(mistake: str | None) -> Iterator[Row]:
    for size in (1.0, 40.0):
        phi, U, f, offset, Theta = _problem(size)
        for o in (None, offset):

            def at(*ways: tuple[Doubles, mp.mpf], o: Doubles | None = o) -> mp.mpf:
                return _plain_loss(phi, U, f, o, _moved(Theta, *ways))  # noqa: B023

            loss = LogisticLoss(phi, U, f, offset=o)
            value, slope = loss(Theta)
            yield "loss", value, float(at())
            margins = [
                row[own] - max(score for y, score in enumerate(row) if y != own)
                for row, own in zip(_plain_scores(phi, U, o, _moved(Theta)), f, strict=True)
            ]
            yield "least margin", loss.least, float(min(margins))
            share = len(f) / (len(f) - 1) if mistake == "gradient over N - 1" else 1.0
            way = np.cos(3 + np.arange(Theta.size, dtype=float)).reshape(Theta.shape)
            bent = loss.bend(Theta, way)
            for place in np.ndindex(*Theta.shape):
                unit = np.zeros_like(Theta)
                unit[place] = 1.0
                rise = (at((unit, STEP)) - at((unit, -STEP))) / (2 * STEP)
                yield "gradient", float(slope[place]), share * float(rise)
                bend = sum(
                    i * j * at((unit, i * STEP), (way, j * STEP)) for i in (1, -1) for j in (1, -1)
                ) / (4 * STEP**2)
                extra = 0.0
                if mistake == "second moments for covariances":
                    extra = _product_of_means(phi, U, o, Theta, unit, way)
                yield "Hessian", float(bent[place]), float(bend) + extra


def _product_of_means(
    phi: Doubles, U: Doubles, offset: Doubles | None, Theta: Doubles, *ways: Doubles
) -> float:
    """Mean over inputs of the product of the mean changes of the scores."""
    total = mp.mpf(0)
    scores = _plain_scores(phi, U, offset, _moved(Theta))
    changes = [_plain_scores(phi, U, None, _moved(way)) for way in ways]
    for x, row in enumerate(scores):
        chance = [mp.exp(score) for score in row]
        means = [
            sum(c * p for c, p in zip(change[x], chance, strict=True)) / sum(chance)
            for change in changes
        ]
        total += means[0] * means[1]
    return float(total / len(scores))


def _white_rows() -> Iterator[Row]:
    """Slopes and bends in white coordinates, by differences, and that they are white."""
    phi, U, f, _, Theta = _problem()
    white = WhiteLoss(LogisticLoss(phi, U, f))
    z = white.inward(Theta)
    for measured, expected in zip(white.outward(z).ravel(), Theta.ravel(), strict=True):
        yield "Theta from white coordinates", float(measured), float(expected)
    slope = white(z)[1]
    for place in range(white.size):
        way = white.outward(np.eye(white.size)[place])

        def at(step: mp.mpf, way: Doubles = way) -> mp.mpf:
            return _plain_loss(phi, U, f, None, _moved(Theta, (way, step)))

        yield "white gradient", float(slope[place]), float((at(STEP) - at(-STEP)) / (2 * STEP))
        bend = white.bend(z, np.eye(white.size)[place])[place]
        yield (
            "white Hessian",
            float(bend),
            float((at(STEP) - 2 * at(mp.mpf(0)) + at(-STEP)) / STEP**2),
        )
    for rows in (phi @ white.left, U @ white.right):
        found = rows.T @ rows / len(rows)
        for entry in np.ndindex(*found.shape):
            yield (
                "second moment in white coordinates",
                float(found[entry]),
                float(entry[0] == entry[1]),
            )


def _block_rows() -> Iterator[Row]:
    """Several blocks of inputs against all of them at once."""
    from scipy import special

    N, M = 3, 2**21 + 1
    U = np.stack([np.cos(np.arange(M)), np.sin(np.arange(M))], axis=1)
    phi, f = np.array([[1.0, 0.2], [0.3, -1.0], [-0.5, 0.4]]), np.array([5, M - 2, 77])
    Theta = np.array([[0.7, -0.2], [0.1, 0.9]])
    loss = LogisticLoss(phi, U, f)
    value, slope = loss(Theta)
    scores = (phi @ Theta) @ U.T
    log_mass = special.logsumexp(scores, axis=1)
    yield "loss in blocks", value, float(np.mean(log_mass - scores[np.arange(N), f]))
    pull = np.exp(scores - log_mass[:, None]) @ U - U[f]
    for measured, expected in zip(slope.ravel(), (phi.T @ pull / N).ravel(), strict=True):
        yield "gradient in blocks", float(measured), float(expected)


# --- the cost of a fact -------------------------------------------------------------------------


def _plain_cost(log_M: float, mistake: str | None = None) -> float:
    r"""Cost of a fact by minimising G(t) = 1 + t^2 + (M - 1) E (g - t)_+^2.

    A draw saves the variance of G's half slope at the minimum, G - t^2, over G'' / 2.
    """
    from scipy import integrate, optimize

    if mistake == "2 log M":
        return 2 * log_M
    rivals = np.exp(log_M) - (0 if mistake == "M for M - 1" else 1)
    # (g - t)^2 is integrated from t on, relative to the density there, wherever t is.

    def level(t: float) -> float:
        mean = integrate.quad(
            lambda x: x**2 * np.exp(-(x**2) / 2 - t * x), 0, 16, epsabs=0, epsrel=1e-12
        )[0]
        return float(1 + t**2 + rivals * np.exp(-(t**2) / 2) * mean / np.sqrt(2 * np.pi))

    bounds = (0.0, float(np.sqrt(2 * log_M)) + 2)
    t = float(optimize.minimize_scalar(level, bounds=bounds, options={"xatol": 1e-10}).x)
    if mistake == "no level of its own":
        return level(t)
    with mp.workdps(25):

        def precise(t: mp.mpf) -> mp.mpf:
            mean = mp.quad(lambda x: x**2 * mp.exp(-(x**2) / 2 - t * x), [0, 3, 14])
            return 1 + t**2 + rivals * mp.exp(-(t**2) / 2) * mean / mp.sqrt(2 * mp.pi)

        h = mp.mpf("1e-5")
        below, least, above = (precise(mp.mpf(t) + step) for step in (-h, 0, h))
        return float(least - (least - t**2) * 2 * h**2 / (below - 2 * least + above))


def _cost_rows(mistake: str | None) -> Iterator[Row]:
    for log_M in (float(np.log(2)), float(np.log(40)), 60.0):
        yield "cost among orthogonal answers", orthogonal_cost(log_M), _plain_cost(log_M, mistake)
    for d in (30.0, 1e20):
        log_N = optimal_limit(d)
        load = log_N + float(np.log(_plain_cost(log_N, mistake)))
        yield "log of N delta(N) at the limit", load, float(2 * np.log(d))


def _width_rows(mistake: str | None) -> Iterator[Row]:
    """Few answers ask for as many equations per feature as their differences span directions."""
    trials = 20
    for N, d, M in ((50, 8, 3), (50, 4, 9), (60, 5, 5), (7, 3, None)):
        width, error = optimal_width(N, d, M=M, trials=trials)
        (cost,) = fact_cost(M or N, d, trials=trials)
        answers = np.cos(np.arange((M or N) * d) ** 1.5).reshape(-1, d)
        span = d if mistake == MISTAKES[2] else np.linalg.matrix_rank(answers[1:] - answers[0])
        yield "features for few answers", width, float(N * cost.mean / span)
        yield "error of the features", error, float(N * cost.standard_error / span)


def _line_rows() -> Iterator[Row]:
    d, ratio, error = np.array([8.0, 16, 32, 64]), [1.2, 1.13, 1.04, 1.05], [0.02, 0.01, 0.03, 0.01]
    line, covariance = np.polyfit(1 / d, ratio, 1, w=1 / np.array(error), cov="unscaled")
    value, doubt = extrapolated(d.tolist(), ratio, error)
    yield "value of a line at 1/d = 0", value, float(line[1])
    yield "error of that value", doubt, float(np.sqrt(covariance[1, 1]))
