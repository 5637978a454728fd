"""Fact maps: injective or balanced as they say, and prefixes where they promise them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assoc import InputError
from assoc.facts.maps import (
    MAPS,
    balanced,
    check_also,
    check_map,
    class_sizes,
    evened,
    identity,
    permutation,
    random,
    rows_of,
    zipf,
    zipf_sizes,
)
from tests.helpers.oracles import complaint, one_line, right_sets


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(sorted(MAPS)))
def test_every_law_gives_a_map_or_says_that_none_exists(N, M, name):
    rng = np.random.default_rng(0)
    if name in ("identity", "permutation") and N > M:
        with pytest.raises(InputError, match=f"no injective map from N = {N} inputs to M = {M}"):
            MAPS[name](N, M, rng=rng)
        return
    f = MAPS[name](N, M, rng=rng)
    np.testing.assert_array_equal(check_map(f, N, M), f)
    assert class_sizes(f, M).sum() == N
    if name in ("identity", "permutation"):
        assert class_sizes(f, M).max() == 1
    if name == "balanced":
        assert np.ptp(class_sizes(f, M)) <= 1


def test_identity_is_the_identity():
    assert identity(3, 5).tolist() == [0, 1, 2]


def test_all_permutations_of_three_are_equally_likely():
    # Chi-square over the 6 permutations, level 1e-3, fixed seed.
    rng = np.random.default_rng(0)
    drawn = [tuple(permutation(3, 3, rng=rng)) for _ in range(3000)]
    counts = [drawn.count(p) for p in sorted(set(drawn))]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_balanced_prefixes_are_balanced():
    f = balanced(100, 7)
    for n in range(1, 101):
        np.testing.assert_array_equal(balanced(n, 7), f[:n])
        assert np.ptp(class_sizes(f[:n], 7)) <= 1


@pytest.mark.parametrize("law", [random, zipf])
def test_independent_maps_to_fixed_outputs_are_nested(law):
    """For M fixed, fewer facts are the first of more facts."""
    more = law(200, 13, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(law(50, 13, rng=np.random.default_rng(3)), more[:50])


@pytest.mark.parametrize(("law", "expected"), [(random, None), (zipf, zipf_sizes(20_000, 5))])
def test_frequencies(law, expected):
    # Chi-square over 5 outputs, level 1e-3 each, fixed seed.
    counts = class_sizes(law(20_000, 5, rng=np.random.default_rng(0)), 5)
    assert stats.chisquare(counts, expected).pvalue > 1e-3


@given(st.floats(1, 1e9), st.integers(1, 50), st.floats(0, 4))
def test_zipf_sizes_follow_the_power_law_and_sum_to_the_number_of_facts(N, M, exponent):
    sizes = zipf_sizes(N, M, exponent=exponent)
    np.testing.assert_allclose(sizes.sum(), N)
    ranks = np.arange(1, M + 1)
    np.testing.assert_allclose(sizes / sizes[0], ranks**-exponent, rtol=1e-12)


def test_class_sizes_count_outputs_nobody_has():
    assert class_sizes(np.array([2, 2, 0]), 5).tolist() == [1, 0, 2, 0, 0]


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64])
def test_integers_of_any_kind_are_accepted(dtype):
    assert check_map(np.array([1, 0], dtype), 2, 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("f", "said"),
    [
        ([0, 1], "f must be 3 integers, not int64 of shape (2,)"),
        ([[0, 1, 2]], "f must be 3 integers, not int64 of shape (1, 3)"),
        ([[0], [1, 2], []], "f must be 3 integers, not rows of different lengths"),
        ([0.0, 1.0, 2.0], "f must be 3 integers, not float64 of shape (3,)"),
        ([True, False, True], "f must be 3 integers, not bool of shape (3,)"),
        (["0", "1", "2"], "f must be 3 integers, not <U1 of shape (3,)"),
        ([0, 1, 10**30], "f must be 3 integers, not object of shape (3,)"),
        ([0, 4, 9], "f[1] = 4 is not an output: M = 4"),
        ([0, 1, -1], "f[2] = -1 is not an output: M = 4"),
    ],
)
def test_what_is_not_a_map_is_named(f, said):
    with pytest.raises(InputError) as caught:
        check_map(f, 3, 4)
    assert one_line(caught.value) == said


# --- several right answers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("also", "said"),
    [
        ([0, 1], "also: rows (input, answer) of integers are needed, not int64 of shape (2,)"),
        ([[0.0, 1.0]], "also: rows (input, answer) of integers are needed, not float64 of shape"),
        ([[0, 1], [3, 1]], "also[1] = [3, 1] is no input and output: N = 3, M = 4"),
        ([[0, 4]], "also[0] = [0, 4] is no input and output"),
        ([[-1, 1]], "also[0] = [-1, 1] is no input and output"),
        ([[1, 3], [0, 1]], "also: rows are not in the order of their inputs"),
        ([[1, 1]], "also: answer 1 of input 1 is given twice"),
        ([[1, 3], [1, 3]], "also: answer 3 of input 1 is given twice"),
    ],
)
def test_other_right_answers_that_are_none_are_named(also, said):
    assert complaint(check_also, also, np.array([0, 1, 2]), 4).startswith(said)


def test_no_other_right_answers_are_no_rows():
    assert check_also(None, np.array([0]), 1).shape == (0, 2)


def tables_of_sets():
    """Maps with other right answers, M outputs, as (f, also, M)."""

    def of(M):
        several = st.lists(st.integers(0, M - 1), min_size=1, max_size=M, unique=True)
        return st.lists(several, min_size=1, max_size=12).map(
            lambda told: (
                np.array([answers[0] for answers in told]),
                np.array(
                    [(x, y) for x, answers in enumerate(told) for y in answers[1:]], np.intp
                ).reshape(-1, 2),
                M,
            )
        )

    return st.integers(1, 6).flatmap(of)


@given(tables_of_sets())
def test_evened_classes_have_the_same_right_answers_and_no_change_of_one_evens_them(table):
    f, also, M = table
    chosen, others = evened(f, M, also)
    check_also(others, chosen, M)
    right = right_sets(f.tolist(), also.tolist())
    assert right_sets(chosen.tolist(), others.tolist()) == right
    sizes = class_sizes(chosen, M)
    assert (sizes**2).sum() <= (class_sizes(f, M) ** 2).sum()
    for x, answers in enumerate(right):
        assert all(sizes[y] + 1 >= sizes[chosen[x]] for y in answers)
    # Where nothing was gained nothing was changed.
    if (sizes**2).sum() == (class_sizes(f, M) ** 2).sum():
        np.testing.assert_array_equal(chosen, f)


@given(tables_of_sets(), st.integers(0, 2**12 - 1))
def test_rows_of_some_inputs_are_those_of_a_table_of_them(table, chosen):
    f, also, _ = table
    inputs = np.flatnonzero([chosen >> x & 1 for x in range(len(f))])
    right = right_sets(f.tolist(), also.tolist())
    few = rows_of(also, inputs)
    assert right_sets(f[inputs].tolist(), few.tolist()) == [right[x] for x in inputs]
