"""The cost of a fact, against projections by another solver and known cases."""

import numpy as np
import pytest
from scipy import optimize

from assoc.embeddings import sphere
from assoc.errors import InputError
from sims.engine.randomness import OUTPUTS, SAMPLE, Source
from sims.memories.fact_cost import fact_cost
from theory.memories.optimal import orthogonal_cost


@pytest.mark.parametrize(("M", "d"), [(2, 3), (5, 3), (12, 6)])
def test_distances_are_those_of_a_general_solver(M, d):
    found = fact_cost(M, d, trials=10, seed=3)[0]
    source = Source(3, "fact-cost", (d,))
    for trial in range(8):
        U = source.vectors(sphere, M, d, trial=trial, stream=OUTPUTS, dtype=np.float64)
        g = source.generator(trial, SAMPLE).standard_normal(d)
        A = U[0] - U[1:]
        best = optimize.minimize(
            lambda v, g=g: (v - g) @ (v - g), U[0], jac=lambda v, g=g: 2 * (v - g), method="SLSQP",
            constraints={"type": "ineq", "fun": lambda v, A=A: A @ v, "jac": lambda v, A=A: A},
            options={"ftol": 1e-14, "maxiter": 500},
        )  # fmt: skip
        assert found.samples[trial] == pytest.approx(best.fun, rel=1e-5, abs=1e-8)


def test_two_answers_cost_half_an_equation():
    """Half of the normal numbers <u_1 - u_2, g> are negative and move to zero."""
    cost = fact_cost(2, 5, trials=4000)[0]
    assert abs(cost.mean - 0.5) < 4 * cost.standard_error


def test_controls_change_the_mean_by_what_chance_did_to_them():
    costs = fact_cost(40, 12, trials=4000)[0]
    plain = costs.samples.std() / np.sqrt(len(costs.samples))
    assert abs(costs.mean - costs.samples.mean()) < 4 * plain
    assert costs.standard_error < 0.6 * plain
    means = [fact_cost(40, 12, trials=200, seed=seed)[0] for seed in range(1, 41)]
    spread = np.std([cost.mean for cost in means], ddof=1)
    assert np.mean([cost.standard_error for cost in means]) == pytest.approx(spread, rel=0.35)


def test_on_a_line_three_answers_cost_three_eighths():
    """With probability 3/4 an answer lies on the other side, and half of the numbers move."""
    cost = fact_cost(3, 1, trials=4000)[0]
    assert abs(cost.mean - 3 / 8) < 4 * cost.standard_error
    assert cost.standard_error < 0.02


def test_more_answers_cost_more_in_every_draw():
    costs = fact_cost([4, 16, 64], 8, trials=50)
    assert (costs[0].samples <= costs[1].samples + 1e-9).all()
    assert (costs[1].samples <= costs[2].samples + 1e-9).all()


@pytest.mark.parametrize("M", [10, 100])
def test_in_high_dimension_answers_are_nearly_orthogonal(M):
    cost = fact_cost(M, 1024, trials=800)[0]
    # 5% for M = 10 and 2% for M = 100: the second order of the closed form.
    slack = 0.05 if M == 10 else 0.02
    assert abs(cost.mean / orthogonal_cost(np.log(M)) - 1) < slack + 3 * (
        cost.standard_error / cost.mean
    )


def test_threads_change_nothing():
    one, two = (fact_cost(20, 6, trials=20, threads=n)[0] for n in (1, 2))
    np.testing.assert_array_equal(one.samples, two.samples)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"M": 1, "d": 4}, "M = 1"),
        ({"M": 4, "d": 0}, "d = 0"),
        ({"M": 4, "d": 4, "trials": 9}, "trials = 9"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(InputError, match=message):
        fact_cost(**arguments)
