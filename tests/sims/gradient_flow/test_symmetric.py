"""The flow of balanced facts in two numbers: against its quadrature, and at any size."""

import json
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError
from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.integration import SOLVERS
from sims.gradient_flow.reduced import flow
from sims.gradient_flow.symmetric import (
    balanced_rates,
    check_balanced,
    log_gap_scales,
    symmetric_flow,
)
from tests.helpers.oracles import one_line

HUGE = (10**9, 10**5, 10**3)


def opened(gap, n, other, per, alpha):
    """Time by which a gap has opened, by quadrature in 50 digits, from V = alpha and w alone.

    The gap obeys du/dt = 2 g n / (n - 1 + exp(kappa sinh u)); ``per`` is R or S, over which the
    gradient is spread.
    """
    with mpmath.workdps(50):
        alpha, n = mpmath.mpf(alpha), mpmath.mpf(n)
        kappa = alpha**2 * (n * other + 1) / 2 * mpmath.sqrt(n / (other * (n - 1)))
        rate = mpmath.sqrt((n - 1) / (n * other)) / per
        end = mpmath.asinh(gap / kappa)
        cuts = [0, *(end - k for k in (60, 30, 15, 7, 3, 1) if end > k), end]
        if len(cuts) < 3:
            cuts = mpmath.linspace(0, end, 9)
        whole = mpmath.quad(lambda u: n - 1 + mpmath.exp(kappa * mpmath.sinh(u)), cuts)
        return float(whole / (2 * rate * n))


def half(n):
    return mpmath.log(mpmath.sqrt(n) + 1)


@pytest.mark.parametrize(
    "sizes", [(16, 4, 8), (12, 6, 3), (64, 2, 64), HUGE, (10**9, 10**9, 10**9)]
)
@pytest.mark.parametrize("alpha", [1e-300, 1e-20, 1e-4, 0.5, 10.0])
def test_stage_times_are_those_of_the_quadrature(sizes, alpha):
    S, R, D = sizes
    relation = opened(half(R), R, D, R, alpha)
    subject = opened(half(D), D, R, S, alpha)
    found = symmetric_flow(S, R, D, t_max=1.01 * max(relation, subject), alpha=alpha, samples=2)
    assert found.t_relation == pytest.approx(relation, rel=1e-10)
    assert found.t_subject == pytest.approx(subject, rel=1e-10)


@pytest.mark.parametrize("sizes", [(16, 4, 8), pytest.param(HUGE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("alpha", [1e-300, 1e-4, 2.0])
@pytest.mark.parametrize("solver", SOLVERS[1:])
def test_two_solvers_agree(sizes, alpha, solver):
    """Each evaluation may move u by the tolerance times u, and a gap, kappa sinh u, by that."""
    last = 1e3 / balanced_rates(*sizes)[1]
    run = {"t_max": last, "alpha": alpha, "samples": 30}
    one = symmetric_flow(*sizes, **run)
    two = symmetric_flow(*sizes, solver=solver, rtol=1e-9, **run)
    largest = max(1.0, -min(log_gap_scales(*sizes[1:], alpha)))
    allowed = two.evaluations * largest * 1e-9
    assert allowed < 5e-3
    for name in ("loss", "relation_loss", "subject_loss", "smallest_w"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), rtol=allowed)


@pytest.mark.parametrize("sizes", [(1, 5, 1), (6, 1, 3), (4, 3, 1), (3, 4, 3), (6, 2, 6)])
def test_small_sizes_are_those_of_the_full_flow(sizes):
    run = {"t_max": 1e3, "alpha": 0.01, "samples": 20}
    reduced, full = symmetric_flow(*sizes, **run), flow(FlowFacts(*sizes).model(0), **run)
    for name in ("loss", "relation_loss", "subject_loss", "smallest_w"):
        one, two = getattr(reduced, name), getattr(full, name)
        np.testing.assert_allclose(one, two, rtol=1e-6, atol=1e-14, err_msg=name)
    for name in ("t_relation", "t_subject"):
        one, two = getattr(reduced, name), getattr(full, name)
        assert one == pytest.approx(two, rel=1e-7)


def test_without_alternatives_there_is_nothing_to_learn():
    one_answer = symmetric_flow(4, 3, 1, t_max=100.0, samples=5)
    assert one_answer.t_subject == 0
    assert (one_answer.subject_loss == 0).all()
    assert one_answer.relation_loss[0] == pytest.approx(math.log(3), rel=1e-15)
    one_relation = symmetric_flow(4, 1, 4, t_max=100.0, samples=5)
    assert one_relation.t_relation == 0
    assert (one_relation.relation_loss == 0).all()
    nothing = symmetric_flow(4, 1, 1, t_max=100.0, samples=5)
    assert (nothing.loss == 0).all()
    assert nothing.smallest_w == pytest.approx(1e-4 * math.sqrt(2), rel=1e-12)


@pytest.mark.slow
@given(
    st.integers(2, 10**9), st.integers(2, 10**6), st.integers(1, 10**6),
    st.floats(-300, 0.5), st.floats(0, 3),
)  # fmt: skip
def test_losses_fall_from_their_logarithms_at_any_size(D, R, per, exponent, length):
    S = D * per
    alpha = 10.0**exponent
    found = symmetric_flow(S, R, D, t_max=10**length * S * math.sqrt(R), alpha=alpha, samples=9)
    assert found.relation_loss[0] == pytest.approx(math.log(R), rel=1e-12)
    assert found.subject_loss[0] == pytest.approx(math.log(D), rel=1e-12)
    for losses in (found.relation_loss, found.subject_loss):
        assert (losses >= 0).all()
        assert (np.diff(losses) <= 1e-12).all()
    assert (found.loss == found.relation_loss + found.subject_loss).all()
    assert (np.diff(found.smallest_w) >= 0).all()
    assert found.drift is None


def test_levels_and_samples_are_those_asked_for():
    found = symmetric_flow(16, 4, 8, t_max=1e4, at=[0, 300.0, 1e4], loss_below=0.01)
    assert found.time.tolist() == [0, 300, 1e4]
    for time, name, level in (
        (found.t_relation, "relation_loss", math.log(2)),
        (found.t_subject, "subject_loss", math.log(8) / 2),
        (found.t_loss, "loss", 0.01),
    ):
        there = symmetric_flow(16, 4, 8, t_max=time, samples=1)
        assert getattr(there, name)[0] == pytest.approx(level, rel=1e-10)
    told = json.loads(json.dumps(found.to_dict()))
    assert (told["model"], told["drift"], told["rtol"]) == ("symmetric flow", None, 1e-12)
    assert repr(found).startswith("FlowResult(symmetric flow, S=16 R=4 D=8, t_relation=115.4")


def test_growth_rates_are_norms_of_the_gradient_at_the_start():
    for case in (FlowFacts(16, 4, 8), FlowFacts(6, 9, 3), FlowFacts(5, 1, 5), FlowFacts(4, 3, 1)):
        S, R, D = case.subjects, case.relations, case.answers
        model = case.model(0)
        norms = np.linalg.norm(model.gradient(model.initial(1e-9)), axis=1)
        relation, subject = balanced_rates(S, R, D)
        np.testing.assert_allclose(norms[S:], relation, atol=1e-15)
        np.testing.assert_allclose(norms[:S], subject, atol=1e-15)


def test_scales_of_gaps_do_not_underflow():
    relation, subject = log_gap_scales(4, 8, 1e-300)
    expected = 2 * math.log(1e-300) + math.log(33 / 2)
    assert relation == pytest.approx(expected + 0.5 * math.log(4 / 24), rel=1e-15)
    assert subject == pytest.approx(expected + 0.5 * math.log(8 / 28), rel=1e-15)
    assert log_gap_scales(1, 8, 0.1)[0] == log_gap_scales(8, 1, 0.1)[1] == math.inf


# --- refusals -----------------------------------------------------------------------------------

WRONG = [
    ((4, 2, 8), {}, "D = 8 > S = 4: some answers would be nobody's"),
    ((9, 2, 4), {}, "D = 4 does not divide S = 9: facts cannot be balanced"),
    ((0, 2, 1), {}, "S = 0 is not positive"),
    ((4, 0, 2), {}, "R = 0 is not positive"),
    ((4, 2, -1), {}, "D = -1 is not positive"),
    ((4.0, 2, 2), {}, "S = 4.0 is not an integer"),
    ((4, 2, 2), {"t_max": 0}, "t_max = 0 is not a positive time"),
    ((4, 2, 2), {"t_max": math.inf}, "t_max = inf is not a positive time"),
    ((4, 2, 2), {"alpha": 0}, "alpha = 0 is not a positive initial scale"),
    ((4, 2, 2), {"alpha": 1e-301}, "alpha = 1e-301 underflows; the smallest"),
    ((4, 2, 2), {"alpha": math.nan}, "alpha = nan is not a positive initial scale"),
    ((4, 2, 2), {"rtol": 1e-15}, "rtol = 1e-15 is not in"),
    ((4, 2, 2), {"solver": "Euler"}, "solver 'Euler' is not one of"),
    ((4, 2, 2), {"samples": 0}, "samples = 0 is not positive"),
    ((4, 2, 2), {"at": [2, 1]}, "at: sampled times must increase"),
]


@pytest.mark.parametrize(("sizes", "change", "said"), WRONG, ids=[said for *_, said in WRONG])
def test_bad_arguments_are_named(sizes, change, said):
    with pytest.raises(InputError) as caught:
        symmetric_flow(*sizes, **{"t_max": 10.0} | change)
    assert one_line(caught.value).startswith(said)


def test_sizes_come_back_as_plain_integers():
    sizes = check_balanced(np.int64(6), np.int32(2), 3)
    assert sizes == (6, 2, 3)
    assert [type(n) for n in sizes] == [int] * 3
