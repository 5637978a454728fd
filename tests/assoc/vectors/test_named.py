"""Vectors with names, and two matrices of them."""

import numpy as np
import pytest

from assoc import InputError
from assoc.vectors.named import NamedVectors, VectorPair, as_named
from tests.helpers.oracles import one_line


def test_a_pair_has_one_dimension():
    wide, narrow = NamedVectors(np.eye(3), None, "wte"), NamedVectors(np.eye(2), None, "wpe")
    assert VectorPair(wide, wide).source == "wte, outputs wte"
    with pytest.raises(InputError) as caught:
        VectorPair(wide, narrow)
    assert one_line(caught.value) == (
        "inputs of dimension 3 (wte) and outputs of 2 (wpe): one dimension is needed"
    )


def test_names_are_found_as_they_are_before_their_case_is_ignored():
    named = NamedVectors(np.eye(3), ("pe", "PE", "Oman"), "mine.npz")
    assert named.find(["PE", "pe", "PE"]) == ([1, 0, 1], ())
    assert named.find(["OMAN", "pe"]) == ([2, 0], ("1 names are matched without regard to case",))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (None, "m.npz: vectors without names cannot be matched to a table"),
        (("a", "b", "a"), "m.npz: two vectors are named 'a'"),
        (("A", "b", "A"), None),
        (("b", "c", "d"), "m.npz: no vector for 1 of the 2 names: 'a'"),
    ],
)
def test_names_that_are_not_found(names, said):
    named = NamedVectors(np.eye(3), names, "m.npz")
    if said is None:
        # Two vectors of one name are in nobody's way as long as it is not asked for.
        assert named.find(["b"]) == ([1], ())
        return
    with pytest.raises(InputError) as caught:
        named.find(["a", "b", "a"])
    assert one_line(caught.value) == said


def test_whatever_vectors_are_given_as_has_matrices():
    one = NamedVectors(np.eye(3), None, "wte")
    pair = VectorPair(one, one)
    assert as_named(one).matrices == (one,)
    assert as_named(pair) is pair
    assert pair.matrices == (one, one)
    (plain,) = as_named(np.eye(2)).matrices
    assert plain.vectors.tolist() == np.eye(2).tolist()
