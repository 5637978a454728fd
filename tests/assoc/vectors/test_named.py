"""Vectors with names, and two matrices of them."""

import numpy as np
import pytest

from assoc import InputError
from assoc.vectors.named import NamedVectors, VectorPair
from tests.helpers.oracles import one_line


def test_a_pair_has_one_dimension():
    wide, narrow = NamedVectors(np.eye(3), None, "wte"), NamedVectors(np.eye(2), None, "wpe")
    assert VectorPair(wide, wide).source == "wte, outputs wte"
    with pytest.raises(InputError) as caught:
        VectorPair(wide, narrow)
    assert one_line(caught.value) == (
        "inputs of dimension 3 (wte) and outputs of 2 (wpe): one dimension is needed"
    )
