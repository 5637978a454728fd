"""Kernels of gates of 1 and -1 by quadrature, and the guarantee beside what it bounds."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from assoc import InputError
from assoc.memories.sign_gates import GATES, drawn_gates
from sims.memories.recall import measure
from tests.helpers.oracles import one_line
from theory.memories import sign_gates
from theory.memories.sign_gates import failure_bound, guaranteed_width, kernel


def normal_mean(function):
    def integrand(g):
        return function(g) * math.exp(-g * g / 2) / math.sqrt(2 * math.pi)

    return integrate.quad(integrand, -9, 9, limit=400, epsabs=1e-9, points=[0.0])[0]


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.2, 0.7, 0.99])
def test_kernels_of_signs_are_orthant_probabilities(rho):
    rest = math.sqrt(2 * (1 - rho * rho))
    expected = normal_mean(lambda g: math.copysign(1, g) * special.erf(rho * g / rest))
    assert kernel("sign", rho) == pytest.approx(expected, abs=1e-9)
    assert kernel("two-signs", rho) == pytest.approx(expected**2, abs=1e-9)


@pytest.mark.parametrize("omega", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("rho", [-1.0, 0.0, 0.5, 0.97, 0.9999, 1.0])
def test_the_kernel_of_square_waves_is_that_of_their_correlation(omega, rho):
    """At a random phase two square waves d apart agree but for 2 d / pi, d up to pi."""
    spread = omega * math.sqrt(2 * (1 - rho))

    def correlation(g):
        return 1 - 2 / math.pi * abs(math.asin(math.sin(spread * g / 2)) * 2)

    assert kernel("square", rho, omega=omega) == pytest.approx(normal_mean(correlation), abs=2e-6)
    assert kernel("square", rho, omega=omega) <= math.exp(-(omega**2) * (1 - rho)) + 1e-15


@pytest.mark.parametrize("gates", GATES)
def test_kernels_are_means_over_drawn_gates(gates):
    rng = np.random.default_rng(0)
    omega = 0.8 if gates == "square" else None
    network = drawn_gates(200_000, gates, omega or 0.0, 3, 1, np.dtype(np.float64), rng=rng)
    E = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0]])
    mean = float(network.gates(E).prod(axis=0).mean())
    assert abs(mean - kernel(gates, 0.6, omega=omega)) < 5 / math.sqrt(200_000)


@pytest.mark.parametrize("m", [1, 2, 5, 40])
def test_weighted_signs_are_sub_gaussian_with_proxy_3_over_m(m):
    """E exp(h sum pi_i sigma_i) <= exp(3 h^2 / (2 m)), in the moments up to the eighth."""
    cumulants = {2: 3.0, 4: 78.0, 6: 6480.0, 8: 1_113_840.0}
    # Moments of g sigma are 1, 3, 105, 10395, 2027025; those cumulants follow from them.
    moments = {0: 1.0}
    for n in (2, 4, 6, 8):
        moments[n] = sum(
            math.comb(n - 1, j - 1) * m * cumulants[j] * moments[n - j] for j in range(2, n + 1, 2)
        )
    if m == 1:
        assert [moments[n] for n in (2, 4, 6, 8)] == [3, 105, 10395, 2027025]
    for n in (2, 4, 6, 8):
        lengths = math.prod(m + 2 * j for j in range(n))
        assert moments[n] / lengths <= math.prod(range(1, n, 2)) * (3 / m) ** (n // 2)


@pytest.mark.parametrize(("N", "m"), [(50, 20), (512, 400), (10**6, 10**5)])
def test_tails_of_lengths_and_energies_are_bounded(N, m):
    lengths, d = sign_gates._lengths(N, m), 64
    exact = stats.chi2.cdf(m * lengths.worst[:-1], m)
    assert (lengths.beyond >= exact * (1 - 1e-9)).all()
    assert (lengths.beyond[10:] <= 25 * exact[10:] + 1e-300).all()
    energies = sign_gates._energies(N, d)
    # Squared coordinates have smaller moments than squared normal ones.
    assert (energies.beyond >= stats.chi2.sf(d * energies.worst[:-1], max(N - 2, 1))).all()


def plainly(N, d, m, omega, level, draws, rng):
    """Mean of exp(Lambda) by drawing rho, c, G and Q, with a search for s and zeta each time."""
    kappa = math.exp(-(omega**2) * (1 - level))
    rho, c = (rng.beta(0.5, (d - 1) / 2, draws) ** 0.5 * rng.choice([-1, 1], draws) for _ in "rc")
    G, Q = rng.chisquare(m, draws), rng.beta(0.5, (d - 1) / 2, (draws, N - 2)).sum(axis=1)
    least = np.zeros(draws)
    for s in np.linspace(1, 60, 60):
        for zeta in np.geomspace(0.01, 3, 12):
            xi, B = 2 * s * s * Q / (G * d), s * s * Q / d + s * s * (1 - rho) * c * c / (4 * zeta)
            rest = np.maximum(1 - 6 * B / m, 1e-12)
            a = kappa * np.sqrt(2 * B / rest)
            with np.errstate(invalid="ignore", divide="ignore"):
                value = (
                    zeta - s * np.sqrt(1 - rho) - (d - 1) / 2 * np.log(1 - xi)
                    + s * s * (1 + np.abs(c)) ** 2 * (1 + rho) / (2 * G * (1 - xi))
                    - np.log(rest) / 2 + a * a / 2 + np.log(2 * special.ndtr(a))
                )  # fmt: skip
            good = (xi < 1) & (6 * B / m < 1) & (np.abs(c) <= level)
            least = np.where(good, np.minimum(least, value), least)
    return np.exp(least[np.abs(c) <= level])


def test_the_bound_of_a_pair_is_above_its_expectation_and_close():
    N, d, m, omega, level = 40, 16, 60, 4.0, 0.9
    values = plainly(N, d, m, omega, level, 4000, np.random.default_rng(0))
    bound = sign_gates._pair(N, d, m, level, omega)
    error = values.std() / math.sqrt(len(values))
    assert values.mean() - 3 * error < bound < 2.5 * values.mean()


def test_the_exponent_is_that_of_the_theorem():
    d, m, kappa, rng = 24, 300, 0.02, np.random.default_rng(0)
    for _ in range(20):
        low, high = np.sort(rng.uniform(-0.5, 0.5, 2))
        c, zeta, s = rng.uniform(0, 0.5), rng.uniform(0.1, 1), rng.uniform(4, 12)
        G, Q = rng.uniform(200, 400), rng.uniform(4, 12)
        tau, rho = s * s / G, high
        energy = s * s / d * Q + s * s * (1 - low) * c * c / (4 * zeta)
        beta, alpha = 6 * energy / m, kappa * math.sqrt(2 * energy)
        # E exp(alpha |z| + beta z^2 / 2) and E exp(tau |h + n|^2), by quadrature.
        signs = math.log(
            integrate.quad(
                lambda z, a=alpha, b=beta: math.exp(a * abs(z) + (b - 1) * z * z / 2),
                -40, 40, points=[0.0], limit=200,
            )[0]
            / math.sqrt(2 * math.pi)
        )  # fmt: skip
        h = (1 + c) * math.sqrt((1 + rho) / 2)
        size = math.sqrt(Q / d)
        along = integrate.quad(
            lambda z, h=h, t=tau, n=size: math.exp(t * (h + n * z) ** 2 - z * z / 2), -30, 30
        )[0] / math.sqrt(2 * math.pi)
        across = integrate.quad(
            lambda z, t=tau, n=size: math.exp((t * n * n - 0.5) * z * z), -40, 40, points=[0.0]
        )[0] / math.sqrt(2 * math.pi)
        expected = -s * math.sqrt(1 - rho) + zeta + signs
        expected += math.log(along) + (d - 2) * math.log(across)
        found = sign_gates.exponent(
            d, m, kappa, *(np.float64(v) for v in (high, low, c, G, Q)), s=s, zeta=zeta
        )
        assert found == pytest.approx(min(expected, 0.0), abs=1e-6)


def test_what_is_guaranteed_is_recalled():
    for N, d in ((64, 32), (256, 48)):
        m = guaranteed_width(N, d, delta=0.5)
        found = measure("sign-gated", d=d, N=N, width=m, gates="square", trials=30)
        assert found.points[0].whole >= 24


def test_bounds_fall_with_the_width_and_rise_with_the_facts():
    falling = [failure_bound(256, 48, m) for m in (200, 400, 600, 800, 1200)]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == 1.0
    assert 0 < falling[-1] < 1e-2
    assert failure_bound(300, 48, 800) > failure_bound(256, 48, 800)
    assert failure_bound(1, 8, 1) == 0.0
    assert failure_bound(2, 8, 1) == 1.0


def test_more_gates_do_not_lose_the_bound_where_facts_are_few():
    for m in (100, 10**3, 10**4, 10**6, 10**9):
        assert failure_bound(10, 1000, m) < 1e-6


def test_the_width_is_the_first_that_is_proved_within_a_percent():
    m = guaranteed_width(256, 48, delta=0.1)
    assert failure_bound(256, 48, m) <= 0.1 < failure_bound(256, 48, round(m / 1.02))


def test_an_eighth_is_approached_at_sizes_that_cannot_be_simulated():
    ratios = [
        guaranteed_width(N, d) * d / (N * math.log(N)) for N, d in ((10**6, 512), (10**9, 4096))
    ]
    assert 9.3 > ratios[0] > ratios[1] > 8.0
    assert ratios[1] < 8.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: failure_bound(8, 1, 8), "d = 1"),
        (lambda: failure_bound(8, 8, 0), "width 0 is not a positive integer"),
        (lambda: failure_bound(8, 8, 8, omega=-1.0), "omega -1.0 is not a positive number"),
        (lambda: failure_bound(8, 8, 10**16), "the formulas are checked up to m = 1e+15"),
        (lambda: guaranteed_width(8, 8, delta=1.0), "delta = 1.0 is not between 0 and 1"),
        (lambda: guaranteed_width(10**6, 2), "no width is proved to be enough"),
        (lambda: kernel("sign", 1.5), "a cosine is not between -1 and 1"),
        (lambda: kernel("cosine", 0.5), "gates 'cosine' are not one of"),
    ],
)
def test_bad_sizes_are_named(call, message):
    with pytest.raises(InputError) as caught:
        call()
    assert message in one_line(caught.value)
