"""Untrained memories and transformers for tests, as searches draw them."""

import numpy as np
import pytest

from sims.engine.randomness import MEMORY, Source
from sims.memories.settings import RandomVectors
from sims.training.memory_models import untrained_memory
from sims.training.recipe import Training
from sims.training.transformer_models import choose_sizes, untrained_transformer
from sims.transformers.architecture import Shape, table_source

SHORT_MEMORIES = Training(steps=512, learning_rates=(1.0, 10.0))
SHORT_TRANSFORMERS = Training(steps=384, learning_rates=(0.03, 0.1))
TABLE = Shape(5, 4, 3, 7)


def needs_jax():
    pytest.importorskip("jax", reason="the extra 'train' is not installed: no jax")
    pytest.importorskip("optax", reason="the extra 'train' is not installed: no optax")


def draw_memory(model="linear", *, N=20, d=6, trial=0, M=None, width=None, facts="identity"):
    """The untrained memory of one trial, as a search draws it."""
    source = Source(0, "capacity", (d,))
    E, U, f = RandomVectors(d, "sphere", facts, M).draw(N, source, trial)
    return untrained_memory(model, E, U, f, rng=source.generator(trial, MEMORY), width=width)


def draw_transformer(model="attention-mlp", *, d=11, trial=0, shape=TABLE, **sizes):
    """The untrained transformer of one trial, as a search draws it."""
    if model == "attention-mlp":
        sizes.setdefault("width", 6)
    source = table_source(shape, 0, "tests")
    task, embeddings = shape.draw(d, source, trial)
    chosen = choose_sizes(model, shape.subjects, shape.relations, d=d, **sizes)
    return untrained_transformer(task, embeddings, chosen, rng=source.generator(trial, MEMORY))


def prompts_of(given, length=9):
    """A prompt of each fact of an untrained transformer."""
    return given.task.prompts(length, rng=np.random.default_rng(3))
