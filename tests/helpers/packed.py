"""Transformers of few bits read by what their header says, without the package that wrote them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.oracles import Array

__all__ = ["activation_by_the_header", "by_the_header", "header_of"]


def header_of(path: Path) -> dict[str, Any]:
    """Our document in a file's header."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    document: dict[str, Any] = json.loads(
        json.loads(content[8 : 8 + size])["__metadata__"]["recall"]
    )
    return document


def by_the_header(entry: Mapping[str, Any], data: Array) -> dict[str, Array]:
    """Matrices of a packed file, heads padded with rows of zeros, and embeddings if it has them."""
    d, dims, H = entry["d"], entry["value_dims"], len(entry["value_dims"])
    m, n = entry["width"], entry["tokens"]
    stream, place, parts = np.unpackbits(data), 0, []
    sizes = (
        (H * d, entry["key_bits"]), (H * d, 1), (2 * d * sum(dims), entry["bits"]),
        (2 * m * d, entry["mlp_bits"]), (n * d, 1),
    )  # fmt: skip
    for entries, b in sizes:
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
    found = {"W_K": W_K, "W_Q": parts[1].reshape(H, 1, d), "W_V": W_V, "W_O": W_O}
    if n:
        found["embeddings"] = (parts[4].reshape(n, d) / np.sqrt(d)).astype(np.float32)
    if m:
        found["mlp.W"], found["mlp.V"] = parts[3].reshape(2, m, d).astype(np.float32)
    return found


def activation_by_the_header(entry: Mapping[str, Any], embeddings: Array) -> Array:
    """Coefficients of sigma, the constant first, that the words of a header describe."""
    r = np.sqrt((embeddings.astype(np.float64) ** 2).sum(axis=1).mean())
    D = sum(entry["value_dims"])
    return np.array([-r, 0.0, 1 / (entry["d"] * D * r)]) / (4 * np.sqrt(2))
