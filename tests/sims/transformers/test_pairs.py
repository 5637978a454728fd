"""Counts of failing pairs and of small gaps, against loops."""

import numpy as np
import pytest

from assoc.embeddings import sphere
from assoc.facts.recall_task import grid_task
from assoc.transformers.attention_mlp import attended_tokens
from assoc.transformers.attention_only import attention_only, cue_groups
from sims.transformers.pairs import failing_pairs, small_gaps

TASK = grid_task(6, 4, 3, noise=5)


def built(head_dim, values="sum"):
    rng = np.random.default_rng(0)
    Phi = sphere(TASK.vocabulary, 16, rng=rng)
    return attention_only(TASK, Phi, rng=rng, values=values, head_dim=head_dim)


@pytest.mark.parametrize("head_dim", [1, 6])
def test_failing_pairs_are_those_of_long_prompts_with_heads_that_look_rightly(head_dim):
    model = built(head_dim, "dual")
    failing = failing_pairs(model, TASK, attended_tokens(TASK, cue_groups(TASK, head_dim, None)))
    scores = model.outputs(TASK.prompts(8, rng=np.random.default_rng(1))) @ model.embeddings.T
    expected = sum(
        row[z] >= row[label]
        for row, label in zip(scores, TASK.labels, strict=True)
        for z in range(TASK.vocabulary)
        if z != label
    )
    assert 0 < failing == expected


def test_small_gaps_are_those_of_other_tokens_that_prompts_hold():
    model = built(1)
    logits = model.logits()
    cues = TASK.subjects + TASK.relations
    others = [*range(cues), *TASK.noise_tokens.tolist()]
    for least in (-20.0, 0.0, 30.0, 60.0):
        expected = sum(
            logits[h, -1] - logits[h, z] < least for h in range(cues) for z in others if z != h
        )
        assert small_gaps(model, TASK, least) == expected
    assert small_gaps(model, TASK, 1e9) == cues * (cues + TASK.noise - 1)
