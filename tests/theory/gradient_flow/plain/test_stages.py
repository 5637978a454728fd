"""Rates from counts and times by small panels, against closed forms and small cases."""

import math

import mpmath
import pytest

from theory.claims import Verdict
from theory.gradient_flow.plain.stages import (
    condition_symbols,
    growth,
    opening_time,
    stage_symbols,
)
from theory.judging import judge_symbols


@pytest.mark.parametrize(("S", "R", "D"), [(4, 2, 2), (6, 5, 3), (8, 3, 4)])
def test_growth_has_the_closed_form(S, R, D):
    (relation, _), (subject, lever) = growth(S, R, D)
    assert relation == pytest.approx(math.sqrt((R - 1) / (R * D)) / R, rel=1e-13)
    assert subject == pytest.approx(math.sqrt((D - 1) / (R * D)) / S, rel=1e-13)
    assert lever == pytest.approx(math.sqrt(D / (R * (D - 1))) / 2, rel=1e-13)


def test_a_small_gap_opens_freely():
    free = opening_time(1e-6, 3, 0.2, 1e-9, free=True)
    assert opening_time(1e-6, 3, 0.2, 1e-9) == pytest.approx(free, rel=1e-6)
    assert free == pytest.approx(math.asinh(1e3) / 0.4, rel=1e-14)


def test_a_scale_that_is_large_makes_the_time_an_elementary_integral():
    # 1/(2 g n) (n - 1) gap + exp(gap) - 1 over kappa.
    expected = (2 * 1.5 + math.expm1(1.5)) / 1e9 / (2 * 0.2 * 3)
    assert opening_time(1.5, 3, 0.2, 1e9) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("gap", "kappa"), [(1e-3, 1e-12), (0.7, 1e-4), (20.0, 0.5)])
def test_the_time_is_the_integral_by_mpmath(gap, kappa):
    with mpmath.workdps(25):
        exact = mpmath.quad(
            lambda u: 2 + mpmath.exp(kappa * mpmath.sinh(u)),
            mpmath.linspace(0, mpmath.asinh(mpmath.mpf(gap) / kappa), 40),
        )
        assert opening_time(gap, 3, 0.2, kappa) == pytest.approx(float(exact / 1.2), rel=1e-12)


@pytest.mark.parametrize("alpha", [1e-10, 0.3])
def test_the_package_agrees_at_other_scales(alpha):
    found = judge_symbols(stage_symbols(alpha=alpha), tolerance=1e-9, note="")
    assert found.verdict is Verdict.HOLDS, found.note


@pytest.mark.parametrize("mistake", [{"centred": False}, {"share": 0.499}, {"free": True}])
def test_mistakes_show(mistake):
    found = judge_symbols(stage_symbols(alpha=1e-3, **mistake), tolerance=1e-9, note="")
    assert found.verdict is Verdict.VIOLATED
    assert "t_relation" in found.note


def test_hypotheses_are_those_of_integers():
    found = judge_symbols(condition_symbols(), tolerance=1e-12, note="")
    assert found.verdict is Verdict.HOLDS, found.note
    found = judge_symbols(condition_symbols(factor=127), tolerance=1e-12, note="")
    assert found.verdict is Verdict.HOLDS
