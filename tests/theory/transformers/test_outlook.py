"""Verdicts on the sizes of transformers: by the guarantees, and by how many heads are given."""

from dataclasses import replace

from assoc.facts.recall_task import grid_task
from theory.claims import Problem
from theory.transformers.counts import counts_of
from theory.transformers.dual_guarantee import dual_dimension
from theory.transformers.guarantee import failure_bound, guaranteed_dimension
from theory.transformers.outlook import attention_outlook, network_outlook

TASK = grid_task(16, 8, 8)
COUNTS = counts_of(TASK)


def test_sizes_are_asked_for_where_none_are_given():
    outlook = attention_outlook(Problem(task=TASK))
    assert outlook.guaranteed is outlook.predicted is None
    summed, dual = (f(COUNTS, delta=0.01) for f in (guaranteed_dimension, dual_dimension))
    assert [clause.split()[2] for clause in outlook.sizes] == [
        str(summed), str(COUNTS.vocabulary), str(dual),
    ]  # fmt: skip


def test_plain_sums_are_guaranteed_by_their_bound_and_dual_values_by_independence():
    n = COUNTS.vocabulary
    assert attention_outlook(Problem(task=TASK, d=n)).guaranteed == 1
    below = attention_outlook(Problem(task=TASK, d=n - 1))
    assert below.guaranteed == 1 - failure_bound(COUNTS, n - 1) < 0.99
    assert below.sizes
    many = replace(TASK, noise=2000)
    d = guaranteed_dimension(counts_of(many), delta=0.01)
    assert d < counts_of(many).vocabulary
    assert attention_outlook(Problem(task=many, d=d)).verdict(0.01) == "guaranteed"


def test_too_few_heads_are_promised_nothing():
    given = {"task": TASK, "d": 2 * COUNTS.vocabulary}
    assert attention_outlook(Problem(heads=3, head_dim=8, **given)).guaranteed == 1
    assert attention_outlook(Problem(heads=2, head_dim=8, **given)).guaranteed == 0


def test_shared_answers_are_promised_nothing():
    facts = TASK.facts.copy()
    facts[:, 2] %= 8
    shared = replace(TASK, facts=facts)
    assert "disjoint" in attention_outlook(Problem(task=shared, d=400)).note
    assert attention_outlook(Problem(d=400)) is None


def test_with_a_network_the_way_to_a_proof_is_named():
    assert "mlp_width" in network_outlook(Problem(task=TASK)).note
    assert network_outlook(Problem(d=8)) is None
