r"""Memories as bits: what is measured is decoded from the very bits that are counted.

Every matrix is rounded on its own to the 2^b levels (k + 1/2) Delta_b rms of
:mod:`assoc.bits.levels`: every factor of a linear memory; W, P and V of a network; W_K, W_Q, W_V
and W_O of every head. A code is the levels of all entries, b bits each, and the scales that matter.

=====================================  =================================
linear (``Factors``)                   b bits per entry
networks (``Gated``, ``TwoLayer``,     the same, and 32 bits per matrix or
``SignGated``, ``PiecewiseLinear``)    vector of phases
``Transformer``                        the same, embeddings not counted
=====================================  =================================

No scale changes the argmax of a linear memory, so none of its scales is stored.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from assoc.arrays import Floats, precision
from assoc.bits.levels import check_bits, check_rounding, quantise, weights_of
from assoc.bits.objects import SCALE_BITS, rounded
from assoc.bits.packing import BYTE, packed, unpacked
from assoc.errors import InputError
from assoc.memories.linear import HebbianBuild, Store
from assoc.memories.memory import Factors, Memory
from assoc.memories.networks import Gated, TwoLayer
from assoc.memories.sign_networks import PiecewiseLinear, SignGated
from assoc.transformers.model import Attention, Network, Transformer

__all__ = ["Code", "Layout", "arrays_of", "coded", "encode", "in_bits"]

CODED_CLASSES = (Factors, Gated, TwoLayer, SignGated, PiecewiseLinear, Transformer)
"""What can be written down as bits; other memories are rounded where they are."""


@dataclass(frozen=True)
class Layout:
    """What is public about a code: it is of the construction and its sizes, not of the facts.

    Parameters
    ----------
    kind : name of the class that the code is of.
    shapes : of its arrays; the last two axes are a matrix, those before count matrices.
    bits : b.
    dtype : precision of the decoded weights, ``float32`` or ``float64``.
    degree : k of a gated network.
    activation : coefficients of sigma in powers of x, of a network in which it is a polynomial.
    phases : whether the last array is the phases of square waves.
    scaled : whether scales are stored; without, levels are in public units (as all are of a linear
        memory, where no scale matters).
    """

    kind: str
    shapes: tuple[tuple[int, ...], ...]
    bits: int
    dtype: str
    degree: int | None = None
    activation: tuple[float, ...] | None = None
    phases: bool = False
    scaled: bool = True

    @property
    def entries(self) -> int:
        """Number of weights."""
        return sum(math.prod(shape) for shape in self.shapes)

    @property
    def scales(self) -> int:
        """Number of stored scales: one for each matrix, where scales matter and are stored."""
        if self.kind == Factors.__name__ or not self.scaled:
            return 0
        return sum(math.prod(shape[:-2]) for shape in self.shapes)


@dataclass(frozen=True)
class Code:
    r"""A memory as bits.

    Parameters
    ----------
    data : the levels of all entries in the order of the arrays, b bits each, the first bit the
        most significant, filled up to a byte; then the scales, little-endian single precision.
    layout : what is public.

    Raises
    ------
    InputError
        If the data are not as long as the layout says.

    Examples
    --------
    >>> code = encode(Factors((np.array([[0.5, -2.0], [1.0, 3.0]]),)), 1)
    >>> code.data, code.bits
    (b'\xb0', 4)
    >>> code.decode().W
    array([[ 1., -1.],
           [ 1.,  1.]])
    """

    data: bytes = field(repr=False)
    layout: Layout

    def __post_init__(self) -> None:
        needed = self._level_bytes + self.layout.scales * SCALE_BITS // BYTE
        if len(self.data) != needed:
            raise InputError(f"a code of {len(self.data)} bytes for a layout of {needed}")

    @property
    def bits(self) -> int:
        """Stored bits, b per entry and 32 per scale; what fills up the last byte is not counted."""
        return self.layout.bits * self.layout.entries + SCALE_BITS * self.layout.scales

    @property
    def _level_bytes(self) -> int:
        return -(-self.layout.bits * self.layout.entries // BYTE)

    def decode(self, embeddings: Floats | None = None) -> Any:
        """Return the memory that the bits say, of the class that was encoded.

        Parameters
        ----------
        embeddings : (n, d) of all tokens, which are public; for a transformer.

        Raises
        ------
        InputError
            If they are needed and not given, or are not of its dimension.
        """
        kind, arrays = self.layout.kind, self._arrays()
        if kind == Factors.__name__:
            return Factors(tuple(arrays), bits=self.bits)
        if kind == Gated.__name__:
            W, P, V = arrays
            return Gated(W, P, V, self.layout.degree or 0, bits=self.bits)
        if kind in (TwoLayer.__name__, PiecewiseLinear.__name__):
            return self._network(arrays, self.bits)
        if kind == SignGated.__name__:
            W, P, V, *more = arrays
            phase = more.pop()[:, 0] if self.layout.phases else None
            return SignGated(W, P, V, more[0] if more else None, phase, bits=self.bits)
        d = arrays[0].shape[2]
        if embeddings is None:
            raise InputError("a transformer is decoded with its tokens' embeddings: give them")
        if embeddings.ndim != 2 or embeddings.shape[1] != d:
            raise InputError(f"embeddings of shape {embeddings.shape} for a transformer of d = {d}")
        mlp = self._network(arrays[4:], None) if len(arrays) > 4 else None
        return Transformer(embeddings, Attention(*arrays[:4]), mlp, bits=self.bits)

    def _network(self, arrays: list[Floats], bits: int | None) -> Network:
        W, V, *more = arrays
        if self.layout.activation is None:
            return PiecewiseLinear(W, V, more[0][:, 0] if more else None, bits=bits)
        return TwoLayer(W, V, Polynomial(self.layout.activation), bits=bits)

    def _arrays(self) -> list[Floats]:
        """Weights of all arrays, from the data."""
        layout = self.layout
        levels = unpacked(self.data[: self._level_bytes], layout.entries, layout.bits)
        scales = np.frombuffer(self.data, "<f4", offset=self._level_bytes).astype(np.float64)
        arrays: list[Floats] = []
        entry = scale = 0
        for shape in layout.shapes:
            size, matrices = math.prod(shape), math.prod(shape[:-2])
            # In units of 2^(2-b) levels are exact, and weights of one bit are 1 and -1.
            step = np.full(shape[:-2], 2.0 ** (2 - layout.bits))
            if layout.scales:
                step = scales[scale : scale + matrices].reshape(shape[:-2])
            these = levels[entry : entry + size].reshape(shape)
            arrays.append(weights_of(these, step, layout.bits).astype(layout.dtype))
            entry, scale = entry + size, scale + matrices
        return arrays


def encode(
    memory: Any,
    bits: int,
    *,
    rounding: str = "nearest",
    rng: np.random.Generator | None = None,
) -> Code:
    r"""Round a memory's weights to b bits each and write them down.

    Parameters
    ----------
    memory : a :class:`assoc.memories.memory.Factors`, :class:`assoc.memories.networks.Gated`,
        :class:`assoc.memories.networks.TwoLayer`, :class:`assoc.memories.sign_networks.SignGated`,
        :class:`assoc.memories.sign_networks.PiecewiseLinear` or
        :class:`assoc.transformers.model.Transformer`.
    bits : b, between 1 and 16.
    rounding : one of :data:`assoc.bits.levels.ROUNDINGS`.
    rng : randomness of stochastic rounding.

    Returns
    -------
    Code

    Raises
    ------
    InputError
        If the memory has no code, its weights are not finite, a linear memory has a factor of
        zeros, a scale has no single-precision number, or an option is out of range.

    Examples
    --------
    >>> code = encode(Gated(np.eye(2), np.eye(2), np.eye(2), 1), 4)
    >>> code.bits, code.decode().parameters
    (144, 12)
    """
    arrays = arrays_of(memory)
    layout = _layout(memory, arrays, check_bits(bits))
    found = [quantise(array, bits, rounding=rounding, rng=rng) for array in arrays]
    levels = [each.ravel() for each, _ in found]
    steps = np.concatenate([step.ravel() for _, step in found]) if found else np.zeros(0)
    if not layout.scales:
        if (steps == 0).any():
            raise InputError("weights that are all zero cannot be quantised")
        steps = steps[:0]
    with np.errstate(over="ignore", under="ignore"):
        scales = steps.astype("<f4")
    lost = ~np.isfinite(scales) | ((scales == 0) & (steps != 0))
    if lost.any():
        raise InputError(f"a scale of {steps[lost][0]:.3g} is no single-precision number")
    stream = packed(np.concatenate(levels) if levels else np.zeros(0, np.uint16), bits)
    return Code(stream + scales.tobytes(), layout)


def arrays_of(memory: Any) -> list[Floats]:
    """All stored arrays of a memory, embeddings apart.

    Parameters
    ----------
    memory : one of the types that :func:`encode` takes.

    Raises
    ------
    InputError
        If it is of another type.

    Examples
    --------
    >>> [array.shape for array in arrays_of(Factors((np.eye(2), np.eye(2))))]
    [(2, 2), (2, 2)]
    """
    if type(memory) is Factors:
        return list(memory.factors)
    if type(memory) is Gated:
        return [memory.W, memory.P, memory.V]
    if type(memory) is TwoLayer:
        return [memory.W, memory.V]
    if type(memory) in (SignGated, PiecewiseLinear):
        stored = (memory.V, getattr(memory, "second", None))
        through = (memory.P,) if type(memory) is SignGated else ()
        column = () if memory.phase is None else (memory.phase[:, None],)
        return [memory.W, *through, *(A for A in stored if A is not None), *column]
    if type(memory) is Transformer and type(memory.attention) is Attention:
        heads = memory.attention
        mlp = [] if memory.mlp is None else arrays_of(memory.mlp)
        return [heads.W_K, heads.W_Q, heads.W_V, heads.W_O, *mlp]
    raise InputError(
        f"{type(memory).__name__} cannot be stored in bits per weight: it is not one of "
        "Factors, Gated, TwoLayer, SignGated, PiecewiseLinear, Transformer"
    )


def _layout(memory: Any, arrays: list[Floats], bits: int) -> Layout:
    network = memory.mlp if isinstance(memory, Transformer) else memory
    return Layout(
        type(memory).__name__,
        tuple(array.shape for array in arrays),
        bits,
        str(precision(*arrays)),
        degree=network.degree if isinstance(network, Gated) else None,
        activation=(
            tuple(network.activation.coef.tolist()) if isinstance(network, TwoLayer) else None
        ),
        phases=getattr(network, "phase", None) is not None,
    )


def in_bits(
    memory: Any,
    bits: int,
    rounding: str = "nearest",
    *,
    rng: np.random.Generator,
    embeddings: Floats | None = None,
) -> Any:
    """Return a memory, or a transformer, as it is with b bits per weight; ``bits`` counts them.

    Parameters
    ----------
    memory : of a class that :func:`encode` takes, then it is decoded from what was encoded, or any
        other memory, whose arrays are rounded (:func:`assoc.bits.objects.rounded`).
    bits, rounding, rng : as for :func:`encode`.
    embeddings : (n, d) of all tokens, for a transformer.

    Raises
    ------
    InputError
        As :func:`encode` and :func:`assoc.bits.objects.rounded`.
    """
    if type(memory) not in CODED_CLASSES and isinstance(memory, Memory):
        return rounded(memory, bits, rounding=rounding, rng=rng)
    return encode(memory, bits, rounding=rounding, rng=rng).decode(embeddings)


def coded(build: Callable[..., Any], bits: int, rounding: str = "nearest") -> Any:
    """Return the build whose memories are those of another, in b bits per weight.

    Parameters
    ----------
    build : a construction of memories or of transformers; one that stores the Hebbian matrix
        (:class:`assoc.memories.linear.HebbianBuild`) remains one.
    bits, rounding : as for :func:`encode`. Stochastic rounding goes on with the build's randomness.

    Returns
    -------
    A build function with the arguments of the other. Transformers are decoded with the embeddings
    that they are built for; memories of other classes than :func:`encode` takes are rounded by
    :func:`assoc.bits.objects.rounded`.

    Raises
    ------
    InputError
        If an option is out of range.

    Examples
    --------
    >>> from assoc.memories.linear import hebbian
    >>> build = coded(hebbian, 2)
    >>> build(np.eye(4), np.eye(4), np.arange(4), rng=np.random.default_rng(0)).bits
    32
    """
    bits, rounding = check_bits(bits), check_rounding(rounding)
    if isinstance(build, HebbianBuild):
        return HebbianBuild(partial(_stored, build.store, bits, rounding))
    return _CodedBuild(build, bits, rounding)


def _stored(
    store: Store, bits: int, rounding: str, W: Floats, /, *, rng: np.random.Generator
) -> Any:
    return encode(store(W, rng=rng), bits, rounding=rounding, rng=rng).decode()


@dataclass(frozen=True)
class _CodedBuild:
    """A build whose memories are encoded and decoded."""

    build: Callable[..., Any]
    bits: int
    rounding: str

    def __call__(self, *facts: Any, rng: np.random.Generator) -> Any:
        built = self.build(*facts, rng=rng)
        embeddings = facts[1] if isinstance(built, Transformer) else None
        return in_bits(built, self.bits, self.rounding, rng=rng, embeddings=embeddings)
