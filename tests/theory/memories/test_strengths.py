"""Strengths of interference: against closed forms, against matrices, and against simulation."""

import itertools

import numpy as np
import pytest

from assoc import MEMORIES, InputError
from assoc.embeddings import sphere
from assoc.memories.hermite import sphere_moment
from sims import measure
from sims.memories.construction import Construction
from tests.helpers.oracles import one_line, table
from theory.memories.capacity import capacity_of
from theory.memories.recall import expected_recall
from theory.memories.strengths import STRENGTHS, interference_of, svd_efficiency

LINEAR = Construction("linear")
READ_OUT = ("whitened-mlp", "bilinear-ridge")


# --- least squares ------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "N"), [(32, 64), (64, 100)])
def test_leverages_are_those_of_unit_vectors(rng, d, N):
    law = interference_of(Construction("dual-inputs"), N=N, d=d)
    leverage = 1 / (1 + law.pair * (N - 1))
    found = []
    for _ in range(200):
        E = sphere(N, d, rng=rng)
        found.append(np.einsum("ij,jk,ik->i", E, np.linalg.inv(E.T @ E), E))
    assert law.weight @ leverage == pytest.approx(d / N)
    variance = float(law.weight @ (leverage - d / N) ** 2)
    assert variance == pytest.approx(float(np.var(found)), rel=0.1)


# --- truncation ---------------------------------------------------------------------------------


def test_truncation_keeps_everything_at_full_rank_and_nothing_at_none():
    assert svd_efficiency(1.0) == svd_efficiency(1.5) == 1.0
    shares = [svd_efficiency(fraction) for fraction in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)]
    assert all(a < b for a, b in itertools.pairwise(shares))
    assert shares[0] < 0.05
    assert shares[-1] > 0.999
    # Better than a random projector of the same rank.
    assert shares[2] > 0.25


def truncated_divergence(values, m):
    """Sum of the d^2 partial derivatives of the rank-m truncation, from the singular values."""
    top, rest = values[:m, None] ** 2, values[None, m:] ** 2
    return m**2 + 2 * (top / (top - rest)).sum()


@pytest.mark.parametrize("m", [1, 3, 5])
def test_the_divergence_of_a_truncation_by_finite_differences(rng, m):
    d, step = 6, 1e-6
    W = rng.standard_normal((d, d))

    def truncated(W):
        left, values, right = np.linalg.svd(W)
        return (left[:, :m] * values[:m]) @ right[:m]

    total = 0.0
    for i, j in itertools.product(range(d), repeat=2):
        bump = np.zeros((d, d))
        bump[i, j] = step
        total += (truncated(W + bump) - truncated(W - bump))[i, j] / (2 * step)
    values = np.linalg.svd(W, compute_uv=False)
    assert truncated_divergence(values, m) == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.75])
def test_the_share_is_that_of_large_gaussian_matrices(rng, fraction):
    """Signal and energy of 400 matrices of d = 80: the limit within 2%, fixed seed."""
    d = 80
    m = round(fraction * d)
    signal, energy = [], []
    for _ in range(400):
        values = np.linalg.svd(rng.standard_normal((d, d)) / np.sqrt(d), compute_uv=False)
        signal.append(truncated_divergence(values, m) / d**2)
        energy.append((values[:m] ** 2).sum() / d)
    share = np.mean(signal) ** 2 / np.mean(energy)
    assert share == pytest.approx(svd_efficiency(fraction), rel=0.02)


# --- strengths ----------------------------------------------------------------------------------


def test_strengths_are_those_of_the_table():
    """Means over the construction's own random factor, in units of the plain 1/d^2 and 1/d."""
    d, m, N = 64, 32, 200

    def strengths(memory):
        law = interference_of(memory, N=N, d=d)
        assert law.weight.sum() == pytest.approx(1)
        return float(law.weight @ law.noise * d**2), float(law.weight @ law.pair * d)

    assert strengths(LINEAR) == (1, 1)
    assert strengths(Construction("sign")) == pytest.approx((np.pi / 2, 1))
    assert strengths(Construction("low-rank", m)) == pytest.approx([(d - 2) / (m - 2)] * 2)
    sketch = 1 + (d - 1) / (m - 2)
    assert strengths(Construction("low-rank-gaussian", m)) == pytest.approx([sketch] * 2)
    # E (1/H - 1) d/(N - 1) of H ~ Beta(a, b) with the mean d/N and the variance of unit vectors'.
    both = (d + 2) / 2 * (N / d) ** 2 - 1
    unit = ((both - 1) / (both * d / N - 1) - 1) * d / (N - 1)
    assert strengths(Construction("dual-inputs")) == pytest.approx([unit] * 2)
    # The same of H ~ Beta(d/2, (N - d)/2).
    leverage = ((N - 2) / (d - 2) - 1) * d / (N - 1)
    noise, pair = strengths(Construction("dual-both"))
    assert (noise, pair) == pytest.approx((leverage * (1 - d / N), leverage))


# --- read-outs of random features ---------------------------------------------------------------


def leverages(construction, N, d):
    """Nodes and weights of the leverage that the strengths are made of."""
    law = interference_of(construction, N=N, d=d)
    return 1 / (1 + law.pair * (N - 1)), law.weight


@pytest.mark.parametrize("name", READ_OUT)
@pytest.mark.parametrize(("m", "N", "d"), [(10, 11, 16), (40, 100, 16), (100, 5000, 64)])
def test_leverages_average_to_their_sum(name, m, N, d):
    """They sum to the rank of the features, m."""
    H, weight = leverages(Construction(name, width=m), N, d)
    assert weight.sum() == pytest.approx(1)
    assert ((H > 0) & (H < 1)).all()
    assert weight @ H == pytest.approx(m / N, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "degree", "independent"),
    [("bilinear-ridge", None, 8 * 9 / 2), ("whitened-mlp", 1, 36), ("whitened-mlp", 2, 120)],
)
def test_no_more_features_count_than_are_independent(name, degree, independent):
    """Symmetric tensors of order k + 1 in 8 dimensions."""
    for m in (int(independent), 10**6):
        H, weight = leverages(Construction(name, width=m, degree=degree), 200, 8)
        assert weight @ H == pytest.approx(independent / 200, rel=1e-9)


@pytest.mark.parametrize("name", READ_OUT)
def test_leverages_spread_as_those_of_drawn_features(name):
    """Diagonals of hat matrices: their standard deviation within 15%, 20 draws, fixed seed."""
    d, m, N = 32, 40, 120
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(20):
        E = rng.standard_normal((N, d))
        E /= np.linalg.norm(E, axis=1)[:, None]
        A, B = rng.standard_normal((2, d, m))
        phi = (E @ A) * (E @ B) if name == "bilinear-ridge" else (E @ A) ** 2 - 1
        Q, _ = np.linalg.qr(phi)
        drawn.append((Q**2).sum(axis=1))
    H, weight = leverages(Construction(name, width=m), N, d)
    assert np.sqrt(weight @ (H - m / N) ** 2) == pytest.approx(np.std(drawn), rel=0.15)


@pytest.mark.parametrize("name", READ_OUT)
@pytest.mark.parametrize("N", [1, 2, 39, 40])
def test_up_to_one_fact_a_neuron_is_exact(name, N):
    memory = Construction(name, width=40)
    law = interference_of(memory, N=N, d=16)
    assert (law.noise.tolist(), law.pair.tolist()) == ([0], [0])
    assert expected_recall(memory, d=16, N=N) == pytest.approx(1, abs=1e-12)
    assert interference_of(memory, N=41, d=16).noise.min() > 0


def test_strengths_of_the_hebbian_sum_tend_to_the_kernels():
    """m -> infinity leaves t^2 between two inputs: E t^4 and a signal of 1."""
    law = interference_of(Construction("bilinear", width=10**8), N=50, d=32)
    assert law.weight @ law.pair == pytest.approx(sphere_moment(32, 2), rel=0.001)
    assert law.weight @ law.noise == pytest.approx(sphere_moment(32, 2) / 32, rel=0.001)


def test_strengths_of_the_hebbian_sum_are_those_of_drawn_features():
    """Signal, and coefficients of the other facts: 2000 draws within 5%, fixed seed."""
    d, m, draws = 16, 60, 2000
    rng = np.random.default_rng(0)
    signal, other = [], []
    for _ in range(draws):
        e, z = rng.standard_normal((2, d))
        e, z = e / np.linalg.norm(e), z / np.linalg.norm(z)
        A, B = rng.standard_normal((2, m, d))
        phi = (A @ e) * (B @ e)
        signal.append(phi @ phi / m)
        other.append(((A @ z) * (B @ z)) @ phi / m)
    law = interference_of(Construction("bilinear", width=m), N=50, d=d)
    assert pytest.approx(np.mean(signal), rel=0.05) == 1
    relative = np.mean((np.array(other) / signal) ** 2)
    # Of order 1 / m the mean of a ratio is another one: 25%.
    assert law.weight @ law.pair == pytest.approx(relative, rel=0.25)
    absolute = np.mean(np.square(other))
    assert absolute == pytest.approx((1 + 4 / d + 3 * sphere_moment(d, 2)) / m
                                     + sphere_moment(d, 2), rel=0.1)  # fmt: skip
    np.testing.assert_allclose(law.noise * d, law.pair)


NETWORKS = [
    (Construction("whitened-mlp", width=96), 32, 200),
    (Construction("whitened-mlp", width=96), 32, 120),
    (Construction("whitened-mlp", width=120), 16, 200),
    (Construction("bilinear-ridge", width=96), 32, 200),
    (Construction("bilinear-ridge", width=64), 16, 100),
    (Construction("bilinear", width=400), 32, 100),
    (Construction("bilinear", width=200), 16, 40),
]


@pytest.mark.parametrize(
    ("memory", "d", "N"), NETWORKS, ids=[f"{c.label()} {d} {N}" for c, d, N in NETWORKS]
)
def test_recall_of_networks_is_what_is_measured(memory, d, N):
    """3 standard errors and 1% absolute, fixed seed."""
    (point,) = measure(memory.memory, width=memory.width, d=d, N=N, trials=60, seed=1).points
    predicted = expected_recall(memory, d=d, N=N)
    assert 0.3 < predicted <= 1
    assert point.recall == pytest.approx(predicted, abs=3 * point.standard_error + 0.01)


# --- what there is ------------------------------------------------------------------------------


def test_names_are_those_of_memories():
    assert set(STRENGTHS) <= set(MEMORIES)


@pytest.mark.parametrize("facts", ["random", "balanced", "zipf"])
@pytest.mark.parametrize("name", ["whitened-mlp", "bilinear", "bilinear-ridge"])
def test_networks_are_predicted_for_injective_maps_only(name, facts):
    with pytest.raises(InputError) as caught:
        expected_recall(Construction(name, width=20), d=8, N=10, facts=facts, M=4)
    said = one_line(caught.value)
    assert said == f"no prediction for '{name} m=20' with non-injective facts"
    assert expected_recall(Construction(name, width=20), d=8, N=10, facts="permutation") > 0


@pytest.mark.parametrize("rank", [8, 16, 32])
@pytest.mark.parametrize("name", ["linear", "low-rank", "low-rank-gaussian"])
def test_many_bits_are_exact_weights(name, rank):
    rank = None if name == "linear" else rank
    exact, rounded = (
        interference_of(Construction(name, rank, bits), N=50, d=32) for bits in (None, 16)
    )
    np.testing.assert_allclose(rounded.noise, exact.noise, rtol=1e-6)
    np.testing.assert_allclose(rounded.pair, exact.pair, rtol=1e-6)


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("name", ["low-rank", "low-rank-gaussian"])
def test_rounded_factors_recall_what_is_predicted(name, bits):
    """Within 3 standard errors and 0.5% absolute, fixed seed."""
    memory = Construction(name, "d/2", bits)
    N = int(capacity_of(memory, d=64, rate=0.97))
    (point,) = measure(name, rank="d/2", bits=bits, d=64, N=N, trials=400, seed=1).points
    predicted = expected_recall(memory, d=64, N=N)
    assert point.recall == pytest.approx(predicted, abs=3 * point.standard_error + 0.005)


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (Construction(table), "no prediction for 'table': it is not one of linear, "),
        (Construction("bilinear-als", width=8), "no prediction for 'bilinear-als m=8': it is not"),
        (Construction("bilinear"), "memory 'bilinear' needs its width given"),
        (Construction("bilinear", width=0), "width 0 is not a positive integer"),
        (Construction("whitened-mlp", width=8, degree=7), "degree 7 is not an integer from 1 to 6"),
        (Construction("whitened-mlp", width=8, degree=0), "degree 0 is not an integer from 1 to 6"),
        (Construction("linear", bits=0), "bits = 0 is not between 1 and 16"),
        (
            Construction("linear", bits=2, rounding="stochastic"),
            "no prediction for 'linear b=2 stoc",
        ),
        (Construction("dual-inputs", bits=2), "no prediction for 'dual-inputs b=2': rounded "),
        (Construction("low-rank-svd", 4, bits=2), "no prediction for 'low-rank-svd m=4 b=2': "),
        (Construction("bilinear", width=8, bits=16), "no prediction for 'bilinear m=8 b=16': "),
    ],
)
def test_what_has_no_strengths_is_named(memory, said):
    with pytest.raises(InputError) as caught:
        interference_of(memory, N=10, d=8)
    assert one_line(caught.value).startswith(said)
