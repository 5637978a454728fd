"""The guarantee given embeddings, facts and gates, beside determinants and drawn outputs."""

import numpy as np
import pytest
from scipy import special, stats

from assoc import InputError, certified_margins
from assoc.memories.sign_gates import GATES, drawn_gates, sign_gated
from tests.helpers.oracles import one_line
from theory.memories.drawn_gates import failure_bounds, guaranteed_width


def draw(seed, N=40, d=10, m=60, gates="square"):
    rng = np.random.default_rng(seed)
    E, U = (A / np.linalg.norm(A, axis=1)[:, None] for A in rng.standard_normal((2, N, d)))
    omega = 4.0 if gates == "square" else 0.0
    return E, U, rng.permutation(N), drawn_gates(m, gates, omega, d, d, np.dtype(float), rng=rng)


def determinants(E, U, f, network):
    """Gaussian determinants of all pairs, at the best theta of many: (N, M)."""
    S, N = network.gates(E), len(E)
    found = np.zeros((N, len(U)))
    for x in range(N):
        c = E @ E[x]
        b = S[x][:, None] * np.einsum("zi,z,zk->ik", S, c, U[f])
        for y in range(len(U)):
            delta = U[f[x]] - U[y]
            p, size = b @ delta, (delta @ delta) * (b * b).sum(1)
            for theta in np.geomspace(5e-3, 1, 80):
                one = (1 + theta * p) ** 2 - theta**2 * size
                # Below the first singularity the determinant is that of the moment.
                if (theta * (np.sqrt(size) - p) < 1).all():
                    found[x, y] = min(found[x, y], -np.log(one).sum() / 2)
        found[x, f[x]] = -np.inf
    return np.exp(found)


@pytest.mark.parametrize("gates", GATES)
def test_the_bound_is_above_the_determinants_and_close(gates):
    E, U, f, network = draw(0, m=160, gates=gates)
    exact = determinants(E, U, f, network).sum()
    (bound,) = failure_bounds(network, E, U, f)
    assert exact <= bound <= 1.5 * exact


def test_it_bounds_the_pairs_that_go_wrong():
    E, U, f, network = draw(1, m=80)
    (bound,) = failure_bounds(network, E, U, f)
    S, rng, wrong = network.gates(E), np.random.default_rng(2), []
    for _ in range(300):
        V = rng.standard_normal(network.V.shape)
        P = (S * (U[f] @ V.T)).T @ E
        scores = (S * (E @ P.T)) @ V @ U.T
        wrong.append((scores >= scores[np.arange(len(E)), f][:, None]).sum() - len(E))
    mean, error = np.mean(wrong), np.std(wrong) / np.sqrt(300)
    assert mean + 3 * error < bound < 20 * mean


def test_widths_and_inputs_are_parts_of_the_whole():
    E, U, f, network = draw(3)
    both = failure_bounds(network, E, U, f, widths=[60, 30])
    assert both[0] < both[1]
    E2, U2, f2, narrow = draw(3)
    narrow = type(narrow)(narrow.W[:30], narrow.P[:30], narrow.V[:30], None, narrow.phase[:30])
    np.testing.assert_allclose(failure_bounds(narrow, E2, U2, f2), both[1:], rtol=1e-9)
    parts = [failure_bounds(network, E, U, f, inputs=rows) for rows in (range(15), range(15, 40))]
    np.testing.assert_allclose(sum(parts), both[:1], rtol=1e-9)


def test_equal_outputs_are_a_tie():
    E, U, f, network = draw(4, m=2000)
    (before,) = failure_bounds(network, E, U, f)
    U[f[1]] = U[f[0]]
    (after,) = failure_bounds(network, E, U, f)
    assert before < 1e-2
    assert 2 <= after < 2.1


def test_what_is_guaranteed_is_recalled_on_vectors_that_are_not_random():
    rng = np.random.default_rng(5)
    E = rng.standard_normal((50, 6)) @ rng.standard_normal((6, 24)) + 0.3
    E, f = E / np.linalg.norm(E, axis=1)[:, None], np.arange(50) % 20
    U = rng.standard_normal((20, 24)) / 5
    m = guaranteed_width(E, U, f, delta=0.2, rng=np.random.default_rng(6))
    network = sign_gated(m)(E, U, f, rng=np.random.default_rng(6))
    assert failure_bounds(network, E, U, f)[0] <= 0.2
    assert certified_margins(network, E, U, f).certified.all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gates_of_the_width_are_those_of_the_network_in_either_precision(dtype):
    E, U, f, _ = draw(7, N=30, d=16)
    E, U = E.astype(dtype), U.astype(dtype)
    for seed in range(8):
        m = guaranteed_width(E, U, f, delta=0.2, rng=np.random.default_rng(seed))
        network = sign_gated(m)(E, U, f, rng=np.random.default_rng(seed))
        assert failure_bounds(network, E, U, f)[0] <= 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": 61}, "width 61 of a network of 60 gates"),
        ({"widths": 0}, "width 0 is not a positive integer"),
        ({"inputs": [40]}, "an input is not one of the 40 that are stored"),
    ],
)
def test_bad_arguments_are_named(options, message):
    E, U, f, network = draw(0)
    with pytest.raises(InputError) as caught:
        failure_bounds(network, E, U, f, **options)
    assert one_line(caught.value) == message
    with pytest.raises(InputError, match="delta = 0 is not between 0 and 1"):
        guaranteed_width(E, U, f, delta=0, rng=np.random.default_rng(0))


def gates_of_shared_neighbours(n, m):
    """One fact whose n orthonormal neighbours share another answer: p and |b|^2 of m sign gates."""
    E = np.vstack([np.full(n, 1 / np.sqrt(n)), np.eye(n)])
    U, f = np.eye(3, n), np.append(0, np.ones(n, int))
    network = drawn_gates(m, "sign", 0.0, n, n, np.dtype(float), rng=np.random.default_rng(4))
    S = network.gates(E)
    b = S[:1].T * ((S.T * (E @ E[0])) @ U[f])
    return b @ (U[0] - U[2]), (b**2).sum(1)


def test_averaged_over_gates_the_second_order_form_is_no_bound():
    n, m = 200, 6000
    p, squares = gates_of_shared_neighbours(n, 4000)
    np.testing.assert_allclose(p, 1.0, atol=1e-9)
    # |b|^2 = 1 + S^2, S a normalised sum of n fair signs: a mean of 2 and sigma^2 = 2 * 2 + 2 - 1.
    assert abs(squares.mean() - 2) < 4 * np.sqrt(2 / 4000)
    assert abs(np.mean(squares > 2) - 2 * special.bdtr(n // 2 - 8, n, 0.5)) < 4 * 0.5 / np.sqrt(
        4000
    )
    second_order = -m / (2 * 5)
    # One gate on which all signs agree loses more than the others gain (2/3 by Cantelli's bound):
    # a product of g and h, of variances 2 and n + 1 and covariance 1, for g in a short range.
    t = m - 1 + np.sqrt(10 * (m - 1))
    low = np.linspace(1, 60, 1200)
    high = low + 0.05
    less = np.log1p(-np.exp(stats.norm.logsf(high / 2**0.5) - stats.norm.logsf(low / 2**0.5)))
    far = stats.norm.logcdf((-t / low - high / 2) / np.sqrt(n + 0.5))
    product = np.log(2) + np.max(stats.norm.logsf(low / 2**0.5) + less + far)
    proved = (1 - n) * np.log(2) + np.log(2 / 3) + product
    assert second_order < -600 + 1e-9
    assert -475 < proved < -470


@pytest.mark.parametrize(("n", "rate"), [(20, 0.115), (200, 0.046), (1000, 0.0216)])
def test_the_rate_over_many_gates_falls_with_the_number_of_neighbours(n, rate):
    k = np.arange(n + 1)
    chances = stats.binom.logpmf(k, n, 0.5)
    squares = 1 + (2 * k - n) ** 2 / n
    edge = 1 / (np.sqrt(2 * (n + 1)) - 1)
    thetas = edge * (1 - np.geomspace(1e-12, 1, 400))[:, None]
    logs = chances - np.log((1 + thetas) ** 2 - 2 * thetas**2 * squares) / 2
    assert -special.logsumexp(logs, axis=1).min() == pytest.approx(rate, rel=0.01)
