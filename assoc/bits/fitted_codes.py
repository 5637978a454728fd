"""Codes of memories whose levels are known already, as those of a fit in bits are."""

from collections.abc import Sequence

import numpy as np

from assoc.bits.codes import Code, Layout
from assoc.bits.levels import Levels, check_bits
from assoc.bits.packing import packed
from assoc.errors import InputError
from assoc.memories.memory import Factors

__all__ = ["encode_as", "encode_levels"]


def encode_levels(levels: Levels, bits: int, dtype: str) -> Code:
    """Write down a linear memory of one matrix, whose levels are known already.

    Parameters
    ----------
    levels : (d_out, d_in) numbers of the levels, from 0 to 2^b - 1.
    bits : b, between 1 and 16.
    dtype : precision of the decoded weights, ``float32`` or ``float64``.

    Raises
    ------
    InputError
        If bits is out of range, or a level is.

    Examples
    --------
    >>> encode_levels(np.array([[1, 0], [1, 1]], np.uint16), 1, "float64").decode().W
    array([[ 1., -1.],
           [ 1.,  1.]])
    """
    return encode_as([levels], Layout(Factors.__name__, (levels.shape,), bits, dtype))


def encode_as(levels: Sequence[Levels], layout: Layout) -> Code:
    """Write down a memory whose levels are known already, and that stores no scales.

    Parameters
    ----------
    levels : numbers of the levels of each array, from 0 to 2^b - 1.
    layout : of the memory, with ``scaled`` false or of a linear memory.

    Raises
    ------
    InputError
        If the number of bits is out of range, or a level is.

    Examples
    --------
    >>> one = np.array([[1]], np.uint16)
    >>> layout = Layout("Gated", ((1, 1),) * 3, 1, "float64", degree=1, scaled=False)
    >>> code = encode_as([one, 0 * one, one], layout)
    >>> code.bits, code.decode()(np.array([[3.0]]))
    (3, array([[-9.]]))
    """
    for array in levels:
        if (array >= 2 ** check_bits(layout.bits)).any():
            raise InputError(f"level {array.max()} is not one of {2**layout.bits}")
    stream = np.concatenate([array.ravel() for array in levels])
    return Code(packed(stream, layout.bits), layout)
