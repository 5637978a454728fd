"""The flow of attention on given embeddings: against the reduced model where that is exact."""

import json

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from assoc.facts.recall_task import even_task, grid_task
from assoc.gradient_flow.embedded_attention import ATTENTIONS, EmbeddedAttention, cue_prompts
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.embedded import embedded_flow
from sims.gradient_flow.integration import SolverError
from sims.gradient_flow.reduced import flow
from tests.helpers.oracles import one_line

TASK = even_task(8, 3, 4, noise=2, rng=np.random.default_rng(0))
CURVES = ("loss", "relation_loss", "subject_loss")


def random_model(attention, *, d=24, length=5, draws=3):
    rng = np.random.default_rng(1)
    prompts = np.concatenate([TASK.prompts(length, rng=rng) for _ in range(draws)])
    return EmbeddedAttention(TASK, sphere(TASK.vocabulary, d, rng=rng), prompts, attention)


def all_prompts(task, length):
    """Prompts of a length in which every noise token has its turn (one place for noise)."""
    cues, end = task.cues, np.full((len(task), 1), task.end)
    if length == 3:
        return np.hstack([cues, end])
    turns = [np.full((len(task), 1), z) for z in task.noise_tokens]
    return np.concatenate([np.hstack([cues, noise, end]) for noise in turns])


@pytest.mark.parametrize("length", [None, 3, 4])
@pytest.mark.parametrize("turned", [False, True], ids=["unit vectors", "turned"])
def test_orthonormal_embeddings_follow_the_reduced_model(length, turned):
    """Noise included: each of the K tokens once is their expectation."""
    prompts = cue_prompts(TASK) if length is None else all_prompts(TASK, length)
    E = np.eye(TASK.vocabulary)
    if turned:
        E = np.linalg.qr(np.random.default_rng(2).standard_normal(E.shape))[0]
    run = {"t_max": 1e3, "alpha": 1e-3, "samples": 20, "loss_below": 0.1}
    found = embedded_flow(EmbeddedAttention(TASK, E, prompts), rtol=1e-10, **run)
    exact = flow(LinearAttention(TASK, length=length), rtol=1e-11, **run)
    for name in (*CURVES, "t_relation", "t_subject", "t_loss"):
        np.testing.assert_allclose(getattr(found, name), getattr(exact, name), rtol=1e-7)
    if length is None:
        np.testing.assert_allclose(found.smallest_w, exact.smallest_w, rtol=1e-7)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_prompts_told_k_times_change_nothing(attention):
    model = random_model(attention)
    repeated = EmbeddedAttention(TASK, model.embeddings, np.tile(model.prompts, (3, 1)), attention)
    run = {"t_max": 100.0, "alpha": 0.05, "rtol": 1e-10, "samples": 10}
    one, two = embedded_flow(model, **run), embedded_flow(repeated, **run)
    for name in CURVES:
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-8)
    assert one.loss[-1] < 0.9 * one.loss[0]


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("solver", ["RK45", "LSODA"])
def test_two_solvers_agree(attention, solver):
    model, run = random_model(attention), {"t_max": 50.0, "alpha": 0.05, "samples": 10}
    one = embedded_flow(model, rtol=1e-11, **run)
    two = embedded_flow(model, solver=solver, rtol=1e-8, drift=1e-5, **run)
    for name in (*CURVES, "smallest_w"):
        allowed = two.evaluations * 1e-8
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), rtol=allowed)


def test_a_plain_runge_kutta_method_of_small_steps_ends_at_the_same_state():
    model = random_model("softmax")
    state, h, steps = model.initial(0.1), 0.05, 400
    found = embedded_flow(model, t_max=h * steps, alpha=0.1, rtol=1e-11, samples=1).state
    for _ in range(steps):
        one = model.velocity(state)
        two = model.velocity(state + h / 2 * one)
        three = model.velocity(state + h / 2 * two)
        four = model.velocity(state + h * three)
        state = state + h / 6 * (one + 2 * two + 2 * three + four)
    np.testing.assert_allclose(found, state, rtol=1e-8, atol=1e-9)


def test_only_linear_attention_conserves_a_number():
    linear = embedded_flow(random_model("linear"), t_max=100.0, alpha=0.05)
    assert 0 < linear.drift <= 1e-9
    model = random_model("linear")
    first, last = (model.invariant(y) for y in (model.initial(0.05), linear.state))
    q = model.unpack(linear.state)[1]
    assert abs(last - first) <= 1.01 * linear.drift * (q @ q)
    assert embedded_flow(random_model("softmax"), t_max=100.0, alpha=0.05).drift is None
    with pytest.raises(SolverError) as caught:
        embedded_flow(model, t_max=100.0, alpha=0.05, drift=1e-16)
    assert one_line(caught.value).startswith("conserved numbers drifted by ")


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_losses_fall_and_the_record_says_of_what(attention):
    model = random_model(attention)
    found = embedded_flow(model, t_max=300.0, alpha=0.05, at=[0.0, 10.0, 100.0, 300.0])
    assert (np.diff(found.loss) < 0).all()
    told = json.loads(json.dumps(found.to_dict()))
    assert told["model"] == f"{attention} attention, d = 24"
    assert (told["subjects"], told["relations"], told["answers"]) == (8, 3, 4)
    assert (told["time"], told["alpha"], told["rtol"]) == ([0, 10, 100, 300], 0.05, 1e-8)
    W, q = model.unpack(found.state)
    assert W.shape == (24, 24)
    assert told["smallest_w"][-1] == pytest.approx((model.embeddings[:11] @ q).min(), rel=1e-12)
    assert told["loss"][-1] == pytest.approx(model.losses(found.state).total, rel=1e-12)


def test_interfering_embeddings_are_not_the_reduced_model():
    found = embedded_flow(random_model("linear", length=3), t_max=500.0, alpha=1e-3)
    exact = flow(LinearAttention(TASK, length=3), t_max=500.0, alpha=1e-3)
    assert abs(found.t_relation / exact.t_relation - 1) > 0.01


WRONG = [
    ({"t_max": 0}, "t_max = 0 is not a positive time"),
    ({"alpha": 0}, "alpha = 0 is not a positive initial scale"),
    ({"alpha": 1e-200}, "alpha = 1e-200 underflows; the smallest"),
    ({"rtol": 1.0}, "rtol = 1 is not in [1e-13, 0.1]"),
    ({"solver": "Euler"}, "solver 'Euler' is not one of"),
    ({"samples": 0}, "samples = 0 is not positive"),
    ({"at": [3, 2]}, "at: sampled times must increase"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_bad_arguments_are_named(change, said):
    task = grid_task(4, 2, 2, noise=0)
    model = EmbeddedAttention(task, np.eye(task.vocabulary), cue_prompts(task))
    with pytest.raises(InputError) as caught:
        embedded_flow(model, **{"t_max": 1.0} | change)
    assert one_line(caught.value).startswith(said)
