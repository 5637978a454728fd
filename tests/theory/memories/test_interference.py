"""The law of interference: its special functions, its quadrature, and simulation from scratch."""

import mpmath
import numpy as np
import pytest
from scipy import special

from sims.memories.construction import Construction
from tests.helpers.simulate import recalled, uniform
from theory.memories import interference
from theory.memories.capacity import capacity_of
from theory.memories.classes import classes_of, classes_of_sizes
from theory.memories.interference import (
    Classes,
    Interference,
    failure_probability,
    half_tail,
    lost,
)
from theory.memories.strengths import interference_of

ONE = np.ones(1)


def plain(d):
    """The linear memory's own strengths, written out."""
    return Interference(d, ONE, ONE / d**2, ONE / d, ONE)


def failure(law, classes):
    return float(classes.share @ failure_probability(law, classes))


# --- the tail of a sphere coordinate ------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 8, 16, 64, 1000, 10**6, 10**9])
def test_the_tail_is_an_incomplete_beta_function(d):
    """P(T > t) = I_{1 - t^2}((d - 1)/2, 1/2) / 2, wherever that is a floating-point number."""
    t2 = np.concatenate([np.linspace(0, 0.999, 200), np.geomspace(1e-3 / d, 0.9, 200)])
    expected = 0.5 * special.betaincc(0.5, (d - 1) / 2, t2)
    seen = expected > 1e-250
    tail = half_tail(t2[seen] / (1 - t2[seen]), d)
    np.testing.assert_allclose(tail, expected[seen], rtol=1e-6)


@pytest.mark.parametrize("d", [2, 5, 64, 4096])
def test_the_tail_in_forty_digits(d):
    with mpmath.workdps(40):
        for log_odds in (-8, -2, 0.3, 2):
            odds = mpmath.exp(log_odds)
            exact = mpmath.betainc(mpmath.mpf(d - 1) / 2, 0.5, 0, 1 / (1 + odds), regularized=True)
            if exact > 1e-120:
                tail = float(half_tail(np.array(float(odds)), d))
                assert tail == pytest.approx(float(exact / 2), rel=1e-7)


@pytest.mark.parametrize("d", [2, 64, 10**12])
def test_the_tail_ends_in_nothing(d):
    ends = half_tail(np.array([0.0, 1e300, np.inf]), d)
    assert ends[0] == pytest.approx(0.5, rel=1e-9)
    assert ends[1] == ends[2] < 1e-100
    steps = half_tail(np.geomspace(1e-9 / d, 1e6, 500), d)
    assert (np.diff(steps) <= 0).all()


def test_what_is_rarely_lost_keeps_its_digits():
    """The product of two hazards is no floating-point number where each of them is one."""
    hazard = np.array([1e-290, 1e-200, 1e-120])
    np.testing.assert_allclose(lost(hazard, hazard / 4), hazard / 4, rtol=1e-12)


# --- quadrature ---------------------------------------------------------------------------------


USUAL = interference.NODES


def with_nodes(monkeypatch, law, classes, factor):
    """Failure with this many times the nodes in each direction, for this call only."""
    with monkeypatch.context() as patch:
        patch.setattr(interference, "NODES", tuple(factor * n for n in USUAL))
        return failure(law, classes)


@pytest.mark.parametrize("rate", [0.5, 0.9, 0.97, 0.99, 1.0])
@pytest.mark.parametrize("d", [16, 32, 64, 128, 256, 512])
def test_twice_the_nodes_give_the_same_failure_probability(monkeypatch, d, rate):
    N = capacity_of(Construction("linear"), d=d, rate=rate)
    classes = Classes.injective(N)
    law = plain(d)
    assert with_nodes(monkeypatch, law, classes, 2) == pytest.approx(
        failure(law, classes), rel=0.005
    )


@pytest.mark.parametrize(
    ("memory", "options"),
    [
        ("low-rank", {"rank": "d/2"}),
        ("low-rank-gaussian", {"rank": "d/2"}),
        ("low-rank-svd", {"rank": "d/2"}),
        ("sign", {}),
        ("dual-inputs", {}),
        ("dual-outputs", {}),
        ("dual-both", {}),
    ],
)
@pytest.mark.parametrize("rate", [0.9, 0.99])
def test_twice_the_nodes_agree_for_every_memory(monkeypatch, memory, options, rate):
    construction = Construction(memory, **options)
    N = capacity_of(construction, d=64, rate=rate)
    law, classes = interference_of(construction, N=N, d=64), Classes.injective(N)
    assert with_nodes(monkeypatch, law, classes, 2) == pytest.approx(
        failure(law, classes), rel=0.005
    )


@pytest.mark.parametrize("rate", [0.5, 0.97, 0.99, 1.0])
@pytest.mark.parametrize("d", [4096, 10**6, 10**12])
@pytest.mark.usefixtures("computed_anew")
def test_at_large_d_the_nodes_leave_capacities_as_they_are(monkeypatch, d, rate):
    """Failure itself is a step in A there, and less accurate; the N at which it happens is not."""
    linear = Construction("linear")
    N = capacity_of(linear, d=d, rate=rate)
    monkeypatch.setattr(interference, "NODES", (2, 4, 400, 4))
    assert capacity_of(linear, d=d, rate=rate) == pytest.approx(N, rel=0.01)


@pytest.mark.parametrize(
    ("sizes", "d", "within"),
    [
        ([40, *[1] * 40], 48, 0.001),
        ([20, *[1] * 40], 64, 0.001),
        ([50, 50, *[1] * 100], 256, 0.001),
        ([8, 8, *[1] * 184], 256, 0.01),
        ([100, *[1] * 50], 800, 0.01),
        ([100, *[1] * 50], 1440, 0.01),
    ],
)
@pytest.mark.parametrize("memory", ["linear", "dual-inputs"])
def test_more_nodes_agree_where_one_class_is_large(monkeypatch, memory, sizes, d, within):
    """Its interference is many times the noise, so that failure is a step in it."""
    classes = classes_of_sizes(np.array(sizes))
    law = interference_of(Construction(memory), N=sum(sizes), d=d)
    usual = failure(law, classes)
    monkeypatch.setattr(interference, "FINEST", 64)
    for factor in (2, 3):
        assert with_nodes(monkeypatch, law, classes, factor) == pytest.approx(usual, rel=within)


@pytest.mark.parametrize(("own", "others", "d"), [(1000, 1e6, 10000), (3000, 1e7, 20000)])
def test_more_nodes_agree_where_there_are_many_competitors(monkeypatch, own, others, d):
    """Their best spreads less than one of them, so that the step is narrower."""
    sizes = np.array([own, 1.0])
    count = np.array([3.0, others])
    N = float(count @ sizes)
    classes = Classes(count * sizes / N, sizes, count, sizes, count - np.eye(2))
    usual = failure_probability(plain(d), classes)
    monkeypatch.setattr(interference, "FINEST", 64)
    monkeypatch.setattr(interference, "NODES", tuple(3 * n for n in USUAL))
    assert usual == pytest.approx(failure_probability(plain(d), classes), rel=0.002)


@pytest.mark.parametrize("facts", ["balanced", "random", "zipf"])
@pytest.mark.parametrize(("d", "M"), [(32, 4), (64, 4), (64, 16)])
def test_with_classes_the_nodes_change_recall_by_a_tenth_of_a_percent(monkeypatch, facts, d, M):
    """Competitors of large classes are steps too: absolute digits of the recall, at 98%."""
    N = capacity_of(Construction("linear"), d=d, rate=0.98, facts=facts, M=M)
    classes = classes_of(facts, N=N, M=M)
    before = failure(plain(d), classes)
    assert with_nodes(monkeypatch, plain(d), classes, 2) == pytest.approx(before, abs=0.001)


# --- against simulation -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "N", "M"),
    [(16, 3, None), (16, 4, None), (16, 6, None), (16, 8, None), (16, 10, None),
     (16, 4, 30), (16, 6, 60), (32, 12, None), (32, 24, None), (32, 36, None), (32, 20, 200)],
)  # fmt: skip
def test_recall_is_that_of_simulation(d, N, M):
    """Within 5 standard errors of 20000 draws (level 6e-7, fixed seed) and 0.2% absolute."""
    trials = 20_000 if N < 20 else 4_000
    fractions = recalled(d, N, trials=trials, seed=11, M=M).mean(axis=1)
    error = fractions.std(ddof=1) / np.sqrt(trials)
    predicted = 1 - failure(plain(d), classes_of("identity", N=N, M=M))
    assert fractions.mean() == pytest.approx(predicted, abs=5 * error + 0.002)


@pytest.mark.parametrize(("d", "N"), [(16, 24), (16, 60), (32, 100)])
def test_recall_far_beyond_the_capacity_is_within_two_percent(d, N):
    trials = 1000
    fractions = recalled(d, N, trials=trials, seed=12).mean(axis=1)
    error = fractions.std(ddof=1) / np.sqrt(trials)
    predicted = 1 - failure(plain(d), Classes.injective(N))
    assert fractions.mean() == pytest.approx(predicted, abs=5 * error + 0.02)


@pytest.mark.parametrize("N", [5, 8])
def test_a_pair_by_simulation_of_its_score_difference(N):
    """P(score(x) <= score(y)) at d = 16, drawn without a memory, against the union over y.

    A union is at most its sum, and close to it while failures are rare. 200000 draws, 5 standard
    errors (level 6e-7), fixed seed.
    """
    d, draws, batches = 16, 200_000, 8
    rng = np.random.default_rng(2)
    wins = 0
    for _ in range(batches):
        size = draws // batches
        overlaps = np.einsum("tzd,td->tz", *(uniform((size, *n, d), rng) for n in ((N - 1,), ())))
        U = uniform((size, N, d), rng)
        gap = U[:, 0] - U[:, 1]
        noise = (overlaps * np.einsum("tzd,td->tz", U[:, 1:], gap)).sum(axis=1)
        wins += (np.einsum("td,td->t", U[:, 0], gap) + noise <= 0).sum()
    pair = wins / draws
    error = np.sqrt(pair / draws)
    predicted = failure(plain(d), Classes.injective(N))
    assert 0.9 * (N - 1) * (pair - 5 * error) <= predicted <= (N - 1) * (pair + 5 * error)


# --- special cases ------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 16, 10**6])
@pytest.mark.parametrize("M", [None, 2, 50])
def test_one_fact_is_never_forgotten(d, M):
    assert failure(plain(d), classes_of("identity", N=1, M=M)) < 1e-100


@pytest.mark.parametrize("d", [2, 16, 10**6])
def test_two_facts_are_never_forgotten(d):
    """(1 - rho)(1 - eps) > 0 but for a set of measure 0."""
    assert failure(plain(d), Classes.injective(2)) < 1e-100


@pytest.mark.parametrize("d", [16, 64])
def test_without_noise_nothing_is_forgotten(d):
    silent = Interference(d, ONE, 0 * ONE, 0 * ONE, ONE)
    assert failure(silent, Classes.injective(1000)) < 1e-80


def test_with_overwhelming_noise_recall_is_a_guess():
    """Every output is as good as any other: the right one of M is best with probability 1/M."""
    M = 20
    loud = Interference(16, ONE, 1e12 * ONE, 0 * ONE, ONE)
    assert failure(loud, Classes.injective(M)) == pytest.approx(1 - 1 / M, abs=0.01)


def test_a_single_output_is_always_right():
    alone = Classes(ONE, np.array([50.0]), np.zeros(1), ONE)
    assert failure(plain(16), alone) == 0


def test_more_outputs_and_more_facts_are_harder():
    few, more, most = (
        failure(plain(32), classes_of("identity", N=20, M=M)) for M in (None, 30, 200)
    )
    assert few < more < most
    by_facts = [failure(plain(32), Classes.injective(N)) for N in (3, 5, 10, 20, 40, 80, 1000)]
    assert by_facts == sorted(by_facts)
    by_dimension = [failure(plain(d), Classes.injective(30)) for d in (4, 8, 16, 32, 64, 128)]
    assert by_dimension == sorted(by_dimension, reverse=True)


def test_kinds_of_classes_may_be_split():
    """Two kinds of the same size are one."""
    whole = Classes(ONE, np.array([3.0]), np.array([9.0]), np.array([3.0]))
    split = Classes(
        np.array([0.25, 0.75]), np.array([3.0, 3.0]), np.array([4.0, 5.0]), np.array([3.0, 3.0])
    )
    law = plain(48)
    np.testing.assert_allclose(
        failure_probability(law, split), failure_probability(law, whole)[0], rtol=1e-12
    )


def test_a_random_factor_is_averaged():
    mixed = Interference(
        16, np.array([0.3, 0.7]), np.array([1, 2]) / 16**2, np.array([1, 2]) / 16, np.ones(2)
    )
    parts = [
        failure(Interference(16, ONE, k * ONE / 16**2, k * ONE / 16, ONE), Classes.injective(8))
        for k in (1, 2)
    ]
    assert failure(mixed, Classes.injective(8)) == pytest.approx(0.3 * parts[0] + 0.7 * parts[1])


def test_small_failures_keep_their_digits():
    """At d = 512 a few facts fail with probability far below the rounding of 1."""
    rare = [failure(plain(512), Classes.injective(N)) for N in (150, 200, 300)]
    assert 1e-200 < rare[0] < 1e-10 * rare[1] < 1e-20 * rare[2] < 1e-60


def test_energy_of_classes_on_a_sphere_has_the_variance_that_draws_have(rng):
    """Coefficients of 20 facts on a sphere, in classes of 8, 4 and eight of 1."""
    sizes = np.array([8.0, 4.0, *[1.0] * 8])
    c = rng.standard_normal((40_000, 20))
    c *= np.sqrt(20) / np.linalg.norm(c, axis=1, keepdims=True)
    sums = np.add.reduceat(c, np.concatenate([[0], np.cumsum(sizes[:-1])]).astype(int), axis=1)
    Q = (sums**2).sum(axis=1)
    one = np.ones(1)
    law = Interference(24, one, one / 24**2, one / 24, one, steady=True)
    # One competitor of so many is no loss.
    many = Classes(one, one, np.array([1.0, 1, 8]) * 1e9, np.array([8.0, 4, 1]))
    uneven, _ = interference._energy_moments(law, many)
    assert uneven * 1e9 == pytest.approx(2 * ((sizes**2).sum() / 20 - 1) / 20, rel=1e-6)
    assert Q.var() / Q.mean() ** 2 == pytest.approx(2 * ((sizes**2).sum() / 20 - 1) / 22, rel=0.03)
    even, _ = interference._energy_moments(law, Classes.injective(21))
    assert even == 0


@pytest.mark.parametrize("taken", [0.0, 1.0, 2.5])
def test_what_one_coefficient_of_a_sphere_takes_the_others_lack(rng, taken):
    c = rng.standard_normal((20_000, 11))
    others = c[:, 1:] / np.linalg.norm(c[:, 1:], axis=1, keepdims=True) * np.sqrt(12 - taken)
    left = float(interference._left(np.array(taken), 12.0))
    assert (others**2).sum(axis=1).mean() == pytest.approx(left * 11)
    assert float(interference._left(np.array(taken), np.inf)) == 1
    assert float(interference._left(np.array(99.0), 12.0)) == 0


def test_two_outputs_leave_no_noise_also_where_their_number_is_rounded():
    """The number of competitors is one, and a little more in floating point: no overflow."""
    classes = classes_of("random", N=9.501962509984374, M=2)
    assert classes.count.sum() > 1
    # 0.03386 with twice as many nodes, and with forty times as many where it is steep.
    assert failure(plain(32), classes) == pytest.approx(0.03386, abs=1e-4)
