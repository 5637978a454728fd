"""Plain gradient descent: steps by hand, and its limit of small steps."""

import json

import numpy as np
import pytest

from assoc import InputError
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.descent import descend
from sims.gradient_flow.facts import KINDS, FlowFacts
from sims.gradient_flow.reduced import flow
from tests.helpers.oracles import one_line

MODEL = FlowFacts(8, 3, 4, "random").model(0)


def by_hand(model, lr, steps, state):
    """States of every step, by the definition of the velocity."""
    states = [state]
    for _ in range(steps):
        states.append(states[-1] + lr * model.velocity(states[-1]))
    return states


@pytest.mark.parametrize("case", [*(FlowFacts(8, 3, 4, kind) for kind in KINDS),
                                  FlowFacts(8, 3, 4, length=7)], ids=str)  # fmt: skip
def test_steps_are_those_of_the_definition(case):
    model = case.model(0)
    states = by_hand(model, 0.7, 50, model.initial(0.1))
    found = descend(model, lr=0.7, steps=50, alpha=0.1, samples=6)
    np.testing.assert_allclose(found.state, states[-1], rtol=1e-11, atol=1e-13)
    steps = np.round(found.time / 0.7).astype(int)
    assert (steps[0], steps[-1]) == (0, 50)
    for k, step in enumerate(steps):
        seen = found.loss[k], found.relation_loss[k], found.subject_loss[k]
        np.testing.assert_allclose(seen, model.losses(states[step]), rtol=1e-10)
        assert found.smallest_w[k] == pytest.approx(model.unpack(states[step])[1].min(), rel=1e-11)


def test_stages_are_the_first_steps_at_which_a_level_is_reached():
    losses = np.array([MODEL.losses(y) for y in by_hand(MODEL, 0.5, 400, MODEL.initial(0.01))])
    found = descend(MODEL, lr=0.5, steps=400, alpha=0.01, loss_below=0.5)
    for time, reached in (
        (found.t_relation, losses[:, 1] <= losses[0, 1] / 2),
        (found.t_subject, losses[:, 2] <= losses[0, 2] / 2),
        (found.t_loss, losses[:, 0] <= 0.5),
    ):
        assert 0 < time == 0.5 * reached.argmax()
    short = descend(MODEL, lr=0.5, steps=3, loss_below=0.5)
    assert (short.t_relation, short.t_subject, short.t_loss) == (None, None, None)


@pytest.mark.parametrize("kind", ["balanced", "random", "weighted"])
def test_the_flow_is_its_limit_at_first_order(kind):
    """Halving the step halves the difference, of states and of losses."""
    model = FlowFacts(8, 3, 4, kind).model(0)
    exact = flow(model, t_max=48.0, alpha=0.01, rtol=1e-11, samples=1)
    off = []
    for lr in (0.1, 0.05, 0.025):
        found = descend(model, lr=lr, steps=round(48 / lr), alpha=0.01, samples=1)
        off.append((np.abs(found.state - exact.state).max(), abs(found.loss[-1] - exact.loss[-1])))
    ratios = np.array(off)[:-1] / np.array(off)[1:]
    np.testing.assert_allclose(ratios, 2, rtol=0.05)
    assert off[-1][0] < 0.02


def test_conserved_numbers_drift_and_it_is_said_by_how_much():
    found = descend(MODEL, lr=1.0, steps=300, alpha=0.01)
    V, w = MODEL.unpack(found.state)
    first = MODEL.invariants(MODEL.initial(0.01))
    scale = np.stack([w**2, np.abs(V).sum(axis=1)])
    expected = (np.abs(MODEL.invariants(found.state) - first) / scale).max()
    assert found.drift == pytest.approx(expected, rel=1e-12)
    assert found.drift > 1e-3
    finer = descend(MODEL, lr=0.5, steps=600, alpha=0.01)
    assert finer.drift < 0.6 * found.drift


def test_tokens_that_start_at_0_stay_there_and_conserve_what_they_have():
    start = MODEL.initial(0.1)
    V, w = MODEL.unpack(start)
    V[:2], w[:2] = 0.0, 0.0
    found = descend(MODEL, lr=0.5, steps=20, start=start)
    V, w = MODEL.unpack(found.state)
    assert (V[:2] == 0).all()
    assert (w[:2] == 0).all()
    assert 0 < found.drift < 1


def test_the_record_says_how_it_was_made():
    found = descend(MODEL, lr=0.25, steps=40, alpha=0.1, samples=4)
    told = json.loads(json.dumps(found.to_dict()))
    assert (told["model"], told["solver"]) == ("gradient descent", "steps of 0.25")
    assert (told["rtol"], told["evaluations"], told["alpha"]) == (None, 40, 0.1)
    assert (told["subjects"], told["relations"], told["answers"]) == (8, 3, 4)
    assert told["time"][-1] == 10
    assert (np.array(told["time"]) / 0.25 % 1 == 0).all()
    assert len(told["time"]) == len(told["loss"]) <= 5
    start = found.state.copy()
    then = descend(MODEL, lr=0.25, steps=1, start=start)
    assert then.alpha is None
    assert (start == found.state).all()
    whole = descend(MODEL, lr=0.25, steps=41, alpha=0.1)
    assert then.state.tobytes() == whole.state.tobytes()


@pytest.mark.parametrize("lr", [2e3, 1e6, 1e12])
def test_a_step_too_large_is_refused_in_one_line(lr):
    with pytest.raises(InputError) as caught:
        descend(MODEL, lr=lr, steps=300, alpha=0.1)
    said = one_line(caught.value)
    assert said.startswith("logits of one token spread over ")
    assert said.endswith("more than 300: try a smaller step, tolerance or initial scale")


WRONG = [
    ({"lr": 0.0}, "lr = 0 is not a positive step size"),
    ({"lr": -1.0}, "lr = -1 is not a positive step size"),
    ({"lr": np.nan}, "lr = nan is not a positive step size"),
    ({"lr": np.inf}, "lr = inf is not a positive step size"),
    ({"steps": 0}, "steps = 0 is not positive"),
    ({"steps": 2.5}, "steps = 2.5 is not an integer"),
    ({"samples": 0}, "samples = 0 is not positive"),
    ({"alpha": 0.0}, "alpha = 0 is not a positive initial scale"),
    ({"alpha": 1e-200}, "alpha = 1e-200 underflows; the smallest"),
    ({"start": np.ones(5)}, "start has shape (5,)"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_bad_arguments_are_named(change, said):
    with pytest.raises(InputError) as caught:
        descend(MODEL, **{"lr": 1.0, "steps": 3} | change)
    assert one_line(caught.value).startswith(said)


def test_descent_learns_what_the_flow_learns():
    model = LinearAttention(FlowFacts(16, 4, 8).task(0))
    steps, exact = descend(model, lr=1.0, steps=2000), flow(model, t_max=2000.0)
    assert steps.t_relation == pytest.approx(exact.t_relation, rel=0.05)
    assert steps.t_subject == pytest.approx(exact.t_subject, rel=0.05)
    assert steps.loss[-1] == pytest.approx(exact.loss[-1], rel=0.05)
