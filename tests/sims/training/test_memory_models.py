"""Memories before they are trained: networks, initial weights, widths."""

import numpy as np

from sims.training.memory_models import ReluNetwork, check_model
from tests.helpers.training import draw_memory


def test_the_network_is_what_its_formula_says(rng):
    W, V = rng.standard_normal((700, 5)), rng.standard_normal((700, 3))
    E = rng.standard_normal((300, 5))
    network = ReluNetwork(W, V)
    assert network.parameters == 700 * 8
    np.testing.assert_allclose(network(E), np.maximum(E @ W.T, 0) @ V, rtol=1e-12, atol=1e-10)


def test_initial_weights_depend_on_neither_facts_nor_answers():
    for width in (None, 9):
        model = "linear" if width is None else "mlp"
        few = draw_memory(model, N=5, width=width)
        many = draw_memory(model, N=40, M=50, width=width, facts="random")
        other = draw_memory(model, N=5, trial=1, width=width)
        for a, b, c in zip(few.weights, many.weights, other.weights, strict=True):
            assert (a == b).all()
            assert (a != c).any()


def test_a_width_belongs_to_networks_alone():
    assert check_model("linear", None) is None
    assert check_model("mlp", 7) == 7
