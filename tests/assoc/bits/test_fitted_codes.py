"""Codes of levels that are known already."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from assoc import InputError
from assoc.bits.codes import Layout
from assoc.bits.fitted_codes import encode_as, encode_levels
from assoc.memories.networks import Gated, TwoLayer
from tests.helpers.oracles import one_line

WIDTHS = (1, 2, 3, 5, 8, 12, 16)


@pytest.mark.parametrize("bits", WIDTHS)
def test_levels_that_are_known_are_written_down_as_they_are(rng, bits):
    levels = rng.integers(0, 2**bits, (3, 5)).astype(np.uint16)
    code = encode_levels(levels, bits, "float32")
    memory = code.decode()
    assert code.bits == memory.bits == 15 * bits
    assert memory.W.dtype == np.float32
    np.testing.assert_array_equal(memory.W * 2.0 ** (bits - 1), 2.0 * levels - (2**bits - 1))


def test_a_level_too_many_is_refused():
    with pytest.raises(InputError) as caught:
        encode_levels(np.array([[3, 4]], np.uint16), 2, "float64")
    assert one_line(caught.value) == "level 4 is not one of 4"


@pytest.mark.parametrize("bits", WIDTHS)
def test_networks_without_scales_count_their_weights_alone(rng, bits):
    arrays = [rng.integers(0, 2**bits, (3, n)).astype(np.uint16) for n in (5, 5, 2)]
    odd = [(2.0 * array - (2**bits - 1)) / 2 ** (bits - 1) for array in arrays]
    E = rng.standard_normal((4, 5))
    shapes = tuple(array.shape for array in arrays)
    found = encode_as(arrays, Layout("Gated", shapes, bits, "float64", 1, scaled=False))
    assert found.bits == found.decode().bits == 36 * bits
    np.testing.assert_array_equal(found.decode()(E), Gated(*odd, 1)(E))
    sigma = Polynomial([-1.0, 0.0, 2.0])
    layout = Layout("TwoLayer", shapes[1:], bits, "float64", None, (-1.0, 0.0, 2.0), scaled=False)
    found = encode_as(arrays[1:], layout)
    assert found.bits == 21 * bits
    np.testing.assert_array_equal(found.decode()(E), TwoLayer(odd[1], odd[2], sigma)(E))
