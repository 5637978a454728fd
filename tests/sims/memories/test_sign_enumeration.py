"""All sign matrices tried, held to plain loops and to what must hold."""

import itertools

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from sims.memories.sign_enumeration import most_recalled_by_signs
from tests.helpers.oracles import one_line


def by_hand(E, U):
    """Every N and every matrix anew."""
    d_in, d = E.shape[1], U.shape[1]
    for N in range(len(E), 0, -1):
        for signs in itertools.product([-1.0, 1.0], repeat=d_in * d):
            W = np.array(signs).reshape(d, d_in)
            scores = E[:N] @ W.T @ U[:N].T
            own = np.diag(scores).copy()
            np.fill_diagonal(scores, -np.inf)
            if (scores.max(axis=1) < own).all():
                return N
    return 0


@pytest.mark.parametrize(("d_in", "d"), [(3, 3), (2, 4), (4, 2)])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_longest_prefix_of_any_matrix(d_in, d, seed):
    rng = np.random.default_rng(seed)
    E, U = sphere(8, d_in, rng=rng), sphere(8, d, rng=rng)
    assert most_recalled_by_signs(E, U) == by_hand(E, U)


def test_orthogonal_facts_are_all_recalled():
    assert most_recalled_by_signs(np.eye(4), 2 * np.eye(4)) == 4


def test_a_repeated_input_ends_the_prefix():
    E = np.eye(4)
    E[2] = E[0]
    assert most_recalled_by_signs(E, np.eye(4)) == 2


@pytest.mark.parametrize(
    ("E", "U", "said"),
    [
        (np.eye(5), np.ones((5, 6)), "5 by 6 signs: at most 25 are tried"),
        (np.eye(3), np.eye(4), "3 inputs and 4 answers: as many are needed"),
        (np.array([[np.nan]]), np.eye(1), "E: row 0"),
    ],
)
def test_what_is_wrong_is_named(E, U, said):
    with pytest.raises(InputError) as caught:
        most_recalled_by_signs(E, U)
    assert said in one_line(caught.value)
