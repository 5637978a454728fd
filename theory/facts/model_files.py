"""Transformers in files: safetensors, whose header says in JSON what the tokens are.

A file holds the arrays ``embeddings`` (n, d), ``W_K``, ``W_Q``, ``W_V``, ``W_O`` (H, d_h, d),
``facts`` (N, 3), where facts have several right answers ``also`` (n, 2), rows (fact, answer) of the
others, and, where there is an MLP, ``mlp.W``, ``mlp.V`` (m, d) and what its activation is
(:mod:`theory.facts.stored_networks`). Any reader of safetensors can use it. The entry
``recall`` of the header's metadata is a JSON document with the vocabulary, the longest certified
prompt, where the file comes from, and of each array its type, its shape and the SHA-256 of its
bytes; the document's own SHA-256 is among its entries. All of it is verified when a file is read,
so that a file is read as it was written, or not at all. Nothing in a file is ever executed.

A transformer that was fitted in few bits is one array of bytes, ``weights``, in place of its
matrices, and its embeddings are drawn again when it is read (:mod:`theory.facts.packed_files`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assoc.errors import InputError
from assoc.facts.recall_task import SHORTEST, RecallTask
from assoc.files import size_of
from assoc.transformers.model import Attention, Transformer
from theory.facts.packed_files import Packed, describe, unpack
from theory.facts.stored_networks import (
    NETWORK_DIMENSIONS,
    network_arrays,
    network_of,
    network_sets,
)
from theory.rendering.files import write_whole

__all__ = ["FORMAT", "PACKED", "StoredModel", "load_model", "save_model"]

FORMAT = "recall one-layer transformer, version 2"
"""What a file of ours says it is."""

PACKED = "recall one-layer transformer in few bits, version 1"
"""What one of a transformer of few bits says."""

KEY = "recall"
WEIGHTS = ("W_K", "W_Q", "W_V", "W_O")
Types = Mapping[np.dtype[Any], str]
ARRAYS = ("embeddings", "facts", *WEIGHTS)
ALSO = "also"
PACKED_ARRAYS = ("facts", "weights")
DIMENSIONS = {
    "weights": 1,
    "facts": 2,
    ALSO: 2,
    "embeddings": 2,
    **NETWORK_DIMENSIONS,
}
"""Axes of each array; weights of attention have three."""

FLOATS: Types = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}
INTEGERS: Types = {np.dtype(np.int64): "I64"}
BYTES: Types = {np.dtype(np.uint8): "U8"}
"""Types that arrays may have, and what safetensors calls them."""

LARGEST = 2**31
"""Where numbers of tokens end."""

AGAIN = "export it again"


@dataclass(frozen=True, eq=False)
class StoredModel:
    """A transformer, the facts it was built from, and the words for its tokens.

    Parameters
    ----------
    model : the transformer.
    task : facts and vocabulary.
    texts : what subjects, relations and answers are called, (S + R + A,); answers as in the table,
        so that two answer tokens may have one text.
    length : longest prompt T for which it was certified.
    label : the construction's name.
    packed : its bits, where it was fitted in few of them; then these are what a file holds.
    """

    model: Transformer
    task: RecallTask
    texts: tuple[str, ...]
    length: int
    label: str
    packed: Packed | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """Names of the subjects."""
        return self.texts[: self.task.subjects]

    @property
    def relations(self) -> tuple[str, ...]:
        """Names of the relations."""
        return self.texts[self.task.subjects : self.task.subjects + self.task.relations]


def save_model(path: str | Path, stored: StoredModel, *, origin: Mapping[str, Any]) -> None:
    """Write a transformer, whole or not at all.

    Parameters
    ----------
    path : the file.
    stored : what to write.
    origin : provenance, kept in the header.

    Raises
    ------
    InputError
        If the file cannot be written, the package safetensors is not installed, or weights are
        neither of single nor of double precision.
    """
    save = _safetensors("numpy").save
    model, task, packed = stored.model, stored.task, stored.packed
    arrays: dict[str, Any] = {"facts": task.facts.astype(np.int64)}
    if len(task.also):
        arrays[ALSO] = task.also.astype(np.int64)
    if packed is None or (packed.seed is None and not packed.code.layout.tokens):
        arrays["embeddings"] = model.embeddings
    if packed is not None:
        arrays["weights"] = np.frombuffer(packed.code.data, np.uint8)
    else:
        arrays |= {name: getattr(model.attention, name) for name in WEIGHTS}
        if model.mlp is not None:
            arrays |= network_arrays(model.mlp)
    arrays = {
        name: np.ascontiguousarray(array, array.dtype.newbyteorder("="))
        for name, array in arrays.items()
    }
    for name, array in arrays.items():
        if array.dtype not in _types(name):
            raise InputError(
                f"{path}: {name!r} is of {array.dtype}; single or double precision is stored"
            )
    header = {
        "format": FORMAT if packed is None else PACKED,
        "label": stored.label,
        "length": stored.length,
        "subjects": task.subjects,
        "relations": task.relations,
        "answers": task.answers,
        "noise": task.noise,
        "bits": model.bits,
        "vocabulary": list(task.names or ()),
        "texts": list(stored.texts),
        "origin": dict(origin),
    }
    if packed is not None:
        header["packed"] = describe(packed, model.embeddings)
    text = json.dumps(_sealed(header, arrays), ensure_ascii=False)
    write_whole(path, save(arrays, metadata={KEY: text}))


def _sealed(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return a header with what its arrays are, and with the checksum of all of that.

    Parameters
    ----------
    header : entries of the document.
    arrays : arrays by name, of types that are stored.
    """
    described = {
        name: {
            "dtype": _types(name)[array.dtype],
            "shape": list(array.shape),
            "sha256": hashlib.sha256(array.tobytes()).hexdigest(),
        }
        for name, array in arrays.items()
    }
    whole = {**header, "arrays": described}
    return {**whole, "sha256": _digest(whole)}


def _digest(header: Mapping[str, Any]) -> str:
    """SHA-256 of a header, whatever the order of its entries, without that entry itself."""
    rest = {name: value for name, value in header.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _types(name: str) -> Types:
    return {"facts": INTEGERS, ALSO: INTEGERS, "weights": BYTES}.get(name, FLOATS)


def load_model(path: str | Path) -> StoredModel:
    """Read a transformer that :func:`save_model` wrote.

    Raises
    ------
    InputError
        If the file is missing, truncated, changed, not ours, or its arrays do not fit each other:
        the file, the array or entry, and what is wrong.
    """
    path = Path(path)
    arrays, header = _read(path)
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"{path}: the array {name!r} has entries that are not finite")
        axes = DIMENSIONS.get(name, 3)
        if array.ndim != axes or not array.size:
            raise InputError(
                f"{path}: the array {name!r} has shape {array.shape}; {axes} axes are needed"
            )
    entries = _Entries(path, header)
    try:
        task = RecallTask(
            entries.number("subjects", least=1),
            entries.number("relations", least=1),
            entries.number("answers", least=1),
            arrays["facts"].astype(np.intp),
            entries.number("noise"),
            entries.names("vocabulary"),
            also=arrays.get(ALSO, np.zeros((0, 2), np.intp)).astype(np.intp),
        )
    except InputError as error:
        raise InputError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None
    texts, length = entries.names("texts"), entries.number("length", least=SHORTEST)
    named = task.subjects + task.relations + task.answers
    bits = None if header.get("bits") is None else entries.number("bits", least=1, below=2**63)
    packed = None
    if header["format"] == PACKED:
        model, packed = unpack(path, header.get("packed"), arrays, task, bits)
    else:
        model = _matrices(path, arrays, bits)
    if len(model.embeddings) != task.vocabulary or len(texts) != named:
        raise InputError(
            f"{path}: {len(model.embeddings)} embeddings and {len(texts)} texts for a vocabulary "
            f"of {task.vocabulary}, {named} with texts"
        )
    return StoredModel(model, task, texts, length, entries.text("label"), packed)


def _matrices(path: Path, arrays: Mapping[str, Any], bits: int | None) -> Transformer:
    """Return the transformer that the matrices of a file are."""
    embeddings, weights = arrays["embeddings"], [arrays[name] for name in WEIGHTS]
    shape, d = weights[0].shape, embeddings.shape[1]
    if shape[2] != d or any(W.shape != shape for W in weights):
        listed = ", ".join(f"{name} {arrays[name].shape}" for name in ("embeddings", *WEIGHTS))
        raise InputError(f"{path}: shapes do not fit: {listed}")
    return Transformer(embeddings, Attention(*weights), network_of(path, arrays, d), bits)


@dataclass(frozen=True, eq=False)
class _Entries:
    """Entries of a header, each of the kind that it is to be."""

    path: Path
    header: Mapping[str, Any]

    def number(self, name: str, *, least: int = 0, below: int = LARGEST) -> int:
        value = self.header.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < below:
            self._refuse(name, f"an integer from {least} on")
        return int(value)  # type: ignore[arg-type]

    def text(self, name: str) -> str:
        value = self.header.get(name)
        if not _is_text(value):
            self._refuse(name, "a text")
        return str(value)

    def names(self, name: str) -> tuple[str, ...]:
        value = self.header.get(name)
        if not isinstance(value, list) or not all(map(_is_text, value)):
            self._refuse(name, "a list of texts")
        return tuple(value)  # type: ignore[arg-type]

    def _refuse(self, name: str, wanted: str) -> None:
        found = "missing" if name not in self.header else f"not {wanted}"
        raise InputError(f"{self.path}: its header is damaged: {name!r} is {found}; {AGAIN}")


def _is_text(value: object) -> bool:
    """Whether a value is a text that can be printed: without halves of characters."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays as they were written, and our document in the header."""
    package = _safetensors("")
    size = size_of(path)
    try:
        with package.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if KEY not in metadata:
                raise InputError(f"{path}: a safetensors file, but not one of recall's")
            header = _header(path, metadata[KEY])
            return _verified(path, file, header["arrays"]), header
    except (package.SafetensorError, OSError) as error:
        raise InputError(
            f"{path}: truncated, or not a safetensors file ({size} bytes; {error})"
        ) from None


def _header(path: Path, text: str) -> dict[str, Any]:
    """Read our document, and see that it is as it was written.

    Raises
    ------
    InputError
        If it is not.
    """
    try:
        header: Any = json.loads(text)
        found = header.get("format") if isinstance(header, dict) else header
        said = " ".join(repr(found).split())[:80]
        ours = found in (FORMAT, PACKED)
        digest = _digest(header) if ours else ""
    except (ValueError, RecursionError):
        raise InputError(f"{path}: its header is damaged (not JSON of ours); {AGAIN}") from None
    if not ours:
        raise InputError(
            f"{path}: its format is {said}; this version reads {FORMAT!r} and {PACKED!r}: "
            f"{AGAIN} with recall facts --export"
        )
    if header.get("sha256") != digest:
        raise InputError(f"{path}: its header was changed (its checksum is another); {AGAIN}")
    named = header.get("arrays")
    if found == PACKED:
        known = [set(PACKED_ARRAYS), {*PACKED_ARRAYS, "embeddings"}]
    else:
        known = [{*ARRAYS, *network} for network in network_sets()]
    if not isinstance(named, dict) or set(named) - {ALSO} not in known:
        listed = sorted(named) if isinstance(named, dict) else named
        raise InputError(
            f"{path}: its header is damaged: arrays {listed} are not those of a transformer; "
            f"{AGAIN}"
        )
    checked: dict[str, Any] = header
    return checked


def _verified(path: Path, file: Any, described: Mapping[str, Any]) -> dict[str, Any]:
    """Read the arrays, each of the type, of the shape and with the checksum of the header.

    Raises
    ------
    InputError
        If one is missing, there is another, or it differs.
    """
    present = list(file.keys())
    for name in described:
        if name not in present:
            raise InputError(f"{path}: the array {name!r} is missing; {AGAIN}")
    for name in present:
        if name not in described:
            raise InputError(f"{path}: the array {name!r} is not of its header; {AGAIN}")
    arrays = {}
    for name, wanted in described.items():
        # A type that NumPy lacks must not be asked of it.
        lies = file.get_slice(name)
        found = {"dtype": lies.get_dtype(), "shape": list(lies.get_shape())}
        if found["dtype"] not in _types(name).values():
            usual = " or ".join(_types(name).values())
            raise InputError(
                f"{path}: the array {name!r} is of {found['dtype']}; {usual} is needed; {AGAIN}"
            )
        for what, value in found.items():
            said = wanted.get(what) if isinstance(wanted, dict) else None
            if value != said:
                raise InputError(
                    f"{path}: the array {name!r} has {what} {value}, and {said} in the header; "
                    f"{AGAIN}"
                )
        arrays[name] = file.get_tensor(name)
        if hashlib.sha256(arrays[name].tobytes()).hexdigest() != wanted.get("sha256"):
            raise InputError(
                f"{path}: the array {name!r} was changed (its checksum is another); {AGAIN}"
            )
    return arrays


def _safetensors(module: str) -> Any:
    from importlib import import_module

    try:
        return import_module(".".join(filter(None, ("safetensors", module))))
    except ModuleNotFoundError:
        raise InputError(
            "model files need the package safetensors: pip install safetensors"
        ) from None
