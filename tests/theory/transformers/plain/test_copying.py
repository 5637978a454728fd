"""The second computations of heads that copy and of networks, where these are known."""

import numpy as np
import pytest

from theory.transformers.plain import copying as independent
from theory.transformers.plain.copying import MISTAKES, PARTS, copying_rows


def worst(rows):
    """Largest relative difference of all rows."""
    return max(abs(ours - theirs) / (abs(theirs) or 1.0) for _, ours, theirs in rows)


@pytest.mark.parametrize("part", PARTS)
def test_the_package_agrees(part):
    assert worst(copying_rows(parts=(part,))) < 1e-6


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_seen(mistake):
    parts = ("degrees", "networks")
    assert worst(copying_rows(parts=parts, mistake=mistake)) > 0.1


def test_tables_are_drawn_alike():
    task, Phi = independent._table(5, 3, 3, 24)
    again, same = independent._table(5, 3, 3, 24)
    assert (task.facts == again.facts).all()
    assert (Phi == same).all()
    assert np.linalg.norm(Phi, axis=1) == pytest.approx(np.ones(task.vocabulary))
