"""What measurements report, counted from what models were asked."""

import numpy as np
import pytest

from assoc.facts.recall_task import grid_task
from theory.transformers.plain.recall import (
    MISTAKES,
    PARTS,
    Asked,
    recall_rows,
    tradeoff_rows,
)


def worst(rows):
    """Largest relative difference of all rows."""
    return max(abs(ours - theirs) / (abs(theirs) or 1.0) for _, ours, theirs in rows)


@pytest.mark.parametrize("part", PARTS)
def test_the_package_agrees(part):
    assert worst(recall_rows(parts=(part,))) < 1e-6


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_seen(mistake):
    assert worst(recall_rows(parts=("prompts", "facts"), mistake=mistake)) > 1e-3


def test_the_trade_off_agrees_and_a_neuron_has_two_vectors():
    assert worst(tradeoff_rows()) < 1e-6
    assert worst(tradeoff_rows(entries=1)) > 0.1


def test_a_model_that_knows_a_fact_says_it_and_keeps_the_prompt():
    task = grid_task(2, 2, 2, noise=2)
    model = Asked(task, np.eye(task.vocabulary), np.array([True, False, True, True]))
    noise = int(task.noise_tokens[0])
    prompts = np.array([[0, noise, 2, task.end], [3, 0, noise, task.end]])
    out = model.outputs(prompts)
    assert [model.fact(prompt) for prompt in prompts.tolist()] == [0, 1]
    assert out.argmax(axis=1).tolist() == [task.labels[0], 0]
    assert model.prompts == prompts.tolist()
