r"""One-layer transformers as bits: heads, MLP and embeddings, and how they lie in a row.

What :mod:`assoc.bits.codes` writes down has one number of bits for all of its matrices, and heads
of one size. Here keys, queries, values and the MLP have bits of their own, keys have one dimension
(d_k = 1) and every head its own number of value dimensions d_h. The row of bytes is

=========================  ==========================  ===============
part                       entries                     bits of each
=========================  ==========================  ===============
W_K, head by head          H d                         ``key_bits``
W_Q, head by head          H d                         1
W_V, then W_O of a head,   2 d times the sum of d_h    ``bits``
head by head
W, then V of the MLP       2 d m                       ``mlp_bits``
embeddings, token by       n d                         1
token, if they are stored
scale of each head's W_K   H                           32
=========================  ==========================  ===============

each part filled up to a byte, levels as in :mod:`assoc.bits.packing`, scales little-endian single
precision. A level l of b bits is the weight :math:`(2 l + 1 - 2^b)\,2^{1-b}`, so that one bit is 1
or -1; keys are that times their scale, which is the inverse temperature of the head, and stored
embeddings that over :math:`\sqrt d`. No other scale is needed: the argmax does not know how long
the output is, and how strongly the MLP

.. math:: V^\top \sigma(W X), \qquad
          \sigma(z) = \tfrac14 \rho\, h_2\bigl(z / (\rho \sqrt{d \textstyle\sum d_h})\bigr)

speaks beside the heads' own X depends on sizes and on the root mean square norm rho of the
embeddings alone, which are public.

Heads that have fewer value dimensions than the widest are decoded with rows of zeros, which change
nothing and are not stored: how many there are is public, as all sizes are. Where sizes and bits of
keys were chosen on the very table that is stored, the choice tells of it what is not counted here:
log2 of the number of them that were tried, a few bits.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from assoc.arrays import Floats, row_norms
from assoc.bits.levels import Levels, check_bits, weights_of
from assoc.bits.objects import SCALE_BITS
from assoc.bits.packing import BYTE, packed, unpacked
from assoc.checks import positive
from assoc.errors import InputError
from assoc.memories.hermite import hermite
from assoc.memories.networks import TwoLayer
from assoc.transformers.model import Attention, Transformer

__all__ = [
    "AttentionCode",
    "AttentionLayout",
    "encode_attention",
    "hidden_function",
    "mean_norm",
    "sign_embeddings",
]

GAIN = 0.25
"""What a neuron adds to the scores beside a value dimension of a head, both of typical weights."""


@dataclass(frozen=True)
class AttentionLayout:
    """What is public about a transformer in few bits.

    Parameters
    ----------
    d : dimension of the embeddings.
    value_dims : d_h of each head.
    bits : b of values and outputs, 1 to 16.
    key_bits : b of the keys, 1 to 16.
    width : neurons m of the MLP; 0 where there is none.
    mlp_bits : b of the MLP's weights, 1 to 16.
    tokens : n tokens whose embeddings are stored, one bit an entry; 0 where they are public.

    Raises
    ------
    InputError
        If a size is out of range, or bits are.

    Examples
    --------
    >>> layout = AttentionLayout(d=8, value_dims=(3, 2), bits=1, key_bits=2)
    >>> layout.entries, layout.bits_spent
    (112, 192)
    >>> AttentionLayout(8, (3, 2), 1, 2, width=4, mlp_bits=2, tokens=10).bits_spent - 192
    208
    """

    d: int
    value_dims: tuple[int, ...]
    bits: int
    key_bits: int
    width: int = 0
    mlp_bits: int = 1
    tokens: int = 0

    def __post_init__(self) -> None:
        positive(self.d, "d")
        if not self.value_dims:
            raise InputError("a layout without heads")
        for size in self.value_dims:
            positive(size, "value dimension d_h")
        for bits in (self.bits, self.key_bits, self.mlp_bits):
            check_bits(bits)
        for name, size in (("width", self.width), ("tokens", self.tokens)):
            if size:
                positive(size, name)

    @property
    def heads(self) -> int:
        """Number of heads H."""
        return len(self.value_dims)

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """Entries and bits of each part of the row, scales apart."""
        keys, values = self.heads * self.d, 2 * self.d * sum(self.value_dims)
        return (
            (keys, self.key_bits),
            (keys, 1),
            (values, self.bits),
            (self.mlp_entries, self.mlp_bits),
            (self.tokens * self.d, 1),
        )

    @property
    def mlp_entries(self) -> int:
        """Number of stored weights of the MLP."""
        return 2 * self.d * self.width

    @property
    def entries(self) -> int:
        """Number of stored weights, embeddings apart."""
        return sum(entries for entries, _ in self.parts[:-1])

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
    """A transformer as a row of bytes.

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

    def decode(self, embeddings: Floats | None = None) -> Transformer:
        """Return the transformer that the bits say, in single precision.

        Parameters
        ----------
        embeddings : (n, d) of all tokens, which are public; None where they are stored.

        Raises
        ------
        InputError
            If they are not of its dimension, are missing, or are given beside those that are
            stored.
        """
        layout = self.layout
        H, d, widest = layout.heads, layout.d, max(layout.value_dims)
        place, found = 0, []
        for entries, bits in layout.parts:
            size = _bytes(entries, bits)
            levels = unpacked(self.data[place : place + size], entries, bits)
            found.append(weights_of(levels[None], np.array(2.0 ** (2 - bits)), bits)[0])
            place += size
        keys, queries, values, mlp, stored = found
        if (embeddings is None) != bool(layout.tokens):
            raise InputError("embeddings are either stored among the bits or given, and not both")
        if embeddings is None:
            embeddings = sign_embeddings(stored.reshape(-1, d) > 0)
        if embeddings.ndim != 2 or embeddings.shape[1] != d:
            raise InputError(f"embeddings of shape {embeddings.shape} for a transformer of d = {d}")
        W_K = keys.reshape(H, 1, d) * self._scales[:, None, None]
        W_V, W_O = np.zeros((2, H, widest, d))
        place = 0
        for head, size in enumerate(layout.value_dims):
            for W in (W_V, W_O):
                W[head, :size] = values[place : place + size * d].reshape(size, d)
                place += size * d
        weights = (W_K, queries.reshape(H, 1, d), W_V, W_O)
        attention = Attention(*(W.astype(np.float32) for W in weights))
        network = None
        if layout.width:
            W, V = mlp.astype(np.float32).reshape(2, layout.width, d)
            network = TwoLayer(W, V, hidden_function(layout.value_dims, mean_norm(embeddings), d))
        return Transformer(embeddings, attention, network, bits=self.bits)


def sign_embeddings(levels: NDArray[np.bool_] | Levels) -> NDArray[np.float32]:
    """Embeddings (n, d) of norm 1, in single precision, that levels of one bit say.

    Parameters
    ----------
    levels : (n, d) of 0 and 1.

    Examples
    --------
    >>> sign_embeddings(np.array([[1, 0, 0, 1]])).tolist()
    [[0.5, -0.5, -0.5, 0.5]]
    """
    return np.asarray((2.0 * levels - 1) / np.sqrt(levels.shape[1]), np.float32)


def mean_norm(embeddings: Floats) -> float:
    """Root of the mean squared norm of embeddings (n, d); 1 where all are 0.

    Examples
    --------
    >>> mean_norm(np.array([[3.0, 4.0]]))
    5.0
    """
    return float(np.sqrt(np.mean(row_norms(embeddings.astype(np.float64)) ** 2))) or 1.0


def hidden_function(value_dims: tuple[int, ...], norm: float, d: int) -> Polynomial:
    r"""Return sigma of the MLP behind heads in few bits, a polynomial of degree 2.

    Parameters
    ----------
    value_dims : d_h of each head.
    norm : root mean square rho of the embeddings' norms.
    d : dimension.

    Examples
    --------
    >>> hidden_function((2, 2), 1.0, 4).coef.round(4).tolist()
    [-0.1768, 0.0, 0.011]
    """
    reach = norm * float(np.sqrt(d * sum(value_dims)))
    return GAIN * norm * hermite(2)(Polynomial([0.0, 1 / reach]))


def encode_attention(
    keys: Levels,
    queries: Levels,
    values: list[Levels],
    scales: NDArray[np.float64],
    *,
    bits: int,
    key_bits: int,
    mlp: Levels | None = None,
    mlp_bits: int = 1,
    embeddings: Levels | None = None,
) -> AttentionCode:
    r"""Write down a transformer whose levels are known.

    Parameters
    ----------
    keys, queries : (H, d) levels of W_K and, of one bit, of W_Q.
    values : for each head (2, d_h, d) levels of W_V and W_O.
    scales : (H,) of the keys.
    bits, key_bits : b of values and of keys.
    mlp, mlp_bits : (2, m, d) levels of W and V of the MLP, and their b; None where there is none.
    embeddings : (n, d) levels, of one bit, of embeddings that are stored; None where they are not.

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
    d, dims = keys.shape[1], tuple(each.shape[1] for each in values)
    others = [np.zeros((0, d), np.uint16) if part is None else part for part in (mlp, embeddings)]
    layout = AttentionLayout(
        d, dims, bits, key_bits,
        width=0 if mlp is None else mlp.shape[1], mlp_bits=mlp_bits, tokens=len(others[1]),
    )  # fmt: skip
    everything = [
        keys.ravel(), queries.ravel(), np.concatenate([each.ravel() for each in values]),
        *(part.ravel() for part in others),
    ]  # fmt: skip
    for levels, (_, width) in zip(everything, layout.parts, strict=True):
        if (levels >= 2**width).any():
            raise InputError(f"level {levels.max()} is not one of {2**width}")
    streams = (packed(part, b) for part, (_, b) in zip(everything, layout.parts, strict=True))
    with np.errstate(over="ignore", under="ignore"):
        data = b"".join(streams) + np.asarray(scales).astype("<f4").tobytes()
    return AttentionCode(data, layout)


def _bytes(entries: int, bits: int) -> int:
    return -(-entries * bits // BYTE)
