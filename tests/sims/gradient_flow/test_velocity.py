"""The velocity at speed and its derivative: against the definition, and finite differences."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import example_path, read_facts
from assoc.facts.recall_task import RecallTask, balanced_task, grid_task, table_task
from assoc.gradient_flow.limits import OutOfRangeError
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.engine.kernels import SUBJECTS, shift_logits
from sims.gradient_flow import velocity as module
from sims.gradient_flow.facts import KINDS, FlowFacts
from sims.gradient_flow.jacobian import jacobian
from sims.gradient_flow.velocity import Velocity
from tests.helpers.oracles import one_line


def overlapping(noise=0):
    """Gaps, an answer of both relations, one that a subject has twice, one that nobody has."""
    rows = [(0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 3), (2, 1, 1), (3, 0, 0), (3, 2, 5), (1, 2, 1)]
    return RecallTask(4, 3, 6, np.array(rows), noise)


def scattered(subjects):
    """Random facts with gaps, with answers of all relations, and more subjects than a block."""
    rng = np.random.default_rng(subjects)
    s, r = np.divmod(np.arange(3 * subjects), 3)
    table = np.column_stack([s, r, rng.integers(0, 7, len(s))])
    kept = (rng.random(len(s)) < 0.7) | (r == s % 3)
    return RecallTask(subjects, 3, 8, table[kept], 2)


def drawn(task):
    return np.random.default_rng(7).dirichlet(np.ones(len(task)))


BOUNDED = table_task(read_facts(example_path("countries.csv")), specific=False)

MODELS = {
    **{kind: FlowFacts(8, 3, 4, kind).model(0) for kind in KINDS},
    "one subject": LinearAttention(RecallTask(1, 2, 3, np.array([[0, 0, 0], [0, 1, 2]]), 0)),
    "one relation": LinearAttention(grid_task(5, 1, 2)),
    "one answer each": LinearAttention(grid_task(3, 4, 1)),
    "overlapping": LinearAttention(overlapping(), drawn(overlapping())),
    "with the end": LinearAttention(overlapping(), length=3),
    "with noise": LinearAttention(grid_task(6, 3, 2, noise=5), length=9),
    "a block": LinearAttention(scattered(SUBJECTS)),
    "a block and one": LinearAttention(scattered(SUBJECTS + 1), drawn(scattered(SUBJECTS + 1))),
    "several blocks": LinearAttention(scattered(3 * SUBJECTS + 5), length=6),
    "a weight of 0": LinearAttention(overlapping(), np.array([0, 3, 1, 2, 1, 0, 2, 1]) / 10),
}


def state_of(model, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal(model.initial(1.0).shape)


def close(model, found, state, rtol=1e-13):
    """Each token's V, and w, to a relative precision of its largest entry."""
    for one, two in zip(model.unpack(found), model.unpack(model.velocity(state)), strict=True):
        size = np.abs(two).max(axis=-1, keepdims=True)
        assert (np.abs(one - two) <= rtol * size).all()


@pytest.mark.parametrize("large", [10**9, 1], ids=["whole", "in halves"])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_velocity_is_that_of_the_definition(monkeypatch, model, large):
    monkeypatch.setattr(module, "LARGE", large)
    with Velocity(model) as velocity:
        for seed in range(3):
            state = state_of(model, seed)
            given = state.copy()
            close(model, velocity(state), state)
            assert (state == given).all()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_two_threads_change_no_bit(monkeypatch, model):
    monkeypatch.setattr(module, "LARGE", 1)
    with Velocity(model, threads=1) as alone, Velocity(model, threads=2) as both:
        assert both._pool is not None
        for seed in range(3):
            state = state_of(model, seed)
            one, two = alone(state), both(state)
            assert one.tobytes() == two.tobytes()


def test_calls_leave_nothing_behind():
    model = MODELS["several blocks"]
    with Velocity(model) as velocity:
        first = velocity(state_of(model, 0))
        kept = first.copy()
        velocity(state_of(model, 1))
        assert (first == kept).all()
        assert (velocity(state_of(model, 0)) == kept).all()


def test_a_large_table_with_shared_answers_goes_in_halves():
    model = LinearAttention(BOUNDED, length=5)
    assert model.tokens * model.task.answers >= module.LARGE
    assert model.task.shared_answers
    state = state_of(model, scale=0.3)
    with Velocity(model, threads=2) as both, Velocity(model) as alone:
        found = both(state)
        assert found.tobytes() == alone(state).tobytes()
    close(model, found, state, rtol=1e-12)


@pytest.mark.parametrize("gap", [28, 60, 200])
def test_what_is_nearly_learnt_keeps_its_relative_precision(gap):
    """Against the definition, whose own precision is tested there."""
    model = LinearAttention(balanced_task(9, 4, 3, rng=np.random.default_rng(0)))
    state = state_of(model, scale=0.3)
    V, w = model.unpack(state)
    w[:] = 1.5
    s, r, a = model.task.facts.T
    V[s, a], V[9 + r, a] = gap / 1.5, gap / 1.5
    assert abs(np.log(model.losses(state).total) + gap) < 3
    with Velocity(model) as velocity:
        close(model, velocity(state), state, rtol=1e-11)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("token", [0, 7, 9], ids=["first half", "second half", "relation"])
@pytest.mark.parametrize(("value", "said"), [(400.0, "400"), (1e300, "1e+300"), (np.nan, "nan")])
def test_logits_out_of_range_are_refused_in_every_part(monkeypatch, threads, token, value, said):
    monkeypatch.setattr(module, "LARGE", 1)
    model = MODELS["balanced"]
    state = model.initial(1.0)
    V, w = model.unpack(state)
    V[token], w[token] = 0.0, 1.0
    V[token, 5] = value
    with Velocity(model, threads=threads) as velocity:
        with pytest.raises(OutOfRangeError) as caught:
            velocity(state)
        assert one_line(caught.value).startswith(f"logits of one token spread over {said}")
        # Threads are as good as before.
        fine = state_of(model)
        close(model, velocity(fine), fine)


@pytest.mark.parametrize("place", [0, 2, 3, slice(None)])
def test_a_logit_that_is_no_number_is_seen(place):
    V = np.ones((3, 4))
    V[1, place] = np.nan
    assert np.isnan(shift_logits(V, np.ones(3), np.empty((3, 4))))


def test_logits_are_shifted_by_their_largest_in_each_row(rng):
    V, w = rng.standard_normal((5, 4)), rng.standard_normal(5)
    out = np.empty_like(V)
    M = w[:, None] * V
    assert shift_logits(V, w, out) == (M.max(axis=1) - M.min(axis=1)).max()
    np.testing.assert_array_equal(out, M - M.max(axis=1, keepdims=True))


# --- its derivative -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*KINDS, "overlapping", "with the end", "with noise"])
def test_the_jacobian_is_that_of_finite_differences(name):
    model, h = MODELS[name], 1e-5
    state = state_of(model, 2, 0.7)
    J = jacobian(model, state)
    steps = h * np.eye(len(state))
    columns = [(model.velocity(state + x) - model.velocity(state - x)) / (2 * h) for x in steps]
    np.testing.assert_allclose(J, np.array(columns).T, atol=2e-9)


def test_the_jacobian_of_a_gradient_is_symmetric():
    for name in ("weighted", "overlapping", "with the end"):
        J = jacobian(MODELS[name], state_of(MODELS[name]))
        np.testing.assert_allclose(J, J.T, atol=1e-15)
    J = jacobian(MODELS["with noise"], state_of(MODELS["with noise"]))
    assert np.abs(J - J.T).max() > 0.01


# --- facts that flows are run on ----------------------------------------------------------------


def test_every_kind_of_facts_is_what_it_says():
    for kind in KINDS:
        model = FlowFacts(8, 3, 4, kind).model(0)
        again, other = (FlowFacts(8, 3, 4, kind).model(seed) for seed in (0, 2))
        assert (model.task.facts == again.task.facts).all()
        if kind != "parity":
            assert len(model.task) == len(other.task)
            assert (model.task.facts != other.task.facts).any()
        assert (model.weights is not None) is (kind == "weighted")
        assert len(model.task) == (18 if kind == "partial" else 24)
        assert bool(model.task.shared_answers) is (kind == "parity")
    counts = np.bincount(FlowFacts(8, 3, 4).task(0).facts[:, 2])
    assert counts.tolist() == [2] * 12
    assert (MODELS["weighted"].weights != FlowFacts(8, 3, 4, "weighted").model(2).weights).any()


def test_a_fault_leaves_out_the_last_facts():
    whole = FlowFacts(8, 3, 4, length=6, noise=3)
    model, cut = whole.model(0), replace(whole, without=2).model(0)
    assert (cut.task.facts == model.task.facts[:-2]).all()
    assert (model.length, model.task.noise) == (6, 3)
    assert whole.labels() == {"facts": "balanced", "S": 8, "R": 3, "D": 4}
