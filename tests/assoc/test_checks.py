"""Checks of sizes: what fits in memory is counted, and what does not is refused."""

from contextlib import nullcontext

import numpy as np
import pytest

from assoc import InputError, checks
from assoc.checks import check_fits, several
from tests.helpers.oracles import one_line


@pytest.mark.parametrize("itemsize", [1, 4, 8])
def test_what_fits_is_counted_in_bytes(leave_free, itemsize):
    leave_free(8 * 10**9)
    check_fits(8 * 10**9 // itemsize, itemsize, "the weights")
    with pytest.raises(InputError) as caught:
        check_fits(8 * 10**9 // itemsize + 1, itemsize, "the weights")
    assert one_line(caught.value) == "the weights take 8 GB; 8 GB are free"
    with pytest.raises(InputError, match=r"^N = 3: the rows take 8e\+03 GB; 8 GB are free$"):
        check_fits(8 * 10**12 // itemsize, itemsize, "N = 3: the rows")


def test_what_the_machine_has_free_decides(monkeypatch):
    free = []
    monkeypatch.setattr(checks, "free_memory", lambda: free[-1])
    for size, fits in ((10**9, False), (4 * 10**9, True), (10**9, False)):
        free.append(size)
        with nullcontext() if fits else pytest.raises(InputError, match=r"1 GB are free$"):
            check_fits(2 * 10**9, 1, "the weights")


def test_little_is_taken_without_a_look(monkeypatch):
    monkeypatch.setattr(checks, "free_memory", lambda: pytest.fail("looked at"))
    check_fits(checks.ALWAYS, 1, "the weights")


def test_what_does_not_fit_may_come_with_advice():
    with pytest.raises(InputError, match=r"take 8e\+06 GB; [0-9.]+ GB are free \(sample them\)$"):
        check_fits(10**15, 8, "N = 3: the rows", instead="sample them")


def test_sizes_beyond_any_float_are_refused_too(leave_free):
    """10^400 is no floating-point number; what is said of it still fits on a line."""
    leave_free(17 * 10**9)
    with pytest.raises(InputError) as caught:
        check_fits(10**400, 8, "the weights")
    assert one_line(caught.value) == "the weights take 8e+291 GB; 17 GB are free"


@pytest.mark.parametrize("none", [[], (), np.empty(0)])
def test_one_or_several_are_a_list_and_none_is_refused_by_name(none):
    assert several(3, "d") == several([3], "d") == several(np.array([3]), "d") == [3]
    assert several(None, "d") == [None]
    with pytest.raises(InputError, match=r"^d is an empty list$"):
        several(none, "d")
