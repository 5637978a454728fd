"""Recall at a point: against plain NumPy, and the same whatever runs it."""

import itertools
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from assoc import InputError, margins
from assoc.facts.maps import MAPS
from assoc.memories.linear import hebbian
from sims import measure
from sims.engine.randomness import BLOCK_ROWS, INPUTS, OUTPUTS, Source
from sims.memories.recall import _count_batch
from tests.helpers.oracles import exact_margins, forgetful, one_line, table


def counts(memory="linear", **arguments):
    """Recalled inputs of every trial of a single point."""
    (point,) = measure(memory, **{"d": 16, "N": 40, "trials": 5, **arguments}).points
    return point.counts


def spheres(d, N, trial, *, seed=0, experiment="recall"):
    """The embeddings of a trial, drawn by hand from the generators of its streams."""
    source = Source(seed, experiment, (d,))
    drawn = []
    for stream in (INPUTS, OUTPUTS):
        blocks = [
            source.generator(trial, stream, block).standard_normal(
                (min(BLOCK_ROWS, N - start), d), dtype=np.float32
            )
            for block, start in enumerate(range(0, N, BLOCK_ROWS))
        ]
        g = np.concatenate(blocks)
        drawn.append(g / np.sqrt(np.einsum("ij,ij->i", g, g))[:, None])
    return drawn


# --- against plain NumPy ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "N"),
    [(2, 2), (3, 5), (8, 8), (8, 16), (16, 64), (32, 64), (7, 100), (64, 600), (128, 256)],
)
def test_counts_are_those_of_double_precision(d, N):
    """The Hebbian memory in float64 throughout, scores against all outputs at once."""
    measured = counts(d=d, N=N, trials=12)
    for trial, count in enumerate(measured):
        E, U = (v.astype(np.float64) for v in spheres(d, N, trial))
        scores = E @ (U.T @ E).T @ U.T
        own = scores.diagonal().copy()
        np.fill_diagonal(scores, -np.inf)
        assert count == (own > scores.max(axis=1)).sum()


@pytest.mark.parametrize(("d", "N"), [(1, 3), (2, 4), (3, 6), (4, 8)])
def test_counts_of_tiny_sizes_are_those_of_rational_arithmetic(d, N):
    for trial, count in enumerate(counts(d=d, N=N, trials=6)):
        E, U = spheres(d, N, trial)
        W = hebbian(E, U, np.arange(N), rng=np.random.default_rng(0)).W
        assert count == sum(margin > 0 for margin in exact_margins([W], E, U, range(N)))


@pytest.mark.parametrize("N", [1, 2, 3, 10, 100])
def test_on_a_line_at_most_one_output_has_no_twin(N):
    """d = 1: every embedding is 1 or -1, so ties decide, and integers are an exact oracle."""
    for trial, count in enumerate(counts(d=1, N=N, trials=30)):
        E, U = (np.sign(v[:, 0]).astype(int) for v in spheres(1, N, trial))
        scores = np.outer(E * (U @ E), U)
        own = scores.diagonal().copy()
        np.fill_diagonal(scores, -1000)
        assert count == (own > scores.max(axis=1)).sum()
        assert count <= 1 or N == 2


@pytest.mark.parametrize(
    ("d", "N"),
    [(1, 3), (2, 7), (16, 64), (32, 64), (100, 300), (4, 4000), (4, 4097), (4, 8000), (2, 5000)],
)
def test_the_path_for_small_trials_counts_what_the_general_one_counts(d, N):
    """A name and the same function under no name: other code, same numbers, same verdicts."""
    assert counts(d=d, N=N, trials=3) == counts(hebbian, d=d, N=N, trials=3)


@pytest.mark.parametrize("d", [2, 3, 8, 31])
def test_small_trials_tell_near_ties_apart(d):
    """Outputs in close pairs, from the spacing of single precision up, and some exact twins."""
    trials, N = range(20), 24
    rng = np.random.default_rng(0)
    E, U = rng.standard_normal((2, len(trials), N, d))
    moved = 10.0 ** rng.uniform(-8, -6, (len(trials), N // 2, 1))
    moved *= rng.choice([-1, 1], moved.shape)
    U[:, 1::2] = U[:, ::2] + moved * E[:, ::2]
    E, U = (v / np.linalg.norm(v, axis=-1)[..., None] for v in (E, U))
    drawn = {INPUTS: E.astype(np.float32), OUTPUTS: U.astype(np.float32)}
    source = SimpleNamespace(spheres=lambda *_, stream, **__: drawn[stream])
    fast = _count_batch(d, N, source, trials)
    doubtful = 0
    for trial, count in zip(trials, fast, strict=True):
        E, U = drawn[INPUTS][trial], drawn[OUTPUTS][trial]
        slow = margins(hebbian(E, U, np.arange(N), rng=rng), E, U, np.arange(N))
        assert np.abs(slow[slow != 0]).min() > 1e-13
        assert count == (slow > 0).sum()
        doubtful += (np.abs(slow) < 1e-6).sum()
    assert doubtful > 20


@pytest.mark.parametrize("facts", MAPS)
@pytest.mark.parametrize("law", ["sphere", "gaussian", "rademacher", "orthonormal"])
def test_every_law_and_map_agrees_with_the_slow_margins(law, facts):
    recorded = []

    def build(E, U, f, *, rng):
        recorded.append((E, U, f))
        return hebbian(E, U, f, rng=rng)

    measured = counts(build, embeddings=law, facts=facts, N=16, outputs=16, threads=1)
    for (E, U, f), count in zip(recorded, measured, strict=True):
        slow = margins(hebbian(E, U, f, rng=np.random.default_rng(0)), E, U, f)
        assert np.abs(slow).min() > 1e-12 or law == "rademacher"
        if law != "rademacher":
            assert count == (slow > 0).sum()


def test_signs_are_exact_when_d_is_a_power_of_four():
    """Rademacher scores are then small multiples of a power of two, so that ties are ties."""
    for d, N in [(4, 6), (16, 40)]:
        recorded = []

        def build(E, U, f, *, rng, recorded=recorded):
            recorded.append((np.sign(E).astype(int), np.sign(U).astype(int)))
            return hebbian(E, U, f, rng=rng)

        measured = counts(build, d=d, N=N, embeddings="rademacher", trials=40, threads=1)
        ties = 0
        for (E, U), count in zip(recorded, measured, strict=True):
            scores = E @ (U.T @ E).T @ U.T
            own = scores.diagonal().copy()
            np.fill_diagonal(scores, -(10**9))
            ties += (own == scores.max(axis=1)).sum()
            assert count == (own > scores.max(axis=1)).sum()
        assert ties > 0


def test_mean_recall_against_an_independent_simulation():
    # 600 trials of each: the difference of the means is within 5 standard errors (level 6e-7),
    # fixed seeds.
    d, N, trials = 16, 40, 600
    rng = np.random.default_rng(0)
    plain = []
    for _ in range(trials):
        E, U = rng.standard_normal((2, N, d))
        E, U = (v / np.linalg.norm(v, axis=1)[:, None] for v in (E, U))
        plain.append(((E @ (U.T @ E).T @ U.T).argmax(axis=1) == np.arange(N)).mean())
    (point,) = measure("linear", d=d, N=N, trials=trials).points
    error = np.hypot(point.standard_error, np.std(plain) / np.sqrt(trials))
    assert abs(point.recall - np.mean(plain)) < 5 * error


# --- constructions whose recall is known --------------------------------------------------------


@pytest.mark.parametrize("N", [1, 7, 16])
def test_orthonormal_embeddings_are_all_recalled(N):
    assert counts(embeddings="orthonormal", N=N) == (N,) * 5


def test_one_fact_is_always_recalled():
    assert counts(N=1) == (1,) * 5


def test_dual_inputs_recall_everything_up_to_d_facts():
    assert counts("dual-inputs", d=32, N=32, trials=20) == (32,) * 20


def test_a_table_recalls_everything_and_a_forgetful_memory_nothing():
    assert counts(table, N=300) == (300,) * 5
    assert counts(forgetful, N=300) == (0,) * 5
    assert counts(table, N=50, facts="zipf", outputs=7) == (50,) * 5


def test_full_rank_and_half_rank():
    full = counts("low-rank", d=32, N=60, rank=32, trials=10)
    assert full == counts(d=32, N=60, trials=10)
    assert sum(counts("low-rank", d=32, N=60, rank="d/2", trials=10)) < sum(full)


# --- the same whatever runs it ------------------------------------------------------------------

RUNS = [
    {"d": 8, "N": 20, "trials": 70},
    {"d": 64, "N": 700, "trials": 3},
    {"memory": "low-rank", "rank": 5, "N": 30},
    {"memory": "low-rank", "rank": "d/2", "d": 64, "N": 600, "trials": 3},
    {"memory": "linear", "bits": 2, "facts": "random"},
    {"memory": "gated-mlp", "width": "2d", "bits": 3, "rounding": "stochastic"},
    {"memory": "assoc.memories.linear:dual_inputs", "embeddings": "gaussian"},
]


@pytest.mark.parametrize("run", RUNS)
def test_threads_and_executors_change_nothing(run, processes):
    expected = counts(**run, threads=1)
    for threads in (2, 3, None):
        assert counts(**run, threads=threads) == expected
    with ThreadPoolExecutor(3) as pool:
        assert counts(**run, executor=pool) == expected
    assert counts(**run, executor=processes) == expected


@pytest.mark.parametrize("run", RUNS)
def test_a_trial_does_not_know_how_many_there_are(run):
    run = {**run, "trials": 6}
    assert counts(**{**run, "trials": 2}) == counts(**run)[:2]


def test_a_size_does_not_know_the_others():
    together = measure("linear", d=16, N=[40, 10, 20], trials=5)
    assert [p.N for p in together.points] == [40, 10, 20]
    for point in together.points:
        assert point.counts == counts(N=point.N)


def test_seed_and_experiment_matter_and_nothing_else_is_random():
    first = counts()
    assert counts() == first
    np.random.seed(1)  # noqa: NPY002
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert counts() == first
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002
    assert counts(seed=1) != first
    assert counts(experiment="other") != first


def test_a_longer_run_of_one_trial_extends_its_embeddings():
    """Fewer facts are the first of more facts, on both sides of a block of rows."""
    seen = {}

    def build(E, U, f, *, rng):
        seen[len(E)] = E, U
        return hebbian(E, U, f, rng=rng)

    measure(build, d=2, N=[10, 4096, 4100], trials=1, threads=1)
    for fewer, more in itertools.combinations(sorted(seen), 2):
        for short, long in zip(seen[fewer], seen[more], strict=True):
            np.testing.assert_array_equal(short, long[:fewer])


def test_small_trials_of_large_dimension_take_the_memory_of_one():
    """A batch must not hold the d x d matrices of all its trials."""
    d = 1024
    measure("linear", d=d, N=2, trials=1)
    tracemalloc.start()
    measure("linear", d=d, N=2, trials=40, threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * (4 * d * d)


# --- the user's own ------------------------------------------------------------------------------


def test_own_vectors_are_split_and_preprocessed(rng):
    vectors = rng.standard_normal((60, 16)) + 5
    raw = measure("linear", N=20, embeddings=vectors, trials=5)
    centred = measure("linear", N=20, embeddings=vectors, preprocess="centre", trials=5)
    assert raw.points[0].d == 16
    assert raw.points[0].recall < centred.points[0].recall
    assert (raw.embeddings, centred.embeddings) == ("array none", "array centre")


def test_own_vectors_of_any_scale_give_the_same_verdicts(rng):
    vectors = rng.standard_normal((60, 16))
    expected = counts(embeddings=vectors, N=30)
    for scale in (1e-20, 1e-12, 1e12):
        assert counts(embeddings=vectors * scale, N=30) == expected


def test_twins_among_own_vectors_tie(rng):
    """Every vector four times over: an answer without a twin among the outputs is rare."""
    vectors = np.repeat(rng.standard_normal((10, 8)), 4, axis=0)
    for trial, count in enumerate(counts(embeddings=vectors, d=8, N=20)):
        order = Source(0, "recall", (8,)).generator(trial, INPUTS).permutation(40)
        U = vectors[order[::-1][:20]]
        alone = sum((u == U).all(axis=1).sum() == 1 for u in U)
        assert count <= alone


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda E, U, f, *, rng: lambda X: X[:, :3], "the memory returned shape"),
        (lambda E, U, f, *, rng: lambda X: X * np.nan, "the memory's outputs: row 0"),
        (lambda E, U, f, *, rng: lambda X: X @ np.ones((3, 3)), "does not accept inputs of shape"),
    ],
)
@pytest.mark.parametrize("N", [10, 3000])
def test_what_is_wrong_with_a_construction_is_said(build, said, N):
    with pytest.raises(InputError, match=said) as caught:
        measure(build, d=16, N=N, trials=2)
    one_line(caught.value)


def test_an_error_of_the_construction_itself_is_theirs_to_see():
    def build(E, U, f, *, rng):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        measure(build, d=4, N=4)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"N": 0}, "N = 0 is not a positive number of facts"),
        ({"N": -5}, "N = -5 is not a positive number of facts"),
        ({"N": [8, 0]}, "N = 0 is not a positive number of facts"),
        ({"N": []}, "N is an empty list"),
        ({"N": 2.5}, "N = 2.5 is not an integer"),
        ({"N": 10**15}, "N = 1000000000000000, d = 16: the embeddings alone take"),
        ({"d": 0}, "d = 0 is not a positive dimension"),
        ({"d": 10**9, "N": 1}, "d = 1000000000: the entries of a d x d matrix take"),
        ({"d": None}, "random embeddings need a dimension d"),
        ({"trials": 0}, "trials = 0 is not positive"),
        ({"threads": 0}, "threads = 0 is not positive"),
        ({"threads": -2}, "threads = -2 is not positive"),
        ({"seed": -1}, "seed -1 is negative"),
        ({"memory": "lineal"}, "unknown memory 'lineal'"),
        ({"memory": "low-rank"}, "memory 'low-rank' needs its rank given"),
        ({"memory": "low-rank", "rank": 17}, "rank 17 is not between 1 and d = 16"),
        ({"memory": "low-rank", "rank": 0}, "rank 0 is not between 1 and d = 16"),
        ({"memory": "linear", "bits": 99}, "bits = 99 is not between 1 and 16"),
        ({"rank": 3}, "memory 'linear' takes no rank"),
        ({"embeddings": "cube"}, "embeddings 'cube' is not one of"),
        ({"embeddings": "orthonormal", "N": 17}, "at most d = 16 vectors of R^16 are orthonormal"),
        ({"facts": "both"}, "facts 'both' is not one of"),
        ({"outputs": 0}, "M = 0 is not a positive number of outputs"),
        ({"outputs": 3}, "no injective map from N = 40 inputs to M = 3 outputs"),
        ({"embeddings": np.ones((5, 16))}, "N = 40 inputs and M = 40 outputs need 80 distinct"),
        ({"embeddings": np.ones((90, 9))}, "d = 16, but the vectors of array have dimension 9"),
        ({"preprocess": "whiten"}, "preprocessing 'whiten' is for your own vectors only"),
        (
            {"embeddings": np.ones((90, 16)), "preprocess": "centre"},
            "array, centred: row 0 is zero and has no direction",
        ),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(InputError) as caught:
        counts(**arguments)
    assert said in one_line(caught.value)


def test_one_size_has_a_recall_and_several_have_one_each():
    assert measure("linear", d=16, N=8, trials=5).recall == (
        measure("linear", d=16, N=8, trials=5).points[0].recall
    )
    with pytest.raises(InputError, match="2 sizes were measured: see points"):
        _ = measure("linear", d=16, N=[8, 16], trials=5).recall
