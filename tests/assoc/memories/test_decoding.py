"""Margins against enumeration, ties made on purpose, and margins against rational arithmetic."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import ortho_group

from assoc import Factors, InputError, certified_margins, margins
from assoc.memories import decoding
from assoc.memories.linear import hebbian
from tests.helpers.oracles import exact_margins, forgetful, margins_by_hand, one_line, table


def draw(rng, N=6, M=5, d=4):
    E, U = rng.standard_normal((N, d)), rng.standard_normal((M, d))
    return Factors((rng.standard_normal((d, d)),)), E, U, rng.integers(0, M, N)


# --- against enumeration ------------------------------------------------------------------------


def test_every_map_of_three_inputs_to_three_outputs(rng):
    E, U = rng.standard_normal((3, 2)), rng.standard_normal((3, 2))
    for f in itertools.product(range(3), repeat=3):
        memory = hebbian(E, U, np.array(f), rng=rng)
        by_hand = margins_by_hand(memory.W, E, U, f)
        np.testing.assert_allclose(margins(memory, E, U, f), by_hand, rtol=1e-12, atol=1e-14)


def test_every_sign_vector_in_two_dimensions_exactly():
    """All pairs of inputs and outputs in {-1, 1}^2: integer scores, so margins are exact."""
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=2)))
    rng = np.random.default_rng(0)
    for chosen in itertools.product(range(4), repeat=4):
        E, U = signs[list(chosen[:2])], signs[list(chosen[2:])]
        memory = hebbian(E, U, np.arange(2), rng=rng)
        exactly = [float(m) for m in exact_margins([memory.W], E, U, [0, 1])]
        assert margins(memory, E, U, [0, 1]).tolist() == exactly


def test_margins_of_an_identity_are_known():
    E = np.eye(3)
    assert margins(Factors((np.eye(3),)), E, E, [0, 1, 2]).tolist() == [1, 1, 1]
    assert margins(Factors((np.eye(3),)), E, E, [1, 2, 0]).tolist() == [-1, -1, -1]


@pytest.mark.parametrize("block", [1, 7, 64, 10**6])
def test_blocks_change_nothing(rng, monkeypatch, block):
    memory, E, U, f = draw(rng, N=23, M=9, d=5)
    whole = margins(memory, E, U, f)
    monkeypatch.setattr(decoding, "BLOCK_SCORES", block)
    np.testing.assert_allclose(margins(memory, E, U, f), whole, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
def test_scores_are_double_whatever_the_embeddings(rng, dtype):
    E, U = (10 * rng.standard_normal((2, 6, 4))).astype(dtype)
    W = (10 * rng.standard_normal((4, 4))).astype(dtype)
    f = rng.integers(0, 6, 6)
    computed = margins(Factors((W.astype(np.float64),)), E, U, f)
    assert computed.dtype == np.float64
    np.testing.assert_allclose(computed, margins_by_hand(W, E, U, f), rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_single_precision_far_from_one_is_refused_and_double_is_not(rng, scale):
    """In single precision the memory would be zero, and recall 0 without a word."""
    E, U, f = rng.standard_normal((6, 4)), rng.standard_normal((6, 4)), np.arange(6)
    plain = margins(hebbian(E, U, f, rng=rng), E, U, f) > 0
    far = E * scale, U * scale, f
    np.testing.assert_array_equal(margins(hebbian(*far, rng=rng), *far) > 0, plain)
    single = far[0].astype(np.float32), far[1].astype(np.float32), f
    with np.errstate(all="ignore"):
        memory = hebbian(*single, rng=rng)
    for vectors in (single, (E, single[1], f)):
        with pytest.raises(InputError, match="are too extreme; rescale them"):
            margins(memory, *vectors)


def test_one_output_has_no_competitor(rng):
    memory, E, U, _ = draw(rng, M=1)
    assert (margins(memory, E, U, [0] * 6) == np.inf).all()
    certified = certified_margins(memory, E, U, [0] * 6)
    assert certified.recalled.all()
    assert certified.certified.all()


def test_input_and_output_dimensions_may_differ(rng):
    E, U = rng.standard_normal((5, 3)), rng.standard_normal((4, 7))
    f = np.array([0, 1, 2, 3, 0])
    memory = hebbian(E, U, f, rng=rng)
    np.testing.assert_allclose(margins(memory, E, U, f), margins_by_hand(memory.W, E, U, f))


# --- ties ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 3, 5, 8, 17, 64, 100])
@pytest.mark.parametrize("N", [2, 3, 10, 65, 300])
def test_the_twin_of_an_answer_ties_and_a_tie_fails(rng, N, d):
    """The best output of each input occurs twice: whatever the rounding, no margin is positive."""
    E, half = rng.standard_normal((N, d)), rng.standard_normal((N, d))
    U = np.concatenate([half, half])[rng.permutation(2 * N)]
    memory = Factors((rng.standard_normal((d, d)),))
    best = (memory(E) @ U.T).argmax(axis=1)
    assert (margins(memory, E, U, best) == 0).all()


def test_a_memory_that_answers_nothing_recalls_nothing(rng):
    E = rng.standard_normal((4, 3))
    memory = forgetful(E, E, np.arange(4), rng=rng)
    assert margins(memory, E, E, np.arange(4)).tolist() == [0] * 4


@pytest.mark.parametrize("relative", [1e-6, 1e-9, 1e-12])
def test_near_ties_have_the_right_sign(rng, relative):
    """A competitor moved off the answer by ``relative`` wins or loses as the move says."""
    d, N = 16, 50
    E, U = rng.standard_normal((N, d)), rng.standard_normal((N, d))
    memory = Factors((rng.standard_normal((d, d)),))
    out = memory(E)
    best = (out @ U.T).argmax(axis=1)
    for x in range(N):
        for sign in (-1, 1):
            rival = U[best[x]] + sign * relative * out[x] / np.linalg.norm(out[x])
            crowd = np.concatenate([U, rival[None]])
            (margin,) = margins(memory, E[x : x + 1], crowd, best[x : x + 1])
            assert np.sign(margin) == -sign


# --- invariances --------------------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_relabelling_the_outputs_permutes_nothing_else(seed):
    rng = np.random.default_rng(seed)
    memory, E, U, f = draw(rng)
    order = rng.permutation(len(U))
    relabelled = margins(memory, E, U[order], np.argsort(order)[f])
    np.testing.assert_allclose(relabelled, margins(memory, E, U, f), rtol=1e-9, atol=1e-12)


@given(seeds)
def test_reordering_the_facts_reorders_the_margins(seed):
    rng = np.random.default_rng(seed)
    E, U = rng.standard_normal((6, 4)), rng.standard_normal((6, 4))
    f, order = rng.integers(0, 6, 6), rng.permutation(6)
    before = margins(hebbian(E, U, f, rng=rng), E, U, f)
    after = margins(hebbian(E[order], U, f[order], rng=rng), E[order], U, f[order])
    np.testing.assert_allclose(after, before[order], rtol=1e-9, atol=1e-12)


@given(seeds)
def test_rotating_inputs_and_outputs_changes_nothing(seed):
    """The Hebbian memory knows the embeddings through their inner products alone."""
    rng = np.random.default_rng(seed)
    E, U = rng.standard_normal((6, 4)), rng.standard_normal((5, 4))
    f = rng.integers(0, 5, 6)
    A, B = (ortho_group.rvs(4, random_state=rng) for _ in range(2))
    before = margins(hebbian(E, U, f, rng=rng), E, U, f)
    after = margins(hebbian(E @ A, U @ B, f, rng=rng), E @ A, U @ B, f)
    np.testing.assert_allclose(after, before, rtol=1e-8, atol=1e-10)


@given(seeds, st.floats(1e-60, 1e60))
def test_the_scale_of_the_memory_does_not_matter(seed, scale):
    rng = np.random.default_rng(seed)
    memory, E, U, f = draw(rng)
    scaled = Factors((memory.W * scale,))
    np.testing.assert_array_equal(margins(memory, E, U, f) > 0, margins(scaled, E, U, f) > 0)
    np.testing.assert_array_equal(
        certified_margins(memory, E, U, f).certified, certified_margins(scaled, E, U, f).certified
    )


@given(seeds)
def test_one_more_competitor_never_helps(seed):
    rng = np.random.default_rng(seed)
    memory, E, U, f = draw(rng)
    more = np.concatenate([U, rng.standard_normal((1, 4))])
    assert (margins(memory, E, more, f) <= margins(memory, E, U, f) + 1e-12).all()


# --- certified margins --------------------------------------------------------------------------


def assert_bounded(factors, E, U, f):
    """|computed - exact| <= bound for every input, and what is certified is recalled exactly."""
    result = certified_margins(Factors(tuple(factors)), E, U, f)
    exactly = exact_margins(factors, E, U, f)
    for computed, bound, certified, truth in zip(
        result.margin, result.bound, result.certified, exactly, strict=True
    ):
        assert abs(Fraction(float(computed)) - truth) <= Fraction(float(bound))
        assert truth > 0 or not certified
    return result


@pytest.mark.parametrize("ranks", [(), (2,), (3, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bound_holds_against_rational_arithmetic(rng, ranks, dtype):
    d = 4
    for _ in range(20):
        sizes = (d, *ranks, d)
        factors = [rng.standard_normal(shape).astype(dtype) for shape in itertools.pairwise(sizes)]
        E, U = rng.standard_normal((2, 5, d)).astype(dtype)
        assert_bounded(factors, E, U, rng.integers(0, 5, 5))


wild = st.floats(-1e60, 1e60) | st.floats(-1e-60, 1e-60) | st.integers(-3, 3).map(float)


@given(
    hnp.arrays(np.float64, (2, 3), elements=wild),
    hnp.arrays(np.float64, (2, 3), elements=wild),
    hnp.arrays(np.float64, (3, 2), elements=wild),
)
def test_the_bound_holds_whatever_the_magnitudes(W, E, U):
    """Entries 120 orders of magnitude apart, zeros and cancellations among them."""
    assert_bounded([W], E, U, [0, 1])


@pytest.mark.parametrize(
    "scales",
    [(1e-100, 1e-100, 1e-100), (1e-107,) * 3, (1e-150,) * 3, (1e-162, 1e-160, 1e150)],
)
def test_the_bound_survives_underflow(rng, scales):
    """Products of such numbers are subnormal or zero: not to be certified blindly."""
    for _ in range(20):
        W, E, U = (scale * rng.standard_normal((3, 3)) for scale in scales)
        assert_bounded([W], E, U, [0, 1, 2])


def test_the_bound_holds_at_near_ties(rng):
    """Each answer has rivals one unit in the last place away, above and below."""
    refused = 0
    for _ in range(30):
        W, E = rng.standard_normal((2, 4, 4))
        u = rng.standard_normal((1, 4))
        U = np.concatenate([u, np.nextafter(u, 9), np.nextafter(u, -9), u + 2**-40])
        for answer in range(4):
            result = assert_bounded([W], E, U, [answer] * 4)
            refused += int((result.recalled & ~result.certified).sum())
    # Some of these margins are positive, and none of that size can be certified.
    assert refused > 0


def test_an_exact_tie_is_not_certified(rng):
    memory, E, U, f = draw(rng)
    twins = np.concatenate([U, U])
    assert not certified_margins(memory, E, twins, f).certified.any()


def test_certification_is_not_vacuous(rng):
    d, N = 32, 40
    E, U = rng.standard_normal((2, N, d)) / np.sqrt(d)
    result = certified_margins(hebbian(E, U, np.arange(N), rng=rng), E, U, np.arange(N))
    assert result.recalled.sum() > N / 2
    np.testing.assert_array_equal(result.certified, result.recalled)
    assert result.bound.max() < 1e-12


def test_a_memory_without_a_bound_is_refused(rng):
    E = rng.standard_normal((3, 2))
    with pytest.raises(InputError, match=r"Table cannot be certified.*rounding_error"):
        certified_margins(table(E, E, np.arange(3), rng=rng), E, E, np.arange(3))


# --- the user's own memory, and bad input -------------------------------------------------------


def test_any_callable_will_do(rng):
    _, E, U, f = draw(rng)
    assert (margins(table(E, U, f, rng=rng), E, U, f).shape) == (6,)
    np.testing.assert_allclose(
        margins(lambda inputs: inputs[:, ::-1], E, U, f),
        margins_by_hand(np.eye(4)[::-1], E, U, f),
    )


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (lambda E: E[:, :2], r"returned shape \(6, 2\) for 6 inputs; \(6, 4\) is needed"),
        (lambda E: E[:-1], r"returned shape \(5, 4\) for 6 inputs"),
        (lambda E: E[0], r"returned shape \(4,\)"),
        (lambda E: 0, r"returned shape \(\)"),
        (
            lambda E: np.where(np.arange(6)[:, None] == 3, np.nan, E),
            r"the memory's outputs: row 3 ",
        ),
        (lambda E: np.full_like(E, np.inf), r"the memory's outputs: row 0 "),
        (lambda E: E.astype(complex), "the memory's outputs: an array of real numbers"),
        (lambda E: E.astype(object), "the memory's outputs: an array of real numbers"),
        (lambda E: E @ np.ones((3, 4)), r"does not accept inputs of shape \(6, 4\)"),
    ],
)
def test_what_is_wrong_with_a_memory_is_said(rng, memory, said):
    _, E, U, f = draw(rng)
    with pytest.raises(InputError, match=said) as caught:
        margins(memory, E, U, f)
    one_line(caught.value)


def test_the_offending_output_keeps_its_number_in_later_blocks(rng, monkeypatch):
    _, E, U, f = draw(rng)
    monkeypatch.setattr(decoding, "BLOCK_SCORES", 2 * len(U))
    with pytest.raises(InputError, match="row 5 "):
        margins(lambda inputs: np.where(inputs == E[5], np.nan, inputs), E, U, f)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"E": np.ones(4)}, r"E: a matrix \(n, d\) is needed"),
        ({"E": np.ones((2, 2, 2))}, r"E: a matrix \(n, d\) is needed"),
        ({"E": np.ones((0, 4))}, "E: shape"),
        ({"E": [[1.0, 2.0], [3.0]]}, "E: rows of different lengths"),
        ({"U": np.full((5, 4), np.nan)}, "U: row 0 has a value that is not finite"),
        ({"U": np.full((5, 4), "a")}, "U: an array of real numbers"),
        ({"U": np.full((5, 4), None)}, "U: an array of real numbers"),
        ({"U": np.ones((5, 4), bool)}, "U: an array of real numbers"),
        ({"U": np.ones((5, 3))}, r"returned shape \(6, 4\) for 6 inputs; \(6, 3\)"),
        ({"E": np.ones((6, 3))}, r"does not accept inputs of shape \(6, 3\)"),
        ({"f": [0, 1, 2, 3, 4, 5]}, r"f\[5\] = 5 is not an output: M = 5"),
        ({"f": [0, -1, 2, 3, 4, 0]}, r"f\[1\] = -1 is not an output"),
        ({"f": [0, 1, 2]}, "f must be 6 integers"),
        ({"f": [0.0, 1, 2, 3, 4, 0]}, "f must be 6 integers, not float64"),
        ({"f": [[0], [1, 2]]}, "f must be 6 integers"),
        ({"f": None}, "f must be 6 integers"),
    ],
)
@pytest.mark.parametrize("function", [margins, certified_margins])
def test_bad_arguments_are_named(rng, function, change, said):
    memory, E, U, f = draw(rng)
    arguments = {"E": E, "U": U, "f": f} | change
    with pytest.raises(InputError, match=said) as caught:
        function(memory, **arguments)
    one_line(caught.value)
