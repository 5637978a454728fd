"""What refutations are held against: constraints one by one, and linear programs."""

import numpy as np
import pytest

from theory.memories.plain.refutations import (
    decisions,
    instances,
    least_margin,
    refutation_rows,
)


def test_the_weights_are_softmax_probabilities_of_wrong_answers():
    for instance in instances():
        weights = instance.weights()
        scores = instance.features @ instance.Theta @ instance.U.T
        chance = np.exp(scores) / np.exp(scores).sum(axis=1)[:, None]
        assert len(weights) == len(instance.f) * (len(instance.U) - 1)
        for (x, y), weight in weights.items():
            assert y != instance.f[x]
            assert float(weight) == pytest.approx(chance[x, y], rel=1e-12)


def test_instances_need_no_rescaling():
    for instance in instances():
        assert 0.5 <= np.abs(instance.features).max() < 1
        assert 0.5 <= np.abs(instance.U).max() < 1
        assert len(instance.U) > instance.U.shape[1]


def test_bounds_are_sound_and_tight():
    ratios = [row["bound"] / row["exact"] for row in refutation_rows()]
    assert min(ratios) >= 1
    assert max(ratios) < 1.03


@pytest.mark.parametrize("mistake", ["no opposite answers", "squared weights"])
def test_mistakes_are_seen(mistake):
    ratios = [row["bound"] / row["exact"] for row in refutation_rows(mistake=mistake)]
    assert min(ratios) < 1 or max(ratios) > 1.5


def test_least_margins_of_which_the_answer_is_known():
    """Features 1 and -1: a read-out t has margins 2 t and 2 t, or 2 t and -2 t."""
    phi, U = np.array([[1.0], [-1.0]]), np.array([[1.0], [-1.0]])
    assert least_margin(phi, U, np.array([0, 1])) == pytest.approx(2)
    assert least_margin(phi, U, np.array([0, 0])) == pytest.approx(0, abs=1e-12)


def test_decisions_agree_with_the_program_and_hasty_ones_do_not():
    rows = decisions(seed=1, count=3)
    assert not any(row["contradicted"] or row["undecided"] for row in rows)
    assert any(row["found"] for row in rows)
    assert any(row["refuted"] for row in rows)
    assert any(row["undecided"] for row in decisions(seed=1, count=3, steps=1))
    hasty = decisions(seed=1, count=3, steps=1, unfound_is_refuted=True)
    assert any(row["contradicted"] for row in hasty)
