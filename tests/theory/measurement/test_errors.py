"""Plain definitions of errors and costs."""

import numpy as np
import pytest

from theory.claims import Verdict
from theory.measurement.errors import SUBJECTS, cone_distance, plain_standard_error


def test_a_standard_error_is_that_of_numpy():
    values = [0.5, 0.25, 0.75, 0.125]
    right = np.std(values, ddof=1) / 2
    assert plain_standard_error(values) == pytest.approx(right)
    assert plain_standard_error(values, root=False) == pytest.approx(2 * right)
    assert plain_standard_error(values, spent=0) == pytest.approx(np.std(values) / 2)


def test_distances_from_a_cone_of_two_answers_and_of_a_quadrant():
    g = np.array([-3.0, -4.0])
    assert cone_distance(g, np.array([[1.0, 0.0], [0.0, 0.0]])) == pytest.approx(9)
    assert cone_distance(g, np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])) == pytest.approx(25)
    assert cone_distance(-g, np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])) == 0


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("seed", [0, 5])
def test_records_are_as_defined_and_not_without_a_root(subject, seed):
    assert SUBJECTS[subject](seed=seed, spent=1, root=True).verdict is Verdict.HOLDS
    assert SUBJECTS[subject](seed=seed, spent=1, root=False).verdict is Verdict.VIOLATED
