"""The law of superposed values: against simulation from scratch, its quadrature, its limits."""

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from assoc.facts.recall_task import balanced_task
from assoc.transformers.attention_only import attention_only, cue_groups
from sims.transformers.architecture import Architecture, Shape
from sims.transformers.recall import measure_facts
from tests.helpers.oracles import one_line
from tests.helpers.simulate import uniform
from theory.transformers import superposed
from theory.transformers.superposed import (
    heads_right,
    superposed_all,
    superposed_dimension,
    superposed_recall,
)

K = 8


def crossed(Phi, tokens, group):
    """Coefficients (k, k): what the heads of tokens give of each token's values."""
    if group is None:
        return np.eye(len(tokens))
    C = np.zeros((len(tokens), len(tokens)))
    end = Phi[-1]
    for part in np.array_split(np.arange(len(tokens)), -(-len(tokens) // group)):
        own = Phi[tokens[part]]
        without = own - np.outer(own @ end, end)
        C[np.ix_(part, part)] = own @ (without / np.sum(without * own, axis=1)[:, None]).T
    return C


def missed(S, R, D, d, *, group=None, trials, seed):
    """Facts missed in each trial, by the definition of plain sums: no heads, no prompts."""
    rng = np.random.default_rng(seed)
    n, counts = S + R + R * D + K + 1, []
    for _ in range(trials):
        Phi = uniform((n, d), rng)
        answers = S + R + D * np.arange(R) + rng.integers(0, D, (S, R))
        by_subject, by_relation = np.zeros((S, n)), np.zeros((R, n))
        np.put_along_axis(by_subject, answers, 1.0, axis=1)
        np.put_along_axis(by_relation, answers.T, 1.0, axis=1)
        gram = Phi @ Phi.T
        scores = (crossed(Phi, np.arange(S), group) @ by_subject @ gram)[:, None]
        scores = scores + crossed(Phi, S + np.arange(R), group) @ by_relation @ gram
        own = np.take_along_axis(scores, answers[:, :, None], axis=2)[..., 0]
        np.put_along_axis(scores, answers[:, :, None], -np.inf, axis=2)
        counts.append(int((own <= scores.max(axis=2)).sum()))
    return np.array(counts)


# --- against simulation -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "d", "group", "trials"),
    [
        ((32, 32, 8), 256, None, 20),
        ((32, 32, 8), 512, None, 20),
        ((32, 32, 8), 512, 64, 20),
        ((16, 32, 8), 512, 16, 60),
        ((64, 8, 32), 512, 64, 40),
        ((64, 4, 8), 128, None, 200),
        ((64, 4, 8), 128, 16, 200),
        ((8, 16, 16), 256, None, 200),
        ((64, 1, 32), 384, None, 200),
    ],
)
def test_recall_is_that_of_simulation(sizes, d, group, trials):
    """Within 4 standard errors (level 6e-5, fixed seed) and 0.5%."""
    S, R, _ = sizes
    share = 1 - missed(*sizes, d, group=group, trials=trials, seed=7) / (S * R)
    predicted = superposed_recall(*sizes, d, noise=K, group=group)
    error = share.std(ddof=1) / np.sqrt(trials)
    assert share.mean() == pytest.approx(predicted, abs=4 * error + 0.005)


@pytest.mark.parametrize(
    ("sizes", "d", "group"),
    [
        ((64, 4, 8), 192, None),
        ((64, 4, 8), 256, 16),
        ((32, 4, 32), 640, None),
        pytest.param((8, 16, 16), 512, None, marks=pytest.mark.slow),
        ((64, 1, 16), 256, None),
        ((16, 16, 2), 320, None),
    ],
)
def test_whole_recall_is_that_of_simulation(sizes, d, group):
    """Within 4 standard errors of 400 trials (level 6e-5, fixed seed) and 0.06."""
    whole = missed(*sizes, d, group=group, trials=400, seed=8) == 0
    predicted = superposed_all(*sizes, d, noise=K, group=group)
    error = np.sqrt(predicted * (1 - predicted) / 400)
    assert 0.1 < predicted < 0.95
    assert whole.mean() == pytest.approx(predicted, abs=4 * error + 0.06)


def test_misses_come_in_clumps():
    """Independent misses would leave far fewer tables whole."""
    sizes, d = (64, 4, 8), 192
    recall = superposed_recall(*sizes, d, noise=K)
    independent = recall ** (sizes[0] * sizes[1])
    assert superposed_all(*sizes, d, noise=K) > 1.4 * independent


def test_a_transformer_recalls_what_the_law_says():
    shape, d = Shape(16, 8, 8), 160
    point = measure_facts(
        Architecture("attention-only-sum", d, head_dim=1), shape, trials=40
    ).points[0]
    predicted = superposed_recall(16, 8, 8, d, noise=shape.noise, group=1)
    assert point.recall == pytest.approx(predicted, abs=4 * point.standard_error + 0.01)


# --- quadrature ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(32, 32, 8), (64, 8, 32), (64, 4, 8), (128, 16, 16)])
@pytest.mark.parametrize("group", [None, 4, 64])
def test_twice_the_nodes_give_the_same(monkeypatch, sizes, group):
    half = superposed_dimension(*sizes, noise=K, group=group)
    ways = [
        lambda: 1 - superposed_recall(*sizes, half // 2, noise=K, group=group),
        lambda: superposed_all(*sizes, half, noise=K, group=group),
    ]
    before = [way() for way in ways]
    monkeypatch.setattr(superposed, "NODES", tuple(2 * n for n in superposed.NODES))
    np.testing.assert_allclose([way() for way in ways], before, rtol=0.01)


# --- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("D", [1, 5])
def test_one_fact_is_always_recalled(D):
    """F = 2 phi(a)."""
    assert superposed_recall(1, 1, D, 2, noise=0) == 1
    assert superposed_all(1, 1, D, 2, noise=0) == 1


def test_heads_of_one_token_are_exact():
    assert superposed_recall(16, 8, 8, 128, noise=K, group=1) == superposed_recall(
        16, 8, 8, 128, noise=K
    )


def test_more_of_anything_but_dimensions_is_harder():
    def recall(S=16, R=16, D=8, d=256, noise=K, group=4):
        return superposed_recall(S, R, D, d, noise=noise, group=group)

    for name, values in (
        ("R", (2, 4, 16, 64)),
        ("D", (2, 8, 64)),
        ("noise", (0, 10**3, 10**6)),
        ("group", (1, 4, 16)),
    ):
        found = [recall(**{name: value}) for value in values]
        assert found == sorted(found, reverse=True), name
        assert len(set(found)) == len(found), name
    rising = [recall(d=d) for d in (2, 16, 64, 256, 1024)]
    assert rising == sorted(rising)
    assert 0 <= rising[0] < 0.1
    assert rising[-1] > 0.999


def test_many_dimensions_are_always_enough():
    assert superposed_recall(10**3, 10**3, 10**3, 10**6, noise=64) == 1
    assert superposed_all(10**3, 10**3, 10**3, 10**6, noise=64, group=64) == pytest.approx(1)


@pytest.mark.parametrize("target", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("group", [None, 4])
def test_the_dimension_is_the_least_that_is_enough(target, group):
    d = superposed_dimension(16, 8, 8, noise=K, group=group, target=target)
    chances = [superposed_all(16, 8, 8, k, noise=K, group=group) for k in (d - 1, d)]
    assert chances[0] < target <= chances[1]


def test_the_dimension_grows_like_r_plus_d_times_a_logarithm():
    """4 (R + D) log(S R (R + D)) to leading order, approached from below."""
    ratios = []
    for size in (16, 256, 4096):
        leading = 4 * 2 * size * np.log(2 * size**3)
        ratios.append(superposed_dimension(size, size, size, noise=K) / leading)
    assert 0.5 < ratios[0] < ratios[1] < ratios[2] < 1


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subjects": 0}, "S = 0 is not positive"),
        ({"relations": 1.5}, "R = 1.5 is not an integer"),
        ({"answers": -1}, "D = -1 is not positive"),
        ({"group": 0}, "group = 0 is not positive"),
        ({"d": 1}, "d = 1, K = 0: at least 2 dimensions and 0 noise tokens are needed"),
        ({"noise": -1}, "d = 8, K = -1: at least 2 dimensions"),
    ],
)
def test_sizes_out_of_range_are_named(changes, said):
    for predict in (superposed_recall, superposed_all):
        with pytest.raises(InputError) as caught:
            predict(**{"subjects": 4, "relations": 4, "answers": 4, "d": 8, "noise": 0, **changes})
        assert said in one_line(caught.value)


@pytest.mark.parametrize("target", [0, 1, -0.5, float("nan")])
def test_a_target_that_is_no_probability_is_refused(target):
    with pytest.raises(InputError, match="is not strictly between 0 and 1"):
        superposed_dimension(4, 4, 4, noise=0, target=target)


def test_the_search_for_a_dimension_ends():
    with pytest.raises(InputError, match="no d up to"):
        superposed_dimension(10**12, 10**12, 8, noise=0)


# --- heads of plain sums that go astray ---------------------------------------------------------


def looked_right(S, R, d, group, length, trials):
    """Share of prompts whose own two heads look at subject and relation, table by table."""
    shares = []
    for trial in range(trials):
        rng = np.random.default_rng([trial, S, R, d])
        task = balanced_task(S, R, 4, rng=rng)
        Phi = sphere(task.vocabulary, d, rng=rng)
        model = attention_only(task, Phi, rng=rng, values="sum", head_dim=group)
        logits, prompts = model.logits(), task.prompts(length, rng=rng)
        right = np.ones(len(task), bool)
        for head, own in enumerate(cue_groups(task, group, None)):
            looked = prompts[np.arange(len(task)), logits[head][prompts].argmax(axis=1)]
            for cue in task.cues.T:
                right &= ~np.isin(cue, own) | (looked == cue)
        shares.append(right.mean())
    return np.mean(shares), np.std(shares, ddof=1) / np.sqrt(trials)


@pytest.mark.parametrize(
    ("S", "R", "d", "group", "length"),
    [(32, 32, 512, 16, 32), (64, 8, 512, 64, 32), (24, 12, 128, 8, 8), (20, 20, 2048, 10, 32)],
)
def test_heads_look_where_they_should_as_often_as_predicted(S, R, d, group, length):
    measured, error = looked_right(S, R, d, group, length, 60)
    predicted = heads_right(S, R, d, group=group, length=length)
    assert abs(measured - predicted) < 4 * error + 0.02


def test_smaller_heads_and_shorter_prompts_are_safer():
    small, large = (heads_right(32, 32, 512, group=g, length=32) for g in (2, 16))
    assert large < 0.97
    assert small > 0.99999
    short, long = (heads_right(32, 32, 512, group=32, length=T) for T in (8, 64))
    assert long < short


@pytest.mark.parametrize("change", [{"subjects": 0}, {"relations": 0}, {"group": 0}, {"length": 0}])
def test_sizes_of_heads_that_make_no_sense(change):
    sizes = {"subjects": 4, "relations": 4, "d": 8, "group": 2, "length": 8} | change
    with pytest.raises(InputError):
        heads_right(**sizes)
