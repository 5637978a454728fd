"""Memories whose recall is predicted, each with the options that it needs."""

import pytest

from assoc import MEMORIES
from sims.memories.construction import Construction


def construction(name, *, rank="d/2"):
    """A memory by name, with the options that it needs."""
    return Construction(name, rank if name.startswith("low") else None)


EVERY = [
    construction(name)
    for name in MEMORIES
    # Of the best memories there is a predicted capacity, but no predicted recall.
    if "width" not in MEMORIES[name].options and not name.startswith("optimal")
]
EVERY += [Construction("linear", bits=3)]
every_memory = pytest.mark.parametrize("memory", EVERY, ids=lambda c: c.label())
