"""The proved bound: it solves its equation, and the inequality behind it holds at any state."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sims.gradient_flow.facts import FlowFacts
from theory.gradient_flow.convergence import convergence_bound, convergence_constant


@pytest.mark.parametrize(("first", "constant"), [(3.5, 0.01), (0.1, 2.0), (40.0, 1e-3)])
def test_the_bound_solves_its_equation(first, constant):
    times = np.array([0.0, 0.1, 1.0, 10.0, 1e3]) / constant

    def slope(_, y):
        return -constant * y**2 * (1 - y)

    start = -math.expm1(-min(first, 30.0))
    solved = solve_ivp(slope, (0, times[-1]), [start], t_eval=times, rtol=1e-10, atol=1e-14)
    if first < 30:
        expected = -np.log1p(-solved.y[0])
        found = [convergence_bound(first, constant, time) for time in times]
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert convergence_bound(first, constant, 0.0) == pytest.approx(first, rel=1e-10)


def test_the_bound_falls_like_one_over_time_in_the_end():
    late = convergence_bound(2.0, 1e-3, 1e9)
    assert late * 1e-3 * 1e9 == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("kind", ["balanced", "random", "weighted", "partial"])
def test_the_loss_falls_at_least_as_fast_as_proved(kind, rng):
    """At states on the way, with w no smaller than at the start: the step of the proof itself."""
    model = FlowFacts(8, 3, 4, kind).model(1)
    alpha = 0.3
    constant = convergence_constant(model, alpha)
    for size in (0.1, 1.0, 3.0):
        state = model.initial(alpha)
        V, w = model.unpack(state)
        V += size * rng.standard_normal(V.shape)
        w += size * rng.random(w.shape)
        speed = model.velocity(state)
        assert speed @ speed >= constant * (-math.expm1(-model.losses(state).total)) ** 2


def test_the_constant_is_that_of_the_page():
    model = FlowFacts(8, 3, 4, "random").model(0)
    answers = sum(len(found) for found in model.task.answer_sets)
    expected = 0.2**2 * 13 / 24**2 / (24 + answers)
    assert convergence_constant(model, 0.2) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("sizes", [(8, 1, 4), (64, 2, 8), (8, 3, 4), (5, 4, 5)])
def test_partial_facts_leave_no_subject_and_no_relation_empty(sizes):
    for seed in range(20):
        task = FlowFacts(*sizes, "partial").task(seed)
        assert set(task.facts[:, 0]) == set(range(sizes[0]))
        assert set(task.facts[:, 1]) == set(range(sizes[1]))
        whole = sizes[0] * sizes[1]
        assert len(task) >= whole - whole // 4
