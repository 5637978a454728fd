"""Timings of recall beside the obvious NumPy. Verdicts are asserted, times only recorded."""

import numpy as np
import pytest

from assoc import margins
from assoc.memories.linear import hebbian
from assoc.memories.mlp import gated
from sims import measure
from sims.engine.randomness import INPUTS, Source
from tests.benchmarks import sides

ONE_MEMORY = "one memory, d = 256, N = 8192"
TRIALS = "1000 trials, d = 32, N = 64"
NETWORK = "gated network, d = 64, N = 4096, m = 8192, k = 2"
DRAWS = "a million normal deviates"


@pytest.fixture(scope="module")
def vectors():
    return sides.drawn()


@pytest.fixture(scope="module")
def verdict(vectors):
    """What double precision says of each input."""
    E, U = vectors
    f = np.arange(len(E))
    return margins(hebbian(E, U, f, rng=np.random.default_rng(0)), E, U, f) > 0


def record(benchmark, ours, obvious, *, rounds):
    """Note the ratio of the best times of the two sides, measured in turns."""
    seconds = sides.interleaved({"ours": ours, "obvious": obvious}, rounds=rounds)
    benchmark.extra_info["times as fast"] = min(seconds["obvious"]) / min(seconds["ours"])


@pytest.mark.benchmark(group=ONE_MEMORY)
@pytest.mark.parametrize("threads", [1, 2])
def test_obvious_memory(benchmark, vectors, verdict, threads):
    found = benchmark.pedantic(sides.obvious, vectors, {"threads": threads}, rounds=3)
    np.testing.assert_array_equal(found, verdict)


@pytest.mark.benchmark(group=ONE_MEMORY)
@pytest.mark.parametrize("threads", [1, 2])
def test_our_memory(benchmark, vectors, verdict, threads):
    found = benchmark.pedantic(
        sides.ours, vectors, {"threads": threads}, rounds=10, warmup_rounds=1
    )
    np.testing.assert_array_equal(found, verdict)
    record(
        benchmark,
        lambda: sides.ours(*vectors, threads=threads),
        lambda: sides.obvious(*vectors, threads=threads),
        rounds=3,
    )


@pytest.mark.benchmark(group=ONE_MEMORY)
@pytest.mark.parametrize("threads", [1, 2])
def test_our_memory_when_all_is_recalled(benchmark, vectors, threads):
    """E = U: no input loses, so none is let off, and every score is made."""
    E, _ = vectors
    found = benchmark.pedantic(sides.ours, (E, E), {"threads": threads}, rounds=10, warmup_rounds=1)
    assert found.all()
    seconds = sides.interleaved(
        {"ours": lambda: sides.ours(E, E), "sgemm": sides.square()}, rounds=5
    )
    rate = sides.products(E) / min(seconds["ours"])
    benchmark.extra_info["share of the sgemm rate on one thread"] = rate / (
        2 * sides.SQUARE**3 / min(seconds["sgemm"])
    )


@pytest.mark.benchmark(group=TRIALS)
def test_obvious_trials(benchmark):
    counts = benchmark.pedantic(sides.obvious_trials, rounds=5, warmup_rounds=1)
    assert len(counts) == sides.TRIALS


@pytest.mark.benchmark(group=TRIALS)
@pytest.mark.parametrize("threads", [1, 2])
def test_our_trials(benchmark, threads):
    options = {"threads": threads}
    counts = benchmark.pedantic(sides.our_trials, (), options, rounds=20, warmup_rounds=1)
    # Other draws than the loop's: the means agree within six standard errors.
    others = np.array(sides.obvious_trials())
    error = np.sqrt((np.var(counts) + np.var(others)) / sides.TRIALS)
    assert abs(np.mean(counts) - others.mean()) < 6 * error
    record(benchmark, lambda: sides.our_trials(**options), sides.obvious_trials, rounds=5)


@pytest.fixture(scope="module")
def network_vectors():
    return sides.drawn(sides.NETWORK_N, sides.NETWORK_D)


@pytest.fixture(scope="module")
def network_verdict(network_vectors):
    """What double precision says of each input, of the network as we build it."""
    E, U = network_vectors
    f = np.arange(len(E))
    network = gated(sides.WIDTH, sides.DEGREE)(E, U, f, rng=np.random.default_rng(0))
    return margins(network, E, U, f) > 0


@pytest.mark.parametrize("h", [sides.gate, sides.written_out])
def test_both_networks_recall_the_same(network_vectors, network_verdict, h):
    """Weights in single and in double precision: the same verdict on every input."""
    assert 0.8 < network_verdict.mean() < 1
    direct = sides.direct_network(*network_vectors, h=h)
    np.testing.assert_array_equal(direct, network_verdict)
    np.testing.assert_array_equal(sides.our_network(*network_vectors), network_verdict)


@pytest.mark.benchmark(group=NETWORK)
@pytest.mark.parametrize("threads", [1, 2])
def test_direct_network(benchmark, network_vectors, network_verdict, threads):
    options = {"threads": threads}
    found = benchmark.pedantic(sides.direct_network, network_vectors, options, rounds=3)
    np.testing.assert_array_equal(found, network_verdict)


@pytest.mark.benchmark(group=NETWORK)
@pytest.mark.parametrize("threads", [1, 2])
def test_our_network(benchmark, network_vectors, network_verdict, threads):
    options = {"threads": threads}
    found = benchmark.pedantic(
        sides.our_network, network_vectors, options, rounds=5, warmup_rounds=1
    )
    np.testing.assert_array_equal(found, network_verdict)
    record(
        benchmark,
        lambda: sides.our_network(*network_vectors, threads=threads),
        lambda: sides.direct_network(*network_vectors, threads=threads),
        rounds=3,
    )


@pytest.mark.benchmark(group=DRAWS)
def test_numpy_draws(benchmark):
    rng, out = Source(0, "draws", ()).generator(0, INPUTS), np.empty(10**6, np.float32)
    benchmark(rng.standard_normal, out=out, dtype=np.float32)


@pytest.mark.benchmark(group=DRAWS)
def test_our_draws(benchmark):
    from sims.engine.normals import fill_normals

    key, counters = np.array([1, 2], np.uint64), np.array([[0, 3, 4, 5]], np.uint64)
    out = np.empty((1, 10**6), np.float32)
    benchmark(fill_normals, key, counters, out)
    rng = np.random.Generator(np.random.Philox(key=key, counter=counters[0]))
    np.testing.assert_array_equal(out[0], rng.standard_normal(10**6, dtype=np.float32))


@pytest.mark.benchmark(group="half recalled, d = 64, N = 700, rank 32")
def test_trials_without_a_batch(benchmark):
    """A construction that has no kernel of its own."""
    result = benchmark(measure, "low-rank", d=64, N=700, rank=32, trials=20, threads=2)
    assert 0 < result.points[0].recall < 1
