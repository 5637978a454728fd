"""Attention by loops over tokens: a case by hand, and kinds that differ."""

import math

import numpy as np
import pytest

from assoc.facts.recall_task import RecallTask
from assoc.gradient_flow.embedded_attention import EmbeddedAttention, cue_prompts
from theory.gradient_flow.plain.attention import attention_symbols, plain_losses
from theory.judging import judge_symbols


@pytest.mark.parametrize(("kind", "weight"), [("linear", 2.0), ("softmax", 0.5)])
def test_one_fact_by_hand(kind, weight):
    """Both tokens read alike, at weight 2 or at one half, and answers are told apart by W."""
    task = RecallTask(1, 1, 2, np.array([[0, 0, 1]]), 0)
    embeddings = np.array([[1.0], [1.0], [0.0], [3.0], [5.0]])
    model = EmbeddedAttention(task, embeddings, cue_prompts(task), kind)
    loss, relation, subject = plain_losses(model, np.array([0.1, 2.0]))
    # Logits 0 and 3 * 0.1 * (1 + 1) weight.
    assert loss == pytest.approx(math.log1p(math.exp(-0.6 * weight)), rel=1e-14)
    assert relation == subject == pytest.approx(loss)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_package_agrees_at_any_states(seed):
    found = judge_symbols(attention_symbols(seed=seed), tolerance=1e-8, note="")
    assert found.note.startswith("21 values")


@pytest.mark.parametrize("kind", ["linear", "softmax"])
def test_kinds_differ(kind):
    found = judge_symbols(attention_symbols(seed=0, attention=kind), tolerance=1e-8, note="")
    assert kind not in found.note.removeprefix("wrong: ")
