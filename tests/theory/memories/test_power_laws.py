"""Predicted errors under power laws: limits, exponents, the best cut, and measured errors."""

import math

import mpmath
import numpy as np
import pytest
from scipy import special

from assoc.errors import InputError
from assoc.facts.input_laws import PowerLaw
from sims.memories.power_laws import Weighted, measure_error
from theory.memories import power_laws
from theory.memories.power_laws import (
    best_first,
    dimension_exponent,
    limit_constant,
    predicted_error,
    sample_exponent,
    weighted_recall,
)

# --- recall with weights ------------------------------------------------------------------------


def test_equal_weights_are_recalled_as_their_integral_says():
    """The same for all but the first: one normal noise, n - 1 rivals; by plain quadrature."""
    n, d = 40, 64
    found = weighted_recall(np.ones(n), d)
    assert found[1:] == pytest.approx(np.full(n - 1, found[1]), rel=1e-9)
    t = np.linspace(-8, 8, 1601)[:, None]
    g = np.linspace(-8, 8, 1601)[None, :]
    noise = np.sqrt(t**2 + n - 2) / d
    level = 1 + noise * g
    log_right = (n - 2) * special.log_ndtr(level / np.sqrt(1 / d + noise**2))
    log_right += special.log_ndtr((level - t / math.sqrt(d)) / noise)
    density = np.exp(-(t**2 + g**2) / 2) / (2 * math.pi) * 0.01**2
    expected = float((np.exp(log_right) * density).sum())
    assert found[1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("a", [0.0, 1.1, 2.0])
def test_weights_that_are_pooled_count_as_they_do_one_by_one(a, monkeypatch):
    q = np.arange(1.0, 2001.0) ** -a
    pooled = weighted_recall(q, 256)
    monkeypatch.setattr(power_laws, "BLOCK", 1e-4)
    np.testing.assert_allclose(pooled, weighted_recall(q, 256), rtol=0, atol=1e-9)


def test_recall_falls_with_the_weight_and_grows_with_the_dimension():
    q = np.arange(1.0, 300) ** -1.5
    small, large = weighted_recall(q, 50), weighted_recall(q, 500)
    assert (np.diff(small) <= 1e-9).all()
    # Far below, where chance decides, a larger dimension need not help.
    assert (large[1:50] > small[1:50]).all()
    assert (small >= 0).all()
    assert (large <= 1 + 1e-9).all()
    assert small[0] == large[0] == 1


def test_recall_does_not_depend_on_the_unit_of_the_weights():
    q = np.arange(1.0, 60) ** -1.2
    assert weighted_recall(1e-6 * q, 40) == pytest.approx(weighted_recall(q, 40), rel=1e-10)


# --- limits and exponents -----------------------------------------------------------------------


@pytest.mark.parametrize("a", [1.2, 1.5, 2.0, 3.0])
def test_the_constant_is_that_of_the_displayed_integral(a):
    """By mpmath's quadrature, with Phi by erfc, the substitution v = t^(1-a) and more factors."""
    z = np.arange(1.0, 20_001)

    def lost(v):
        t = float(v) ** (1 / (1 - a))
        return -math.expm1(float(special.log_ndtr((z / t) ** a).sum()))

    # dv = (1 - a) t^-a dt; above t = 100 all is lost, below 1/5 nothing is.
    last, first = 100.0 ** (1 - a), 0.2 ** (1 - a)
    cuts = [last, *(t ** (1 - a) for t in (30.0, 10.0, 4.0, 2.0, 1.0, 0.5)), first]
    value = mpmath.quad(lost, cuts, maxdegree=5)
    expected = (last + float(value)) / (a - 1) / special.zeta(a)
    assert limit_constant(a) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("a", [1.5, 2.0, 3.0])
def test_errors_tend_to_the_constant_by_direct_sums(a):
    """1 - sum of p times recall; what is beyond the list is lost."""
    ratios = []
    for d in (1e3, 1e5, 1e7):
        n = math.ceil(32 * d ** (1 / (2 * a)))
        p = PowerLaw(a).head(n)
        error = 1 - p @ weighted_recall(p / p[0], d)
        ratios.append(error * d ** dimension_exponent("probability", a) / limit_constant(a))
    off = np.abs(np.array(ratios) - 1)
    # Beyond, what is left is the end of the list and the interpolation, some 5e-4.
    assert off[1] < off[0] / 10
    assert (off[1:] < (0.005, 0.001)).all()


def test_exponents_by_hand():
    assert dimension_exponent("probability", 2.0) == 0.25
    assert dimension_exponent("probability", 1.5) == pytest.approx(1 / 6)
    assert dimension_exponent("first", 1.5) == 1
    assert dimension_exponent("first", 1.5, shared=True) == 0.5
    assert sample_exponent(1.5) == pytest.approx(1 / 3)
    assert sample_exponent(4.0) == 0.75


@pytest.mark.parametrize("a", [1.5, 2.0])
def test_the_best_cut_grows_as_d_squared_over_log_d(a):
    """d / sqrt(n) is what the own noise and n rivals take: sqrt(2 log n) + 2 sqrt((a - 1) log d).

    All rivals meet the same own noise, which alone has to be as rare as d^(-2 (a - 1)).
    """
    for d in (100, 10**4, 10**6):
        n, error = best_first(PowerLaw(a), d=d)
        bar = math.sqrt(2 * math.log(n)) + 2 * math.sqrt((a - 1) * math.log(d))
        assert n * bar**2 / d**2 == pytest.approx(1, abs=0.15)
        # Nearly all of the error is what was cut off.
        assert 1 < error / PowerLaw(a).beyond(n) < 1 + 0.6 / math.log(d)


@pytest.mark.parametrize("a", [1.5, 2.0])
def test_unseen_inputs_give_the_error_in_the_number_of_samples(a):
    """Gamma(1 - 1/a) (T/zeta)^(1/a) / (a T), where d is large enough for all that is seen."""
    for T in (10**3, 10**5):
        error = predicted_error(Weighted("seen", PowerLaw(a), 10**6, samples=T))
        expected = special.gamma(1 - 1 / a) * (T / special.zeta(a)) ** (1 / a) / (a * T)
        assert error == pytest.approx(expected, rel=0.02)
    more = predicted_error(Weighted("seen", PowerLaw(a), 10**6, samples=10**6))
    assert error / more == pytest.approx(10 ** sample_exponent(a), rel=0.01)


def test_seen_inputs_are_missed_as_often_as_a_direct_sum_says():
    law, T = PowerLaw(1.3, 50), 40
    p = law.head(50)
    assert predicted_error(Weighted("seen", law, 5000, samples=T)) == pytest.approx(
        p @ (1 - p) ** T, abs=1e-9
    )


# --- against measured errors --------------------------------------------------------------------


@pytest.mark.parametrize(
    "memory",
    [
        Weighted("first", PowerLaw(2.0), 64, stored=150),
        Weighted("first", PowerLaw(1.0, 200), 64, stored=200),
        Weighted("first", PowerLaw(1.5), 64, stored=100, bits=2),
        Weighted("first", PowerLaw(1.5), 64, stored=80, facts="balanced", outputs=4),
        Weighted("seen", PowerLaw(1.5), 64, samples=300),
        Weighted("probability", PowerLaw(1.5), 128),
        Weighted("counts", PowerLaw(2.0), 96, samples=400),
    ],
    ids=lambda memory: f"{memory.label()}, {memory.law}",
)
def test_predictions_are_within_four_standard_errors(memory):
    # 120 trials on a fixed seed; 2% more for the law of large d that predictions are made of.
    point = measure_error(memory, trials=120, seed=11).points[0]
    allowed = 4 * point.standard_error + 0.02 * point.error
    assert predicted_error(memory) == pytest.approx(point.error, abs=allowed)


def test_what_is_not_stored_is_an_error():
    """Where all that is stored is recalled, and where one input is."""
    for n in (1, 3, 30):
        memory = Weighted("first", PowerLaw(1.5), 2000, stored=n)
        assert predicted_error(memory) == pytest.approx(PowerLaw(1.5).beyond(n), abs=1e-9)
    assert predicted_error(Weighted("probability", PowerLaw(2.0), 16, stored=1)) == pytest.approx(
        PowerLaw(2.0).beyond(1)
    )


# --- the best cut -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "options"),
    [
        (PowerLaw(2.0), {"d": 64}),
        (PowerLaw(1.2), {"d": 32, "bits": 1}),
        (PowerLaw(1.5), {"d": 64, "facts": "random", "outputs": 8}),
        (PowerLaw(1.0, 10**12), {"d": 64}),
    ],
)
def test_no_near_cut_has_a_smaller_error(law, options):
    n, error = best_first(law, **options)

    def at(n):
        return predicted_error(Weighted("first", law, stored=n, **options))

    assert at(n) == error
    # The search is to 1e-3 in log n, where the minimum is flat.
    for factor in (0.5, 0.8, 0.95, 1.05, 1.25, 2.0):
        assert at(round(factor * n)) >= error * (1 - 1e-6)


def test_few_inputs_are_all_stored_in_a_large_dimension():
    law = PowerLaw(1.5, 100)
    n, error = best_first(law, d=1000)
    assert 98 <= n <= 100
    assert error == pytest.approx(law.beyond(n), abs=1e-9)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "probability", "facts": "random", "outputs": 8}, "one output for each input"),
        ({"weights": "probability", "facts": "balanced", "outputs": 8}, "one output for each"),
        ({"weights": "probability", "facts": "zipf", "outputs": 8}, "one output for each input"),
        ({"weights": "probability", "bits": 4}, "exact weights and one output"),
        ({"weights": "counts", "samples": 50, "facts": "random"}, "one output for each input"),
        ({"weights": "counts", "samples": 50, "bits": 1}, "exact weights and one output"),
        ({"weights": "frequent", "samples": 50, "stored": 5}, "weights 'frequent'"),
    ],
)
def test_errors_without_a_law_are_not_predicted(options, message):
    with pytest.raises(InputError, match=f"^no prediction for (.* )?{message}"):
        predicted_error(Weighted(law=PowerLaw(1.5), d=32, **options))


@pytest.mark.parametrize("a", [1.0, 0.5, -2.0, math.nan])
def test_exponents_that_leave_no_law_are_refused(a):
    calls = (
        lambda: limit_constant(a),
        lambda: sample_exponent(a),
        lambda: dimension_exponent("probability", a),
        lambda: dimension_exponent("first", a, shared=True),
    )
    for call in calls:
        with pytest.raises(InputError) as caught:
            call()
        assert str(caught.value) == f"a = {a:g}: the exponents are those of a > 1"


@pytest.mark.parametrize("weights", ["counts", "seen", "frequent", "other"])
def test_weights_without_an_exponent_in_the_dimension_are_refused(weights):
    with pytest.raises(InputError, match=f"weights '{weights}' have no exponent in d"):
        dimension_exponent(weights, 2.0)
