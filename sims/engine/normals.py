r"""Normal deviates of many short streams at once, number for number those of NumPy.

``numpy.random.Generator.standard_normal`` fills one array from one generator; a simulation of many
small trials spends most of its time there, and between such calls waiting for the interpreter's
lock. The kernel here runs through all the streams of a batch in one call, at more than twice the
speed: Philox 4x64 (10 rounds) under a 256-step ziggurat, in single precision. It draws the same
numbers from the same counters, so that either may stand for the other; a version of NumPy that
drew differently would be noticed by :func:`same_as_numpy`, and the kernel left alone.

References
----------
Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3 (2011).
Marsaglia, Tsang, The ziggurat method for generating random variables (2000).
"""

import math
from functools import cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from assoc.compiled import compiled

__all__ = ["fill_normals", "same_as_numpy"]

MULTIPLIERS = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
WEYL = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
ROUNDS = 10
WORDS = 128
"""Random words made at a time."""

EDGE = 3.6541528853610088
"""Where the ziggurat's last layer ends and the tail begins."""


def _ziggurat() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint32]]:
    """Tables of the 256 layers of equal area under exp(-x^2/2).

    Returns
    -------
    width / 2^23 and height of each layer, and the 23-bit integers below which a point of the layer
    is under the curve whatever its height. Layer 0 is the base strip with the tail.
    """

    def density(x: float) -> float:
        return math.exp(-x * x / 2)

    tail = math.sqrt(math.pi / 2) * math.erfc(EDGE / math.sqrt(2))
    area = EDGE * density(EDGE) + tail
    edges = [area / density(EDGE), EDGE]
    for _ in range(254):
        edges.append(math.sqrt(-2 * math.log(area / edges[-1] + density(edges[-1]))))
    x = np.array([edges[0], *edges[:0:-1]])
    inner = np.array([EDGE, 0.0, *x[1:-1]])
    height = np.array([1.0, *map(density, x[1:])])
    sure = np.round(inner / x * 2**23)
    return (x / 2**23).astype(np.float32), height.astype(np.float32), sure.astype(np.uint32)


WIDTH, HEIGHT, SURE = _ziggurat()


@intrinsic
def _high_product(context: Any, a: Any, b: Any) -> Any:
    """Upper 64 bits of a 128-bit product, which is one instruction."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(argument, wide) for argument in arguments))
        return builder.trunc(builder.lshr(product, wide(64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), emit


high_product: Any = _high_product


@numba.njit(nogil=True)
def _refill(
    key: NDArray[np.uint64], counter: NDArray[np.uint64], words: NDArray[np.uint32]
) -> None:
    """Fill ``words`` with the 32-bit words that follow the counter, and advance it."""
    half = np.uint64(32)
    for j in range(0, words.size, 8):
        counter[0] += np.uint64(1)
        a, b, c, d = counter[0], counter[1], counter[2], counter[3]
        k, m = key[0], key[1]
        for _ in range(ROUNDS):
            a, b, c, d = (
                high_product(MULTIPLIERS[1], c) ^ b ^ k,
                MULTIPLIERS[1] * c,
                high_product(MULTIPLIERS[0], a) ^ d ^ m,
                MULTIPLIERS[0] * a,
            )
            k += WEYL[0]
            m += WEYL[1]
        words[j], words[j + 1] = np.uint32(a), np.uint32(a >> half)
        words[j + 2], words[j + 3] = np.uint32(b), np.uint32(b >> half)
        words[j + 4], words[j + 5] = np.uint32(c), np.uint32(c >> half)
        words[j + 6], words[j + 7] = np.uint32(d), np.uint32(d >> half)


@numba.njit(nogil=True)
def _uniform(
    key: NDArray[np.uint64],
    counter: NDArray[np.uint64],
    words: NDArray[np.uint32],
    used: NDArray[np.int64],
) -> np.float32:
    """Return a number in [0, 1) made of the next word."""
    if used[0] == words.size:
        _refill(key, counter, words)
        used[0] = 0
    used[0] += 1
    return np.float32(words[used[0] - 1] >> np.uint32(8)) * np.float32(2**-24)


@compiled("void(u8[::1], u8[:, ::1], f4[:, ::1])")
def fill_normals(
    key: NDArray[np.uint64], counters: NDArray[np.uint64], out: NDArray[np.float32]
) -> None:
    """Fill each row of ``out`` with standard normal deviates of a stream of its own.

    Parameters
    ----------
    key : (2,) key of the Philox generator.
    counters : (T, 4) its counter at the beginning of each of the T streams.
    out : (T, n)
    """
    words = np.empty(WORDS, np.uint32)
    used = np.empty(1, np.int64)
    for t in range(counters.shape[0]):
        row = out[t]
        counter = counters[t].copy()
        used[0] = WORDS
        n = 0
        while n < row.size:
            if used[0] == WORDS:
                _refill(key, counter, words)
                used[0] = 0
            # Nearly all points are under the curve at once; the run ends at one that may not be.
            first = used[0]
            run = min(WORDS - first, row.size - n)
            under = False
            for i in range(run):
                word = words[first + i]
                layer = word & np.uint32(255)
                place = word >> np.uint32(9)
                x = np.float32(place) * WIDTH[layer]
                if word & np.uint32(256):
                    x = -x
                row[n + i] = x
                under = place < SURE[layer]
                if not under:
                    break
            used[0] = first + i + 1
            n += i
            if under:
                n += 1
            elif layer > 0:
                ceiling, floor = HEIGHT[layer - 1], HEIGHT[layer]
                height = (ceiling - floor) * _uniform(key, counter, words, used) + floor
                if height < np.exp(-0.5 * np.float64(x) * x):
                    n += 1
            else:
                beyond, depth = np.float32(0), np.float32(-1)
                while depth + depth <= beyond * beyond:
                    u = _uniform(key, counter, words, used)
                    beyond = np.float32(-np.float32(1 / EDGE) * np.log1p(-u))
                    depth = np.float32(-np.log1p(-_uniform(key, counter, words, used)))
                x = np.float32(EDGE) + beyond
                row[n] = -x if (place >> np.uint32(8)) & np.uint32(1) else x
                n += 1


@cache
def same_as_numpy() -> bool:
    """Whether this NumPy draws what :func:`fill_normals` draws."""
    key = np.array([1, 2], np.uint64)
    counter = np.array([0, 3, 4, 5], np.uint64)
    ours = np.empty((1, 2**14), np.float32)
    fill_normals(key, counter[None], ours)
    rng = np.random.Generator(np.random.Philox(key=key, counter=counter))
    return np.array_equal(ours[0], rng.standard_normal(ours.size, dtype=np.float32))
