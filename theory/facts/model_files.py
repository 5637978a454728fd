"""Transformers in files: safetensors, whose header says in JSON what the tokens are.

A file holds the arrays ``embeddings`` (n, d), ``W_K``, ``W_Q``, ``W_V``, ``W_O`` (H, d_h, d),
``facts`` (N, 3) and, where there is an MLP, ``mlp.W``, ``mlp.V`` (m, d) and ``mlp.activation``, the
coefficients of its polynomial in powers of x. Any reader of safetensors can use it. The entry
``recall`` of the header's metadata is a JSON document with the vocabulary, the shapes, the longest
certified prompt and where the file comes from. Nothing in a file is ever executed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.memories.networks import TwoLayer
from assoc.transformers.model import Attention, Transformer
from theory.rendering.files import write_whole

__all__ = ["FORMAT", "StoredModel", "load_model", "save_model"]

FORMAT = "recall one-layer transformer, version 1"
"""What a file of ours says it is."""

KEY = "recall"
WEIGHTS = ("W_K", "W_Q", "W_V", "W_O")
MLP = ("mlp.W", "mlp.V", "mlp.activation")


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
    """

    model: Transformer
    task: RecallTask
    texts: tuple[str, ...]
    length: int
    label: str

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
        If the file cannot be written, or the package safetensors is not installed.
    """
    save = _safetensors("numpy").save
    model, task = stored.model, stored.task
    arrays = {"embeddings": model.embeddings, "facts": task.facts.astype(np.int64)}
    arrays |= {name: getattr(model.attention, name) for name in WEIGHTS}
    if model.mlp is not None:
        mlp = model.mlp
        arrays |= dict(zip(MLP, (mlp.W, mlp.V, np.asarray(mlp.activation.coef)), strict=True))
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header = {
        "format": FORMAT,
        "label": stored.label,
        "length": stored.length,
        "subjects": task.subjects,
        "relations": task.relations,
        "answers": task.answers,
        "noise": task.noise,
        "shapes": {name: list(array.shape) for name, array in arrays.items()},
        "vocabulary": list(task.names or ()),
        "texts": list(stored.texts),
        "origin": dict(origin),
    }
    text = json.dumps(header, ensure_ascii=False)
    write_whole(path, save(arrays, metadata={KEY: text}))


def load_model(path: str | Path) -> StoredModel:
    """Read a transformer that :func:`save_model` wrote.

    Raises
    ------
    InputError
        If the file is missing, truncated, not ours, or its arrays do not fit each other.
    """
    path = Path(path)
    arrays, header = _read(path)
    for name in ("embeddings", "facts", *WEIGHTS):
        if name not in arrays:
            raise InputError(f"{path}: the array {name!r} is missing")
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"{path}: the array {name!r} has entries that are not finite")
    embeddings, weights = arrays["embeddings"], [arrays[name] for name in WEIGHTS]
    shape = weights[0].shape
    fits = embeddings.ndim == 2 and len(shape) == 3 and shape[2] == embeddings.shape[1]
    if not fits or any(W.shape != shape for W in weights):
        listed = ", ".join(f"{name} {arrays[name].shape}" for name in ("embeddings", *WEIGHTS))
        raise InputError(f"{path}: shapes do not fit: {listed}")
    mlp = None
    if MLP[0] in arrays:
        mlp = _network(path, arrays, embeddings.shape[1])
    try:
        task = RecallTask(
            int(header["subjects"]),
            int(header["relations"]),
            int(header["answers"]),
            arrays["facts"].astype(np.intp),
            int(header["noise"]),
            tuple(map(str, header["vocabulary"])),
        )
        texts, length = tuple(map(str, header["texts"])), int(header["length"])
        label = str(header["label"])
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: its header is damaged ({type(error).__name__}: {error})"
        ) from None
    named = task.subjects + task.relations + task.answers
    if len(embeddings) != task.vocabulary or len(texts) != named:
        raise InputError(
            f"{path}: {len(embeddings)} embeddings and {len(texts)} texts for a vocabulary of "
            f"{task.vocabulary}, {named} with texts"
        )
    return StoredModel(
        Transformer(embeddings, Attention(*weights), mlp), task, texts, length, label
    )


def _network(path: Path, arrays: Mapping[str, Any], d: int) -> TwoLayer:
    for name in MLP:
        if name not in arrays:
            raise InputError(f"{path}: the array {name!r} is missing")
    W, V, coefficients = (arrays[name] for name in MLP)
    if W.ndim != 2 or W.shape != V.shape or W.shape[1] != d or coefficients.ndim != 1:
        raise InputError(f"{path}: shapes do not fit: mlp.W {W.shape}, mlp.V {V.shape}, d = {d}")
    return TwoLayer(W, V, Polynomial(coefficients))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays, and our document in the header."""
    package = _safetensors("")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    if path.is_dir():
        raise InputError(f"{path}: Is a directory")
    try:
        with package.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if KEY not in metadata:
                raise InputError(f"{path}: a safetensors file, but not one of recall's")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except package.SafetensorError as error:
        raise InputError(
            f"{path}: truncated, or not a safetensors file ({size} bytes; {error})"
        ) from None
    try:
        header = json.loads(metadata[KEY])
    except ValueError:
        raise InputError(f"{path}: its header is damaged (not JSON)") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else header
        raise InputError(f"{path}: its format is {found!r}; this version reads {FORMAT!r}")
    return arrays, header


def _safetensors(module: str) -> Any:
    from importlib import import_module

    try:
        return import_module(".".join(filter(None, ("safetensors", module))))
    except ModuleNotFoundError:
        raise InputError(
            "model files need the package safetensors: pip install safetensors"
        ) from None
