"""Two inputs are weak together no more often than is proved, and not much less often."""

import numpy as np
import pytest

from theory.memories import weak_pairs
from theory.memories.pair_tails import Tails, tails_of
from theory.memories.weak_pairs import (
    Counted,
    Signal,
    joint_chance,
    product_moment,
    reach_of,
    skewness,
)


def spheres(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    found = rng.standard_normal((n, d))
    return found / np.linalg.norm(found, axis=1)[:, None]


def counted(a: float, mean: float) -> Counted:
    """Weak inputs count fully, from half of the mean length on."""
    ends = np.concatenate([mean * np.geomspace(0.5, 20, 600), [np.inf]])
    return Counted(ends, np.array([a]), np.ones((600, 1)))


def level(n: int, d: int, weak: float) -> tuple[Tails, float]:
    tails = tails_of(d, 20.0)
    return tails, float(np.interp(-np.log(weak), -np.log(tails.low), tails.t) * np.sqrt(n / d))


def test_pairs_are_weak_as_often_as_proved():
    d, n, most = 160, 1000, 2.0
    tails, a = level(n, d, 0.01)
    rng = np.random.default_rng(3)
    found = []
    for _ in range(60):
        E, U = spheres(rng, n, d), spheres(rng, n, d)
        gram = U @ U.T
        overlaps = E @ E.T
        np.fill_diagonal(overlaps, 0.0)
        h = -np.einsum("xz,xz->x", gram, overlaps)
        w = np.sum((overlaps @ U) ** 2, axis=1)
        weak = int(((h >= a) & (w >= n / d / 2)).sum())
        found.append(weak * (weak - 1) / (n * (n - 1)))
    first, signal = counted(a, n / d), Signal(1.0, 1.0, 1.0, d)
    reach = reach_of(
        1e-7, a=a, least=first.least, n=n - 2, tails=tails, signal=Signal(1.0, 1.0, 1.0, d)
    )
    assert reach is not None
    bound = joint_chance(first, a, n=n - 2, reach=reach, tails=tails, signal=signal)
    mean, error = np.mean(found), np.std(found) / np.sqrt(len(found))
    assert error < mean / 10
    assert mean - 3 * error <= bound <= most * (mean + 3 * error)


def test_what_two_inputs_do_to_each_other_is_bounded():
    """By the sizes of three coordinates, draw by draw: of both squared lengths."""
    rng = np.random.default_rng(8)
    d, n, seen = 10, 14, 0
    for _ in range(400):
        E, U = spheres(rng, n, d), spheres(rng, n, d)
        gamma = float(E[0] @ E[1])
        V, other = (U[2:].T @ (E[2:] @ E[k]) for k in (0, 1))
        v = V + gamma * U[1]
        w, alpha = float(v @ v), float(U[0] @ v / np.linalg.norm(v))
        across = abs(U[0] @ U[1] - alpha * (v @ U[1]) / np.sqrt(w)) / np.sqrt(1 - alpha**2)
        part = abs(V @ U[1]) / np.linalg.norm(V)
        a = -float(U[1] @ (other + gamma * U[0]))
        if a <= 0 or abs(gamma) >= np.sqrt(w):
            continue
        by, nearer = weak_pairs._moves(
            np.array(abs(gamma)), np.array(part), np.array(across), a, w, abs(alpha)
        )
        assert w <= (1 + by) * (V @ V) * (1 + 1e-12)
        if np.isfinite(nearer):
            seen += 1
            assert a <= -float(U[1] @ other) * np.sqrt(1 + nearer) * (1 + 1e-12)
    assert seen > 50


def test_a_fourth_moment_of_products_is_bounded_and_near():
    n, d, draws = 60, 24, 4000
    rng = np.random.default_rng(5)
    found = np.empty(draws)
    for k in range(draws):
        E, U = spheres(rng, n, d), spheres(rng, n, d)
        found[k] = ((E[:, 0] @ U) @ (E[:, 1] @ U)) ** 4 * (d / n) ** 4
    error = np.std(found) / np.sqrt(draws)
    bound = product_moment(n, d)
    assert found.mean() - 3 * error < bound < 2 * (found.mean() + 3 * error)


@pytest.mark.parametrize("gamma", [0.0, 0.3, 0.9])
def test_third_moments_are_bounded(gamma):
    n, d, draws = 60, 24, 4000
    rng = np.random.default_rng(6)
    found = np.empty(draws)
    for k in range(draws):
        E, U = spheres(rng, n, d), spheres(rng, n, d)
        c = E[:, 0]
        other = gamma * c + np.sqrt(1 - gamma**2) * E[:, 1]
        theta, theta2 = (np.sum((x @ U) ** 2) * d / n - 1 for x in (c, other))
        found[k] = theta * theta2**2
    error = np.std(found) / np.sqrt(draws)
    assert abs(found.mean()) <= float(skewness(np.array(gamma), n, d)) + 4 * error


def test_too_few_dimensions_reach_nowhere():
    tails, a = level(20, 8, 0.05)
    assert (
        reach_of(1e-5, a=a, least=1.0, n=18, tails=tails, signal=Signal(1.0, 1.0, 1.0, 8)) is None
    )


def test_what_counts_by_length_is_a_sum_of_tails():
    tails, a = level(260, 48, 0.01)
    by_length = counted(a, 260 / 48).by_length(tails)
    assert (np.diff(by_length.low) >= 0).all()
    assert (by_length.low <= by_length.high).all()
    place = int(np.searchsorted(by_length.ends, 260 / 48)) - 1
    assert by_length.low[place] < 0.01 < by_length.high[place + 1]
    assert by_length.high[-1] == pytest.approx(0.5)
