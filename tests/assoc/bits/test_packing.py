"""Levels as streams of bits."""

import numpy as np
import pytest

from assoc.bits.packing import packed, unpacked


@pytest.mark.parametrize("bits", range(1, 17))
@pytest.mark.parametrize("count", [1, 7, 64])
def test_a_stream_holds_each_level_in_its_bits(bits, count):
    levels = np.random.default_rng(bits).integers(0, 2**bits, count).astype(np.uint16)
    stream = packed(levels, bits)
    assert len(stream) == -(-bits * count // 8)
    digits = "".join(f"{byte:08b}" for byte in stream)
    assert [int(digits[i * bits : (i + 1) * bits], 2) for i in range(count)] == levels.tolist()
    np.testing.assert_array_equal(unpacked(stream, count, bits), levels)
