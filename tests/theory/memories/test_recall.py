"""Predictions: classes, constructions, and simulation of every named memory."""

import itertools

import numpy as np
import pytest

from assoc import InputError
from assoc.facts.maps import MAPS, class_sizes
from sims import measure
from sims.memories.construction import Construction
from tests.helpers.memories import EVERY, every_memory
from tests.helpers.oracles import one_line, table
from theory.memories.capacity import capacity_of
from theory.memories.classes import classes_of, classes_of_sizes
from theory.memories.recall import all_recalled, expected_recall, predictable
from theory.memories.strengths import svd_efficiency

LINEAR = Construction("linear")


# --- classes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", MAPS)
@pytest.mark.parametrize(("N", "M"), [(1, 1), (1, 7), (5, 5), (5, 40), (60, 60), (300, 1000)])
def test_shares_and_counts_add_up(facts, N, M):
    classes = classes_of(facts, N=N, M=M)
    assert classes.share.sum() == pytest.approx(1)
    assert classes.count.sum() == pytest.approx(M - 1)
    for values in (classes.share, classes.own, classes.count, classes.size):
        assert (values >= 0).all()
    assert len(classes.share) == len(classes.own)
    assert len(classes.count) == len(classes.size)
    assert (classes.own >= 1 - 1e-9).all()


@pytest.mark.parametrize("facts", ["random", "balanced", "zipf"])
@pytest.mark.parametrize(("N", "M"), [(60, 4), (1000, 16), (1001, 16), (10**5, 300)])
def test_more_facts_than_outputs(facts, N, M):
    classes = classes_of(facts, N=N, M=M)
    assert classes.share.sum() == pytest.approx(1)
    assert classes.count.sum() == pytest.approx(M - 1)
    # The mean size of a competing class is N/M, whatever the law.
    mean = classes.count @ classes.size / classes.count.sum()
    assert mean == pytest.approx(N / M, rel=1e-3)


@pytest.mark.parametrize(("N", "M"), [(12, 4), (13, 4), (15, 4), (3, 4), (4, 4)])
def test_a_balanced_law_is_that_of_its_sizes(N, M):
    sizes = class_sizes(MAPS["balanced"](N, M, rng=np.random.default_rng(0)), M)
    law, counted = classes_of("balanced", N=N, M=M), classes_of_sizes(sizes)
    for d in (8, 24):
        by_law = expected_recall(LINEAR, d=d, N=N, facts=law)
        assert expected_recall(LINEAR, d=d, N=N, facts=counted) == pytest.approx(by_law, rel=1e-9)
    np.testing.assert_allclose(law.own, counted.own)
    np.testing.assert_allclose(law.share, counted.share)


def test_injective_laws_are_that_of_unit_sizes():
    for facts in ("identity", "permutation"):
        by_law = expected_recall(LINEAR, d=24, N=20, facts=facts)
        counted = classes_of_sizes(np.ones(20))
        assert expected_recall(LINEAR, d=24, N=20, facts=counted) == pytest.approx(by_law)
        # With empty classes, which kind an input's own class is shifts the others by 1 in M.
        by_law = expected_recall(LINEAR, d=64, N=100, facts=facts, M=300)
        counted = classes_of_sizes(np.repeat([1, 0], [100, 200]))
        assert expected_recall(LINEAR, d=64, N=100, facts=counted) == pytest.approx(
            by_law, abs=0.001
        )


@pytest.mark.parametrize("facts", ["random", "zipf"])
def test_class_sizes_are_those_that_are_drawn(facts):
    """The mean class size of an input, by 4000 draws: 5 standard errors, fixed seed."""
    N, M = 40, 8
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(4000):
        sizes = class_sizes(MAPS[facts](N, M, rng=rng), M)
        drawn.append((sizes**2).sum() / N)
    error = np.std(drawn) / np.sqrt(len(drawn))
    classes = classes_of(facts, N=N, M=M)
    # The Zipf law is taken at its expected sizes and an input more.
    tolerance = 5 * error + (0.1 if facts == "zipf" else 0)
    assert classes.share @ classes.own == pytest.approx(np.mean(drawn), rel=0.02, abs=tolerance)


def test_many_sizes_are_merged_without_moving_the_mean():
    sizes = np.arange(1, 400)
    classes = classes_of_sizes(sizes)
    assert len(classes.size) <= 10
    assert classes.count @ classes.size == pytest.approx(sizes.mean() * (len(sizes) - 1))
    assert classes.share @ classes.own == pytest.approx((sizes**2).sum() / sizes.sum())


# --- the shape of recall ------------------------------------------------------------------------


@every_memory
def test_recall_falls_with_the_facts_and_rises_with_the_dimension(memory):
    sizes = (20, 40, 60, 100, 150, 400)
    recall = [expected_recall(memory, d=32, N=N) for N in sizes]
    assert all(0 <= b <= a + 1e-9 <= 1 + 2e-9 for a, b in itertools.pairwise(recall))
    assert recall[0] > recall[-1] + 0.3
    by_dimension = [expected_recall(memory, d=d, N=60) for d in (16, 24, 32, 48, 64)]
    assert all(a <= b + 1e-9 for a, b in itertools.pairwise(by_dimension))
    whole = [all_recalled(memory, d=32, N=N) for N in sizes]
    assert all(0 <= b <= a + 1e-9 for a, b in itertools.pairwise(whole))
    assert all(w <= r + 1e-9 for w, r in zip(whole, recall, strict=True))


@pytest.mark.parametrize("name", ["low-rank", "low-rank-svd"])
@pytest.mark.parametrize("N", [10, 40, 90])
def test_full_rank_is_no_restriction(name, N):
    full = Construction(name, rank="d/1")
    assert expected_recall(full, d=32, N=N) == pytest.approx(expected_recall(LINEAR, d=32, N=N))
    assert capacity_of(full, d=32) == pytest.approx(capacity_of(LINEAR, d=32))


def test_a_higher_rank_and_more_bits_recall_more():
    for name in ("low-rank", "low-rank-gaussian", "low-rank-svd"):
        by_rank = [expected_recall(Construction(name, m), d=64, N=60) for m in (8, 16, 32, 48, 64)]
        assert by_rank == sorted(by_rank)
    by_bits = [expected_recall(Construction("linear", bits=b), d=64, N=150) for b in (1, 2, 3, 8)]
    assert by_bits == sorted(by_bits)
    assert by_bits[0] == expected_recall(Construction("sign"), d=64, N=150)
    assert by_bits[-1] == pytest.approx(expected_recall(LINEAR, d=64, N=150), abs=1e-4)


def test_the_forms_of_low_rank_come_in_order():
    """A sketch is worse than a projector, and that than the best approximation."""
    sketch, projector, best, exact = (
        capacity_of(c, d=128)
        for c in (
            Construction("low-rank-gaussian", "d/2"),
            Construction("low-rank", "d/2"),
            Construction("low-rank-svd", "d/2"),
            LINEAR,
        )
    )
    assert sketch < projector < best < exact
    assert best / exact == pytest.approx(svd_efficiency(0.5), abs=0.03)


def test_least_squares_memories_are_perfect_up_to_d_facts():
    for name in ("dual-inputs", "dual-both"):
        for N in (3, 16, 31, 32):
            assert expected_recall(Construction(name), d=32, N=N) == pytest.approx(1, abs=1e-12)
        assert capacity_of(Construction(name), d=32) > 32


@every_memory
@pytest.mark.parametrize("N", [1, 2])
def test_one_and_two_facts(memory, N):
    recall = expected_recall(memory, d=64, N=N)
    # Two facts behind a projection may still be confused, if seldom.
    assert recall == pytest.approx(1, abs=1e-3 if N == 2 else 1e-12)


def test_a_fact_beside_outputs_of_nobody():
    assert expected_recall(LINEAR, d=16, N=1, M=50) == pytest.approx(1, abs=1e-12)


# --- against simulation -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "memory", [c for c in EVERY if not c.memory.startswith("dual")], ids=lambda c: c.memory
)
def test_recall_is_what_is_measured(memory):
    """Within 5 standard errors (level 6e-7, fixed seed) and 0.3% absolute for W itself.

    0.7% for what is made of it, and 2% for the truncation, whose law is a limit.
    """
    d = 64
    for rate in (0.97, 0.99):
        N = round(capacity_of(memory, d=d, rate=rate))
        result = measure(
            memory.memory, rank=memory.rank, bits=memory.bits, d=d, N=N, trials=200, seed=1
        )
        (point,) = result.points
        slack = {"linear": 0.003, "low-rank-svd": 0.02}.get(memory.memory, 0.007)
        predicted = expected_recall(memory, d=d, N=N)
        assert point.recall == pytest.approx(predicted, abs=5 * point.standard_error + slack)


@pytest.mark.parametrize("name", ["dual-inputs", "dual-outputs", "dual-both"])
def test_least_squares_memories_are_predicted_within_two_percent(name):
    """Their leverages are correlated with what they weigh, which the law leaves out."""
    memory = Construction(name)
    N = round(capacity_of(memory, d=64, rate=0.98))
    (point,) = measure(name, d=64, N=N, trials=100, seed=1).points
    assert point.recall == pytest.approx(expected_recall(memory, d=64, N=N), abs=0.02)


@pytest.mark.parametrize("facts", ["balanced", "random", "zipf"])
@pytest.mark.parametrize("M", [8, 64])
def test_recall_of_classes_is_what_is_measured(facts, M):
    """5 standard errors and 1% absolute: Zipf classes are taken at their expected sizes."""
    d = 64
    N = round(capacity_of(LINEAR, d=d, rate=0.97, facts=facts, M=M))
    (point,) = measure("linear", d=d, N=N, facts=facts, outputs=M, trials=200, seed=1).points
    predicted = expected_recall(LINEAR, d=d, N=N, facts=facts, M=M)
    assert point.recall == pytest.approx(predicted, abs=5 * point.standard_error + 0.01)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "arguments", "said"),
    [
        (LINEAR, {"d": 1, "N": 5}, "d = 1: the formulas need a dimension of at least 2"),
        (LINEAR, {"d": 8, "N": 0}, "N = 0 is not a positive number of facts"),
        (LINEAR, {"d": 8, "N": 5, "M": 4}, "no injective map from N = 5 inputs to M = 4 outputs"),
        (LINEAR, {"d": 8, "N": 5, "M": 0}, "M = 0 is not a positive number of outputs"),
        (LINEAR, {"d": 8, "N": 5, "facts": "odd"}, "facts 'odd' is not one of identity, "),
        (LINEAR, {"d": 10**13, "N": 5}, "d = 1e+13: the formulas are checked up to d = 1e+12"),
        (Construction("low-rank", 9), {"d": 8, "N": 5}, "rank 9 is not between 1 and d = 8"),
        (Construction("low-rank"), {"d": 8, "N": 5}, "memory 'low-rank' needs its rank given"),
        (Construction("linear", bits=0), {"d": 8, "N": 5}, "bits = 0 is not between 1 and 16"),
        (Construction("nonesuch"), {"d": 8, "N": 5}, "no prediction for 'nonesuch': "),
        (Construction(table), {"d": 8, "N": 5}, "no prediction for 'table': "),
        (
            Construction("dual-both"),
            {"d": 8, "N": 5, "facts": "random"},
            "no prediction for 'dual-both' with non-injective facts",
        ),
    ],
)
def test_what_cannot_be_predicted_is_named(memory, arguments, said):
    for function in (expected_recall, all_recalled):
        with pytest.raises(InputError) as caught:
            function(memory, **arguments)
        assert one_line(caught.value).startswith(said)


@pytest.mark.parametrize("rate", [0, -1, 1.1, np.nan])
def test_rates_out_of_range_are_named(rate):
    with pytest.raises(InputError) as caught:
        capacity_of(LINEAR, d=16, rate=rate)
    assert one_line(caught.value) == f"rate {rate} is not in (0, 1]"


def test_what_can_be_predicted():
    assert all(predictable(memory) for memory in EVERY)
    assert [memory.memory for memory in EVERY if not predictable(memory, "random")] == [
        "dual-outputs",
        "dual-both",
    ]
    assert not predictable(Construction(table))
    assert not predictable(Construction("mine:build"))
