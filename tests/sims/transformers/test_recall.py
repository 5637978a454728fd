"""Recall of random tables: which facts a transformer knows."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from assoc.transformers.attention_only import attention_only
from sims.engine.randomness import MEMORY, PROMPTS
from sims.transformers.architecture import Architecture, Shape, table_source
from sims.transformers.recall import facts_known, measure_facts

SMALL = Shape(6, 4, 3, noise=5)
ONLY = Architecture("attention-only", 12)


def test_the_facts_known_are_those_answered_rightly():
    """Against the forward pass of the definition, fact by fact, on the same prompts."""
    source, length = table_source(SMALL, 3, "test"), 7
    known, parameters, bits = facts_known(replace(ONLY, d=6), SMALL, length, 1, source, 2)
    task, Phi = SMALL.draw(6, source, 2)
    model = attention_only(task, Phi, rng=source.generator(2, MEMORY))
    prompts = task.prompts(length, rng=source.generator(2, PROMPTS))
    right = 0
    for prompt, label in zip(prompts, task.labels, strict=True):
        scores = Phi.astype(float) @ model.outputs(prompt[None])[0]
        right += scores[label] > np.delete(scores, label).max()
    assert known == right < len(task)
    assert (parameters, bits) == (model.parameters, None)


def test_a_result_counts_facts_and_whole_tables():
    result = measure_facts(ONLY, [SMALL, replace(SMALL, subjects=2)], trials=6, seed=1, length=6)
    assert [p.shape.subjects for p in result.points] == [6, 2]
    for p in result.points:
        assert len(p.known) == 6
        assert p.recall == pytest.approx(np.mean(p.known) / p.shape.facts)
        assert p.interval[0] <= p.recall <= p.interval[1]
        assert p.whole == sum(k == p.shape.facts for k in p.known)
    first = result.rows()[0]
    assert first["model"] == "attention-only"
    assert (first["facts"], first["trials"]) == (24, 6)
    assert json.loads(json.dumps(result.to_dict()))["points"][0]["recall"] == first["recall"]
    assert len(result.to_frame()) == 2


def test_results_depend_on_the_seed_and_on_nothing_else():
    run = {"trials": 4, "seed": 5, "length": 6}
    one = measure_facts(ONLY, SMALL, threads=1, **run)
    with ThreadPoolExecutor(2) as pool:
        assert measure_facts(ONLY, SMALL, executor=pool, **run) == one
    assert measure_facts(ONLY, SMALL, threads=2, **run) == one
    assert measure_facts(ONLY, SMALL, threads=2, **run | {"seed": 6}) != one


def test_more_prompts_of_each_fact_know_no_more():
    run = {"trials": 5, "seed": 0}
    warm = Architecture("attention-only-sum", 16)
    once, often = (measure_facts(warm, SMALL, draws=k, **run).points[0].known for k in (1, 5))
    assert all(few <= many for few, many in zip(often, once, strict=True))
    assert often != once
