"""Sizes out of range are refused in one line."""

import math

import pytest

from assoc import InputError
from tests.helpers.oracles import one_line
from theory.memories.sizes import LARGEST_D, LARGEST_N, check_sizes


@pytest.mark.parametrize(("d", "N"), [(2, 1), (64, 1.5), (LARGEST_D, LARGEST_N)])
def test_sizes_in_range_pass(d, N):
    check_sizes(d=d, N=N)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"d": 1}, "d = 1: the formulas need a dimension of at least 2"),
        ({"d": -3}, "d = -3: the formulas need a dimension of at least 2"),
        ({"d": 8, "N": 0}, "N = 0 is not a positive number of facts"),
        ({"d": 8, "N": 0.5}, "N = 0.5 is not a positive number of facts"),
        ({"d": 8, "N": math.nan}, "N = nan is not a positive number of facts"),
        ({"d": 8, "N": math.inf}, "N = inf: the formulas are checked up to N = 1e+30"),
        ({"d": 10**13}, "d = 1e+13: the formulas are checked up to d = 1e+12"),
        ({"d": 8, "N": 10**31}, "N = 1e+31: the formulas are checked up to N = 1e+30"),
        ({"d": 10**400}, "d = 10^300 and more: the formulas are checked up to d = 1e+12"),
    ],
)
def test_sizes_out_of_range_are_named(sizes, said):
    with pytest.raises(InputError) as caught:
        check_sizes(**sizes)
    assert one_line(caught.value) == said
