"""The guarantee of attention with gates holds for the sums that heads copy, and in transformers."""

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from assoc.facts.recall_task import balanced_task, even_task
from assoc.memories.sign_gates import OMEGA, drawn_gates, sign_two_layer
from assoc.memories.sign_networks import PiecewiseLinear, SignGated
from assoc.transformers.attention_mlp import attended_tokens, copied_sums
from assoc.transformers.attention_only import attend, cue_groups
from assoc.transformers.model import Transformer
from theory.transformers.mlp_guarantee import mlp_bounds, mlp_width


def drawn(S, R, D, d, seed=0):
    rng = np.random.default_rng(seed)
    task = even_task(S, R, D, noise=8, rng=rng)
    return task, sphere(task.vocabulary, d, rng=rng)


def copying(task, Phi, head_dim=4):
    groups = cue_groups(task, head_dim, None)
    model = Transformer(
        Phi, attend(task, Phi, groups, Phi[: task.subjects + task.relations], head_dim, True, 8)
    )
    return model, attended_tokens(task, groups)


def test_the_sums_are_what_heads_copy():
    task, Phi = drawn(8, 4, 2, 32)
    model, looked_at = copying(task, Phi)
    assert np.allclose(copied_sums(task, Phi) * np.sqrt(2), model.attended(looked_at))


def lost_pairs(network, task, Phi):
    """Pairs that fail, of the memory with these gates and outputs."""
    X = copied_sums(task, Phi)
    gates = network.gates(X)
    P = (gates * (Phi[task.labels] @ network.V.T)).T @ X
    scores = SignGated(network.W, P, network.V, phase=network.phase)(X) @ Phi.T
    return int((scores >= scores[np.arange(len(X)), task.labels][:, None]).sum()) - len(X)


@pytest.mark.parametrize("width", [90, 150])
def test_the_expected_number_of_failing_pairs_is_below_the_bound_and_not_far(width):
    task, Phi = drawn(8, 4, 2, 32)
    (bound,) = mlp_bounds(task, Phi, (width,), rng=np.random.default_rng(1))
    given = width, "square", OMEGA, 32, 32, np.dtype(np.float64)
    gates = drawn_gates(*given, rng=np.random.default_rng(1))
    found = []
    for seed in range(300):
        V = np.random.default_rng(seed).standard_normal((width, 32))
        found.append(lost_pairs(SignGated(gates.W, gates.P, V, phase=gates.phase), task, Phi))
    mean, error = np.mean(found), np.std(found) / np.sqrt(len(found))
    assert mean - 4 * error < bound < 20 * (mean + 4 * error)


def test_the_guaranteed_width_is_enough_and_at_most_twice_the_median():
    task, Phi = drawn(8, 8, 4, 32)
    width = mlp_width(task, Phi, rng=np.random.default_rng(1))
    (bound,) = mlp_bounds(task, Phi, (width,), rng=np.random.default_rng(1))
    assert bound <= 0.5

    def share(m):
        whole = 0
        for seed in range(20):
            rng = np.random.default_rng(seed)
            given = m, "square", OMEGA, 32, 32, np.dtype(np.float64)
            whole += lost_pairs(drawn_gates(*given, rng=rng), task, Phi) == 0
        return whole / 20

    assert share(width) >= 0.9
    assert share(width // 2) <= 0.5


def test_a_true_transformer_with_the_guaranteed_width_answers_every_prompt():
    task, Phi = drawn(8, 4, 2, 32)
    width = mlp_width(task, Phi, rng=np.random.default_rng(1))
    model, _ = copying(task, Phi)
    rng = np.random.default_rng(1)
    found = sign_two_layer(2 * width, "square", OMEGA)(
        copied_sums(task, Phi), Phi, task.labels, rng=rng
    )
    # Outputs so large that the residual stream does not count.
    mlp = PiecewiseLinear(found.W / np.sqrt(2), 1e3 * found.V, found.phase)
    for seed in range(3):
        prompts = task.prompts(8, rng=np.random.default_rng(seed))
        X = model.outputs(prompts)
        scores = (X + mlp(X)) @ Phi.T
        assert (scores.argmax(axis=1) == task.labels).all()


def test_more_gates_and_less_alike_neighbours_lower_the_bound():
    task, Phi = drawn(8, 8, 2, 32)
    widths = (200, 400, 800)
    bounds = mlp_bounds(task, Phi, widths, rng=np.random.default_rng(0))
    assert (np.diff(bounds) < 0).all()
    # Neighbours that share a token drown the answer where the kernel of square waves is wide.
    wide = mlp_bounds(task, Phi, widths, omega=1.5, rng=np.random.default_rng(0))
    assert (wide > 10 * bounds)[1:].all()


def test_bad_input_is_named():
    task = balanced_task(4, 2, 2, noise=2, rng=np.random.default_rng(0))
    rng = np.random.default_rng(0)
    Phi = sphere(task.vocabulary, 8, rng=rng)
    with pytest.raises(InputError, match="embeddings for"):
        copied_sums(task, Phi[1:])
    with pytest.raises(InputError, match="no widths"):
        mlp_bounds(task, Phi, (), rng=rng)
    with pytest.raises(InputError, match="delta"):
        mlp_width(task, Phi, delta=1.5, rng=rng)
