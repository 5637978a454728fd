"""Fits whose weights grow without bound end, without a warning, with the best network seen."""

import numpy as np
import pytest

from assoc import margins, resolve
from assoc.memories import fitted_features as module


def draw(seed):
    """Eight facts in a plane, Gaussian and not normalised, and the generator after them."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((8, 2)), rng.standard_normal((8, 2)), np.arange(8), rng


def recalled(name, seed):
    E, U, f, rng = draw(seed)
    network = resolve(name, width=4)[1](E, U, f, rng=rng)
    assert all(np.abs(A).max() < module.DIVERGED for A in (network.W, network.P, network.V))
    return int((margins(network, E, U, f) > 0).sum())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["bilinear-als", "bilinear-margin"])
@pytest.mark.parametrize("seed", range(4))
def test_a_fit_that_blows_up_ends_with_the_best_network(name, seed):
    """It recalls no fewer than the random features do that the fit starts from."""
    assert recalled(name, seed) >= recalled("bilinear-ridge", seed)


@pytest.mark.parametrize("seed", range(4))
def test_without_a_limit_on_the_weights_the_same_fits_overflow(monkeypatch, seed):
    monkeypatch.setattr(module, "DIVERGED", np.inf)
    E, U, f, rng = draw(seed)
    with pytest.raises(RuntimeWarning, match="overflow"):
        resolve("bilinear-margin", width=4)[1](E, U, f, rng=rng)
