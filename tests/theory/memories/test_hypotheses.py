"""Tests of the embeddings: how often they reject uniform vectors, and what they see in others."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from assoc import InputError, example_path, load_vectors, preprocess
from assoc.embeddings import rademacher, sphere
from tests.helpers.oracles import one_line
from theory.claims import Condition, Problem
from theory.memories import hypotheses
from theory.memories.guarantee import guaranteed_capacity
from theory.memories.hypotheses import (
    INDEPENDENT,
    INJECTIVE,
    LEVEL,
    UNIFORM,
    duplicate_condition,
    enough_dimensions,
    enough_rank,
    isotropy,
    isotropy_conditions,
)


def holds(vectors, names=None):
    """Which conditions on vectors hold, by name."""
    problem = Problem(vectors=vectors, names=names)
    found = (*UNIFORM.check(problem), *INDEPENDENT.check(problem))
    return {condition.name: condition.holds for condition in found}


def condition(vectors, name, names=None):
    problem = Problem(vectors=vectors, names=names)
    found = (*isotropy_conditions(problem), *duplicate_condition(problem))
    return {c.name: c for c in found}[name]


# --- false alarms -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "d", "draws"), [(200, 4, 2000), (300, 16, 2000), (500, 64, 500), (100, 200, 500)]
)
def test_p_values_of_uniform_vectors_are_uniform(n, d, draws):
    """Share of p < 5% and p < 1%, in a 99.99% binomial interval; fixed seed.

    The chi-square laws are limits: at these n they are met to within a tenth of the level.
    """
    rng = np.random.default_rng(1)
    found = [isotropy(sphere(n, d, rng=rng)) for _ in range(draws)]
    for p in ([i.mean_p for i in found], [i.spread_p for i in found]):
        for level in (0.05, 0.01):
            low = stats.binom.ppf(5e-5, draws, 0.9 * level)
            high = stats.binom.isf(5e-5, draws, 1.1 * level)
            assert low <= np.sum(np.array(p) < level) <= high
    # And 1/d is the mean squared cosine.
    interference = np.array([i.interference for i in found])
    error = interference.std() / np.sqrt(draws)
    assert interference.mean() == pytest.approx(1, abs=5 * error)


def test_all_conditions_together_reject_uniform_vectors_at_three_times_the_level(monkeypatch):
    """2000 draws of 60 vectors in R^6 with the level raised to 2%; fixed seed."""
    monkeypatch.setattr(hypotheses, "LEVEL", 0.02)
    rng = np.random.default_rng(2)
    draws = 2000
    seen = [holds(sphere(60, 6, rng=rng)) for _ in range(draws)]
    alarms = {name: sum(not h[name] for h in seen) for name in seen[0]}
    assert alarms["unit norm"] == 0
    for name in ("centred", "isotropic", "no near duplicates"):
        assert alarms[name] <= stats.binom.isf(5e-5, draws, 0.022)
    together = sum(not all(h.values()) for h in seen)
    assert together <= stats.binom.isf(5e-5, draws, 0.06)
    # The union over pairs is nearly sharp: the test is not asleep.
    assert alarms["no near duplicates"] >= stats.binom.ppf(5e-5, draws, 0.01)


@pytest.mark.parametrize(("n", "d"), [(50, 2), (2000, 16), (200, 256)])
def test_uniform_vectors_pass(n, d):
    rng = np.random.default_rng(3)
    assert all(holds(sphere(n, d, rng=rng)).values())


# --- power --------------------------------------------------------------------------------------


def test_a_wrong_length_is_seen(rng):
    E = sphere(500, 16, rng=rng)
    E[7] *= 1.002
    found = condition(E, "unit norm")
    assert not found.holds
    assert found.remedy == "normalise"
    assert condition(preprocess(E, "normalise"), "unit norm").holds


def test_a_shift_is_seen_and_centring_mends_it(rng):
    E = preprocess(sphere(1000, 16, rng=rng) + 0.2 * np.eye(16)[0], "normalise")
    assert holds(E)["unit norm"]
    found = condition(E, "centred")
    assert not found.holds
    assert found.remedy == "centre"
    assert condition(preprocess(E, "centre"), "centred").holds


def test_stretched_directions_are_seen_and_whitening_mends_them(rng):
    stretch = np.linspace(0.6, 1.4, 16)
    E = preprocess(sphere(2000, 16, rng=rng) * stretch, "normalise")
    assert holds(E) == {
        "unit norm": True,
        "centred": True,
        "isotropic": False,
        "no near duplicates": True,
    }
    found = condition(E, "isotropic")
    assert found.remedy == "whiten"
    assert isotropy(E).interference > 1.1
    assert all(holds(preprocess(E, "whiten")).values())


def test_a_near_duplicate_is_named(rng):
    E = sphere(3000, 32, rng=rng)
    E[2500] = preprocess(E[41:42] + 0.05 * E[2500:2501], "normalise")
    found = condition(E, "no near duplicates")
    assert not found.holds
    assert "row 41" in found.value
    assert "row 2500" in found.value
    names = tuple(f"token {k}" for k in range(3000))
    assert "token 2500" in condition(E, "no near duplicates", names).value
    assert "at every d" in found.remedy


@pytest.mark.parametrize("block", [1, 7, 64, 5000])
def test_duplicates_are_found_whatever_the_blocks(monkeypatch, rng, block):
    E = sphere(100, 8, rng=rng)
    E[99] = E[3]
    monkeypatch.setattr(hypotheses, "BLOCK", block)
    found = condition(E, "no near duplicates")
    assert found.value.startswith("largest cosine 1 (row ")
    assert {"row 3", "row 99"} == set(found.value.split("(")[1].rstrip(")").split(", "))


def test_opposite_vectors_are_no_duplicates(rng):
    E = sphere(100, 24, rng=rng)
    E[1] = -E[0]
    assert condition(E, "no near duplicates").holds


def test_signs_pass_for_uniform_in_mean_and_spread(rng):
    """Rademacher vectors have the sphere's first two moments, and that is what is tested."""
    assert all(holds(rademacher(500, 64, rng=rng)).values())


# --- what is measured ---------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-250, 1e250])
def test_the_scale_changes_the_norms_and_nothing_else(rng, scale):
    E = rng.standard_normal((60, 5))
    near, far = isotropy(E), isotropy(E * scale)
    assert far.norms == pytest.approx(np.array(near.norms) * scale, rel=1e-12)
    assert far.interference == pytest.approx(near.interference, rel=1e-12)
    assert far.mean_p == pytest.approx(near.mean_p, rel=1e-9)
    (same,) = duplicate_condition(Problem(vectors=E * scale))
    assert same.value == duplicate_condition(Problem(vectors=E))[0].value


def test_the_numbers_are_those_of_their_definitions(rng):
    E = rng.standard_normal((60, 5)) + 0.3
    found = isotropy(E)
    norms = np.linalg.norm(E, axis=1)
    V = E / norms[:, None]
    assert (found.n, found.d) == (60, 5)
    assert found.norms == pytest.approx((norms.min(), np.median(norms), norms.max()), rel=1e-12)
    assert found.mean_length == pytest.approx(np.linalg.norm(V.mean(axis=0)))
    cosines = (V @ V.T)[~np.eye(60, dtype=bool)]
    assert found.interference == pytest.approx(5 * (cosines**2).mean())
    rayleigh = 60 * 5 * found.mean_length**2
    assert found.mean_p == pytest.approx(stats.chi2.sf(rayleigh, 5))
    C = V.T @ V / 60
    bingham = 60 * 5 * 7 / 2 * (np.trace(C @ C) - 1 / 5)
    assert found.spread_p == pytest.approx(stats.chi2.sf(bingham, 4 * 7 / 2))


def test_scale_and_rotation_change_nothing_but_norms(rng):
    E = rng.standard_normal((80, 6)) * [1, 1, 1, 1, 1, 3]
    Q = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    before, after = isotropy(E), isotropy(7 * E @ Q)
    assert after.spread_p == pytest.approx(before.spread_p)
    assert after.mean_p == pytest.approx(before.mean_p)
    assert after.interference == pytest.approx(before.interference)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.array([[1.0, 0.0], [0.0, 0.0]]), "embeddings: row 1 is zero and has no direction"),
        (np.array([[1.0, np.nan]]), "embeddings: row 0 has a value that is not finite"),
        (np.ones((1, 5)), "embeddings: 1 vectors in R^5 are too few to judge a distribution"),
        (np.ones((5, 1)), "embeddings: 5 vectors in R^1 are too few to judge a distribution"),
        (np.ones(5), "embeddings: a matrix (n, d) is needed, not an array of shape (5,)"),
    ],
)
def test_vectors_that_cannot_be_judged_are_named(vectors, said):
    with pytest.raises(InputError) as caught:
        isotropy(vectors)
    assert one_line(caught.value) == said


# --- sizes --------------------------------------------------------------------------------------


def test_vectors_that_are_drawn_are_taken_for_granted():
    for hypothesis in (UNIFORM, INDEPENDENT):
        assert hypothesis.check(Problem(d=64, N=40)) == ()


@pytest.mark.parametrize(
    ("facts", "N", "M", "injective", "remedy"),
    [
        ("identity", 10, None, True, ""),
        ("permutation", 10, 10, True, ""),
        ("identity", 10, 50, True, ""),
        ("identity", None, None, True, ""),
        ("identity", 10, 9, False, "raise M"),
        ("balanced", 10, 10, False, "non-injective law"),
        ("zipf", None, None, False, "non-injective law"),
    ],
)
def test_injective_maps(facts, N, M, injective, remedy):
    (found,) = INJECTIVE.check(Problem(d=64, N=N, facts=facts, outputs=M))
    assert found.holds is injective
    assert remedy in found.remedy
    assert bool(found.remedy) is not injective


def test_enough_dimensions_is_the_guarantee():
    def enough(**sizes):
        (found,) = enough_dimensions(Problem(delta=0.5, **sizes))
        return found

    assert enough(d=128, N=guaranteed_capacity(128)).holds
    assert not enough(d=128, N=guaranteed_capacity(128) + 1).holds
    assert enough(d=128, N=330).remedy == "raise d"
    assert "N log N / d^2 = 0.11" in enough(d=128, N=325).value
    assert enough(d=64, N=20, rank=32).holds
    assert enough(d=64, N=60).holds
    crowded = enough(d=64, N=60, rank=32)
    assert not crowded.holds
    assert crowded.remedy == "raise m or d"
    assert crowded.name == "m d large enough for N"
    # Outputs that are nobody's answer compete too.
    assert not enough(d=64, N=60, outputs=10**6).holds
    assert enough(N=5).holds is enough(d=5).holds is None
    assert (enough(N=5).remedy, enough(d=5).remedy) == (
        "give --d, or see the sizes below",
        "give --N, or see the sizes below",
    )
    assert enough_rank(Problem(d=64, N=20)) == (
        Condition(
            "m d large enough for N", None, "", "proved failure probability <= 0.01",
            "give --rank, or see the least below",
        ),
    )  # fmt: skip
    assert enough_rank(Problem(d=64, N=20, rank=32, delta=0.5))[0].holds


# --- real vectors -------------------------------------------------------------------------------

TOKENS = load_vectors(example_path("minilm_tokens.npz"))


@cache
def tokens(how):
    return preprocess(TOKENS.vectors, how)


@pytest.mark.parametrize(
    ("how", "unit", "centred", "isotropic"),
    [
        ("none", False, False, False),
        ("normalise", True, False, False),
        ("centre", True, True, False),
        ("whiten", True, True, True),
    ],
)
def test_token_embeddings(how, unit, centred, isotropic):
    vectors = tokens(how)
    assert holds(vectors, TOKENS.names) == {
        "unit norm": unit,
        "centred": centred,
        "isotropic": isotropic,
        "no near duplicates": False,
    }
    closest = condition(vectors, "no near duplicates", TOKENS.names).value
    assert "driver, drivers" in closest


def test_interference_of_token_embeddings_is_twice_that_of_uniform_ones():
    assert isotropy(TOKENS.vectors).interference == pytest.approx(2.13, abs=0.01)
    assert isotropy(tokens("whiten")).interference < 1


def test_the_level_is_stated_once():
    assert LEVEL == 1e-3
    found = condition(TOKENS.vectors, "centred")
    assert f"p >= {LEVEL:g}" in found.required


@pytest.mark.parametrize(
    ("remedy", "done", "left"),
    [
        ("whiten", "none", "whiten"), ("whiten", "whiten", ""), ("centre", "whiten", ""),
        ("whiten", "centre", "whiten"), ("raise d", "whiten", "raise d"),
    ],
)  # fmt: skip
def test_a_remedy_that_was_applied_is_not_advised(remedy, done, left):
    found = Condition("isotropic", False, "value", "required", remedy)
    assert hypotheses.not_done_again(found, done).remedy == left
