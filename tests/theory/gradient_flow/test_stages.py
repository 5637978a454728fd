"""When balanced facts are learnt: quadrature against integration, and its inverse."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.reduced import flow
from sims.gradient_flow.symmetric import balanced_rates, log_gap_scales, symmetric_flow
from tests.helpers.oracles import one_line
from theory.gradient_flow.max_margin import max_margin
from theory.gradient_flow.stages import (
    balanced_inverse_margin,
    balanced_log_k,
    balanced_losses,
    gap_at,
    gap_time,
    half_gap,
    order_ratio,
    stages,
)

SIZES = [(16, 4, 8), (6, 12, 3), (12, 13, 12), (10**9, 10**5, 10**3)]


# --- times --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("alpha", [1e-300, 1e-12, 1e-4, 0.1, 1.0])
def test_stage_times_are_those_of_the_symmetric_flow(sizes, alpha):
    found = stages(*sizes, alpha=alpha)
    last = 1.1 * max(found.t_relation, found.t_subject)
    run = symmetric_flow(*sizes, t_max=last, alpha=alpha, samples=2)
    assert run.t_relation == pytest.approx(found.t_relation, rel=1e-10)
    assert run.t_subject == pytest.approx(found.t_subject, rel=1e-10)


def test_stage_times_are_those_of_the_full_flow():
    found = stages(16, 4, 8, alpha=1e-3)
    run = flow(FlowFacts(16, 4, 8).model(1), t_max=400.0, alpha=1e-3, rtol=1e-12, samples=2)
    assert run.t_relation == pytest.approx(found.t_relation, rel=1e-9)
    assert run.t_subject == pytest.approx(found.t_subject, rel=1e-9)


def slow_time(gap, n, rate, log_kappa):
    """The displayed integral in 30 digits, cut where its integrand changes."""
    with mpmath.workdps(30):
        kappa = mpmath.exp(log_kappa)
        cuts = {kappa, 30 * kappa, gap / 2, gap - 30, gap - 8, gap - 2}
        edges = [0, *sorted(x for x in cuts if 0 < x < gap), gap]
        excess = mpmath.quad(lambda x: mpmath.expm1(x) / mpmath.sqrt(x**2 + kappa**2), edges)
        return float((n * mpmath.asinh(gap / kappa) + excess) / (2 * rate * n))


@pytest.mark.parametrize("gap", [1e-3, 0.5, 3.0, 40.0, 300.0])
@pytest.mark.parametrize("log_kappa", [-1400.0, -37.0, -4.0, 0.5])
def test_the_quadrature_is_that_of_the_displayed_integral(gap, log_kappa):
    for n in (2, 1000):
        expected = slow_time(gap, n, 0.07, log_kappa)
        # u, of the order of -log kappa, is rounded, and multiplied by the gap.
        allowed = 1e-11 - 1e-15 * gap * log_kappa
        assert gap_time(gap, n, 0.07, log_kappa) == pytest.approx(expected, rel=allowed)


LOGS = st.floats(-1400, 0.5)


@given(st.integers(2, 10**9), LOGS, st.floats(-6, math.log10(600)), st.floats(-13, 1))
def test_the_gap_at_a_time_is_the_inverse(n, log_kappa, log_gap, log_rate):
    gap, rate = 10**log_gap, 10**log_rate
    time = gap_time(gap, n, rate, log_kappa)
    assert gap_at(time, n, rate, log_kappa) == pytest.approx(gap, rel=1e-9)


@pytest.mark.parametrize("gap", [1e-300, 1e-200, 1e-40, 1e-12])
def test_the_inverse_holds_for_the_smallest_gaps(gap):
    """On the scale of kappa and far above it; then u = log(2 gap / kappa)."""
    for log_kappa in (-1400.0, math.log(gap) - 40, math.log(gap) - 2, math.log(gap)):
        time = gap_time(gap, 4, 0.1, log_kappa)
        assert gap_at(time, 4, 0.1, log_kappa) == pytest.approx(gap, rel=1e-9)
        if log_kappa < math.log(gap) - 30:
            u = math.log(2) + math.log(gap) - log_kappa
            assert time == pytest.approx(u / 0.2, rel=1e-11)


@pytest.mark.parametrize("time", [1e-300, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3])
def test_a_gap_far_below_its_scale_grows_evenly(time):
    """Then e^x = 1 and sinh u = u = 2 g t."""
    for log_kappa in (-16.0, 0.0):
        gap = gap_at(time, 4, 0.1, log_kappa)
        assert gap == pytest.approx(math.exp(log_kappa) * 0.2 * time, rel=1e-3)
        assert gap_time(gap, 4, 0.1, log_kappa) == pytest.approx(time, rel=1e-6)


def test_nothing_opens_where_there_is_nothing_to_learn():
    assert gap_time(1.0, 1, 0.0, math.inf) == gap_at(5.0, 1, 0.0, math.inf) == 0
    assert gap_time(0.0, 4, 0.1, -9.0) == gap_at(0.0, 4, 0.1, -9.0) == 0


@pytest.mark.parametrize("n", [2, 3, 100, 10**9])
def test_half_of_a_loss_is_lost_at_the_half_gap(n):
    lost = math.log1p((n - 1) * math.exp(-half_gap(n)))
    assert lost == pytest.approx(math.log(n) / 2, rel=1e-14)


@pytest.mark.parametrize("sizes", [(16, 4, 8), (6, 12, 3), (4, 3, 1), (4, 1, 4)])
def test_losses_at_a_time_are_those_of_the_symmetric_flow(sizes):
    times = [0.0, 1.0, 30.0, 100.0, 150.0, 300.0, 1e4, 1e9]
    run = symmetric_flow(*sizes, t_max=1e9, alpha=1e-3, at=times)
    found = [balanced_losses(*sizes, alpha=1e-3, time=t) for t in times]
    expected = np.column_stack([run.relation_loss, run.subject_loss])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


# --- slopes, order, plateau ---------------------------------------------------------------------


@pytest.mark.parametrize("sizes", SIZES)
def test_slopes_are_what_times_gain_for_a_factor_of_e(sizes):
    small, smaller = (stages(*sizes, alpha=alpha) for alpha in (1e-200, 1e-200 / math.e))
    gained = smaller.t_relation - small.t_relation
    assert gained == pytest.approx(small.slope_relation, rel=1e-9)
    gained = smaller.t_subject - small.t_subject
    assert gained == pytest.approx(small.slope_subject, rel=1e-9)
    assert (1 / small.slope_relation, 1 / small.slope_subject) == balanced_rates(*sizes)


@given(st.integers(1, 300), st.integers(2, 300), st.integers(2, 300))
def test_the_order_is_that_of_the_rates_at_small_scales(per, R, D):
    S = D * per
    ratio = order_ratio(S, R, D)
    assert ratio == pytest.approx(S / R * math.sqrt((R - 1) / (D - 1)), rel=1e-12)
    found = stages(S, R, D, alpha=1e-300)
    if abs(ratio - 1) > 0.02:
        assert found.first == ("relation" if ratio > 1 else "subject")
    heights = {"relation": math.log(D), "subject": math.log(R), "both": 0.0}
    assert found.plateau == heights[found.first]
    assert found.length == abs(found.t_relation - found.t_subject)


def test_what_need_not_be_learnt_has_time_0_and_no_slope():
    found = stages(4, 3, 1, alpha=1e-4)
    assert (found.t_subject, found.slope_subject, found.first) == (0, math.inf, "relation")
    assert found.plateau == 0
    assert order_ratio(4, 3, 1) == math.inf
    found = stages(4, 1, 4, alpha=1e-4)
    assert (found.t_relation, found.slope_relation, found.first) == (0, math.inf, "subject")
    assert found.plateau == 0
    assert order_ratio(4, 1, 4) == 0


# --- the late rate ------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(16, 4, 8), (40, 2, 2), (6, 2, 6), (4, 3, 1), (4, 1, 4)])
def test_margin_and_constraints_are_those_of_the_cone_program(sizes):
    found = max_margin(FlowFacts(*sizes).model(2))
    assert balanced_inverse_margin(*sizes) == pytest.approx(found.inverse, rel=1e-7)
    assert balanced_log_k(*sizes) == pytest.approx(found.log_k, abs=1e-6)
    both = stages(*sizes, alpha=0.1)
    assert both.rate == balanced_inverse_margin(*sizes) / 4
    assert both.log_k == balanced_log_k(*sizes)


@given(st.integers(1, 10**6), st.integers(2, 10**6), st.integers(2, 10**6))
def test_active_constraints_are_at_most_the_wrong_answers_of_both_kinds(per, R, D):
    """An entropy: R + D - 2 where the shares are as the numbers."""
    k = math.exp(balanced_log_k(D * per, R, D))
    assert k <= (R + D - 2) * (1 + 1e-12)


def test_all_constraints_count_alike_where_shares_are_as_the_numbers():
    """S = R = D: by symmetry each half of the loss has half of the constraints."""
    assert math.exp(balanced_log_k(7, 7, 7)) == pytest.approx(12, rel=1e-14)


@pytest.mark.parametrize("sizes", [(16, 4, 8), (10**9, 10**5, 10**3)])
def test_the_late_rate_is_that_of_the_integral(sizes):
    """L t (log(k/L) - 1) nears its limit like 1/log^2 of t over the slowest time; up to 1e290."""
    found = stages(*sizes, alpha=1e-2)
    off = []
    for time in (1e30, 1e100, 1e290):
        loss = sum(balanced_losses(*sizes, alpha=1e-2, time=time))
        constant = loss * time * (found.log_k - math.log(loss) - 1)
        off.append(abs(constant / found.rate - 1))
    assert off == sorted(off, reverse=True)
    assert off[-1] < 4e-4


def test_losses_of_a_random_draw_of_balanced_facts_are_predicted():
    """The order in which answers are dealt out does not matter."""
    times = [50.0, 200.0, 2000.0]
    expected = np.sum([balanced_losses(12, 3, 4, alpha=0.01, time=t) for t in times], axis=1)
    for seed in range(3):
        model = LinearAttention(FlowFacts(12, 3, 4).task(seed))
        run = flow(model, t_max=2000.0, alpha=0.01, rtol=1e-11, at=times)
        np.testing.assert_allclose(run.loss, expected, rtol=1e-7)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((4, 2, 8), "D = 8 > S = 4: some answers would be nobody's"),
        ((9, 2, 4), "D = 4 does not divide S = 9"),
        ((0, 2, 4), "S = 0 is not positive"),
        ((4, 2.5, 4), "R = 2.5 is not an integer"),
    ],
)
def test_sizes_that_cannot_be_balanced_are_refused(sizes, said):
    with pytest.raises(InputError) as caught:
        stages(*sizes, alpha=0.1)
    assert one_line(caught.value).startswith(said)


@pytest.mark.parametrize("alpha", [0.0, -1.0, math.nan, math.inf, 1e-301])
def test_scales_that_mean_nothing_are_refused(alpha):
    with pytest.raises(InputError) as caught:
        stages(16, 4, 8, alpha=alpha)
    assert one_line(caught.value).startswith(f"alpha = {alpha:g} ")


@pytest.mark.parametrize("alpha", [30.0, 1e3, 1e6])
def test_large_scales_have_times_too(alpha):
    """The gap opens while u is of the order of gap / kappa: t = (gap + ...) / kappa."""
    found = stages(16, 4, 8, alpha=alpha)
    for time, n, rate, scale in zip(
        (found.t_relation, found.t_subject), (4, 8), balanced_rates(16, 4, 8),
        log_gap_scales(4, 8, alpha), strict=True,
    ):  # fmt: skip
        gap = half_gap(n)
        # To first order sinh u = u, and the integral is elementary.
        expected = ((n - 1) * gap + math.exp(gap) - 1) / math.exp(scale) / (2 * rate * n)
        assert time == pytest.approx(expected, rel=1e-4)
