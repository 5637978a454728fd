"""The law of gated memories: one neuron, sums of many, and recall, each against drawing them."""

import itertools

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss

from assoc.memories.hermite import fourth_moment, hermite, sphere_moment
from sims import measure
from sims.memories.construction import Construction
from tests.helpers.simulate import uniform
from theory.memories import gated
from theory.memories.classes import classes_of
from theory.memories.gated import Kernel, Neuron, failure_probability, joint_law, noise_gain
from theory.memories.interference import Classes
from theory.memories.recall import expected_recall

ONE = np.ones(1)


def coordinate(shape, d, rng):
    """Draws of sqrt(d) times a coordinate on the sphere of R^d."""
    g = rng.standard_normal(shape)
    return np.sqrt(d) * g / np.sqrt(g**2 + rng.chisquare(d - 1, shape))


def neurons(shape, k, d, others, own, rng):
    """Draws of what each neuron adds to S and to B."""
    g, a = rng.standard_normal(shape), coordinate(shape, d, rng)
    # The gain is an even function of g: interpolated, with an error far below what is tested.
    grid = np.linspace(0, 8, 4001)
    gain = np.interp(np.abs(g), grid, noise_gain(k, d, grid))
    xi = np.sqrt(gain * (others + a**2 * own) / d) * rng.standard_normal(shape)
    h = hermite(k)(g)
    c = h * (h * a + xi)
    return c * a, c**2 * (d - a**2) / (d - 1)


def normal_mean(function, n=40):
    """E f(g) for g ~ N(0, 1)."""
    nodes, weights = hermegauss(n)
    return float(weights @ function(nodes) / weights.sum())


# --- what a gate makes of other inputs ----------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 3, 6])
@pytest.mark.parametrize("d", [2, 3, 10, 64])
def test_the_gain_by_brute_quadrature(k, d):
    """Angles and a fine grid of normals, d E[t^2 h_k(t g + sqrt(1 - t^2) g')^2]."""
    nodes, weight = np.polynomial.legendre.leggauss(120)
    angle = (nodes + 1) * np.pi / 2
    weight = weight * np.sin(angle) ** (d - 2)
    x = np.linspace(-10, 10, 801)
    normal = np.exp(-(x**2) / 2)
    for g in (0.0, 0.7, -1.5, 3.0):
        z = np.cos(angle)[:, None] * g + np.sin(angle)[:, None] * x
        inner = hermite(k)(z) ** 2 @ normal / normal.sum()
        expected = d * (weight * np.cos(angle) ** 2) @ inner / weight.sum()
        (gain,) = noise_gain(k, d, np.array([g]))
        assert gain == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("k", range(1, 7))
@pytest.mark.parametrize("d", [2, 5, 32, 1000])
def test_the_gain_is_1_on_average(k, d):
    assert normal_mean(lambda g: noise_gain(k, d, g)) == pytest.approx(1, rel=1e-10)


def test_the_gain_is_even_and_tends_to_1():
    g = np.linspace(0, 4, 9)
    np.testing.assert_allclose(noise_gain(3, 20, g), noise_gain(3, 20, -g))
    np.testing.assert_allclose(noise_gain(2, 10**9, g), 1, rtol=1e-6)
    assert noise_gain(2, 20, np.array([4.0]))[0] > 1.5


# --- one neuron ---------------------------------------------------------------------------------

SIZES = [(1, 16, 20, 0), (2, 32, 60, 0), (2, 16, 30, 5), (3, 32, 60, 0)]


def moments(k, d, others, own):
    """E and E of the square of c a, and E c^2 across, exactly."""
    h4, a4 = fourth_moment(k), 3 * d / (d + 2)
    gated_noise = normal_mean(lambda g: hermite(k)(g) ** 2 * noise_gain(k, d, g))
    square = h4 * a4 + gated_noise * (others + own * a4) / d
    # (d - a^2)/(d - 1) times a^2, 1 and a^2.
    energy = h4 * (d - a4) / (d - 1)
    energy += gated_noise * (others * 1 + own * (d - a4) / (d - 1)) / d
    return 1.0, square, energy


@pytest.mark.parametrize(("k", "d", "others", "own"), SIZES)
def test_the_moments_of_a_neuron(k, d, others, own):
    """Derivatives at 0 of the characteristic function, by differences, against closed forms."""
    neuron = Neuron.of(k, d, others, own)
    mean, square, energy = moments(k, d, others, own)
    assert neuron.weight.sum() == pytest.approx(1)
    assert neuron.weight @ neuron.signal == pytest.approx(mean, rel=1e-6)
    assert neuron.weight @ neuron.energy == pytest.approx(energy, rel=1e-6)
    step = 1e-4 / np.sqrt(square)
    values = neuron.characteristic(-1j * step, 1j * step, 3, np.zeros(1, np.complex128))
    below, middle, above = np.log(values[:, 0])
    assert abs(middle) < 1e-9
    assert ((above - below) / (2j * step)).real == pytest.approx(mean, rel=1e-4)
    second = -(above - 2 * middle + below).real / step**2
    assert second == pytest.approx(square - mean**2, rel=2e-3)
    small = np.array([-1e-8 / energy], np.complex128)
    ((value,),) = neuron.characteristic(0, 0, 1, small)
    assert (np.log(value) / small[0]).real == pytest.approx(energy, rel=2e-3)


@pytest.mark.parametrize(("k", "d", "others", "own"), SIZES)
def test_the_characteristic_function_by_drawing(k, d, others, own):
    """400000 neurons: 5 standard errors, of values of size at most 1; fixed seed."""
    rng = np.random.default_rng(5)
    signal, energy = neurons(400_000, k, d, others, own, rng)
    b = np.array([-0.02 + 0.1j, -0.2, -1 - 1j])
    for start, step in ((-0.4j, 0.5j), (-0.05 + 1j, 0.02 - 0.6j)):
        found = Neuron.of(k, d, others, own).characteristic(start, step, 3, b)
        assert found.shape == (3, 3)
        for i, (j, y) in itertools.product(range(3), enumerate(b)):
            drawn = np.exp((start + step * i) * signal + y * energy)
            error = np.sqrt(np.mean(np.abs(drawn - drawn.mean()) ** 2) / len(drawn))
            assert abs(found[i, j] - drawn.mean()) < 5 * error + 1e-6


def test_a_progression_is_its_terms_one_by_one():
    """A thousand multiplications lose no digits that matter."""
    neuron = Neuron.of(2, 32, 60, 0)
    start, step, b = -0.01 - 0.3j, 0.004j, np.array([-0.1 + 0.3j, -0.4 - 2j])
    found = neuron.characteristic(start, step, 1000, b)
    for i in (0, 1, 2, 500, 999):
        alone = neuron.characteristic(start + step * i, 0, 1, b)
        np.testing.assert_allclose(found[[i]], alone, rtol=1e-10)


# --- the kernel ---------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_kernel_of_classes_by_drawing(k):
    """Sums of t^{k+1} over classes of 1, 3 and 4 inputs at d = 6: 5 standard errors, fixed seed.

    With odd k the kernel has a mean, so that inputs of a class add up.
    """
    d, draws, own = 6, 200_000, 4
    classes = Classes(ONE, np.array([own]), np.array([5.0, 2.0]), np.array([1.0, 3.0]))
    kernel = Kernel.of(k, d, classes, own)
    rng = np.random.default_rng(3)
    t = (coordinate((draws, own), d, rng) / np.sqrt(d)) ** (k + 1)
    single, triple, mine = t[:, 0], t[:, :3].sum(axis=1), t[:, 1:].sum(axis=1)

    def close(value, drawn):
        return abs(value - drawn.mean()) < 5 * drawn.std() / np.sqrt(draws)

    assert close(kernel.mean, single)
    assert (kernel.mean > 0) == (k % 2 == 1)
    assert close(kernel.overlap, single**2)
    assert close(kernel.shift, mine)
    assert close(kernel.noise * d, 5 * single**2 + 2 * triple**2)
    assert close(kernel.signal - kernel.noise, (mine - mine.mean()) ** 2)


def test_the_kernel_of_facts_with_answers_of_their_own():
    kernel = Kernel.of(2, 10, Classes.injective(21), 1)
    assert (kernel.mean, kernel.shift) == (0, 0)
    assert kernel.noise == kernel.signal == pytest.approx(20 * sphere_moment(10, 3) / 10)


# --- sums of many -------------------------------------------------------------------------------

LAWS = [(1, 100, 32, 64), (1, 400, 32, 256), (2, 600, 16, 64), (2, 600, 32, 128)]


def law_of(k, m, d, N):
    neuron = Neuron.of(k, d, N - 1, 0)
    kernel = Kernel.of(k, d, Classes.injective(N), 1)
    return joint_law(neuron, kernel, m, 2 * max(np.log(N - 1) - 3, 0.5))


@pytest.mark.parametrize(("k", "m", "d", "N"), LAWS)
def test_the_law_of_sums_by_drawing_them(k, m, d, N):
    """P(S <= s, B <= b) over a grid of quantiles, 8000 draws: 5 standard errors and half a cell."""
    draws = 8000
    rng = np.random.default_rng(1)
    kernel = Kernel.of(k, d, Classes.injective(N), 1)
    S, B = np.empty(draws), np.empty(draws)
    for part in np.array_split(np.arange(draws), max(1, draws * m // 10**6)):
        signal, energy = neurons((len(part), m), k, d, N - 1, 0, rng)
        S[part], B[part] = signal.mean(axis=1), energy.sum(axis=1) / m**2
    S += np.sqrt(kernel.signal) * rng.standard_normal(draws)
    B += kernel.noise
    grid_S, grid_B, law = law_of(k, m, d, N)
    # Beyond the middle of the window next to nothing is recalled.
    usual = grid_B < (grid_B[0] + grid_B[-1]) / 2
    assert np.mean(grid_B[usual][-1] > B) > 0.99
    for p, q in itertools.product((0.05, 0.3, 0.6, 0.9), repeat=2):
        # Cells are centred at grid points: their upper ends.
        i = np.searchsorted(grid_S, np.quantile(S, p))
        j = np.searchsorted(grid_B, np.quantile(B, q))
        below = law[:i, :j].sum() + law[i, :j].sum() / 2 + law[:i, j].sum() / 2 + law[i, j] / 4
        drawn = np.mean((grid_S[i] >= S) & (grid_B[j] >= B))
        error = np.sqrt(max(drawn * (1 - drawn), 1e-3) / draws)
        assert below == pytest.approx(drawn, abs=5 * error + 0.003)


@pytest.mark.parametrize(
    ("k", "m", "d", "N"), [(3, 1000, 32, 64), (2, 600, 32, 128), (3, 2915, 128, 512)]
)
def test_the_law_does_not_ring(k, m, d, N):
    """It has died out where its window ends; only what a few outliers carry is beyond."""
    _, B, law = law_of(k, m, d, N)
    assert 1 - 5e-3 < law.sum() < 1 + 1e-4
    by_B = law.sum(axis=0)
    assert np.abs(by_B[-(len(B) // 10) :]).sum() < 1e-3


@pytest.mark.parametrize(
    ("k", "m", "d", "N"),
    [(1, 200, 32, 64), (1, 400, 32, 256), (2, 1500, 16, 64), (2, 3000, 32, 64)],
)
def test_the_means_and_variances_of_sums(k, m, d, N):
    """Against exact moments; variances where the tail that the window leaves out is small."""
    S, B, law = law_of(k, m, d, N)
    mean, square, energy = moments(k, d, N - 1, 0)
    kernel = Kernel.of(k, d, Classes.injective(N), 1)
    assert law.sum() == pytest.approx(1, abs=1e-3)
    by_S, by_B = law.sum(axis=1), law.sum(axis=0)
    assert by_S @ S == pytest.approx(mean, rel=2e-3)
    variance = (square - mean**2) / m + kernel.signal
    assert by_S @ (S - mean) ** 2 == pytest.approx(variance, rel=0.02)
    level = energy / m + kernel.noise
    assert by_B @ B == pytest.approx(level, rel=5e-3)
    neuron = Neuron.of(k, d, N - 1, 0)
    # Given g and a, xi is normal: E c^4 = s^4 + 6 s^2 v + 3 v^2 with s = q a.
    s2, v = neuron.q**2 * neuron.a2, neuron.q * neuron.spread
    fourth = neuron.weight @ ((s2**2 + 6 * s2 * v + 3 * v**2) * neuron.across**2)
    variance = (fourth - energy**2) / m**3
    assert by_B @ (B - level) ** 2 == pytest.approx(variance, rel=0.1)


# --- recall -------------------------------------------------------------------------------------


def failure(k, m, d, N, **options):
    return float(failure_probability(k, m, d, Classes.injective(N), **options)[0])


@pytest.mark.parametrize(
    ("k", "m", "d", "N"), [(1, 100, 32, 64), (1, 400, 32, 256), (2, 600, 32, 128)]
)
def test_a_finer_quadrature_gives_the_same_failure_probability(monkeypatch, k, m, d, N):
    usual = failure(k, m, d, N)
    assert 1e-3 < usual < 0.3
    monkeypatch.setattr(gated, "NODES", tuple(2 * n for n in gated.NODES))
    monkeypatch.setattr(gated, "KNOTS", 2 * gated.KNOTS)
    monkeypatch.setattr(gated, "STEPS", 2 * gated.STEPS)
    assert failure(k, m, d, N) == pytest.approx(usual, rel=0.01)


def test_where_the_law_once_rang_failures_are_as_rare_as_they_are():
    assert failure(3, 2915, 128, 512) == pytest.approx(0.0102, rel=0.03)


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("count", [[0.0], [0.0, 0.0]])
def test_without_a_competitor_nothing_is_forgotten(k, count):
    alone = Classes(ONE, np.array([7.0]), np.array(count), np.ones(len(count)))
    assert failure_probability(k, 5, 16, alone).tolist() == [0]
    assert failure_probability(k, 5, 16, Classes.injective(1)).tolist() == [0]


def test_more_neurons_recall_more_and_more_facts_are_harder():
    by_width = [failure(1, m, 32, 64) for m in (100, 140, 200, 400, 1000, 2000)]
    assert all(a > b for a, b in itertools.pairwise(by_width))
    by_facts = [failure(1, 400, 32, N) for N in (32, 64, 128, 256, 512)]
    assert all(a < b for a, b in itertools.pairwise(by_facts))
    assert by_facts[0] < 1e-4
    assert by_facts[-1] > 0.3


@pytest.mark.parametrize("m", [10**5, 10**7, 10**9, 10**12])
def test_more_neurons_than_anyone_has_fail_no_more_often(m):
    assert failure(1, m, 32, 64) <= failure(1, 2000, 32, 64) + 1e-5
    if m > 10**9:
        assert failure(2, m, 8, 60) == failure(2, 10**9, 8, 60)
    assert failure(2, m, 8, 60) == pytest.approx(failure(2, 10**6, 8, 60), rel=0.01)


@pytest.mark.parametrize(("k", "d", "N"), [(1, 16, 96), (1, 16, 200), (2, 16, 500)])
def test_a_million_neurons_leave_the_kernel(k, d, N):
    """sum_z u_z <e_z, e>^{k+1}, drawn: 3 standard errors and 0.5%, fixed seed."""
    trials = 60 if N < 300 else 10
    rng = np.random.default_rng(4)
    recalled = []
    for _ in range(trials):
        E, U = uniform((2, N, d), rng)
        scores = (E @ E.T) ** (k + 1) @ (U @ U.T)
        recalled.append((scores.argmax(axis=1) == np.arange(N)).mean())
    floor = failure(k, 10**6, d, N)
    assert floor > 1e-3
    error = np.std(recalled, ddof=1) / np.sqrt(trials)
    assert 1 - floor == pytest.approx(np.mean(recalled), abs=3 * error + 0.005)


SIMULATED = [(1, 100, 32, 64, 100), (1, 400, 32, 256, 30), (2, 600, 32, 128, 60),
             (3, 1000, 32, 64, 60), (3, 4000, 32, 200, 20)]  # fmt: skip


@pytest.mark.parametrize(("k", "m", "d", "N", "trials"), SIMULATED)
def test_recall_is_what_is_measured(k, m, d, N, trials):
    """3 standard errors and 0.5% absolute, fixed seed."""
    (point,) = measure("gated-mlp", width=m, degree=k, d=d, N=N, trials=trials, seed=1).points
    predicted = expected_recall(Construction("gated-mlp", width=m, degree=k), d=d, N=N)
    assert point.recall == pytest.approx(predicted, abs=3 * point.standard_error + 0.005)
    twice = Construction("mlp", width=2 * m, degree=k)
    assert expected_recall(twice, d=d, N=N) == predicted


@pytest.mark.parametrize(("k", "m", "N", "M"), [(1, 200, 96, 24), (2, 300, 96, 24)])
def test_recall_of_classes_is_what_is_measured(k, m, N, M):
    """3 standard errors and 1.5% absolute, fixed seed."""
    d = 32
    (point,) = measure(
        "gated-mlp", width=m, degree=k, d=d, N=N, outputs=M, facts="balanced", trials=80, seed=1
    ).points
    (fails,) = failure_probability(k, m, d, classes_of("balanced", N=N, M=M))
    assert 0.005 < fails < 0.5
    assert point.recall == pytest.approx(1 - fails, abs=3 * point.standard_error + 0.015)
