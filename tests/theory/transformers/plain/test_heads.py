"""The second computations of heads and outputs, where these are known."""

import numpy as np
import pytest

from assoc.transformers.model import Attention, Transformer
from theory.transformers.plain import heads as independent
from theory.transformers.plain.heads import (
    MISTAKES,
    PARTS,
    head_rows,
    plain_outputs,
    small_table,
)


def worst(rows):
    """Largest relative difference of all rows."""
    return max(abs(ours - theirs) / (abs(theirs) or 1.0) for _, ours, theirs in rows)


@pytest.mark.parametrize("part", PARTS)
def test_the_package_agrees(part):
    assert worst(head_rows(parts=(part,))) < 1e-9


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_seen(mistake):
    parts = [part for part in PARTS if part not in ("sizes", "keys", "parameters")]
    assert worst(head_rows(parts=parts, mistake=mistake)) > 1e-3


def test_even_weights_give_the_mean_of_the_values():
    """Without keys attention is the mean of W_O^T W_V phi over the prompt."""
    rng = np.random.default_rng(0)
    W_Q, W_V, W_O = rng.standard_normal((3, 1, 2, 3))
    Phi = rng.standard_normal((4, 3))
    model = Transformer(Phi, Attention(np.zeros((1, 2, 3)), W_Q, W_V, W_O))
    wanted = Phi[[0, 0, 2, 3]].mean(axis=0) @ W_V[0].T @ W_O[0]
    assert plain_outputs(model, [0, 0, 2, 3]) == pytest.approx(wanted.tolist())


def test_the_shortest_key_of_one_side_is_its_inverse():
    """One constraint <k, a> >= 1 is met by a / |a|^2."""
    assert independent._shortest(np.array([[3.0, 4.0]])) == pytest.approx([0.12, 0.16])


def test_a_cut_keeps_the_largest_singular_values():
    assert independent._cut(np.diag([3.0, 1.0, 2.0]), 2) == pytest.approx(np.diag([3.0, 0.0, 2.0]))


def test_an_answer_of_the_small_table_occurs_twice():
    assert small_table().facts[:, 2].tolist().count(0) == 2
