"""Predicted capacity: where the predicted recall crosses the rate."""

import numpy as np
import pytest

from sims.memories.construction import Construction
from tests.helpers.memories import every_memory
from theory.memories.capacity import capacity_of
from theory.memories.recall import all_recalled, expected_recall

LINEAR = Construction("linear")


@every_memory
@pytest.mark.parametrize("rate", [0.5, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("d", [32, 128])
def test_the_capacity_is_where_recall_crosses_the_rate(memory, d, rate):
    N = capacity_of(memory, d=d, rate=rate)
    at = all_recalled if rate == 1 else expected_recall
    level = 0.5 if rate == 1 else rate
    assert at(memory, d=d, N=0.999 * N) >= level >= at(memory, d=d, N=1.001 * N)


@pytest.mark.parametrize("facts", ["balanced", "zipf"])
def test_the_capacity_of_classes_is_where_recall_crosses_the_rate(facts):
    N = capacity_of(LINEAR, d=64, rate=0.98, facts=facts, M=16)
    before = expected_recall(LINEAR, d=64, N=0.98 * N, facts=facts, M=16)
    after = expected_recall(LINEAR, d=64, N=1.02 * N, facts=facts, M=16)
    assert before > 0.98 > after


def test_capacities_rise_with_the_dimension_and_fall_with_the_rate():
    dimensions = (2, 4, 16, 64, 1024, 10**6, 10**12)
    capacities = [capacity_of(LINEAR, d=d) for d in dimensions]
    assert capacities == sorted(capacities)
    rates = [capacity_of(LINEAR, d=64, rate=rate) for rate in (0.5, 0.9, 0.99, 0.999)]
    assert rates == sorted(rates, reverse=True)


def test_one_bit_costs_two_over_pi_and_half_the_rank_one_half():
    """At large d the capacity is proportional to kappa d^2 up to its logarithm."""
    d = 10**6
    exact = capacity_of(LINEAR, d=d)

    def law(construction):
        N = capacity_of(construction, d=d)
        return N * np.log(N) / (exact * np.log(exact))

    assert law(Construction("sign")) == pytest.approx(2 / np.pi, rel=0.01)
    assert law(Construction("low-rank", "d/2")) == pytest.approx(1 / 2, rel=0.01)
    assert law(Construction("low-rank-gaussian", "d/2")) == pytest.approx(1 / 3, rel=0.01)


def test_an_injective_map_has_no_more_facts_than_outputs():
    for M in (1, 2, 3, 10, 99):
        assert capacity_of(LINEAR, d=64, M=M) == M
        assert capacity_of(LINEAR, d=64, rate=0.9, M=M) == M
    assert capacity_of(LINEAR, d=64, M=110) < capacity_of(LINEAR, d=64) < 110
    assert capacity_of(LINEAR, d=64, M=10**6) < capacity_of(LINEAR, d=64, M=110)


def test_a_single_output_is_never_forgotten():
    for facts in ("random", "balanced", "zipf"):
        assert capacity_of(LINEAR, d=16, facts=facts, M=1) == np.inf
        assert expected_recall(LINEAR, d=16, N=10**6, facts=facts, M=1) == 1
