"""What the theorem on attention alone computes besides its claims, at sizes that take no time."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from assoc.embeddings import sphere
from assoc.facts.recall_task import balanced_task, grid_task
from assoc.transformers.model import Attention
from sims.transformers.architecture import Architecture, Shape
from theory.claims import Problem, Verdict
from theory.registry import find
from theory.theorems.attention_only import forgetful_sum, sum_head_dim
from theory.transformers.superposed import superposed_dimension, superposed_recall

THEOREM = find("attention-only")

SMALL = {
    "plain-sums": {"cases": ((Shape(8, 4, 4), 48), (Shape(8, 4, 4), 96)), "trials": 4},
    "sum-dimension": {"shapes": (Shape(6, 4, 4),), "trials": 4},
    "dimension": {"shapes": tuple(Shape(6, R, R) for R in (3, 6)), "trials": 2},
    "heads": {
        "architecture": Architecture("attention-only", 32, heads=2),
        "shapes": tuple(Shape(S, S, 3) for S in (4, 8)),
        "trials": 2,
    },
}


def claim(name):
    return next(claim for claim in THEOREM.claims if claim.name == name)


def found(name, seed=1, **changes):
    return claim(name).check(seed=seed, **{**claim(name).quick, **SMALL[name], **changes})


# --- checks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain-sums", "sum-dimension"])
def test_the_same_seed_gives_the_same_finding(name):
    first, again, other = (found(name, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.table != other.table


def test_plain_sums_are_compared_with_the_law():
    for row, d in zip(found("plain-sums").table, (48, 96), strict=True):
        assert row["predicted"] == 1 - superposed_recall(8, 4, 4, d, noise=64, group=row["d_h"])
        assert row["d_h"] == sum_head_dim(d) == 1
        assert 0 <= row["measured"] < 1


def test_the_smallest_d_of_plain_sums_is_compared_with_the_law():
    (row,) = found("sum-dimension").table
    assert (row["S"], row["R"], row["D"]) == (6, 4, 4)
    assert row["predicted"] == superposed_dimension(6, 4, 4, noise=64, group=1)
    assert row["measured"] == pytest.approx(row["predicted"], rel=0.5)


def test_the_planted_fault_leaves_out_the_last_relation():
    assert found("plain-sums", damaged=True).verdict is Verdict.VIOLATED
    rng = np.random.default_rng(0)
    task = balanced_task(6, 4, 3, rng=rng)
    model = forgetful_sum(task, sphere(task.vocabulary, 300, rng=rng), rng=rng)
    assert isinstance(model.attention, Attention)
    assert model.attention.head_dim == sum_head_dim(300) == 2
    outputs = model.outputs(task.prompts(6, rng=rng))
    known = (outputs @ model.embeddings.T).argmax(axis=1) == task.labels
    last = task.facts[:, 1] == 3
    assert known[~last].mean() > 0.9
    assert not known[last].any()


@pytest.mark.parametrize(("d", "size"), [(8, 1), (127, 1), (256, 2), (1000, 7)])
def test_heads_of_plain_sums_grow_with_d(d, size):
    assert sum_head_dim(d) == size


# --- the theorem --------------------------------------------------------------------------------


def test_the_figure_shows_each_claim():
    findings = {name: found(name) for name in SMALL}
    figure = THEOREM.figure(findings)
    assert isinstance(figure, Figure)
    labels = [ax.get_xlabel() for ax in figure.axes]
    assert labels == [r"$\max(R, D)$", "$S + R$", "dimension $d$"]
    for ax in figure.axes:
        assert ax.get_legend() is not None
    # One curve of the law for each shape, and the key.
    lines = figure.axes[2].get_legend_handles_labels()[1]
    assert lines == ["predicted", "8, 4, 4"]


def test_conditions_name_what_fails():
    """Sizes of the order that the theorem asks for hold; smaller ones are named."""
    task = grid_task(16, 8, 4)
    good = THEOREM.conditions(Problem(d=128, task=task, heads=6, head_dim=4))
    assert all(condition.holds for condition in good)
    bad = THEOREM.conditions(Problem(d=7, task=task, heads=2, head_dim=4))
    failing = [condition.name for condition in bad if not condition.holds]
    assert "d of the order of max(R, D)" in failing
    assert "H d_h of the order of S + R" in failing
