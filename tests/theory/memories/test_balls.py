"""Exact tails by ball arithmetic, against closed forms and a second way of computing them."""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx
from scipy import special

from assoc.errors import InputError
from theory.memories import balls


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-1, 3), Fraction(10**25 + 1, 7)])
def test_doubles_lie_outside_of_the_ball(value: Fraction) -> None:
    with ctx.workprec(200):
        ball = arb(value.numerator) / value.denominator
        low, high = balls.below(ball), balls.above(ball)
    assert Fraction(low) < value < Fraction(high)
    assert high - low <= 4 * math.ulp(abs(high))


@pytest.mark.parametrize("t", [-0.9, -0.1, 0.0, 1e-9, 0.3, 0.999])
def test_circle_and_sphere(t: float) -> None:
    with ctx.workprec(200):
        assert balls.coordinate_tail(t, 2).overlaps(arb(t).acos() / arb.pi())
        assert balls.coordinate_tail(t, 3).overlaps((1 - arb(t)) / 2)


@pytest.mark.parametrize("d", [129, 500, 4096])
@pytest.mark.parametrize("t", [-0.2, 0.0, 0.01, 0.2, 0.9, 1 - 1e-9])
def test_the_integral_is_the_incomplete_beta_function(d: int, t: float) -> None:
    tail = balls.coordinate_tail(t, d)
    with ctx.workprec(400):
        half = (1 - arb(t) ** 2).beta_lower(arb(d - 1) / 2, arb(1) / 2, regularized=True) / 2
        assert tail.overlaps(half if t >= 0 else 1 - half)
    assert tail.rel_accuracy_bits() > 60


@pytest.mark.parametrize("d", [400, 1000, 10**6, 10**12])
@pytest.mark.parametrize("z", [1e-6, 0.5, 3.0, 9.0, 15.0, 18.0])
def test_the_series_is_the_integral(d: int, z: float, monkeypatch: pytest.MonkeyPatch) -> None:
    t = z / math.sqrt(d)
    series = balls.coordinate_tail(t, d)
    monkeypatch.setattr(balls, "FALLEN", -1)
    integral = balls.coordinate_tail(t, d)
    assert series.overlaps(integral)
    assert series.rel_accuracy_bits() > 60


@pytest.mark.parametrize("d", [4, 64, 1000, 10**6, 10**12])
def test_agrees_with_double_precision(d: int) -> None:
    for t in np.linspace(0, 5, 7) / math.sqrt(d):
        if t < 1:
            tail = balls.coordinate_tail(float(t), d)
            double = 0.5 * special.betaincc(0.5, (d - 1) / 2, float(t) ** 2)
            assert float(tail) == pytest.approx(double, rel=1e-6)
            assert balls.below(tail) <= balls.above(tail)
            assert balls.above(tail) == pytest.approx(balls.below(tail), rel=1e-12)


def test_ends_and_refusals() -> None:
    assert balls.above(balls.coordinate_tail(1.0, 64)) == 0
    assert balls.below(balls.coordinate_tail(-1.0, 64)) == 1
    with pytest.raises(InputError, match="level nan"):
        balls.coordinate_tail(math.nan, 64)
    with pytest.raises(InputError, match="d = 1"):
        balls.coordinate_tail(0.5, 1)
