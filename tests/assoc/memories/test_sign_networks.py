"""Networks with piecewise linear activations where their inputs are known up to an error."""

import numpy as np
import pytest

from assoc.memories.sign_gates import sign_two_layer
from assoc.memories.sign_networks import PiecewiseLinear, SignGated


def drawn(gates, seed=0, N=20, d=5, m=60):
    rng = np.random.default_rng(seed)
    E, U = rng.standard_normal((2, N, d))
    return sign_two_layer(m, gates)(E, U, np.arange(N), rng=rng), E


@pytest.mark.parametrize("gates", ["sign", "square"])
@pytest.mark.parametrize("within", [1e-9, 1e-3, 1.0])
def test_what_an_error_of_the_input_moves_is_bounded(gates, within):
    network, E = drawn(gates)
    distances = within * np.linspace(0.5, 1, len(E))
    bound = network.rounding_error(E, within=distances)
    rng = np.random.default_rng(1)
    for _ in range(50):
        move = rng.standard_normal(E.shape)
        move *= (distances / np.linalg.norm(move, axis=1))[:, None]
        moved = np.linalg.norm(network(E + move) - network(E), axis=1)
        assert (moved <= bound).all()
    assert (bound > network.rounding_error(E)).all()


def test_the_bound_is_reached_where_all_neurons_move_alike():
    one = PiecewiseLinear(np.array([[3.0, 4.0]]), np.array([[2.0]]))
    (bound,) = one.rounding_error(np.array([[3.0, 4.0]]), within=np.array([0.5]))
    # z moves by |w| 0.5 = 2.5, and the output by twice that.
    assert 5 <= bound < 5 * (1 + 1e-6)


@pytest.mark.parametrize("gates", ["sign", "square"])
def test_rooms_are_distances_from_where_the_slope_turns(gates):
    network, E = drawn(gates)
    phase = network.phase
    gate = PiecewiseLinear(network.W[:1], network.V[:1], None if phase is None else phase[:1])
    gated = SignGated(gate.W, gate.W, gate.V, None, gate.phase)
    along = gate.W / np.linalg.norm(gate.W) ** 2
    room = gated.room(E)
    for share, alike in ((0.999, True), (1.001, False)):
        turned = [gated.gates(E + sign * share * room * along) for sign in (1, -1)]
        same = (turned[0] == gated.gates(E)) & (turned[1] == gated.gates(E))
        assert (same == alike).all()
