"""Power laws written a second time agree with the package; every planted mistake shows."""

import numpy as np
import pytest

from theory.memories.plain import power_laws as plain_power_laws
from theory.memories.plain.power_laws import error_symbols, node_sum_symbols, sum_symbols


def wrong(rows, tolerance):
    return {n for n, got, want in rows if abs(got - want) > tolerance * (abs(want) or 1)}


def test_the_package_agrees():
    assert not wrong(sum_symbols(), 1e-12)
    assert not wrong(node_sum_symbols(), 1e-7)
    assert not wrong(error_symbols(), 1e-3)


@pytest.mark.parametrize("mistake", [{"shift": 1e-6}, {"smooth": True}])
def test_other_sums_show(mistake):
    assert "sum of powers" in wrong(sum_symbols(**mistake), 1e-12)


def test_an_input_missing_from_the_nodes_shows():
    assert "sum over nodes" in wrong(node_sum_symbols(missed=1), 1e-7)


@pytest.mark.parametrize(
    ("mistake", "symbol"),
    [
        ({"own": True}, "recall with weights"),
        ({"rivals": False}, "recall with weights"),
        ({"steady": True}, "error, counts"),
    ],
)
def test_every_mistake_shows(mistake, symbol):
    assert symbol in wrong(error_symbols(**mistake), 1e-3)


def test_loops_recall_orthonormal_facts():
    assert plain_power_laws._recalled(np.eye(4), np.eye(4), np.ones(4)).all()


def test_the_recall_of_a_middle_input_is_that_of_draws():
    """The second of three, with t and the noise of all outputs drawn; 4 standard errors."""
    t, *g = np.random.default_rng(0).standard_normal((5, 100_000))
    sigma = np.sqrt(t**2 + 0.2**2) / 16
    score = 0.3 + sigma * g[0]
    right = (score > t / 4 + sigma * g[1]) & (score > 0.2 / 4 * g[2] + sigma * g[3])
    q = np.array([1.0, 0.3, 0.2])
    found = plain_power_laws._weighted(q, 16, own=False, rivals=True)[1]
    assert right.mean() == pytest.approx(found, abs=4 * right.std() / np.sqrt(len(t)))
