"""Predicted widths: where recall rises to a rate, and which degree needs the fewest neurons."""

import itertools

import numpy as np
import pytest

from assoc import InputError
from sims.memories.construction import Construction
from tests.helpers.oracles import one_line, table
from theory.memories import gated
from theory.memories import width as predicted
from theory.memories.recall import all_recalled, expected_recall
from theory.memories.width import best_degree, width_of

GATED = Construction("gated-mlp", degree=1)
RIDGE = Construction("bilinear-ridge")


def at(construction, width, **sizes):
    """Recall at a width, the chance of all if the rate is 1."""
    rate = sizes.pop("rate")
    network = Construction(construction.memory, width=width, degree=construction.degree)
    return (all_recalled if rate == 1 else expected_recall)(network, **sizes)


@pytest.mark.parametrize(
    ("memory", "d", "N", "rate"),
    [
        (GATED, 32, 64, 0.99),
        (RIDGE, 16, 100, 0.99),
        (Construction("whitened-mlp"), 16, 100, 0.9),
        (Construction("whitened-mlp", degree=2), 16, 100, 1),
        (Construction("bilinear"), 32, 48, 0.9),
    ],
)
def test_the_width_is_where_recall_crosses_the_rate(memory, d, N, rate):
    """Two per cent below and above it, by the rounding to whole neurons and the root finder."""
    m = width_of(memory, d=d, N=N, rate=rate)
    level = 0.5 if rate == 1 else rate
    below, above = (
        at(memory, round(m * f + a), d=d, N=N, rate=rate) for f, a in ((0.98, -1), (1.02, 1))
    )
    assert below < level < above


def test_a_width_that_is_given_is_ignored():
    given = Construction("bilinear-ridge", width=7)
    assert width_of(given, d=16, N=100, rate=0.9) == width_of(RIDGE, d=16, N=100, rate=0.9)


@pytest.mark.parametrize(("name", "neurons"), [("gated-mlp", 1), ("mlp", 2)])
@pytest.mark.parametrize("scale", [3, 50, 10**4])
@pytest.mark.usefixtures("computed_anew")
def test_a_known_law_is_inverted(monkeypatch, name, neurons, scale):
    """With exp(-m / scale) for a law, widths have a closed form; two neurons are a gate."""

    def law(k, m, d, classes):
        return np.exp(-m / scale) * np.ones(len(classes.own))

    monkeypatch.setattr(gated, "failure_probability", law)
    memory = Construction(name, degree=2)
    sizes = {"d": 32, "N": 100}
    assert width_of(memory, **sizes, rate=0.99) == pytest.approx(
        neurons * scale * np.log(100), rel=0.002, abs=neurons
    )
    # Every one with probability 1/2: (1 - q)^N = 1/2.
    q = 1 - 0.5 ** (1 / 100)
    assert width_of(memory, **sizes) == pytest.approx(
        -neurons * scale * np.log(q), rel=0.002, abs=neurons
    )


def test_where_the_kernel_is_too_much_no_width_is_enough():
    """Degree 1 at d = 32: the overlaps t^2 of 2048 facts alone drown the signal."""
    for rate in (0.99, 1):
        assert width_of(GATED, d=32, N=2048, rate=rate) == np.inf
    assert width_of(Construction("bilinear"), d=32, N=2048, rate=0.99) == np.inf


@pytest.mark.parametrize("rate", [0.99, 1])
def test_more_facts_need_more_neurons(rate):
    memory = Construction("whitened-mlp")
    widths = [width_of(memory, d=16, N=N, rate=rate) for N in (20, 50, 100)]
    assert all(a < b for a, b in itertools.pairwise(widths))
    widths = [width_of(GATED, d=32, N=N, rate=rate) for N in (64, 128)]
    assert widths[0] < widths[1] < np.inf


def test_a_higher_rate_needs_more_neurons():
    memory = Construction("whitened-mlp")
    rates = [width_of(memory, d=16, N=100, rate=r) for r in (0.5, 0.9, 0.99)]
    assert all(a < b for a, b in itertools.pairwise(rates))


@pytest.mark.parametrize(
    ("memory", "rate", "N"),
    [(RIDGE, 1, 40), *itertools.product([Construction("whitened-mlp")], [0.5, 1], [3, 40, 120])],
)
def test_a_neuron_a_fact_is_enough_for_least_squares(memory, rate, N):
    assert width_of(memory, d=16, N=N, rate=rate) <= N


def test_least_squares_ends_with_the_independent_features():
    """Eight dimensions have 36 symmetric pairs: neurons beyond that add nothing."""
    assert width_of(RIDGE, d=8, N=36, rate=1) <= 36
    assert width_of(RIDGE, d=8, N=200, rate=0.99) == np.inf


@pytest.mark.parametrize(("name", "least"), [("bilinear-ridge", 1), ("gated-mlp", 1), ("mlp", 2)])
def test_a_single_fact_needs_the_narrowest_network(name, least):
    assert width_of(Construction(name), d=16, N=1) == least


# --- the degree ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("widths", "start", "found"),
    [
        ((100, 80, 90, 95, 99, 99), 2, 2),
        ((100, 80, 90, 95, 99, 99), 1, 2),
        ((100, 80, 70, 60, 50, 40), 1, 6),
        ((100, 80, 70, 60, 50, 40), 6, 6),
        ((10, 80, 90, 95, 99, 99), 4, 1),
        ((10, 80, 90, 95, 99, 99), 1, 1),
        ((np.inf, np.inf, 70, 75, 80, 85), 3, 3),
        ((80, 80, 80, 80, 80, 80), 3, 3),
    ],
)
def test_the_degree_goes_downhill(monkeypatch, widths, start, found):
    """On made-up widths by degree, from wherever the leading order starts it."""
    asked = []

    def width(construction, **sizes):
        asked.append(sizes)
        return widths[construction.degree - 1]

    monkeypatch.setattr(predicted, "width_of", width)
    monkeypatch.setattr(predicted, "choose_degree", lambda N, d: start)
    sizes = {"d": 16, "N": 50, "rate": 0.9, "facts": "balanced", "M": 5}
    assert best_degree(Construction("gated-mlp"), **sizes) == found
    assert asked
    assert all(each == sizes for each in asked)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "arguments", "said"),
    [
        (GATED, {"rate": 0}, "rate 0 is not in (0, 1]"),
        (GATED, {"rate": 1.5}, "rate 1.5 is not in (0, 1]"),
        (GATED, {"rate": -1}, "rate -1 is not in (0, 1]"),
        (RIDGE, {"rate": np.nan}, "rate nan is not in (0, 1]"),
        (GATED, {"d": 1}, "d = 1: the formulas need a dimension of at least 2"),
        (GATED, {"N": 0}, "N = 0 is not a positive number of facts"),
        (RIDGE, {"N": 0}, "N = 0 is not a positive number of facts"),
        (GATED, {"facts": "odd"}, "facts 'odd' is not one of identity, "),
        (GATED, {"M": 4}, "no injective map from N = 20 inputs to M = 4 outputs"),
        (RIDGE, {"facts": "random"}, "no prediction for 'bilinear-ridge' with random facts"),
        (Construction("linear"), {}, "memory 'linear' takes no width"),
        (Construction("mlp", degree=7), {}, "degree 7 is not an integer from 1 to 6"),
        (Construction("mlp", degree=0), {}, "degree 0 is not an integer from 1 to 6"),
        (Construction("bilinear", degree=2), {}, "memory 'bilinear' takes no degree"),
        (Construction("bilinear-als"), {}, "no prediction for 'bilinear-als"),
        (Construction(table), {}, "no prediction for 'table"),
    ],
)
def test_what_has_no_width_is_named(memory, arguments, said):
    with pytest.raises(InputError) as caught:
        width_of(memory, **{"d": 16, "N": 20, "rate": 0.9, **arguments})
    assert one_line(caught.value).startswith(said)
