"""Levels as a stream of bits, and back."""

import numpy as np

from assoc.bits.levels import Levels

__all__ = ["BYTE", "packed", "unpacked"]

BYTE = 8
"""Bits of a byte."""


def packed(levels: Levels, bits: int) -> bytes:
    r"""Levels (n,) as a stream of b bits each, filled up to a byte.

    Examples
    --------
    >>> packed(np.array([1, 2, 3, 0, 1], np.uint16), 2)
    b'l@'
    """
    if bits in (8, 16):
        return levels.astype(f">u{bits // BYTE}").tobytes()
    word = BYTE if bits < BYTE else 2 * BYTE
    each = np.unpackbits(levels.astype(f">u{word // BYTE}").view(np.uint8)).reshape(-1, word)
    return np.packbits(each[:, word - bits :]).tobytes()


def unpacked(data: bytes, entries: int, bits: int) -> Levels:
    """Levels (n,) of a stream.

    Examples
    --------
    >>> unpacked(b"l@", 5, 2).tolist()
    [1, 2, 3, 0, 1]
    """
    if bits in (8, 16):
        return np.frombuffer(data, f">u{bits // BYTE}").astype(np.uint16)
    word = BYTE if bits < BYTE else 2 * BYTE
    each = np.zeros((entries, word), np.uint8)
    stream = np.unpackbits(np.frombuffer(data, np.uint8), count=bits * entries)
    each[:, word - bits :] = stream.reshape(entries, bits)
    return np.packbits(each).view(f">u{word // BYTE}").astype(np.uint16)
