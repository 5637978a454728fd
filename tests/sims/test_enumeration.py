"""Tables made one by one, against tables made in plain Python and counted by hand."""

import itertools

import numpy as np
import pytest

from assoc.errors import InputError
from sims.enumeration import MOST, enumerated_tables, lost_on_signs


def made(S, R, V):
    """Every table as the answer sets of its relations, by definition."""
    for flat in itertools.product(range(V), repeat=S * R):
        sets = [set(flat[r * S : (r + 1) * S]) for r in range(R)]
        if sum(map(len, sets)) == len(set(flat)):
            yield sets


@pytest.mark.parametrize(
    ("S", "R", "V"), [(1, 1, 7), (1, 4, 5), (4, 1, 5), (2, 2, 5), (3, 2, 3), (2, 3, 4), (5, 2, 2)]
)
def test_every_entry_is_that_of_plain_python(S, R, V):
    found = enumerated_tables(S, R, V ** (S * R))
    assert found.shape == (V + 1, S + 1)
    for v in range(1, V + 1):
        widest = [max(map(len, sets)) for sets in made(S, R, v)]
        for D in range(S + 1):
            assert found[v, D] == sum(width <= D for width in widest)


def test_one_relation_may_have_any_map_of_few_answers():
    """With D = S all V^S maps; with D = 1 the constant ones."""
    for S in range(1, 7):
        found = enumerated_tables(S, 1, 5**S)
        v = np.arange(len(found))
        assert (found[:, S] == v**S).all()
        assert (found[:, 1] == v).all()


def test_one_subject_has_answers_without_repetition():
    found = enumerated_tables(1, 3, 10**6)
    v = np.arange(101)
    assert (found[:, 1] == v * (v - 1) * (v - 2)).all()


def test_counts_by_hand():
    # Three subjects, two answers at most: 4 constant maps, and 4 * 3 pairs in order of use, of
    # which the 3 partitions of the subjects into two classes take each.
    assert enumerated_tables(3, 1, 4**3)[4, 2] == 4 + 3 * 4 * 3
    # Two relations of two subjects: 2, 3 or 4 answers out of 4.
    assert enumerated_tables(2, 2, 4**4)[4, 2] == 4 * 3 + 2 * 4 * 3 * 2 + 4 * 3 * 2
    assert enumerated_tables(2, 2, 4**4)[4, 1] == 4 * 3


@pytest.mark.parametrize(("S", "R"), [(1, 2), (3, 2), (2, 5), (19, 1), (4, 5), (1, 20)])
def test_counts_grow_with_the_vocabulary_and_with_the_answer_sets(S, R):
    found = enumerated_tables(S, R, 10**5)
    assert (np.diff(found, axis=0) >= 0).all()
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found[0] == 0).all()
    assert (found[:, 0] == 0).all()
    # Fewer tokens than relations leave no table.
    assert (found[:R] == 0).all()


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 8, 9, 15, 16, 17, 80, 81, 255, 256, 624, 625])
@pytest.mark.parametrize(("S", "R"), [(1, 1), (2, 1), (1, 3), (2, 2), (8, 1)])
def test_the_largest_vocabulary_is_the_last_within_the_limit(S, R, limit):
    largest = len(enumerated_tables(S, R, limit)) - 1
    assert largest ** (S * R) <= limit < (largest + 1) ** (S * R)


@pytest.mark.parametrize(("S", "R", "limit"), [(3, 2, 10**5), (2, 3, 10**4), (4, 1, 10**4)])
def test_a_smaller_limit_gives_the_first_rows(S, R, limit):
    large, small = enumerated_tables(S, R, limit), enumerated_tables(S, R, limit // 20)
    assert len(small) < len(large)
    assert (large[: len(small)] == small).all()


def test_one_token_has_one_table_of_one_relation():
    """At the most cells that are allowed, and only the one map is made."""
    found = enumerated_tables(MOST, 1, 1)
    assert found.tolist() == [[0] * (MOST + 1), [0] + [1] * MOST]
    assert (enumerated_tables(8, 8, 1) == 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1, 10), "S = 0 is not positive"),
        ((-2, 1, 10), "S = -2 is not positive"),
        ((1, 0, 10), "R = 0 is not positive"),
        ((1, 1, 0), "limit = 0 is not positive"),
        ((1.0, 1, 10), "S = 1.0 is not an integer"),
        ((1, 2.5, 10), "R = 2.5 is not an integer"),
        ((1, 1, 1e6), "limit = 1000000.0 is not an integer"),
        ((float("nan"), 1, 10), "S = nan is not an integer"),
        ((13, 5, 10), "S R = 65: at most 64 cells are enumerated"),
    ],
)
def test_bad_numbers_are_named(arguments, message):
    with pytest.raises(InputError) as caught:
        enumerated_tables(*arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize("ties_lost", [True, False])
def test_all_signs_without_a_symmetry_give_the_same_share(ties_lost):
    """Every E and U of two vectors of two signs, one score at a time."""
    d, N, lost, seen = 2, 2, 0, 0
    vectors = list(itertools.product((-1, 1), repeat=d))
    for E in itertools.product(vectors, repeat=N):
        for U in itertools.product(vectors, repeat=N):
            for x in range(N):
                scores = [
                    sum(np.dot(U[y], U[z]) * np.dot(E[z], E[x]) for z in range(N)) for y in range(N)
                ]
                best = max(scores[y] for y in range(N) if y != x)
                lost += scores[x] <= best if ties_lost else scores[x] < best
                seen += 1
    assert lost_on_signs(d, N, ties_lost=ties_lost) == lost / seen


def test_too_many_signs_are_refused():
    with pytest.raises(InputError, match="N = 4 vectors of d = 5 signs"):
        lost_on_signs(5, 4)
