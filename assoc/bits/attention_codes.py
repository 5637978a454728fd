r"""Attention as bits: keys, queries and values of a few bits each, and how they lie in a row.

What :mod:`assoc.bits.codes` writes down has one number of bits for all of its matrices, and heads
of one size. Here keys, queries and values have bits of their own, keys have one dimension (d_k = 1)
and every head its own number of value dimensions d_h. The row of bytes is

=========================  ==========================  ===============
part                       entries                     bits of each
=========================  ==========================  ===============
W_K, head by head          H d                         ``key_bits``
W_Q, head by head          H d                         1
W_V, then W_O of a head,   2 d times the sum of d_h    ``bits``
head by head
scale of each head's W_K   H                           32
=========================  ==========================  ===============

each part filled up to a byte, levels as in :mod:`assoc.bits.packing`, scales little-endian single
precision. A level l of b bits is the weight :math:`(2 l + 1 - 2^b)\,2^{1-b}`, so that one bit is 1
or -1; keys are that times their scale, which is the inverse temperature of the head. No other scale
is needed: the argmax does not know how long the output is.

Heads that have fewer value dimensions than the widest are decoded with rows of zeros, which change
nothing and are not stored: how many there are is public, as all sizes are. Where sizes and bits of
keys were chosen on the very table that is stored, the choice tells of it what is not counted here:
log2 of the number of them that were tried, a few bits.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.bits.levels import Levels, check_bits, weights_of
from assoc.bits.objects import SCALE_BITS
from assoc.bits.packing import BYTE, packed, unpacked
from assoc.checks import positive
from assoc.errors import InputError
from assoc.transformers.model import Attention, Transformer

__all__ = ["AttentionCode", "AttentionLayout", "encode_attention"]


@dataclass(frozen=True)
class AttentionLayout:
    """What is public about heads in few bits.

    Parameters
    ----------
    d : dimension of the embeddings.
    value_dims : d_h of each head.
    bits : b of values and outputs, 1 to 16.
    key_bits : b of the keys, 1 to 16.

    Raises
    ------
    InputError
        If a size is not positive, or bits are out of range.

    Examples
    --------
    >>> layout = AttentionLayout(d=8, value_dims=(3, 2), bits=1, key_bits=2)
    >>> layout.entries, layout.bits_spent
    (112, 192)
    """

    d: int
    value_dims: tuple[int, ...]
    bits: int
    key_bits: int

    def __post_init__(self) -> None:
        positive(self.d, "d")
        if not self.value_dims:
            raise InputError("a layout without heads")
        for size in self.value_dims:
            positive(size, "value dimension d_h")
        check_bits(self.bits)
        check_bits(self.key_bits)

    @property
    def heads(self) -> int:
        """Number of heads H."""
        return len(self.value_dims)

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """Entries and bits of each part of the row, scales apart."""
        keys = self.heads * self.d
        return (keys, self.key_bits), (keys, 1), (2 * self.d * sum(self.value_dims), self.bits)

    @property
    def entries(self) -> int:
        """Number of stored weights."""
        return sum(entries for entries, _ in self.parts)

    @property
    def bits_spent(self) -> int:
        """Stored bits, scales included; what fills up bytes is not counted."""
        return sum(entries * bits for entries, bits in self.parts) + SCALE_BITS * self.heads

    @property
    def bytes_needed(self) -> int:
        """Length of the row."""
        levels = sum(_bytes(*part) for part in self.parts)
        return levels + SCALE_BITS * self.heads // BYTE


@dataclass(frozen=True)
class AttentionCode:
    """Heads as a row of bytes.

    Parameters
    ----------
    data : the row.
    layout : what is public.

    Raises
    ------
    InputError
        If the row is not as long as the layout says, a scale is not a positive number, or keys
        times it are none of single precision.
    """

    data: bytes = field(repr=False)
    layout: AttentionLayout

    def __post_init__(self) -> None:
        needed = self.layout.bytes_needed
        if len(self.data) != needed:
            raise InputError(f"{len(self.data)} bytes of weights for a layout of {needed}")
        if not (np.isfinite(self._scales) & (self._scales > 0)).all():
            raise InputError("a scale of the packed weights is not a positive number")
        # The outermost level of a key, as it is decoded.
        outermost = self._scales * (2.0 - 2.0 ** (1 - self.layout.key_bits))
        if (outermost > np.finfo(np.float32).max).any():
            raise InputError("a scale of the packed weights takes keys out of single precision")

    @property
    def bits(self) -> int:
        """Stored bits."""
        return self.layout.bits_spent

    @property
    def _scales(self) -> NDArray[np.float64]:
        offset = len(self.data) - SCALE_BITS * self.layout.heads // BYTE
        return np.frombuffer(self.data, "<f4", offset=offset).astype(np.float64)

    def decode(self, embeddings: Floats) -> Transformer:
        """Return the transformer that the bits say, in single precision.

        Parameters
        ----------
        embeddings : (n, d) of all tokens, which are public.

        Raises
        ------
        InputError
            If they are not of its dimension.
        """
        layout = self.layout
        H, d, widest = layout.heads, layout.d, max(layout.value_dims)
        if embeddings.ndim != 2 or embeddings.shape[1] != d:
            raise InputError(f"embeddings of shape {embeddings.shape} for a transformer of d = {d}")
        place, found = 0, []
        for entries, bits in layout.parts:
            size = _bytes(entries, bits)
            levels = unpacked(self.data[place : place + size], entries, bits)
            found.append(weights_of(levels[None], np.array(2.0 ** (2 - bits)), bits)[0])
            place += size
        keys, queries, values = found
        W_K = keys.reshape(H, 1, d) * self._scales[:, None, None]
        W_V, W_O = np.zeros((2, H, widest, d))
        place = 0
        for head, size in enumerate(layout.value_dims):
            for W in (W_V, W_O):
                W[head, :size] = values[place : place + size * d].reshape(size, d)
                place += size * d
        weights = (W_K, queries.reshape(H, 1, d), W_V, W_O)
        attention = Attention(*(W.astype(np.float32) for W in weights))
        return Transformer(embeddings, attention, bits=self.bits)


def encode_attention(
    keys: Levels,
    queries: Levels,
    values: list[Levels],
    scales: NDArray[np.float64],
    *,
    bits: int,
    key_bits: int,
) -> AttentionCode:
    r"""Write down heads whose levels are known.

    Parameters
    ----------
    keys, queries : (H, d) levels of W_K and, of one bit, of W_Q.
    values : for each head (2, d_h, d) levels of W_V and W_O.
    scales : (H,) of the keys.
    bits, key_bits : b of values and of keys.

    Raises
    ------
    InputError
        If a level is out of range, or a scale has no positive single-precision number.

    Examples
    --------
    >>> one = np.ones((1, 2), np.uint16)
    >>> code = encode_attention(
    ...     one, one, [np.stack([one, 1 - one])], np.array([2.0]), bits=1, key_bits=1
    ... )
    >>> code.bits, len(code.data)
    (40, 7)
    >>> model = code.decode(np.eye(2, dtype=np.float32))
    >>> model.attention.W_K.tolist(), model.attention.W_O.tolist()
    ([[[2.0, 2.0]]], [[[-1.0, -1.0]]])
    """
    layout = AttentionLayout(keys.shape[1], tuple(each.shape[1] for each in values), bits, key_bits)
    everything = (keys.ravel(), queries.ravel(), np.concatenate([v.ravel() for v in values]))
    for levels, (_, width) in zip(everything, layout.parts, strict=True):
        if (levels >= 2**width).any():
            raise InputError(f"level {levels.max()} is not one of {2**width}")
    streams = (packed(part, b) for part, (_, b) in zip(everything, layout.parts, strict=True))
    with np.errstate(over="ignore", under="ignore"):
        data = b"".join(streams) + np.asarray(scales).astype("<f4").tobytes()
    return AttentionCode(data, layout)


def _bytes(entries: int, bits: int) -> int:
    return -(-entries * bits // BYTE)
