"""Verdicts on the sizes of memories: each is what the bound, the law or the converse says."""

from dataclasses import replace

import pytest

from assoc.errors import InputError
from sims.memories.construction import Construction
from theory.claims import Problem
from theory.memories import sign_gates
from theory.memories.class_guarantee import balanced_sizes, class_failure_bound
from theory.memories.converse import failure_floor
from theory.memories.dual_guarantee import dual_inputs_bound, dual_inputs_capacity
from theory.memories.guarantee import failure_bound, guaranteed_capacity
from theory.memories.hypotheses import enough_gates
from theory.memories.outlook import (
    best_outlook,
    gates_outlook,
    linear_outlook,
    network_outlook,
    rank_outlook,
    sharp_outlook,
)
from theory.memories.recall import all_recalled
from theory.memories.width import width_of


def sizes_of(outlook):
    """Numbers in the clauses that say what would do, by the symbol in front."""
    found = {}
    for clause in outlook.sizes:
        symbol, _, number, *_ = clause.split()
        found[symbol] = int(number)
    return found


def test_within_the_guarantee_nothing_is_asked_for():
    outlook = linear_outlook(Problem(d=64, N=40))
    assert outlook.guaranteed == 1 - failure_bound(40, 64) > 0.99
    assert outlook.predicted == all_recalled(Construction("linear"), d=64, N=40)
    assert outlook.sizes == ()
    assert outlook.failing is None


def test_beyond_it_the_sizes_that_would_do_are_just_enough():
    sizes = sizes_of(linear_outlook(Problem(d=64, N=300)))
    assert sizes["N"] == guaranteed_capacity(64, delta=0.01)
    assert failure_bound(300, sizes["d"]) <= 0.01 < failure_bound(300, sizes["d"] - 1)


def test_least_squares_on_gaussian_inputs_has_a_guarantee_beside_it():
    most = dual_inputs_capacity(64, delta=0.01)
    said = f"dual-inputs on Gaussian inputs: guaranteed for N <= {most}"
    assert linear_outlook(Problem(d=64, N=most)).note == said
    assert linear_outlook(Problem(d=64)).note == said
    assert dual_inputs_bound(most, 64) <= 0.01 < dual_inputs_bound(most + 2, 64)
    assert linear_outlook(Problem(d=64, N=40)).note == ""
    for other in ({"rank": 32}, {"outputs": 500}, {"d": 2}, {"d": 10**6, "N": 10**12}):
        assert linear_outlook(Problem(**{"d": 64, "N": most, **other})).note == ""


def test_far_beyond_it_is_proved_to_fail():
    outlook = linear_outlook(Problem(d=256, N=5000))
    assert outlook.failing == failure_floor(5000, 256) > 0.5
    assert outlook.verdict(0.01) == "guaranteed to fail"


def test_more_outputs_than_inputs_are_all_rivals():
    few, many = (linear_outlook(Problem(d=64, N=40, outputs=M)) for M in (40, 10**6))
    assert many.guaranteed < few.guaranteed


def test_a_projector_asks_for_a_rank_or_for_all_of_d():
    outlook = rank_outlook(Problem(d=64, N=30))
    rank = sizes_of(outlook)["m"]
    assert failure_bound(30, 64, rank=rank) <= 0.01 < failure_bound(30, 64, rank=rank - 1)
    assert rank_outlook(Problem(d=64, N=30, rank=rank)).verdict(0.01) == "guaranteed"
    crowded = rank_outlook(Problem(d=64, N=60, rank=32))
    assert crowded.sizes[0].startswith("no m up to d")
    assert crowded.sizes[1].endswith(" with m = d")


def test_balanced_classes_have_a_guarantee_of_their_own():
    given = {"d": 64, "outputs": 32, "facts": "balanced", "delta": 0.5}
    outlook = linear_outlook(Problem(N=40, **given))
    assert outlook.guaranteed == 1 - class_failure_bound(balanced_sizes(40, 32), 64) >= 0.5
    most = sizes_of(linear_outlook(Problem(N=200, **given)))["N"]
    assert 40 <= most < 200
    assert "number of outputs M" in linear_outlook(Problem(d=64, N=40, facts="balanced")).note
    assert "not zipf facts" in linear_outlook(Problem(d=64, N=40, facts="zipf")).note


def test_the_law_alone_is_a_prediction():
    outlook = sharp_outlook(Problem(d=64, N=100))
    assert outlook.verdict(0.01) == "predicted"
    assert "up to N = 105 (law)" in outlook.note
    assert "from d = 63 on (law)" in sharp_outlook(Problem(N=100)).note


def test_networks_are_predicted_and_gates_of_one_sign_proved():
    outlook = network_outlook(Problem(d=64, N=300, width=512))
    network = Construction("gated-mlp", degree=1, width=512)
    assert outlook.predicted == all_recalled(network, d=64, N=300)
    enough = sign_gates.guaranteed_width(300, 64, delta=0.01)
    assert outlook.sizes == (f"m >= {enough} gates (1 and -1: theorem sign-gates)",)
    m = round(width_of(Construction("gated-mlp", degree=1), d=64, N=300))
    assert abs(int(outlook.note.split("m = ")[1].split()[0]) - m) <= 1
    assert "no width is enough" in network_outlook(Problem(d=16, N=10_000, degree=1)).note


def test_gates_are_held_against_their_bound():
    outlook = gates_outlook(Problem(d=64, N=300, width=512))
    assert outlook.guaranteed == 1 - sign_gates.failure_bound(300, 64, 512)
    enough = sizes_of(outlook)["m"]
    assert gates_outlook(Problem(d=64, N=300, width=enough)).sizes == ()
    assert gates_outlook(Problem(d=8, N=40)).sizes[0].startswith("no number of gates, as")
    with pytest.raises(InputError, match="no width is proved"):
        sign_gates.guaranteed_width(40, 8, delta=0.01)


def test_outputs_that_are_no_answer_are_not_taken_for_proved():
    """The bound on gates is for bijections, and more rivals can only win more often."""
    crowded = Problem(d=64, N=300, width=2000, outputs=10**6)
    assert gates_outlook(replace(crowded, outputs=300)).guaranteed > 0.99
    assert gates_outlook(crowded).guaranteed is None
    assert "as many outputs as facts" in gates_outlook(crowded).note
    assert network_outlook(crowded).sizes == ()
    (condition,) = enough_gates(crowded)
    assert condition.holds is None
    assert enough_gates(replace(crowded, outputs=300))[0].holds


@pytest.mark.parametrize(("N", "side"), [(300, "below"), (1000, "above")])
def test_the_best_matrix_has_a_threshold(N, side):
    assert f"is {side} 1" in best_outlook(Problem(d=64, N=N)).note


def test_what_is_not_given_is_solved_for():
    (most,) = gates_outlook(Problem(d=64, width=804, delta=0.5)).sizes
    assert most == f"N <= {sign_gates.guaranteed_facts(64, 804)}"
    (least,) = gates_outlook(Problem(N=300, width=800, delta=0.5)).sizes
    d = int(least.removeprefix("d >= "))
    bounds = [sign_gates.failure_bound(300, at, 800) for at in (d, d - 1)]
    assert bounds[0] <= 0.5 < bounds[1]
    (named,) = network_outlook(Problem(d=64, width=804, delta=0.5)).sizes
    assert named == f"{most} for gates of 1 and -1 (theorem sign-gates)"
    assert "give two of" in gates_outlook(Problem(N=300)).note
    assert "d = 60" in best_outlook(Problem(N=500)).note
    most = int(best_outlook(Problem(d=60)).note.split()[-1])
    assert "below" in best_outlook(Problem(d=60, N=most)).note
    assert "above" in best_outlook(Problem(d=60, N=most + 1)).note
    note = sharp_outlook(Problem(N=500)).note
    assert "from d = 156 on" in note
    at_d, below = (all_recalled(Construction("linear"), d=d, N=500) for d in (156, 155))
    assert below < 0.5 <= at_d
