"""Memories of few bits by training: their levels, their gradients, and what is counted."""

import sys

import numpy as np
import pytest

from assoc.bits.codes import arrays_of
from assoc.bits.levels import gaussian_quantiser, quantise
from assoc.embeddings import sphere
from assoc.errors import InputError
from assoc.memories.decoding import margins
from assoc.memories.memory import Factors
from assoc.memories.networks import TwoLayer
from sims.training.few_bits import RATES, BitsObjective, train_in_bits
from sims.training.recipe import libraries
from tests.helpers.extras import needs
from tests.helpers.oracles import one_line


def facts(N, d):
    rng = np.random.default_rng(0)
    return sphere(N, d, rng=rng), sphere(N, d, rng=rng), np.arange(N)


def trained(bits, *, width=None, N=12, d=12, scale=1.0):
    E, U, f = facts(N, d)
    rng = np.random.default_rng(0)
    return train_in_bits(scale * E, U, f, bits, rng=rng, width=width, steps=256)


@pytest.mark.parametrize(("bits", "width"), [(1, None), (3, None), (1, 12), (2, 12)])
def test_weights_are_levels_and_are_counted(bits, width):
    needs("train")
    E, U, f = facts(12, 12)
    runs = trained(bits, width=width, scale=3.0)
    assert [run.learning_rate for run in runs] == list(RATES)
    for run in runs:
        assert type(run.trained) is (Factors if width is None else TwoLayer)
        assert run.trained.bits == bits * run.trained.parameters
        for array in arrays_of(run.trained):
            odd = array * 2.0 ** (bits - 1)
            np.testing.assert_array_equal(odd % 2, 1)
            assert np.abs(odd).max() <= 2**bits - 1
    # Few facts are learnt, by the memory that is returned and at the scale that was given.
    assert any((margins(run.trained, 3.0 * E, U, f) > 0).all() for run in runs)


def test_levels_are_those_of_rounding_and_gradients_pass_inside():
    needs("train")
    jax, _ = libraries()
    for bits in (1, 2, 4):
        objective = BitsObjective("linear", bits, 1.0, 1.0)
        step = gaussian_quantiser(bits)[0]
        top = 2 ** (bits - 1)
        w = np.linspace(-1.7 * top * step, 1.7 * top * step, 41).astype(np.float32)
        # Rounded with the same step: these weights have unit size.
        rms = np.sqrt(np.mean(np.float64(w) ** 2))
        levels = quantise(w[None].astype(np.float64) / rms, bits)[0]
        found = np.asarray(objective.rounded(w / np.float32(rms)))
        np.testing.assert_allclose(found, (levels[0] + (0.5 - top)) * step, rtol=1e-5)
        slope = np.asarray(jax.grad(lambda x, o=objective: o.rounded(x).sum())(w))
        outside = np.abs(w) > top * step
        np.testing.assert_array_equal(slope[outside], 0)
        np.testing.assert_array_equal(slope[~outside], 1)


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(InputError, match=r"pip install .*\[train\]") as caught:
        trained(1)
    one_line(caught.value)


@pytest.mark.parametrize("bits", [0, 17])
def test_bits_out_of_range_are_named(bits):
    needs("train")
    with pytest.raises(InputError, match=f"bits = {bits} is not between 1 and 16"):
        trained(bits)


@pytest.mark.parametrize("gain", [0.0, -1.0, float("nan"), float("inf")])
def test_gains_that_are_none_are_named(gain):
    needs("train")
    E, U, f = facts(4, 4)
    with pytest.raises(InputError, match=r"gain = .* is not a positive number"):
        train_in_bits(E, U, f, 1, rng=np.random.default_rng(0), gain=gain)
