"""Margins of inputs with several right answers, against enumeration and rational arithmetic."""

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assoc import Factors, certified_margins, margins
from assoc.memories import decoding
from tests.helpers.oracles import exact_margins, margins_by_hand


def draw(rng, N, M, d=4):
    E, U = rng.standard_normal((N, d)), rng.standard_normal((M, d))
    return Factors((rng.standard_normal((d, d)),)), E, U, rng.integers(0, M, N)


def test_every_table_of_sets_of_two_inputs_and_three_outputs():
    """All right sets, all sign vectors: integer scores with many ties, so margins are exact."""
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=2)))
    sets = [set(s) for k in (1, 2, 3) for s in itertools.combinations(range(3), k)]
    W = np.array([[1.0, 2.0], [0.0, -1.0]])
    recalled = 0
    for chosen in itertools.product(range(4), repeat=3):
        U = signs[list(chosen)]
        for right in itertools.product(sets, repeat=2):
            f = [max(s) for s in right]
            also = [[x, y] for x, s in enumerate(right) for y in sorted(s - {f[x]})]
            rows = np.array(also, int).reshape(-1, 2)
            E = signs[1:3]
            found = certified_margins(Factors((W,)), E, U, f, rows)
            np.testing.assert_array_equal(found.margin, margins_by_hand(W, E, U, f, also))
            np.testing.assert_array_equal(found.margin, margins(Factors((W,)), E, U, f, rows))
            # Integers are evaluated exactly, and the bound is below one.
            np.testing.assert_array_equal(found.certified, found.recalled)
            recalled += int(found.recalled.sum())
    assert recalled > 0


def test_it_makes_no_difference_which_right_answer_is_the_maps(rng):
    memory, E, U, f = draw(rng, N=40, M=6)
    other = (f + rng.integers(1, 6, 40)) % 6
    one = certified_margins(memory, E, U, f, np.column_stack([np.arange(40), other]))
    two = certified_margins(memory, E, U, other, np.column_stack([np.arange(40), f]))
    np.testing.assert_array_equal(one.margin, two.margin)
    np.testing.assert_array_equal(one.bound, two.bound)
    assert (one.margin >= margins(memory, E, U, f)).all()


def test_right_answers_are_found_whatever_the_block(rng, monkeypatch):
    memory, E, U, f = draw(rng, N=30, M=7)
    also = np.array([[x, (f[x] + 1 + j) % 7] for x in range(0, 30, 3) for j in range(1 + x % 4)])
    whole = margins(memory, E, U, f, also)
    by_hand = margins_by_hand(memory.factors[0], E, U, f, also.tolist())
    np.testing.assert_allclose(whole, by_hand, rtol=1e-10, atol=1e-13)
    monkeypatch.setattr(decoding, "BLOCK_SCORES", 3 * 7)
    np.testing.assert_array_equal(margins(memory, E, U, f, also), whole)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-30, 1.0, 1e30]))
def test_the_bound_holds_for_sets_of_very_different_sizes(seed, scale):
    """The largest right answer's embedding counts, not that of the map's own."""
    rng = np.random.default_rng(seed)
    W, E = rng.standard_normal((2, 3, 3))
    U = rng.standard_normal((5, 3)) * np.array([1, scale, 1, scale, 1])[:, None]
    f, also = [0, 2, 4], [[0, 1], [1, 3], [2, 1], [2, 3]]
    found = certified_margins(Factors((W,)), E, U, f, also)
    for margin, bound, true in zip(
        found.margin, found.bound, exact_margins([W], E, U, f, also), strict=True
    ):
        assert abs(Fraction(float(margin)) - true) <= Fraction(float(bound))


def test_near_ties_between_a_right_and_a_wrong_answer_are_not_certified(rng):
    refused = 0
    for _ in range(20):
        W, E = rng.standard_normal((2, 4, 4))
        u = rng.standard_normal((1, 4))
        U = np.concatenate([-u, u, np.nextafter(u, 9)])
        found = certified_margins(Factors((W,)), E, U, [0] * 4, [[x, 1] for x in range(4)])
        for certified, true in zip(
            found.certified, exact_margins([W], E, U, [0] * 4, [[x, 1] for x in range(4)]),
            strict=True,
        ):  # fmt: skip
            assert not certified or true > 0
        refused += int((found.recalled & ~found.certified).sum())
    assert refused > 0


def test_where_every_output_is_right_nothing_competes(rng):
    memory, E, U, f = draw(rng, N=2, M=3)
    also = [[0, y] for y in range(3) if y != f[0]]
    found = certified_margins(memory, E, U, f, also)
    assert found.margin[0] == np.inf
    assert found.certified[0]
    assert np.isfinite(found.margin[1])
