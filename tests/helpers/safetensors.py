"""Safetensors files made by hand, also of types that NumPy does not have."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

from tests.helpers.oracles import Array


def write_safetensors(path: Path, tensors: Mapping[str, tuple[object, Array]]) -> None:
    """Write arrays, each as numbers of the type that the header is to say."""
    path.write_bytes(as_safetensors(tensors))


def as_safetensors(tensors: Mapping[str, tuple[object, Array]]) -> bytes:
    """Return what such a file holds."""
    header, data = {}, b""
    for name, (dtype, array) in tensors.items():
        begin, data = len(data), data + array.tobytes()
        shape = list(array.shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return struct.pack("<Q", len(text)) + text + data
