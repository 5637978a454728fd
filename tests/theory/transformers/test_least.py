"""The least dimension at which a bound is met."""

import math

import pytest

from assoc import InputError
from theory.transformers.least import least_dimension


@pytest.mark.parametrize("guess", [2, 100, 3000])
@pytest.mark.parametrize("threshold", [3, 4, 517, 2999])
def test_it_finds_the_crossing_of_any_bound_that_falls(guess, threshold):
    asked = []

    def steep(d):
        asked.append(d)
        return math.exp(-d / 40) if d >= threshold else 5.0

    def step(d):
        return 0.0 if d >= threshold else 1.0

    expected = max(threshold, math.ceil(40 * math.log(2)))
    assert least_dimension(steep, 0.5, low=1, guess=guess, limit=10**6) == expected
    assert len(asked) < 60
    assert least_dimension(step, 0.5, low=1, guess=guess, limit=10**6) == threshold


def test_a_bound_that_falls_exponentially_takes_few_evaluations():
    asked = []

    def bound(d):
        asked.append(d)
        return 1e9 * math.exp(-d / 80)

    found = least_dimension(bound, 0.5, low=2, guess=3000, limit=10**6)
    assert bound(found) <= 0.5 < bound(found - 1)
    assert len(asked) < 10


def test_bad_input_is_named():
    with pytest.raises(InputError, match="delta"):
        least_dimension(lambda d: 0.0, 1.0, low=1, guess=2, limit=9)
    with pytest.raises(InputError, match="no d up to 9"):
        least_dimension(lambda d: 1.0, 0.5, low=1, guess=2, limit=9)
