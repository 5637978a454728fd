"""The gradient flow: against the reduction, other solvers, and what it conserves."""

import json
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from assoc import InputError
from assoc.facts.recall_task import grid_task
from assoc.gradient_flow.limits import OutOfRangeError
from assoc.gradient_flow.linear_attention import LinearAttention, Losses
from sims.gradient_flow import integration, jacobian
from sims.gradient_flow import velocity as velocity_module
from sims.gradient_flow.facts import KINDS, FlowFacts
from sims.gradient_flow.integration import SOLVERS, SolverError, follow, sample_times
from sims.gradient_flow.reduced import FlowResult, flow
from sims.gradient_flow.symmetric import symmetric_flow
from tests.helpers.oracles import one_line

# Its name in the package is that of the function.
flow_module = sys.modules["sims.gradient_flow.reduced"]

MODEL = LinearAttention(grid_task(16, 4, 8))


def relative(one, two):
    return float(np.abs(one / two - 1).max())


# --- what it computes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [
        FlowFacts(16, 4, 8),
        FlowFacts(12, 6, 3),
        FlowFacts(6, 8, 3),
        FlowFacts(5, 3, 5),
        FlowFacts(12, 3, 4, length=3),
        FlowFacts(12, 3, 4, length=7, noise=2),
    ],
)
def test_balanced_facts_follow_the_symmetric_reduction(case):
    run = {"t_max": 1e6, "alpha": 1e-3, "samples": 40}
    full = flow(case.model(0), rtol=1e-12, **run)
    reduced = symmetric_flow(case.subjects, case.relations, case.answers, **run)
    assert (full.time == reduced.time).all()
    for name in ("loss", "relation_loss", "subject_loss", "t_relation", "t_subject"):
        assert relative(getattr(full, name), getattr(reduced, name)) < 1e-8, name
    if case.length is None:
        assert relative(full.smallest_w, reduced.smallest_w) < 1e-8


@pytest.mark.parametrize("alpha", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("solver", ["DOP853", pytest.param("Radau", marks=pytest.mark.slow)])
def test_large_initial_scales_are_as_exact(alpha, solver):
    """Logits open by changes of V that are small beside V itself."""
    run = {"t_max": 20 / alpha**2, "alpha": alpha, "solver": solver, "samples": 5}
    full, reduced = flow(MODEL, **run), symmetric_flow(16, 4, 8, **run)
    for name in ("loss", "t_relation", "t_subject"):
        assert relative(getattr(full, name), getattr(reduced, name)) < 1e-6, name


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_runge_kutta_method_of_small_steps_ends_at_the_same_state(kind):
    model = FlowFacts(8, 3, 4, kind).model(0)
    state, h, steps = model.initial(0.2), 0.02, 1000
    found = flow(model, t_max=h * steps, alpha=0.2, rtol=1e-12, samples=1).state
    for _ in range(steps):
        one = model.velocity(state)
        two = model.velocity(state + h / 2 * one)
        three = model.velocity(state + h / 2 * two)
        four = model.velocity(state + h * three)
        state = state + h / 6 * (one + 2 * two + 2 * three + four)
    np.testing.assert_allclose(found, state, rtol=1e-9, atol=1e-10)


@pytest.fixture(scope="module")
def exact():
    return flow(MODEL, t_max=1e3, rtol=1e-12, samples=30, loss_below=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("solver", SOLVERS)
def test_solvers_agree_to_what_their_tolerance_allows(solver, exact):
    """Each evaluation may be off by rtol, relatively."""
    rtol = 1e-8
    found = flow(
        MODEL, t_max=1e3, rtol=rtol, solver=solver, samples=30, loss_below=0.01, drift=1e-6
    )
    allowed = found.evaluations * rtol
    assert allowed < 5e-5
    for name in ("loss", "relation_loss", "subject_loss", "t_relation", "t_subject", "t_loss"):
        assert relative(getattr(found, name), getattr(exact, name)) < allowed, name
    assert (found.solver, found.rtol) == (solver, rtol)


def test_a_smaller_tolerance_is_nearer(exact):
    errors = [
        relative(flow(MODEL, t_max=1e3, rtol=rtol, samples=30, drift=1).loss, exact.loss)
        for rtol in (1e-4, 1e-6, 1e-8, 1e-10)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-8 < errors[0]


@pytest.mark.parametrize("case", [
    *(FlowFacts(16, 4, 8, kind) for kind in KINDS),
    pytest.param(FlowFacts(16, 4, 8, "random", length=8), marks=pytest.mark.slow),
    pytest.param(FlowFacts(128, 2, 4), marks=pytest.mark.slow),
    FlowFacts(3, 48, 3),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("alpha", [1e-9, 0.01])
def test_what_is_conserved_stays_and_no_loss_or_weight_goes_the_wrong_way(case, alpha):
    model = case.model(0)
    found = flow(model, t_max=1e4, alpha=alpha, samples=50, keep_states=True)
    assert found.drift <= 1e-9
    first = model.invariants(model.initial(alpha))
    # The interpolant between steps is coarser than their ends.
    for state, allowed in (*((y, 1e-7) for y in found.states), (found.state, 1e-9)):
        V, w = model.unpack(state)
        off = np.abs(model.invariants(state) - first)
        assert (off <= allowed * np.stack([w**2, np.abs(V).sum(axis=1)])).all()
    assert (np.diff(found.loss) <= 1e-12).all()
    start = alpha * np.sqrt(model.task.answers + 1)
    assert (found.smallest_w >= start * (1 - 1e-9)).all()
    if case.kind == "parity":
        # What is known of the subject leaves four answers, and no more can be learnt.
        assert found.loss[-1] == pytest.approx(np.log(4), rel=1e-3)
    else:
        assert found.loss[-1] < 0.05 * found.loss[0]


# --- times and samples --------------------------------------------------------------------------


def test_levels_are_where_they_are_said_to_be():
    """Integrated afresh up to that very time, at another tolerance."""
    found = flow(MODEL, t_max=1e4, rtol=1e-10, loss_below=0.02)
    start = MODEL.losses(MODEL.initial(1e-4))
    assert found.loss_below == 0.02
    for time, which, level in (
        (found.t_relation, 1, start.relation / 2),
        (found.t_subject, 2, start.subject / 2),
        (found.t_loss, 0, 0.02),
    ):
        there = flow(MODEL, t_max=time, rtol=1e-12, samples=1)
        losses = (there.loss, there.relation_loss, there.subject_loss)
        assert losses[which][0] == pytest.approx(level, rel=1e-8)
        # The same steps, whose interpolant the level was located on.
        again = flow(MODEL, t_max=1e4, rtol=1e-10, at=[time])
        same = (again.loss, again.relation_loss, again.subject_loss)[which][0]
        assert same == pytest.approx(level, rel=1e-12)


def test_levels_that_are_not_reached_have_no_time_and_those_of_the_start_have_time_0():
    found = flow(MODEL, t_max=200.0, loss_below=1e-9)
    assert found.t_relation == pytest.approx(115.4, abs=0.05)
    assert (found.t_subject, found.t_loss) == (None, None)
    assert "t_relation=115.4, t_subject=not reached, loss 2.09 at t=200)" in repr(found)
    assert flow(MODEL, t_max=1.0, loss_below=3.5).t_loss == 0
    assert flow(MODEL, t_max=1.0).t_loss is None
    alone = flow(LinearAttention(grid_task(4, 1, 2)), t_max=1e3)
    assert alone.t_relation == 0 < alone.t_subject
    alone = flow(LinearAttention(grid_task(4, 3, 1)), t_max=1e3)
    assert alone.t_subject == 0 < alone.t_relation


def test_samples_are_states_of_the_trajectory():
    at = [0.0, 3.0, 150.0, 400.0, 900.0, 1000.0]
    found = flow(MODEL, t_max=1e3, rtol=1e-11, at=at, keep_states=True)
    assert found.time.tolist() == at
    assert (found.states[0] == MODEL.initial(1e-4)).all()
    assert (found.states[-1] == found.state).all()
    for k, state in enumerate(found.states):
        seen = found.loss[k], found.relation_loss[k], found.subject_loss[k]
        assert seen == MODEL.losses(state)
        assert found.smallest_w[k] == MODEL.unpack(state)[1].min()
        if k > 0:
            there = flow(MODEL, t_max=at[k], rtol=1e-12, samples=1).state
            np.testing.assert_allclose(state, there, rtol=1e-7)


def test_a_trajectory_can_be_taken_up_where_it_ended():
    first = flow(MODEL, t_max=200.0, rtol=1e-11)
    kept = first.state.copy()
    then = flow(MODEL, t_max=300.0, start=first.state, rtol=1e-11)
    whole = flow(MODEL, t_max=500.0, rtol=1e-11)
    assert then.alpha is None
    assert (first.state == kept).all()
    np.testing.assert_allclose(then.state, whole.state, rtol=1e-8)


def test_sampled_times_are_even_in_log_t():
    assert sample_times(1e4, 1, None).tolist() == [1e4]
    times = sample_times(1e4, 5, None)
    np.testing.assert_allclose(times, [0, 1, 10, 100, 1000, 10000], rtol=1e-12)
    times = sample_times(0.3, 4, None)
    np.testing.assert_allclose(times, [0, 3e-4, 3e-3, 0.03, 0.3], rtol=1e-12)
    assert times[-1] == 0.3
    assert sample_times(2.0, 7, [0.5, 2]).tolist() == [0.5, 2]
    found = flow(MODEL, t_max=77.7, samples=10)
    assert (found.time == sample_times(77.7, 10, None)).all()
    assert found.states is None


def test_threads_change_no_bit(monkeypatch):
    monkeypatch.setattr(velocity_module, "LARGE", 1)
    states = []
    for threads in (1, 2):
        monkeypatch.setattr(flow_module, "available_threads", lambda n=threads: n)
        states.append(flow(FlowFacts(8, 3, 4, "random").model(0), t_max=50.0, alpha=0.1).state)
    assert states[0].tobytes() == states[1].tobytes()


# --- the record ---------------------------------------------------------------------------------


def test_the_record_becomes_plain_values_a_table_and_a_figure(exact):
    told = json.loads(json.dumps(exact.to_dict()))
    assert told["model"] == "full flow"
    assert (told["subjects"], told["relations"], told["answers"]) == (16, 4, 8)
    assert (told["alpha"], told["solver"], told["rtol"]) == (1e-4, "DOP853", 1e-12)
    assert told["loss"] == exact.loss.tolist()
    assert told["t_loss"] == exact.t_loss > exact.t_subject > exact.t_relation
    assert told["drift"] == exact.drift
    assert told["evaluations"] == exact.evaluations > 100
    rows = exact.rows()
    assert len(rows) == len(exact.time) == 31
    assert rows[4] == {
        name: getattr(exact, name)[4]
        for name in ("time", "loss", "relation_loss", "subject_loss", "smallest_w")
    }
    assert exact.to_frame()["loss"].tolist() == told["loss"]
    assert exact._repr_html_().count("<tr") == 32
    assert repr(exact).startswith("FlowResult(full flow, S=16 R=4 D=8, t_relation=115.4, t_subj")
    ax = exact.plot(Figure().subplots())
    assert [line.get_label() for line in ax.lines] == [
        "loss", "relation-only loss", "subject-only loss",
    ]  # fmt: skip
    assert ax.lines[0].get_xdata().tolist() == exact.time[1:].tolist()
    assert ax.lines[2].get_ydata().tolist() == exact.subject_loss[1:].tolist()
    assert (ax.get_xscale(), ax.get_ylabel()) == ("log", "loss (nats)")
    named = flow(LinearAttention(grid_task(4, 2, 2), length=6), t_max=1.0)
    assert named.model == "full flow, prompts of 6 tokens"
    assert isinstance(named, FlowResult)


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"drift": 1e-15}, {"rtol": 1e-3, "drift": 1e-9}, {"rtol": 1e-2, "drift": 1e-6}]
)
def test_a_run_that_drifts_is_not_returned(change):
    with pytest.raises(SolverError) as caught:
        flow(MODEL, t_max=1e3, **change)
    said = one_line(caught.value)
    assert said.startswith("conserved numbers drifted by ")
    assert f"more than {change['drift']:g}. Try a smaller rtol, or another" in said


def nothing(_):
    return Losses(1.0, 1.0, 1.0)


def followed(velocity, start, **options):
    run = {"t_max": 1.0, "solver": "DOP853", "rtol": 1e-6, "atol": 1e-6, "samples": 3} | options
    return follow(velocity, np.array(start), losses=nothing, weights=lambda _: 1.0, **run)


@pytest.mark.parametrize("solver", ["LSODA", "BDF"])
def test_a_state_that_is_no_number_is_not_returned(solver):
    with pytest.raises(SolverError) as caught:
        followed(lambda t, y: y if t < 0.5 else y * np.nan, [1.0, 2.0], solver=solver)
    assert one_line(caught.value).startswith(f"{solver} failed")


@pytest.mark.parametrize("solver", ["DOP853", "RK45", "Radau"])
def test_a_solver_that_fails_has_its_message_passed_on(solver):
    with pytest.raises(SolverError) as caught:
        followed(lambda t, y: y if t < 0.5 else y * np.nan, [1.0, 2.0], solver=solver)
    said = one_line(caught.value)
    assert said.startswith(f"{solver} failed at t = 0.")
    assert said.endswith(
        "Required step size is less than spacing between numbers. "
        "Try another solver, or another rtol"
    )


def test_a_run_of_too_many_evaluations_is_given_up(monkeypatch):
    monkeypatch.setattr(integration, "MAX_EVALUATIONS", 100)
    with pytest.raises(SolverError) as caught:
        flow(MODEL, t_max=1e4)
    assert one_line(caught.value).startswith("DOP853 took 1")
    assert one_line(caught.value).endswith("of 10000. Try a smaller t_max, or a larger rtol")


def test_a_step_that_leaves_the_range_is_rejected():
    """A stiff equation that overshoots at stages: never where a step ends."""
    raised = []

    def velocity(t, y):
        if y[0] > 1.01:
            raised.append(t)
            raise OutOfRangeError("too large")
        return 100 * (1 - y)

    trace = followed(velocity, [0.0], t_max=10.0, rtol=1e-3, atol=1e-3)
    assert raised
    assert trace.state[0] == pytest.approx(1, abs=5e-3)


def test_a_state_out_of_range_ends_the_run_in_one_line():
    start = MODEL.initial(1.0)
    MODEL.unpack(start)[0][0, 0] = 200.0
    with pytest.raises(OutOfRangeError, match=r"logits of one token spread over 1\.14e\+03"):
        flow(MODEL, t_max=1.0, start=start)


def test_implicit_solvers_are_for_small_models(monkeypatch):
    monkeypatch.setattr(jacobian, "LARGEST_STATE", 659)
    for solver in ("Radau", "BDF"):
        with pytest.raises(InputError) as caught:
            flow(MODEL, t_max=1.0, solver=solver)
        said = one_line(caught.value)
        assert said == f"solver {solver} needs the Jacobian, 660 x 660 here; above 659 use DOP853"


WRONG = [
    ({"t_max": 0}, "t_max = 0 is not a positive time"),
    ({"t_max": -1.0}, "t_max = -1 is not a positive time"),
    ({"t_max": np.nan}, "t_max = nan is not a positive time"),
    ({"t_max": np.inf}, "t_max = inf is not a positive time"),
    ({"alpha": 0.0}, "alpha = 0 is not a positive initial scale"),
    ({"alpha": 1e-200}, "alpha = 1e-200 underflows; the smallest initial scale here is 1e-140"),
    ({"alpha": 1e9}, "alpha = 1e+09 is above 10"),
    ({"start": np.ones(659)}, "start has shape (659,); V and w of 20 tokens"),
    ({"start": np.ones((20, 33))}, "start has shape (20, 33); V and w of 20 tokens"),
    ({"solver": "Euler"}, "solver 'Euler' is not one of DOP853, RK45, LSODA, Radau, BDF"),
    ({"solver": "OdeSolver"}, "solver 'OdeSolver' is not one of"),
    ({"rtol": 0.0}, "rtol = 0 is not in [1e-13, 0.1]"),
    ({"rtol": 1e-14}, "rtol = 1e-14 is not in [1e-13, 0.1]"),
    ({"rtol": 0.2}, "rtol = 0.2 is not in [1e-13, 0.1]"),
    ({"rtol": np.nan}, "rtol = nan is not in [1e-13, 0.1]"),
    ({"loss_below": np.nan}, "loss_below = nan is not"),
    ({"samples": 0}, "samples = 0 is not positive"),
    ({"samples": 2.5}, "samples = 2.5 is not an integer"),
    ({"at": []}, "at: sampled times must increase"),
    ({"at": [1, 1]}, "at: sampled times must increase"),
    ({"at": [2, 1]}, "at: sampled times must increase"),
    ({"at": [[1]]}, "at: sampled times must increase"),
    ({"at": [1, np.nan]}, "at: sampled times must"),
    ({"at": [np.nan]}, "at: sampled times must"),
    ({"at": [-1, 1]}, "at: sampled times must be in [0, t_max = 10]"),
    ({"at": [1, 11]}, "at: sampled times must be in [0, t_max = 10]"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_bad_arguments_are_named(change, said):
    with pytest.raises(InputError) as caught:
        flow(MODEL, **{"t_max": 10.0} | change)
    assert one_line(caught.value).startswith(said)
