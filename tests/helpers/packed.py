"""Transformers of few bits read by what their header says, without the package that wrote them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.oracles import Array

__all__ = ["by_the_header", "header_of"]


def header_of(path: Path) -> dict[str, Any]:
    """Our document in a file's header."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    document: dict[str, Any] = json.loads(
        json.loads(content[8 : 8 + size])["__metadata__"]["recall"]
    )
    return document


def by_the_header(entry: Mapping[str, Any], data: Array) -> dict[str, Array]:
    """Matrices of a packed file, padded with rows of zeros."""
    d, dims, H = entry["d"], entry["value_dims"], len(entry["value_dims"])
    stream, place, parts = np.unpackbits(data), 0, []
    for entries, b in ((H * d, entry["key_bits"]), (H * d, 1), (2 * d * sum(dims), entry["bits"])):
        levels = stream[place : place + entries * b].reshape(entries, b) @ 2 ** np.arange(b)[::-1]
        parts.append((2.0 * levels + 1 - 2**b) * 2.0 ** (1 - b))
        place += 8 * -(-entries * b // 8)
    scales = np.frombuffer(data.tobytes()[place // 8 :], "<f4")
    W_K = (parts[0].reshape(H, 1, d) * scales[:, None, None]).astype(np.float32)
    W_V, W_O = np.zeros((2, H, max(dims), d), np.float32)
    rows = iter(parts[2].reshape(-1, d))
    for head, size in enumerate(dims):
        for W in (W_V, W_O):
            for row in range(size):
                W[head, row] = next(rows)
    return {"W_K": W_K, "W_Q": parts[1].reshape(H, 1, d), "W_V": W_V, "W_O": W_O}
