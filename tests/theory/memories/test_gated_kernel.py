"""The compiled sums of progressions, against their definition."""

import numpy as np

from theory.memories.gated_kernel import progression_sums


def test_sums_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    term, ratio, bend = (
        0.1 * rng.normal(size=(3, 37)) + np.exp(0.3j * rng.normal(size=(3, 37))) for _ in range(3)
    )
    given = [x.copy() for x in (term, ratio, bend)]
    found = progression_sums(term, ratio, bend, 9)
    for i in range(9):
        direct = (term * ratio**i * bend ** (i * (i - 1) / 2)).sum(axis=1)
        np.testing.assert_allclose(found[i], direct, rtol=1e-11)
    for x, was in zip((term, ratio, bend), given, strict=True):
        np.testing.assert_array_equal(x, was)
