"""Interference measured on draws, against what is known of it."""

import numpy as np
import pytest

from assoc.memories.memory import Factors
from sims.memories.construction import Construction
from sims.memories.strengths import measured_strengths
from tests.helpers.oracles import complaint
from theory.memories.strengths import interference_of


@pytest.mark.parametrize(
    ("construction", "d", "N"),
    [
        (Construction("linear"), 48, 100),
        (Construction("sign"), 48, 100),
        (Construction("dual-inputs"), 64, 120),
    ],
)
def test_they_are_those_of_the_formulas(construction, d, N):
    found = measured_strengths(construction, d=d, N=N, trials=20)
    law = interference_of(construction, N=N, d=d)
    noise = float(law.weight @ law.noise)
    # The formulas of what is fitted are to leading order in 1/d.
    assert found.noise == pytest.approx(noise, rel=0.04, abs=4 * found.noise_error)
    assert found.pair == pytest.approx(float(law.weight @ law.pair), rel=0.04, abs=0.1 / d)


def scaled(E, U, f, *, rng):
    """The sum of outer products, in other units."""
    return Factors((-3.0 * U[f].T @ -E,))


def negative(E, U, f, *, rng):
    """A memory that says the opposite."""
    return Factors((-U[f].T @ E,))


def test_units_do_not_matter():
    own = measured_strengths(Construction(scaled), d=32, N=40, trials=3)
    plain = measured_strengths(Construction("linear"), d=32, N=40, trials=3)
    assert own.noise == pytest.approx(plain.noise, rel=1e-5)
    assert own.pair == pytest.approx(plain.pair, rel=1e-5)


def test_a_memory_without_interference_has_none():
    found = measured_strengths(Construction("dual-inputs"), d=32, N=20, trials=3)
    assert found.noise < 1e-9
    assert np.isfinite(found.noise_error)


@pytest.mark.parametrize(
    ("construction", "options", "said"),
    [
        (Construction("linear"), {"N": 1}, "N = 1: interference takes two facts"),
        (Construction("linear"), {"trials": 1}, "trials = 1: a standard error takes two draws"),
        (
            Construction(negative), {},
            "negative: the right answers have no signal at d = 16, N = 8",
        ),
        (Construction("low-rank"), {}, "memory 'low-rank' needs its rank given"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_named(construction, options, said):
    arguments = {"d": 16, "N": 8, "trials": 3, **options}
    assert complaint(measured_strengths, construction, **arguments) == said
