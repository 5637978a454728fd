"""Checks of sizes: what fits in memory is counted, and what does not is refused."""

import numpy as np
import pytest

from assoc import InputError
from assoc.checks import MAX_BYTES, check_fits, several
from tests.helpers.oracles import one_line


@pytest.mark.parametrize("itemsize", [1, 4, 8])
def test_what_fits_is_counted_in_bytes(itemsize):
    check_fits(MAX_BYTES // itemsize, itemsize, "the weights")
    with pytest.raises(InputError) as caught:
        check_fits(MAX_BYTES // itemsize + 1, itemsize, "the weights")
    assert one_line(caught.value) == "the weights take 17.2 GB; 17.2 GB at most"
    with pytest.raises(InputError, match=r"^N = 3: the rows take 8e\+03 GB; 17.2 GB at most$"):
        check_fits(8 * 10**12 // itemsize, itemsize, "N = 3: the rows")


def test_what_does_not_fit_may_come_with_advice():
    with pytest.raises(InputError, match=r"take 8e\+03 GB; 17.2 GB at most \(sample them\)$"):
        check_fits(10**12, 8, "N = 3: the rows", instead="sample them")


def test_sizes_beyond_any_float_are_refused_too():
    """10^400 is no floating-point number; what is said of it still fits on a line."""
    with pytest.raises(InputError) as caught:
        check_fits(10**400, 8, "the weights")
    assert one_line(caught.value) == "the weights take 8e+291 GB; 17.2 GB at most"


@pytest.mark.parametrize("none", [[], (), np.empty(0)])
def test_one_or_several_are_a_list_and_none_is_refused_by_name(none):
    assert several(3, "d") == several([3], "d") == several(np.array([3]), "d") == [3]
    assert several(None, "d") == [None]
    with pytest.raises(InputError, match=r"^d is an empty list$"):
        several(none, "d")
