"""Streamed recall of a sample: the verdicts of the dense computation on the same draws."""

import tracemalloc

import numpy as np
import pytest

from assoc import InputError, margins
from assoc.memories.linear import hebbian
from sims import measure
from sims.engine.randomness import BLOCK_ROWS, MEMORY, SAMPLE
from sims.memories.construction import Construction
from sims.memories.settings import RandomVectors, source_of
from tests.helpers.oracles import one_line, table

N = 2 * BLOCK_ROWS + 900
"""Three blocks, the last one short."""

D = 192


def counts(memory="linear", **arguments):
    (point,) = measure(memory, **{"d": D, "N": N, "trials": 1, **arguments}).points
    return point.counts


def relative_margins(construction, setting, trial):
    """Margins of the dense computation, in units of the score that a unit vector could have."""
    source = source_of(setting, 0, "recall")
    E, U, f = setting.draw(N, source, trial)
    memory = construction.build(setting.d)(E, U, f, rng=source.generator(trial, MEMORY))
    size = np.linalg.norm(memory(E.astype(np.float64)), axis=1)
    return margins(memory, E, U, f) / size


@pytest.mark.parametrize(
    ("memory", "law", "rank"),
    [
        ("linear", "sphere", None),
        ("linear", "gaussian", None),
        ("low-rank", "sphere", 160),
        ("low-rank-svd", "rademacher", 160),
    ],
)
def test_all_inputs_streamed_are_all_inputs(memory, law, rank):
    """The memory is summed in another order, so inputs within 10^-5 of a tie may differ."""
    relative = relative_margins(Construction(memory, rank), RandomVectors(D, law), 0)
    doubtful = (np.abs(relative) < 1e-5).sum()
    assert doubtful <= 5
    (streamed,) = counts(memory, embeddings=law, rank=rank, inputs=N)
    assert abs(streamed - (relative > 0).sum()) <= doubtful
    assert 100 < streamed < N - 100
    (dense,) = counts(memory, embeddings=law, rank=rank)
    assert abs(streamed - dense) <= doubtful


def test_a_sample_is_a_sample_of_these_verdicts():
    setting = RandomVectors(D)
    source = source_of(setting, 0, "recall")
    relative = relative_margins(Construction("linear"), setting, 0)
    for inputs in (1, 2, 500, N - 1):
        sample = source.generator(0, SAMPLE).choice(N, size=inputs, replace=False)
        assert np.unique(sample).size == inputs
        chosen = relative[sample]
        (streamed,) = counts(inputs=inputs)
        assert abs(streamed - (chosen > 0).sum()) <= (np.abs(chosen) < 1e-5).sum()


@pytest.mark.parametrize("size", [1, 2, 100, BLOCK_ROWS, BLOCK_ROWS + 1])
def test_sizes_of_one_block_and_just_beyond(size):
    d = {1: 4, 2: 4, 100: 16}.get(size, 64)
    assert counts(d=d, N=size, inputs=size) == counts(hebbian, d=d, N=size)


@pytest.mark.parametrize("memory", ["linear", hebbian])
def test_threads_change_nothing(memory):
    expected = counts(memory, trials=2, inputs=300, threads=1)
    for threads in (2, 3, None):
        assert counts(memory, trials=2, inputs=300, threads=threads) == expected


def test_a_stream_takes_no_executor(processes):
    with pytest.raises(InputError, match="streamed on threads"):
        counts(trials=2, inputs=300, executor=processes)


def test_the_record_says_how_many_were_judged():
    (point,) = measure("linear", d=16, N=100, inputs=30, trials=4).points
    assert point.judged == 30
    assert point.N == 100
    assert point.recall == np.mean(point.counts) / 30
    (point,) = measure("linear", d=16, N=20, inputs=30, trials=2).points
    assert point.judged == 20


def test_the_mean_over_samples_is_the_recall():
    # 300 samples of 20 out of 60, and all 60, of the same trials: 5 standard errors (level 6e-7).
    (sampled,) = measure("linear", d=16, N=60, inputs=20, trials=300).points
    (whole,) = measure("linear", d=16, N=60, trials=300).points
    differences = np.array(sampled.counts) / 20 - np.array(whole.counts) / 60
    assert abs(differences.mean()) < 5 * differences.std() / np.sqrt(300)


def test_memory_does_not_grow_with_the_number_of_facts():
    """Ten times the facts: the peak stays within a few blocks, far below the embeddings'."""
    d, peaks = 32, []
    measure("linear", d=d, N=BLOCK_ROWS, inputs=10, trials=1)
    for blocks in (3, 30):
        tracemalloc.start()
        measure("linear", d=d, N=blocks * BLOCK_ROWS, inputs=10, trials=1, threads=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
    assert peaks[1] < 0.5 * (2 * 30 * BLOCK_ROWS * d * 4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"memory": table}, "table cannot be built from a stream of facts"),
        ({"memory": "dual-inputs"}, "dual-inputs cannot be built from a stream of facts"),
        ({"embeddings": "orthonormal"}, "a sample of inputs needs random, non-orthonormal"),
        ({"embeddings": np.ones((50, 8)), "d": 8}, "a sample of inputs needs random"),
        ({"facts": "random"}, "a sample of inputs needs random, non-orthonormal embeddings"),
        ({"outputs": 20}, "a sample of inputs needs random, non-orthonormal embeddings"),
        ({"inputs": 0}, "inputs = 0 is not"),
        ({"inputs": -3}, "inputs = -3 is not"),
        ({"N": 0}, "N = 0 is not a positive number of facts"),
        ({"N": -2}, "N = -2 is not a positive number of facts"),
        ({"d": 0}, "d = 0 is not a positive dimension"),
        ({"d": 10**7}, "d = 10000000: the entries of a d x d matrix take"),
    ],
)
def test_what_cannot_be_streamed_is_named(arguments, said):
    with pytest.raises(InputError) as caught:
        counts(**{"d": 16, "N": 20, "inputs": 5, **arguments})
    assert said in one_line(caught.value)
