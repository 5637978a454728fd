"""Transformers of few bits in files: one row of bytes, and a header that says how it is read.

The array ``weights`` is the row of :mod:`assoc.bits.attention_codes`, unsigned bytes. The entry
``packed`` of the header has its layout, ``d``, ``value_dims``, ``bits`` and ``key_bits``, ``width``
and ``mlp_bits`` of the MLP, in words ``order``, and ``drawn``: the seed that embeddings are drawn
from, and the SHA-256 of what was drawn. Where ``drawn`` is null, the embeddings are a user's own,
and the file has the array ``embeddings``; or they are among the bytes, those of ``tokens`` tokens.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.bits.attention_codes import AttentionCode, AttentionLayout
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.transformers.model import Transformer
from assoc.transformers.token_vectors import draw_tokens
from sims.engine.randomness import INPUTS, Source

__all__ = ["Packed", "describe", "drawn_embeddings", "experiment_of", "unpack"]

ORDER = (
    "W_K (H, d) of key_bits, W_Q (H, d) of 1 bit, then of each head W_V and W_O (d_h, d) of bits, "
    "then W and V (width, d) of mlp_bits, then embeddings (tokens, d) of 1 bit; "
    "each of the five filled up to a byte, the first bit the most significant; "
    "then H scales of W_K, little-endian float32. "
    "A level l of b bits is the weight (2 l + 1 - 2^b) 2^(1-b), and 1/sqrt(d) times that in an "
    "embedding; heads attend by exp(<W_K x, W_Q x_end>), d_k = 1, and to their output X is added "
    "V^T sigma(W X), sigma(z) = (z^2 / (d D r) - r) / (4 sqrt(2)), D the sum of d_h and r the root "
    "mean square norm of the embeddings"
)
"""What a reader of the bytes has to know."""

MORE = {"width": 0, "mlp_bits": 1, "tokens": 0}
"""Sizes that not every file has, and what they are where they are missing."""


@dataclass(frozen=True)
class Packed:
    """The bits of a transformer, and where its embeddings are from.

    Parameters
    ----------
    code : its heads, MLP and stored embeddings.
    seed : that embeddings are drawn from; None where they are in the file.
    """

    code: AttentionCode
    seed: int | None


def experiment_of(seed: int) -> Source:
    """Return the randomness of a table in transformers."""
    return Source(seed, "transformer-facts", ())


def drawn_embeddings(task: RecallTask, d: int, seed: int) -> Floats:
    """Draw the embeddings (n, d) of a task's tokens, the same for the same seed.

    Raises
    ------
    InputError
        If the seed is negative, or they are too small or too large.
    """
    return draw_tokens(task, d, rng=experiment_of(seed).generator(0, INPUTS))


def describe(packed: Packed, embeddings: Floats) -> dict[str, Any]:
    """Return the entry of the header."""
    layout = packed.code.layout
    drawn = None if packed.seed is None else {"seed": packed.seed, "sha256": _digest(embeddings)}
    return {
        "d": layout.d,
        "value_dims": list(layout.value_dims),
        "bits": layout.bits,
        "key_bits": layout.key_bits,
        "width": layout.width,
        "mlp_bits": layout.mlp_bits,
        "tokens": layout.tokens,
        "order": ORDER,
        "drawn": drawn,
    }


def unpack(
    path: Path, entry: Any, arrays: Mapping[str, Any], task: RecallTask, spent: Any
) -> tuple[Transformer, Packed]:
    """Decode a transformer from the arrays of a file.

    Parameters
    ----------
    path : the file, for messages.
    entry : of the header.
    arrays : of the file, ``weights`` and perhaps ``embeddings``.
    task : the vocabulary.
    spent : bits that the header counts.

    Raises
    ------
    InputError
        If the entry is damaged, its sizes and the bytes disagree, or the embeddings that are drawn
        are not those of the file.
    """
    sizes = entry if isinstance(entry, dict) else {}
    dims, drawn = sizes.get("value_dims"), sizes.get("drawn")
    numbers = [sizes.get(name) for name in ("d", "bits", "key_bits")]
    # Files that are older than MLPs in bits have no entries for them.
    others = {name: sizes.get(name, least) for name, least in MORE.items()}
    if not isinstance(dims, list) or not all(
        _is_number(each) for each in (*dims, *numbers, *others.values())
    ):
        raise InputError(f"{path}: its header is damaged: 'packed' has no layout of weights")
    given = arrays.get("embeddings")
    if (drawn is not None) + (given is not None) + bool(others["tokens"]) != 1:
        raise InputError(f"{path}: embeddings are either drawn or stored; its header says neither")
    d, bits, key_bits = numbers
    try:
        layout = AttentionLayout(d, tuple(dims), bits, key_bits, **others)  # type: ignore[arg-type]
        code = AttentionCode(arrays["weights"].tobytes(), layout)
        if code.bits != spent:
            raise InputError(f"its header counts {spent} bits, and its layout takes {code.bits}")
        seed = None if drawn is None else _seed(drawn)
        Phi = given if seed is None else drawn_embeddings(task, layout.d, seed)
        model = code.decode(None if Phi is None else np.asarray(Phi))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if drawn is not None and _digest(model.embeddings) != drawn.get("sha256"):
        raise InputError(
            f"{path}: the embeddings drawn from seed {seed} are not those that it was fitted to "
            f"(NumPy {np.__version__}, or this processor, draws others)"
        )
    return model, Packed(code, seed)


def _seed(drawn: Any) -> int:
    seed = drawn.get("seed") if isinstance(drawn, dict) else None
    if not _is_number(seed):
        raise InputError("its header is damaged: 'drawn' has no seed")
    return int(seed)  # type: ignore[arg-type]


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _digest(embeddings: Floats) -> str:
    array = np.ascontiguousarray(embeddings)
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()
