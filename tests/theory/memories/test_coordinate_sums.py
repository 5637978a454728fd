"""The tail of a sum of sphere coordinates: above the exact one, and only just."""

import math

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from theory.memories.balls import above, below, coordinate_tail
from theory.memories.coordinate_sums import sum_tail
from theory.transformers.plain.guarantees import sum_law


@pytest.mark.parametrize(("terms", "d"), [(6, 32), (13, 140), (37, 700), (40, 64)])
@pytest.mark.parametrize("deviations", [0.5, 2.0, 4.0])
def test_it_is_above_the_law_of_equal_terms_and_close(terms, d, deviations):
    x = deviations * math.sqrt(terms / d)
    ratio = sum_tail(x, terms, d) / float(sum_law(np.array([x]), terms, d)[0])
    assert 1 < ratio < (1.2 if deviations < 4 else 2.1)
    assert ratio < 1.03 or (terms, d) != (37, 700)


def test_it_beats_chernoff():
    """By the factor sqrt(2 pi) z of a normal tail, within a fifth."""
    for z in (3.0, 4.0, 5.0):
        gain = math.exp(-(z**2) / 2) / sum_tail(z * math.sqrt(40 / 2000), 40, 2000)
        assert 1 < gain / (math.sqrt(2 * math.pi) * z) < 1.2


def test_unequal_coefficients_by_simulation():
    a = np.array([3.0, 2.0, 1.0, 0.5, 0.5, 0.25])
    t = sphere(6 * 40_000, 12, rng=np.random.default_rng(0))[:, 0].reshape(-1, 6)
    energy = float(a @ a)
    for x in (0.5, 1.0, 2.0):
        share = float(np.mean(t @ a >= x))
        assert share < sum_tail(x, energy, 12) + 4 * math.sqrt(share / 40_000)
        assert sum_tail(x, energy, 12) < 2 * share


@pytest.mark.parametrize("d", [3, 16, 300, 10**6])
def test_one_term_is_not_undercut(d):
    """With one coordinate the bound is that of any number of them with this energy."""
    for z in (0.1, 1.0, 2.0):
        t = min(z / math.sqrt(d), 0.99)
        assert sum_tail(t, 1.0, d) >= below(coordinate_tail(t, d))


def test_it_scales_with_the_energy():
    assert sum_tail(1.0, 4.0, 50) == pytest.approx(sum_tail(0.5, 1.0, 50), rel=1e-9)
    assert sum_tail(1.0, 4.0, 50) < sum_tail(1.0, 5.0, 50) < sum_tail(0.9, 5.0, 50)


def test_the_ends():
    assert sum_tail(0.0, 1.0, 9) == sum_tail(-1.0, 1.0, 9) == 1.0
    assert sum_tail(0.1, 0.0, 9) == 0.0
    assert sum_tail(1e-9, 1.0, 9) <= 1.0
    # Beyond the range of one term, where other sums of this energy may still be.
    assert 0 < sum_tail(1.5, 1.0, 9) < 1e-3
    assert 0 < sum_tail(30.0, 1.0, 400) < 1e-300 or sum_tail(30.0, 1.0, 400) == above(0)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="at least 3 dimensions"):
        sum_tail(1.0, 1.0, 2)
    for x, energy in ((math.nan, 1.0), (1.0, math.nan), (1.0, -1.0)):
        with pytest.raises(InputError, match="has no tail"):
            sum_tail(x, energy, 9)
