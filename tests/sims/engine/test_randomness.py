"""One trial, one set of numbers: whatever is drawn before, beside or after."""

import itertools
import pickle

import numpy as np
import pytest
from scipy import stats

from assoc import InputError
from assoc.embeddings import LAWS
from sims.engine.normals import fill_normals
from sims.engine.randomness import BLOCK_ROWS, FACTS, INPUTS, MEMORY, OUTPUTS, SAMPLE, Source

STREAMS = (INPUTS, OUTPUTS, FACTS, MEMORY, SAMPLE)
SOURCE = Source(3, "test", (16,))


def first(source, *place):
    return int(source.generator(*place).integers(2**63))


def test_streams_have_numbers_of_their_own():
    assert len(set(STREAMS)) == len(STREAMS)


def test_every_coordinate_matters():
    """Seed, experiment, point, trial, stream and block: change one, and the numbers change."""
    seen = {
        first(Source(seed, name, point), trial, stream, block)
        for seed in (0, 1, 2**64)
        for name in ("recall", "capacity", "")
        for point in ((), (16,), (17,), (16, 1))
        for trial in (0, 1, 1000)
        for stream in STREAMS
        for block in (0, 1, 7)
    }
    assert len(seen) == 3 * 3 * 4 * 3 * len(STREAMS) * 3


def test_the_order_of_asking_does_not_matter():
    places = list(itertools.product(range(3), STREAMS, range(2)))
    forwards = {place: first(SOURCE, *place) for place in places}
    backwards = {place: first(SOURCE, *place) for place in reversed(places)}
    assert forwards == backwards


def test_another_process_would_draw_the_same():
    used = Source(3, "test", (16,))
    used.generator(0, INPUTS)
    assert first(pickle.loads(pickle.dumps(used)), 5, OUTPUTS) == first(SOURCE, 5, OUTPUTS)


def test_streams_and_trials_are_uncorrelated():
    # 45 sample correlations of 20,000 normals: standard error 1/sqrt(20,000); 5 of them each
    # (level 6e-7 each, 3e-5 in all), fixed seed.
    draws = np.array(
        [
            SOURCE.generator(trial, stream).standard_normal(20_000)
            for trial in (0, 1)
            for stream in STREAMS
        ]
    )
    off = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    assert np.abs(off).max() < 5 / np.sqrt(20_000)


def test_neighbouring_trials_are_uniform():
    """First numbers of consecutive trials: a counter-based generator must scatter them."""
    # One Kolmogorov-Smirnov test at level 1e-3, fixed seed.
    u = [SOURCE.generator(trial, INPUTS).random() for trial in range(2000)]
    assert stats.kstest(u, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("law", ["sphere", "gaussian", "rademacher"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_prefixes_are_nested_across_blocks(law, dtype):
    def draw(n):
        return SOURCE.vectors(LAWS[law], n, 3, trial=2, stream=OUTPUTS, dtype=dtype)

    long = draw(2 * BLOCK_ROWS + 10)
    for n in (1, 5, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS):
        np.testing.assert_array_equal(draw(n), long[:n])


@pytest.mark.parametrize("law", ["sphere", "gaussian", "rademacher"])
def test_blocks_are_the_rows_in_pieces(law):
    n = 2 * BLOCK_ROWS + 10
    whole = SOURCE.vectors(LAWS[law], n, 2, trial=1, stream=INPUTS)
    for block, start in enumerate(range(0, n, BLOCK_ROWS)):
        rows = whole[start : start + BLOCK_ROWS]
        piece = SOURCE.block(LAWS[law], len(rows), 2, trial=1, stream=INPUTS, block=block)
        np.testing.assert_array_equal(piece, rows)


def test_orthonormal_vectors_come_in_one_piece():
    E = SOURCE.vectors(LAWS["orthonormal"], 50, 60, trial=0, stream=INPUTS)
    np.testing.assert_allclose(E @ E.T, np.eye(50), atol=1e-5)


@pytest.mark.parametrize("stream", [INPUTS, OUTPUTS])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (3, 1), (1, 3), (64, 32), (5, 129), (4096, 3)])
def test_spheres_are_the_vectors_of_each_trial(n, d, stream):
    """Whatever draws many trials at once draws the numbers of each alone, to the last bit."""
    trials = [0, 1, 2, 17, 2**40]
    together = SOURCE.spheres(n, d, trials=trials, stream=stream)
    for drawn, trial in zip(together, trials, strict=True):
        alone = SOURCE.vectors(LAWS["sphere"], n, d, trial=trial, stream=stream)
        np.testing.assert_array_equal(drawn, alone)
        np.testing.assert_array_equal(
            drawn, LAWS["sphere"](n, d, rng=SOURCE.generator(trial, stream), dtype=np.float32)
        )


def test_our_normal_deviates_are_those_of_numpy():
    """Eight million of them, bit for bit: some 2000 from the tail, 80,000 from under a wedge."""
    trials, size = range(200), 40_000
    counters = np.array([[0, 1, 2, trial] for trial in trials], np.uint64)
    key = np.array([2**63 + 5, 2**64 - 1], np.uint64)
    ours = np.empty((len(trials), size), np.float32)
    fill_normals(key, counters, ours)
    for row, counter in zip(ours, counters, strict=True):
        rng = np.random.Generator(np.random.Philox(key=key, counter=counter))
        np.testing.assert_array_equal(row, rng.standard_normal(size, dtype=np.float32))


def test_without_them_the_numbers_are_the_same(monkeypatch):
    fast = SOURCE.spheres(20, 5, trials=range(9), stream=INPUTS)
    monkeypatch.setattr("sims.engine.normals.same_as_numpy", lambda: False)
    np.testing.assert_array_equal(SOURCE.spheres(20, 5, trials=range(9), stream=INPUTS), fast)


def test_blocks_differ_from_each_other():
    E = SOURCE.vectors(LAWS["sphere"], 2 * BLOCK_ROWS, 2, trial=0, stream=INPUTS)
    assert np.unique(E, axis=0).shape == E.shape


def test_a_negative_seed():
    with pytest.raises(InputError, match=r"^seed -1 is negative$"):
        Source(-1, "test", ())
