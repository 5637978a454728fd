"""What a trial draws, and what is refused before anything is allocated."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError, load_vectors, preprocess
from assoc.embeddings import LAWS
from assoc.vectors.named import NamedVectors, VectorPair
from sims.engine.randomness import BLOCK_ROWS, Source
from sims.memories.settings import GivenVectors, RandomVectors, settle
from tests.helpers.oracles import one_line

SOURCE = Source(0, "test", (4,))
VECTORS = np.arange(40.0).reshape(20, 2)
PAIR = VectorPair(NamedVectors(VECTORS, None, "a"), NamedVectors(VECTORS, None, "b"))
TINY_PAIR = VectorPair(PAIR.inputs, NamedVectors((VECTORS * 1e-25).astype(np.float32), None, "b"))


# --- random vectors -----------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
def test_draws_have_the_shapes_they_should(law):
    E, U, f = RandomVectors(6, law, "random", 4).draw(5, SOURCE, 0)
    assert (E.shape, U.shape, f.shape) == ((5, 6), (4, 6), (5,))
    assert E.dtype == U.dtype == np.float32
    assert f.max() < 4
    assert not np.array_equal(E[:4], U)


@pytest.mark.parametrize("law", ["sphere", "gaussian", "rademacher"])
def test_fewer_facts_are_the_first_of_more_facts(law):
    setting = RandomVectors(3, law)
    E, U, f = setting.draw(BLOCK_ROWS + 5, SOURCE, 1)
    for N in (1, 17, BLOCK_ROWS, BLOCK_ROWS + 4):
        for fewer, more in zip(setting.draw(N, SOURCE, 1), (E, U, f), strict=True):
            np.testing.assert_array_equal(fewer, more[:N])


@pytest.mark.parametrize("facts", ["random", "balanced", "zipf"])
def test_fewer_facts_of_fixed_outputs_are_nested_too(facts):
    setting = RandomVectors(3, facts=facts, outputs=7)
    E, U, f = setting.draw(100, SOURCE, 1)
    fewer_E, same_U, fewer_f = setting.draw(40, SOURCE, 1)
    np.testing.assert_array_equal(fewer_E, E[:40])
    np.testing.assert_array_equal(same_U, U)
    np.testing.assert_array_equal(fewer_f, f[:40])


def test_trials_are_different_draws():
    setting = RandomVectors(3)
    first, second = (setting.draw(10, SOURCE, trial)[0] for trial in (0, 1))
    assert not np.isin(first, second).any()


# --- the user's own vectors ---------------------------------------------------------------------


@given(st.integers(1, 10), st.integers(1, 10), st.integers(0, 50))
def test_inputs_and_outputs_are_distinct_rows_of_the_vectors(N, M, trial):
    E, U, f = GivenVectors(VECTORS, "mine", "random", M).draw(N, SOURCE, trial)
    rows = np.concatenate([E, U])[:, 0].tolist()
    assert len(rows) == len(set(rows)) == N + M
    assert set(rows) <= set(VECTORS[:, 0])
    assert f.max() < M


def test_fewer_given_facts_are_the_first_of_more():
    setting = GivenVectors(VECTORS, "mine")
    E, U, f = setting.draw(10, SOURCE, 0)
    for N in range(1, 10):
        for fewer, more in zip(setting.draw(N, SOURCE, 0), (E, U, f), strict=True):
            np.testing.assert_array_equal(fewer, more[:N])


def test_every_row_is_used_as_often_as_any_other():
    # Row 0 is an input in half of 2000 trials: binomial, 5 standard errors (level 6e-7).
    setting = GivenVectors(VECTORS, "mine")
    used = sum(0.0 in setting.draw(10, SOURCE, trial)[0][:, 0] for trial in range(2000))
    assert abs(used - 1000) < 5 * np.sqrt(500)


@pytest.mark.parametrize(("outputs", "most"), [(None, 10), (1, 19), (19, 1)])
def test_the_largest_number_of_facts_is_exact(outputs, most):
    setting = GivenVectors(VECTORS, "mine", "random", outputs)
    assert setting.max_N == most
    setting.draw(most, SOURCE, 0)
    with pytest.raises(InputError, match=r"distinct vectors; mine has 20"):
        setting.draw(most + 1, SOURCE, 0)


def test_settle_takes_vectors_of_every_kind(tmp_path):
    np.savez(tmp_path / "e.npz", vectors=VECTORS, names=np.array([str(i) for i in range(20)]))
    for mine in (VECTORS, VECTORS.tolist(), load_vectors(tmp_path / "e.npz")):
        setting = settle(d=None, embeddings=mine)
        assert isinstance(setting, GivenVectors)
        assert setting.d == 2
        np.testing.assert_array_equal(setting.vectors, VECTORS)


@pytest.mark.parametrize("facts", ["identity", "permutation", "random", "balanced"])
def test_outputs_of_another_matrix(facts):
    """Row i answers to row i by the identity; else the two are drawn independently."""
    answers = 100 + np.arange(24.0).reshape(12, 2)
    pair = VectorPair(NamedVectors(VECTORS, None, "wte"), NamedVectors(answers, None, "wpe"))
    setting = settle(d=None, embeddings=pair, facts=facts)
    assert isinstance(setting, GivenVectors)
    assert (setting.d, setting.max_N) == (2, 12)
    assert setting.origin == "wte, outputs wpe none"
    same = 0
    for trial in range(50):
        E, U, f = setting.draw(12, SOURCE, trial)
        rows, of = E[:, 0] / 2, (U[:, 0] - 100) / 2
        assert len(set(rows)) == len(set(of)) == 12
        assert set(rows) <= set(range(20))
        for N in (1, 5):
            for fewer, more in zip(setting.draw(N, SOURCE, trial)[:2], (E, U), strict=True):
                np.testing.assert_array_equal(fewer, more[:N])
        same += int((rows == of[f]).sum())
    # Of 600 draws a twelfth or fewer agree by chance: 5 standard errors above the mean are 84.
    assert same == 600 if facts == "identity" else same < 84


@pytest.mark.parametrize(
    ("facts", "outputs", "most"),
    [("identity", None, 12), ("identity", 7, 7), ("permutation", None, 12), ("random", None, 12),
     ("random", 7, 20), ("balanced", 12, 20)],
)  # fmt: skip
def test_the_largest_number_of_facts_of_a_pair_is_exact(facts, outputs, most):
    pair = VectorPair(*(NamedVectors(VECTORS[:n], None, f"v{n}") for n in (20, 12)))
    setting = settle(d=2, embeddings=pair, facts=facts, outputs=outputs)
    assert setting.max_N == most
    E, U, f = setting.draw(most, SOURCE, 0)
    assert (len(E), len(U), len(f)) == (most, outputs or most, most)
    assert f.max() < len(U)
    with pytest.raises(InputError) as caught:
        setting.draw(most + 1, SOURCE, 0)
    one_line(caught.value)


def test_more_outputs_of_a_pair_than_facts():
    """The outputs of the inputs come first, then others; none of them twice."""
    pair = VectorPair(*(NamedVectors(VECTORS[:n], None, f"v{n}") for n in (5, 20)))
    E, U, _ = settle(d=2, embeddings=pair, outputs=20).draw(5, SOURCE, 0)
    np.testing.assert_array_equal(U[:5], E)
    assert len(np.unique(U, axis=0)) == 20


def test_each_matrix_of_a_pair_is_preprocessed_by_itself():
    pair = VectorPair(
        NamedVectors(VECTORS + 3, None, "a"), NamedVectors(5 - VECTORS[::-1], None, "b")
    )
    setting = settle(d=2, embeddings=pair, preprocess="centre")
    assert isinstance(setting, GivenVectors)
    np.testing.assert_allclose(setting.vectors, preprocess(VECTORS, "centre"))
    np.testing.assert_allclose(setting.answers, preprocess(-VECTORS[::-1], "centre"))


def test_settle_preprocesses():
    setting = settle(d=2, embeddings=VECTORS + 1, preprocess="centre")
    np.testing.assert_allclose(np.linalg.norm(setting.vectors, axis=1), 1)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"d": 0}, "d = 0 is not a positive dimension"),
        ({"d": -3}, "d = -3 is not a positive dimension"),
        ({"d": None}, "random embeddings need a dimension d"),
        ({"d": 2.5}, "d = 2.5 is not an integer"),
        ({"d": "16"}, "d = '16' is not an integer"),
        ({"d": 4, "embeddings": "cube"}, "embeddings 'cube' is not one of sphere, gaussian"),
        ({"d": 4, "embeddings": "mine.npz"}, "embeddings 'mine.npz' is not one of sphere"),
        ({"d": 4, "facts": "all"}, "facts 'all' is not one of identity, permutation"),
        ({"d": 4, "preprocess": "centre"}, "preprocessing 'centre' is for your own vectors"),
        ({"d": 4, "outputs": 0}, "M = 0 is not a positive number of outputs"),
        ({"d": 4, "outputs": -2}, "M = -2 is not a positive number of outputs"),
        ({"d": 4, "outputs": 1.5}, "M = 1.5 is not an integer"),
        ({"d": 3, "embeddings": VECTORS}, "d = 3, but the vectors of array have dimension 2"),
        ({"d": 2, "embeddings": VECTORS, "facts": "all"}, "facts 'all' is not one of"),
        ({"d": 2, "embeddings": VECTORS, "outputs": 0}, "M = 0 is not a positive number"),
        ({"d": 2, "embeddings": VECTORS, "outputs": 20}, "20 vectors are too few"),
        ({"d": 2, "embeddings": VECTORS[:1]}, "1 vectors are too few"),
        ({"d": 2, "embeddings": VECTORS[0]}, "embeddings: a matrix (n, d) is needed"),
        ({"d": 2, "embeddings": VECTORS * np.nan}, "embeddings: row 0 has a value that is not"),
        ({"d": 2, "embeddings": [[1, 2], [3]]}, "embeddings: rows of different lengths"),
        ({"d": 2, "embeddings": VECTORS, "preprocess": "x"}, "preprocessing 'x' is not one of"),
        ({"d": 3, "embeddings": PAIR}, "d = 3, but the vectors of a have dimension 2"),
        ({"d": 2, "embeddings": PAIR, "outputs": 21}, "20 vectors are too few for an input and M"),
        ({"d": 2, "embeddings": TINY_PAIR}, "b: entries of size 3.9e-24 are too extreme; rescale"),
        (
            {"d": 2, "embeddings": VECTORS * 0, "preprocess": "normalise"},
            "array: row 0 is zero and has no direction",
        ),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(InputError) as caught:
        settle(**arguments)
    assert said in one_line(caught.value)


@pytest.mark.parametrize("N", [0, -1])
@pytest.mark.parametrize("setting", [RandomVectors(4), GivenVectors(VECTORS, "mine")])
def test_no_facts(setting, N):
    with pytest.raises(InputError, match=f"N = {N} ") as caught:
        setting.draw(N, SOURCE, 0)
    one_line(caught.value)


@pytest.mark.parametrize(("N", "d"), [(10**9, 64), (10**18, 1), (10**40, 64)])
def test_an_absurd_number_of_facts_is_refused_before_anything_is_allocated(N, d):
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=f"N = {N}, d = {d}: the embeddings alone take"):
            RandomVectors(d).draw(N, SOURCE, 0)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("d", [10**6, 10**9, 10**30])
def test_an_absurd_dimension_is_refused(d):
    with pytest.raises(InputError, match=f"^d = {d}: the entries of a d x d matrix take .* GB"):
        settle(d=d)


def test_numpy_integers_are_integers():
    setting = settle(d=np.int64(4), outputs=np.int32(2), facts="random")
    assert (type(setting.d), type(setting.outputs)) == (int, int)


@pytest.mark.parametrize(
    ("scale", "kind", "refused"),
    [(1e-25, np.float32, True), (1e25, np.float32, True), (1e-25, np.float64, False),
     (1e-6, np.float32, False), (1e-33, np.float64, True)],
)  # fmt: skip
def test_entries_too_extreme_for_their_precision_are_refused(scale, kind, refused):
    E = (np.random.default_rng(0).standard_normal((40, 8)) * scale).astype(kind)
    if refused:
        with pytest.raises(InputError, match="are too extreme; rescale them"):
            settle(d=None, embeddings=E)
    else:
        assert settle(d=None, embeddings=E).d == 8
    setting = settle(d=None, embeddings=E, preprocess="normalise")
    assert isinstance(setting, GivenVectors)
    np.testing.assert_allclose(np.linalg.norm(setting.vectors, axis=1), 1, rtol=1e-6)
