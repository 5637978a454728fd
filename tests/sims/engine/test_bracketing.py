"""Brackets of a smallest size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.engine.bracketing import bracket


@given(
    least=st.integers(1, 3000),
    start=st.integers(1, 1000),
    limit=st.integers(1, 2000),
    step=st.sampled_from([1, 2, 7, 16]),
    resolution=st.sampled_from([0.0, 0.03, 0.2]),
)
def test_the_ends_are_measured_and_lie_on_either_side(least, start, limit, step, resolution):
    asked = {}

    def enough(size):
        assert size not in asked
        asked[size] = size >= least
        return asked[size]

    low, high = bracket(enough, start=start, limit=limit, step=step, resolution=resolution)
    assert all(size == limit or (size % step == 0 and size < limit) for size in asked)
    assert low == 0 or asked[low] is False
    if least > limit:
        assert (low, high) == (limit, float("inf"))
        return
    assert asked[high] is True
    assert low < least <= high or (low == 0 and high <= step)
    assert high - low <= max(step, resolution * high)


def test_a_limit_between_two_steps_ends_the_search():
    asked = []

    def enough(size):
        asked.append(size)
        return size >= 13

    assert bracket(enough, start=4, limit=13, step=4) == (12, 13)
    assert asked == [4, 8, 13, 12]


def test_it_takes_about_as_many_measurements_as_there_are_bits():
    asked = []

    def enough(size):
        asked.append(size)
        return size >= 777

    assert bracket(enough, start=1, limit=10**6) == (776, 777)
    assert len(asked) <= 2 * 10 + 1


def test_where_the_outcome_is_not_monotone_one_change_is_found():
    low, high = bracket(lambda size: size in (3, 9, 10, 11, 12), start=10, limit=50)
    assert (low, high) in ((2, 3), (8, 9))


@pytest.mark.parametrize(("start", "limit"), [(1, 1), (5, 1), (1, 7)])
def test_a_limit_that_is_not_enough_is_censored(start, limit):
    assert bracket(lambda size: False, start=start, limit=limit) == (limit, float("inf"))
