"""Crossings of bounds: the bracket is that of the plain search, in fewer evaluations."""

import math

import numpy as np
import pytest

from sims.engine.bracketing import bracket
from theory.memories.aimed import aimed_bracket

RNG = np.random.default_rng(22)


@pytest.mark.parametrize("rising", [False, True])
@pytest.mark.parametrize("resolution", [0.0, 1e-3])
def test_both_ends_are_evaluated_and_close(rising: bool, resolution: float) -> None:
    counts = []
    for _ in range(50):
        crossing, power = 10 ** RNG.uniform(0.5, 9), RNG.uniform(1, 60)
        asked: dict[int, float] = {}

        def bound(size: int, at=crossing, power=power, asked=asked) -> float:
            away = math.log(size / at) * (1 if rising else -1)
            value = 0.5 * math.exp(np.clip(power * away * (1 + 0.3 * away**2), -700, 700))
            return asked.setdefault(size, value)

        start = int(crossing * 10 ** RNG.uniform(-0.2, 0.2)) + 1
        low, high = aimed_bracket(
            bound, 0.5, start=start, limit=10**12, rising=rising, resolution=resolution
        )
        assert (asked[low] <= 0.5) is rising
        assert (asked[int(high)] <= 0.5) is not rising
        assert high - low <= max(1, resolution * high)
        counts.append(len(asked))
    assert np.mean(counts) < 9


@pytest.mark.parametrize("start", [1, 40, 900])
@pytest.mark.parametrize("threshold", [1, 2, 31, 32, 999])
def test_steps_without_a_slope_are_found_as_well(start: int, threshold: int) -> None:
    found = aimed_bracket(lambda m: 0.0 if m >= threshold else 1.0, 0.5, start=start, limit=1000)
    assert found == bracket(lambda m: m >= threshold, start=start, limit=1000)


def test_crossings_outside_are_told_apart() -> None:
    assert aimed_bracket(lambda _: 1.0, 0.5, start=7, limit=100, resolution=0.5) == (100, math.inf)
    assert aimed_bracket(lambda _: 0.0, 0.5, start=7, limit=100, least=3) == (2, 3)
    assert aimed_bracket(lambda _: 0.0, 0.5, start=7, limit=100, rising=True) == (100, math.inf)
    assert aimed_bracket(lambda _: 1.0, 0.5, start=7, limit=100, rising=True) == (0, 1)


def test_a_bump_leaves_a_bracket() -> None:
    def bound(m: int) -> float:
        return 0.6 if m == 50 else 100 / m**2

    low, high = aimed_bracket(bound, 0.5, start=30, limit=1000)
    assert bound(low) > 0.5 >= bound(int(high))
