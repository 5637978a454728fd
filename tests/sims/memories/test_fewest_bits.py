"""Fewest bits per weight: the same verdicts as a measurement with these bits."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from assoc import InputError
from sims import measure
from sims.engine.bit_search import BITS
from sims.memories.fewest_bits import fewest_bits
from sims.transformers.architecture import Architecture, Shape
from sims.transformers.fewest_bits import fewest_bits_facts
from tests.helpers.oracles import one_line, table

SMALL = Shape(6, 4, 3, noise=5)
MODEL = Architecture("attention-mlp", 16, width=24)


# --- memories -----------------------------------------------------------------------------------

SEARCHES = [
    ("linear", {}),
    ("low-rank", {"rank": "d/2", "rounding": "stochastic"}),
    ("low-rank-svd", {"rank": "d/2"}),
    ("gated-mlp", {"width": "2d", "degree": 2}),
    ("sign-gated", {"width": 60, "gates": "two-signs"}),
    ("sign-mlp", {"width": 60, "omega": 2.0}),
    ("bilinear-ridge", {"width": 24, "rounding": "stochastic"}),
    ("assoc.memories.linear:dual_both", {"rounding": "stochastic"}),
    ("optimal-linear", {}),
    ("optimal-bilinear", {"width": 6}),
]


@pytest.mark.parametrize(("memory", "options"), SEARCHES)
def test_recall_is_what_measuring_with_these_bits_says(memory, options):
    given = {"d": 12, "N": 20, "trials": 5, "seed": 3, **options}
    result = fewest_bits(memory, **given, bits=(8, 1, 2, 1))
    assert result.bits == (1, 2, 8)
    for at, b in enumerate(result.bits):
        (point,) = measure(memory, **given, bits=b).points
        assert point.counts == tuple(counts[at] for counts in result.counts)
    given.pop("rounding", None)
    assert measure(memory, **given).points[0].counts == result.exact


def test_fits_hold_in_fewer_bits_than_the_same_memory_rounded():
    """Of the best matrix of real weights a fit needs one bit per weight, rounding several."""
    given = {"d": 16, "N": 28, "trials": 4}
    fitted = fewest_bits("optimal-linear", **given, bits=(1, 2, 4))
    rounded = fewest_bits("assoc.memories.optimal:optimal_linear", **given, bits=(1, 2, 4))
    assert fitted.fewest == (1,) * 4
    assert fitted.stored == (256, 512, 1024)
    assert (fitted.rounding, rounded.rounding) == ("none", "nearest")
    assert rounded.exact == fitted.exact == (28,) * 4
    assert min(rounded.fewest) >= 2


@pytest.mark.parametrize(
    ("memory", "N", "options"),
    [
        ("linear", 26, {}),
        ("low-rank", 8, {"rank": "d/2", "rounding": "stochastic"}),
        ("gated-mlp", 24, {"width": "8d", "degree": 1}),
    ],
)
def test_all_smaller_widths_fail(memory, N, options):
    result = fewest_bits(memory, d=24, N=N, trials=10, **options)
    assert result.bits == BITS
    assert len(set(result.fewest)) > 1
    assert result.fewest != (float("inf"),) * 10
    for b, counts in zip(result.fewest, result.counts, strict=True):
        for width, known in zip(result.bits, counts, strict=True):
            assert known < N or width >= b
            assert known == N or width != b


def test_sixteen_bits_recall_what_exact_weights_do():
    for memory, options in (("linear", {}), ("low-rank", {"rank": "d/2"}),
                            ("mlp", {"width": "8d", "degree": 1}),
                            ("gated-mlp", {"width": "8d", "degree": 1})):  # fmt: skip
        result = fewest_bits(memory, d=16, N=24, trials=10, bits=(16,), **options)
        assert [counts[0] for counts in result.counts] == list(result.exact)


def test_threads_and_executors_change_nothing(processes):
    given = {"d": 12, "N": 14, "width": "2d", "trials": 5, "rounding": "stochastic"}
    expected = fewest_bits("gated-mlp", **given, threads=1)
    assert fewest_bits("gated-mlp", **given, threads=3) == expected
    with ThreadPoolExecutor(2) as pool:
        assert fewest_bits("gated-mlp", **given, executor=pool) == expected
    assert fewest_bits("gated-mlp", **given, executor=processes) == expected
    assert fewest_bits_facts(MODEL, SMALL, length=6, trials=2, executor=processes) == (
        fewest_bits_facts(MODEL, SMALL, length=6, trials=2, threads=1)
    )


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "options", "said"),
    [
        ("sign", {}, "memory 'sign' takes no bits"),
        ("linear", {"bits": ()}, "bits is an empty list"),
        ("linear", {"bits": (0, 1)}, "bits = 0 is not between 1 and 16"),
        ("linear", {"bits": (1.5,)}, "bits = 1.5 is not an integer"),
        ("linear", {"rounding": "up"}, "rounding 'up' is not one of nearest, stochastic"),
        ("linear", {"N": 0}, "N = 0 is not positive"),
        ("linear", {"trials": 0}, "trials = 0"),
        ("linear", {"gates": "sign"}, "memory 'linear' takes no gates"),
        ("gated-mlp", {}, "memory 'gated-mlp' needs its width given"),
        (table, {}, "Table cannot be stored in bits per weight"),
    ],
)
def test_what_is_wrong_is_named(memory, options, said):
    with pytest.raises(InputError) as caught:
        fewest_bits(memory, **{"d": 8, "N": 5, "trials": 2, **options})
    assert said in one_line(caught.value)
