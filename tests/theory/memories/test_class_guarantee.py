"""The guarantee for classes: above frequencies, and that of injective maps as a special case."""

import numpy as np
import pytest

from assoc import InputError
from sims.memories.construction import Construction
from sims.memories.pairs import wrong_pairs
from theory.memories.capacity import capacity_of
from theory.memories.class_guarantee import (
    balanced_capacity,
    balanced_sizes,
    class_failure_bound,
)
from theory.memories.guarantee import pairs_bound


@pytest.mark.parametrize(("d", "M"), [(64, 32), (128, 64), (128, 256)])
def test_it_is_most_of_the_predicted_median(d, M):
    N = balanced_capacity(d, M)
    assert class_failure_bound(balanced_sizes(N, M), d) <= 0.5
    median = capacity_of(Construction("linear"), d=d, facts="balanced", M=M)
    assert 0.85 < N / median < 1


@pytest.mark.parametrize(
    ("sizes", "d"),
    [([2] * 24, 48), ([3, 2, 1] * 8, 48), ([12, 6, 4, 3, 2, 2, 1, 1, 0], 40), ([20] * 4, 64)],
)
def test_it_is_above_the_number_of_pairs_that_go_wrong(sizes, d):
    f = np.repeat(np.arange(len(sizes)), sizes)
    lost = wrong_pairs(d=d, N=len(f), outputs=len(sizes), f=f, trials=300, seed=3)
    error = lost.std(ddof=1) / np.sqrt(len(lost))
    bound = class_failure_bound(sizes, d)
    assert lost.mean() - 5 * error < bound < 25 * (lost.mean() + 5 * error)


def test_classes_of_one_input_are_an_injective_map():
    assert class_failure_bound([1] * 200, 96) == pytest.approx(pairs_bound(200, 96), rel=0.25)
    with_idle = class_failure_bound([1] * 150 + [0] * 50, 96)
    assert with_idle == pytest.approx(pairs_bound(150, 96, M=200), rel=0.25)


def test_more_facts_lose_more_and_more_dimensions_less():
    bounds = [class_failure_bound(balanced_sizes(N, 40), 80) for N in (60, 80, 120, 160)]
    assert (np.diff(bounds) > 0).all()
    assert class_failure_bound(balanced_sizes(80, 40), 120) < bounds[1]


@pytest.mark.parametrize(("sizes", "d"), [([10**6] * 3, 64), ([50, 1], 3)])
def test_no_more_pairs_go_wrong_than_there_are(sizes, d):
    pairs = sum(sizes) * (len(sizes) - 1)
    assert 0.4 * pairs < class_failure_bound(sizes, d) <= pairs * (1 + 1e-5)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="d of at least 3"):
        class_failure_bound([1, 2], 2)
    with pytest.raises(InputError, match="not negative"):
        class_failure_bound([3, -1], 8)
    with pytest.raises(InputError, match="a single output is never wrong"):
        balanced_capacity(8, 1)
    with pytest.raises(InputError, match="delta = 2 is not between 0 and 1"):
        balanced_capacity(8, 4, delta=2)
