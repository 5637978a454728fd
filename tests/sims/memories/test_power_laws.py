"""Weighted memories under power laws, measured and predicted."""

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.facts.input_laws import PowerLaw
from sims.engine.randomness import Source
from sims.memories.power_laws import Weighted, measure_error
from theory.memories.power_laws import (
    best_first,
    dimension_exponent,
    limit_constant,
    predicted_error,
    sample_exponent,
    weighted_recall,
)

LAW = PowerLaw(1.5)


def test_the_same_seed_gives_the_same_errors_whatever_the_threads():
    memory = Weighted("counts", LAW, 24, samples=200)
    one, two, other = (
        measure_error(memory, trials=5, seed=seed, threads=threads).points[0].errors
        for seed, threads in ((1, 1), (1, 2), (2, 1))
    )
    assert one == two
    assert one != other


def test_contents_are_what_the_weights_say():
    source = Source(0, "test", ())
    p, q = Weighted("first", LAW, 8, stored=5).contents(source, 0)
    assert (p == LAW.head(5)).all()
    assert (q == 1).all()
    p, q = Weighted("probability", LAW, 8, stored=5).contents(source, 0)
    assert np.allclose(q, p / p[0])
    p, q = Weighted("counts", LAW, 8, samples=1000).contents(source, 0)
    seen, ones = Weighted("seen", LAW, 8, samples=1000).contents(source, 0)
    assert (seen == p).all()
    assert (ones == 1).all()
    assert q.max() == 1
    # Counts over the largest of them: their sum over q is the number of samples.
    assert 1000 * q.min() / q.sum() == pytest.approx(1, rel=1e-9)
    kept, _ = Weighted("frequent", LAW, 8, samples=1000, stored=3).contents(source, 0)
    assert np.allclose(kept, LAW.head(3))


def test_a_large_memory_misses_only_what_it_does_not_store():
    memory = Weighted("first", LAW, 400, stored=10)
    point = measure_error(memory, trials=3).points[0]
    assert point.error == pytest.approx(LAW.beyond(10), abs=1e-6)
    assert point.standard_error == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("memory", "trials"),
    [
        (Weighted("probability", PowerLaw(1.2), 64), 200),
        (Weighted("probability", PowerLaw(2.0), 100), 400),
        (Weighted("counts", LAW, 64, samples=300), 200),
        (Weighted("seen", LAW, 48, samples=500), 200),
        (Weighted("first", LAW, 48, stored=60, bits=1), 200),
        (Weighted("first", LAW, 48, stored=60, facts="random", outputs=8), 200),
    ],
)
def test_errors_are_as_predicted(memory, trials):
    point = measure_error(memory, trials=trials, seed=5).points[0]
    # Four standard errors and 3%, the accuracy of the law at these d.
    allowed = 4 * point.standard_error + 0.03 * point.error
    assert point.error == pytest.approx(predicted_error(memory), abs=allowed)


def test_the_limit_is_that_of_large_dimensions():
    for a in (1.5, 2.0):
        # Recall ends within 32 times d^(1/(2a)), at most 3,200 inputs.
        p = PowerLaw(a).head(3200)
        d = 10.0**6
        error = 1 - p @ weighted_recall(p / p[0], d)
        assert error * d ** dimension_exponent("probability", a) == pytest.approx(
            limit_constant(a), rel=0.01
        )


def test_exponents():
    assert dimension_exponent("first", 1.5, shared=True) == 0.5
    assert sample_exponent(3.0) == pytest.approx(2 / 3)


def test_the_best_number_is_better_than_its_neighbours():
    n, error = best_first(LAW, d=64)
    for other in (round(0.7 * n), round(1.4 * n)):
        assert predicted_error(Weighted("first", LAW, 64, stored=other)) > error


@pytest.mark.parametrize("a", [1.1, 1.5, 3.0])
@pytest.mark.parametrize("d", [16, 128])
@pytest.mark.parametrize("shared", [{}, {"facts": "zipf", "outputs": 16}])
def test_no_number_on_a_grid_is_better_than_the_best(a, d, shared):
    law = PowerLaw(a)
    n, error = best_first(law, d=d, **shared)
    assert predicted_error(Weighted("first", law, d, stored=n, **shared)) == error
    grid = np.unique(np.geomspace(1, 4 * d**2, 60).astype(int)).tolist()
    errors = [predicted_error(Weighted("first", law, d, stored=k, **shared)) for k in grid]
    # Laws of classes are not quite smooth in n.
    assert error < min(errors) * 1.005


@pytest.mark.parametrize("N", [1, 2, 3])
def test_the_best_number_of_a_law_of_few_inputs_is_all_of_them(N):
    n, error = best_first(PowerLaw(2.0, N), d=64)
    assert n == N
    assert error < 1e-12


def test_errors_too_small_for_differences_still_decide_the_best_number():
    # (sqrt(2 log M) + ...)^2 would be 4 log M + 8 (a - 1) log d for a > 2.
    d = 10**6
    n, _ = best_first(PowerLaw(3.0), d=d)
    assert d**2 / n == pytest.approx(4 * np.log(n) + 16 * np.log(d), rel=0.15)


def test_the_record_and_the_figure():
    memories = [Weighted("first", LAW, d, stored=4) for d in (8, 16)]
    found = measure_error(memories, trials=3)
    assert [row["d"] for row in found.rows()] == [8, 16]
    assert found.plot().get_xlabel() == "dimension $d$"
    assert "first n=4 d=8" in repr(found)
    assert found.to_dict()["points"] == found.rows()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Weighted("other", LAW, 8), "weights 'other' are not one of"),
        (lambda: Weighted("first", LAW, 8), "need a number of stored inputs"),
        (lambda: Weighted("seen", LAW, 8), "need a number of samples inputs"),
        (lambda: Weighted("first", LAW, 8, stored=3, outputs=0), "M = 0 is not positive"),
        (lambda: Weighted("first", LAW, 8, stored=3, outputs=2.5), "M = 2.5 is not an integer"),
        (lambda: Weighted("first", LAW, 8, stored=0), "stored = 0 is not positive"),
        (lambda: Weighted("first", LAW, 0, stored=3), "d = 0 is not positive"),
        (lambda: Weighted("probability", LAW, 8, samples=3), "take no number of samples"),
        (lambda: Weighted("first", LAW, 8, stored=3, facts="odd"), "is not one of"),
        (lambda: predicted_error(Weighted("frequent", LAW, 8, stored=3, samples=9)),
         "no prediction for weights 'frequent'"),
        (lambda: predicted_error(Weighted("probability", LAW, 8, facts="random")),
         "exact weights and one output for each input"),
        (lambda: limit_constant(1.0), "a = 1: the exponents are those of a > 1"),
        (lambda: dimension_exponent("counts", 2.0), "have no exponent in d"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
