"""The step between the neurons of a pair: the default, and what is said of the user's own."""

import math

import numpy as np
import pytest

from assoc import InputError
from assoc.memories.hermite import DEGREES, hermite
from assoc.memories.mlp import choose_step, gated, hidden_activation, two_layer
from assoc.memories.networks import Gated, TwoLayer
from tests.assoc.memories.test_mlp import distance, draw, gated_by_hand, seeded
from tests.helpers.oracles import one_line


def pairs(network, step):
    """Neurons w +- eta p with outputs +- v / (2 eta), stored in the precision of the network."""
    dtype = network.V.dtype
    W = np.concatenate([network.W + step * network.P, network.W - step * network.P])
    V = np.concatenate([network.V, -network.V]) / (2 * step)
    return TwoLayer(W.astype(dtype), V.astype(dtype), hidden_activation(network.degree))


def refusal(network, E, step):
    """What is said against a step, or None."""
    try:
        assert choose_step(network, E, step=step) == step
    except InputError as error:
        return one_line(error)
    return None


@pytest.mark.parametrize("k", DEGREES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("N", "d", "m"), [(40, 8, 64), (200, 16, 128)])
def test_the_default_step_is_nearly_the_best(k, dtype, N, d, m):
    """Measured errors: within a factor 5 of the least over 20 powers of four, if not refused."""
    E, U, f = draw(seeded(), N=N, M=N, d=d, dtype=dtype)
    network = gated(m, degree=k)(E, U, f, rng=seeded())
    E = E.astype(np.float64)
    exactly = gated_by_hand(network, E[:20])

    def error(step):
        try:
            split = two_layer(2 * m, degree=k, step=step)(E.astype(dtype), U, f, rng=seeded())
        except InputError:
            return math.inf
        return distance(split(E[:20]), exactly)

    default = choose_step(network, E)
    best = min(error(default * 2.0**j) for j in range(-20, 21, 2))
    assert error(default) < 5 * best
    chosen = two_layer(2 * m, degree=k)(E.astype(dtype), U, f, rng=seeded())
    assert distance(chosen(E[:20]), exactly) == pytest.approx(error(default), rel=0.01)
    # And the best is good: half of the digits are left, or all when k = 1.
    assert error(default) < np.finfo(dtype).eps ** (0.9 if k == 1 else 0.5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_default_step_by_hand(rng, k, dtype):
    """T and R neuron by neuron, as root mean squares over the inputs."""
    E, U, f = draw(rng, N=9, M=6, d=4, d_out=3, dtype=dtype)
    network = gated(5, degree=k)(E, U, f, rng=seeded())
    h, sigma = hermite(k), hidden_activation(k)
    truncated, rounded, moved = [], [], []
    for e in E.astype(np.float64):
        bent = np.zeros(3)
        for w, p, v in zip(*(A.astype(np.float64) for A in (network.W, network.P, network.V)),
                           strict=True):  # fmt: skip
            z, y = w @ e, p @ e
            bent += v * y**3 * h.deriv(2)(z) / 6
            size = abs(sigma(z)) + abs(h(z)) * np.linalg.norm(w) * np.linalg.norm(e)
            # The two neurons of a pair, with outputs v / (2 eta).
            rounded += 2 * [(np.finfo(dtype).eps / 2 * size * np.linalg.norm(v) / 2) ** 2]
            moved.append(abs(y))
        truncated.append(bent @ bent)
    T, R = np.sqrt(np.mean(truncated)), np.sqrt(np.sum(rounded) / len(E))
    expected = min(np.cbrt(R / (2 * T)) if T else np.inf, 1 / max(moved))
    assert choose_step(network, E) == pytest.approx(expected, rel=1e-5)


def test_a_network_that_answers_nothing_has_any_step():
    network = Gated(np.eye(2), np.zeros((2, 2)), np.eye(2), 2)
    assert choose_step(network, np.eye(2)) == 1
    assert choose_step(network, np.eye(2), step=1e-300) == 1e-300


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_is_refused_where_it_leaves_no_digit(k, dtype):
    """Measured: steps that are taken err less than the outputs are long, others about as much."""
    E, U, f = draw(seeded(), N=40, M=40, d=8, dtype=dtype)
    network = gated(64, degree=k)(E, U, f, rng=seeded())
    E = E.astype(np.float64)
    exactly = gated_by_hand(network, E[:20])
    taken = []
    for step in choose_step(network, E) * 4.0 ** np.arange(-28, 15):
        error = distance(pairs(network, step)(E[:20]), exactly)
        said = refusal(network, E, step)
        taken.append(said is None)
        if said is None:
            assert error < 3
        else:
            assert error > 0.1
            assert said == (
                f"width m = 128, degree {k}: in {np.dtype(dtype)} step eta = {step:g} does not "
                "leave a correct digit of the outputs"
            )
    # An interval of steps around the default: too small ones drown, too large ones bend.
    first, last = taken.index(True), len(taken) - 1 - taken[::-1].index(True)
    assert all(taken[first : last + 1])
    assert first > 0
    # Squares do not bend.
    assert (last < len(taken) - 1) == (k > 1)


def test_a_step_of_the_users_is_checked_when_the_network_is_built(rng):
    E, U, f = draw(rng, N=6, M=6, d=4)
    with pytest.raises(InputError, match=r"step eta = 1e-17 does not leave a correct digit"):
        two_layer(8, degree=2, step=1e-17)(E, U, f, rng=seeded())
    assert isinstance(two_layer(8, degree=2, step=1e-5)(E, U, f, rng=seeded()), TwoLayer)


def test_a_step_stays_where_the_expansion_holds(rng):
    """No stored input moves a neuron's argument by more than 1."""
    for k in DEGREES:
        E, U, f = draw(rng, N=10, M=10, d=4)
        network = gated(16, degree=k)(E, U, f, rng=rng)
        moved = choose_step(network, E) * np.abs(E @ network.P.T).max()
        assert 0 < moved <= 1 + 1e-12
        assert k > 1 or moved == pytest.approx(1)


def test_a_step_that_would_lose_all_digits_is_refused(rng):
    """Inputs so short that <p, e> drowns in the rounding of sigma(0) = -1/2."""
    E, U, f = draw(rng, N=6, M=6, d=4)
    short = 1e-9 * E
    assert isinstance(two_layer(8, degree=1)(short, U, f, rng=seeded()), TwoLayer)
    with pytest.raises(InputError) as caught:
        two_layer(8, degree=1)(short.astype(np.float32), U.astype(np.float32), f, rng=seeded())
    said = one_line(caught.value)
    assert said.startswith("width m = 8, degree 1: in float32 no step eta leaves a correct digit")
