"""The fast verdict against the slow one: everywhere, and above all where margins are tiny."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import Factors, InputError, certified_margins, margins
from assoc.memories.linear import hebbian
from sims.memories.scoring import TILE, Judge, recalled
from tests.helpers.oracles import exact_margins, forgetful, one_line, table


def draw(rng, N, M, d, dtype=np.float32):
    E, U = rng.standard_normal((N, d)), rng.standard_normal((M, d))
    E, U = (v / np.linalg.norm(v, axis=1)[:, None] for v in (E, U))
    return E.astype(dtype), U.astype(dtype), rng.integers(0, M, N)


def assert_same(memory, E, U, f, **options):
    """Same verdict as the slow margins, for every input whose margin is not itself in doubt."""
    slow = certified_margins(memory, E, U, f)
    fast = recalled(memory, E, U, f, **options)
    assert fast.shape == (len(E),)
    assert fast.dtype == np.bool_
    # Zero is exact for twins; between 0 and the rounding bound of double precision nothing is due.
    decided = (np.abs(slow.margin) > slow.bound) | (slow.margin == 0)
    np.testing.assert_array_equal(fast[decided], slow.recalled[decided])
    return fast


# --- ordinary margins ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 2, 3, 8, 33])
@pytest.mark.parametrize("M", [1, 2, 5, 60])
@pytest.mark.parametrize("N", [1, 2, 40])
def test_small_sizes(rng, N, M, d, dtype):
    E, U, f = draw(rng, N, M, d, dtype)
    assert_same(hebbian(E, U, f, rng=rng), E, U, f)


@pytest.mark.parametrize("N", [TILE - 1, TILE, TILE + 1])
@pytest.mark.parametrize("M", [TILE - 1, TILE + 1, 2 * TILE + 7])
def test_across_the_edges_of_tiles(rng, N, M):
    d = 64
    E, U, f = draw(rng, N, M, d)
    fast = assert_same(hebbian(E, U, f, rng=rng), E, U, f)
    assert 0 < fast.sum() < N


def test_every_small_integer_memory_by_enumeration():
    """All W in {-1, 0, 1}^(2 x 2), all inputs, outputs and answers in {-1, 0, 1}^2 \\ {0}.

    Scores are integers, so NumPy's integers are an exact oracle, and ties are the rule.
    """
    vectors = np.array([v for v in itertools.product([-1, 0, 1], repeat=2) if any(v)])
    n = len(vectors)
    inputs, answers = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    for entries in itertools.product([-1, 0, 1], repeat=4):
        W = np.array(entries).reshape(2, 2)
        scores = (vectors @ W.T @ vectors.T)[inputs]
        own = scores[np.arange(n * n), answers].copy()
        scores[np.arange(n * n), answers] = -100
        U = vectors.astype(np.float64)
        fast = recalled(Factors((W.astype(np.float64),)), U[inputs], U, answers)
        np.testing.assert_array_equal(fast, own > scores.max(axis=1))


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_threads_change_nothing(rng, threads):
    E, U, f = draw(rng, 1500, 1500, 16)
    memory = hebbian(E, U, f, rng=rng)
    np.testing.assert_array_equal(
        recalled(memory, E, U, f, threads=threads), recalled(memory, E, U, f)
    )


@pytest.mark.parametrize("threads", [1, 5])
def test_more_threads_than_inputs(rng, threads):
    E, U, f = draw(rng, 3, 4, 2)
    assert_same(hebbian(E, U, f, rng=rng), E, U, f, threads=threads)


def test_any_memory_layout_will_do(rng):
    E, U, f = draw(rng, 50, 40, 6, np.float64)
    memory = hebbian(E, U, f, rng=rng)
    expected = recalled(memory, E, U, f)
    for layout in (
        np.asfortranarray,
        lambda A: np.repeat(A, 2, axis=0)[::2],
        lambda A: A[::-1][::-1],
    ):
        np.testing.assert_array_equal(recalled(memory, layout(E), layout(U), f), expected)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64])
def test_any_kind_of_integer_will_do(rng, dtype):
    E, U, f = draw(rng, 50, 40, 6)
    memory = hebbian(E, U, f, rng=rng)
    np.testing.assert_array_equal(
        recalled(memory, E, U, f.astype(dtype)), recalled(memory, E, U, f)
    )


# --- tiny margins, made on purpose --------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 2, 5, 16, 100])
@pytest.mark.parametrize("N", [2, 7, 300, TILE + 5])
def test_the_twin_of_an_answer_ties_and_a_tie_fails(rng, N, d, dtype):
    """Every output occurs twice, so nothing is recalled: whatever the rounding, near or far."""
    E, U, _ = draw(rng, N, N, d, dtype)
    U = np.concatenate([U, U])[rng.permutation(2 * N)]
    memory = Factors((rng.standard_normal((d, d)),))
    best = (memory(E) @ U.T.astype(np.float64)).argmax(axis=1)
    assert not recalled(memory, E, U, best).any()
    assert (margins(memory, E, U, best) == 0).all()


def test_one_pair_of_twins_spoils_no_other_answer(rng):
    E, U, _ = draw(rng, 40, 40, 32)
    f = np.arange(40)
    before = recalled(hebbian(E, U, f, rng=rng), E, U, f)
    assert before.all()
    with_twin = np.concatenate([U, U[7:8]])
    after = recalled(hebbian(E, U, f, rng=rng), E, with_twin, f)
    assert np.flatnonzero(~after).tolist() == [7]


@pytest.mark.parametrize("exponent", range(3, 15))
@pytest.mark.parametrize("d", [2, 16, 64])
def test_near_ties_on_both_sides(rng, exponent, d):
    """Each answer gets a rival moved along the output by +-10^-k: above it wins, below it loses.

    From k = 7 on single precision cannot tell them apart; up to k = 14 double precision can.
    """
    N = 20
    E, U, _ = draw(rng, N, N, d, np.float64)
    memory = Factors((rng.standard_normal((d, d)),))
    out = memory(E)
    best = (out @ U.T).argmax(axis=1)
    direction = out / np.linalg.norm(out, axis=1)[:, None]
    for sign in (-1, 1):
        for x in range(N):
            crowd = np.concatenate([U, U[best[x]] + sign * 10.0**-exponent * direction[x : x + 1]])
            (won,) = recalled(memory, E[x : x + 1], crowd, best[x : x + 1])
            assert won == (sign < 0)


def test_many_near_ties_at_once(rng):
    """All outputs within 10^-6 of one another, in clusters with exact twins among them."""
    N, d = 400, 24
    E, _, f = draw(rng, N, N, d, np.float64)
    centre = rng.standard_normal(d) / np.sqrt(d)
    scales = 10.0 ** -rng.integers(3, 12, (N, 1))
    U = centre + scales * rng.standard_normal((N, d)) / np.sqrt(d)
    U[::10] = U[1::10]
    memory = Factors((rng.standard_normal((d, d)),))
    best = (memory(E) @ U.T).argmax(axis=1)
    fast = assert_same(memory, E, U, np.where(rng.random(N) < 0.7, best, f))
    assert 0 < fast.sum() < N
    # In single precision embeddings the clusters collapse: many more exact twins.
    assert_same(memory, E.astype(np.float32), U.astype(np.float32), best)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 9))
def test_small_integers_tie_all_the_time(seed, d, digits):
    """Entries in {-1, 0, 1} scaled by a power of two: exact arithmetic, ties everywhere."""
    rng = np.random.default_rng(seed)
    E, U = (rng.integers(-1, 2, (20, d)).astype(np.float64) for _ in range(2))
    f = rng.integers(0, 20, 20)
    memory = hebbian(E * 2.0**-digits, U, f, rng=rng)
    exactly = [margin > 0 for margin in exact_margins([memory.W], E, U, f)]
    assert recalled(memory, E, U, f).tolist() == exactly


def test_zero_outputs_tie(rng):
    E, U, f = draw(rng, 5, 5, 3)
    assert not recalled(forgetful(E, U, f, rng=rng), E, U, f).any()


def test_some_outputs_may_be_zero(rng):
    E, U, f = draw(rng, 50, 50, 3, np.float64)
    memory = hebbian(E, U, f, rng=rng)
    half = Factors((memory.W, np.diag([1.0, 1.0, 0.0])))
    E[::2, :2] = 0
    fast = assert_same(half, E, U, f)
    assert not fast[::2].any()


# --- scale --------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [-500, -140, -60, -30, 30, 60, 125, 300])
@pytest.mark.parametrize("which", ["memory", "outputs", "inputs"])
def test_scale_does_not_matter(rng, which, exponent):
    """Far beyond the range of single precision, where products overflow or vanish."""
    E, U, f = draw(rng, 200, 200, 16, np.float64)
    W = hebbian(E, U, f, rng=rng).W
    expected = recalled(Factors((W,)), E, U, f)
    assert 0 < expected.sum() < 200
    scale = 2.0**exponent
    W, U, E = (
        A * scale if name == which else A
        for name, A in (("memory", W), ("outputs", U), ("inputs", E))
    )
    np.testing.assert_array_equal(recalled(Factors((W,)), E, U, f), expected)


def test_outputs_of_very_different_norms(rng):
    E, U, f = draw(rng, 200, 200, 16, np.float64)
    U *= 10.0 ** rng.uniform(-8, 8, (200, 1))
    assert_same(hebbian(E, U, f, rng=rng), E, U, f)


def test_gaussian_embeddings_are_longer_than_one(rng):
    """The rounding bound must follow the norms of the outputs, not assume them to be 1."""
    E, U = rng.standard_normal((2, 500, 3)).astype(np.float32)
    assert np.linalg.norm(U, axis=1).max() > 3
    assert_same(hebbian(E, U, np.arange(500), rng=rng), E, U, np.arange(500))


# --- outputs that arrive in pieces --------------------------------------------------------------


@pytest.mark.parametrize("sizes", [[300], [1, 299], [150, 150], [100, 1, 1, 198], [299, 1]])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_and_size_of_pieces_do_not_matter(rng, sizes, backwards):
    E, U, f = draw(rng, 120, 300, 20)
    U[200:210] = U[f[:10]]
    memory = hebbian(E, U, f, rng=rng)
    F = memory(E.astype(np.float64))
    judge = Judge(F, U[f], f)
    starts = np.cumsum([0, *sizes])
    pieces = list(itertools.pairwise(starts.tolist()))
    for start, stop in reversed(pieces) if backwards else pieces:
        judge.see(start, U[start:stop])
    np.testing.assert_array_equal(judge.recalled, recalled(memory, E, U, f))


def test_nobody_has_lost_before_anybody_competes(rng):
    E, U, f = draw(rng, 4, 4, 3)
    assert Judge(E.astype(np.float64), U[f], f).recalled.all()


def test_an_output_does_not_compete_with_itself(rng):
    E, U, f = draw(rng, 30, 30, 5)
    judge = Judge(E.astype(np.float64), U[f], f)
    for x in range(30):
        judge.see(x, U[x : x + 1])
    alone = [(np.delete(E[x] @ U.T, f[x]) < E[x] @ U[f[x]]).all() for x in range(30)]
    np.testing.assert_array_equal(judge.recalled, alone)


# --- the user's own memory ----------------------------------------------------------------------


def test_any_callable_will_do(rng):
    E, U, f = draw(rng, 30, 20, 5)
    assert recalled(table(E, U, f, rng=rng), E, U, f).all()
    assert recalled(lambda inputs: inputs, U, U, np.arange(20)).all()


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (lambda E: E[:, :2], "the memory returned shape"),
        (lambda E: E[:-1], "the memory returned shape"),
        (lambda E: E * np.nan, "the memory's outputs: row 0 has a value that is not finite"),
        (lambda E: E @ np.ones((3, 4)), "the memory does not accept inputs of shape"),
    ],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_wrong_with_a_memory_is_said(rng, memory, said, threads):
    E, U, f = draw(rng, 9, 9, 5)
    with pytest.raises(InputError, match=said) as caught:
        recalled(memory, E, U, f, threads=threads)
    one_line(caught.value)


def test_the_offending_output_keeps_its_number_in_later_blocks(rng):
    E, U, f = draw(rng, 3 * TILE, 5, 4)
    bad = E[2 * TILE + 11].astype(np.float64)
    with pytest.raises(InputError, match=f"row {2 * TILE + 11} "):
        recalled(lambda inputs: np.where(inputs == bad, np.nan, inputs), E, U, f)
