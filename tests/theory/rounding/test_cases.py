"""Every planned rounding is lost, by almost half of a unit in the last place."""

from fractions import Fraction

import numpy as np
import pytest

from theory.rounding.cases import lossy_activation, lossy_chain, lossy_pair


@pytest.mark.parametrize("digits", [24, 53])
@pytest.mark.parametrize("n", [1, 2, 100])
def test_a_pair_loses_n_units(digits, n):
    a, b = lossy_pair(n, digits)
    assert a.shape == b.shape == (n,)
    assert a.dtype == b.dtype == {24: np.float32, 53: np.float64}[digits]
    exact = sum(Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a, b, strict=True))
    computed = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        computed = computed + x * y
    assert exact - Fraction(float(computed)) == n * Fraction(1, 2**digits)
    # Nearly parallel: no more than a thousandth is lost between the norms and the product.
    norms = np.linalg.norm(a.astype(float)) * np.linalg.norm(b.astype(float))
    assert norms == pytest.approx(float(exact), rel=1e-3)


def test_a_chain_loses_almost_u_in_every_product(rng):
    chain = lossy_chain(9, rng)
    assert len(chain) == 10
    product = chain[0]
    for factor in chain[1:]:
        exact = Fraction(product) * Fraction(factor)
        product *= factor
        lost = float((exact - Fraction(product)) / exact) * 2**53
        assert 0.93 < lost <= 1


@pytest.mark.parametrize("n", [1, 2, 7, 30])
def test_an_activation_loses_almost_u_in_every_step(rng, n):
    weight, entry, activation = lossy_activation(n, rng)
    coefficients = activation.coef
    assert len(coefficients) == n + 1
    assert (coefficients > 0).all()
    exact_z = Fraction(weight) * Fraction(entry)
    z = weight * entry
    assert 0.93 < float((exact_z - Fraction(z)) / exact_z) * 2**53 <= 1
    value = float(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        exact = Fraction(value) * Fraction(z)
        value *= z
        assert 0.9 < float((exact - Fraction(value)) / exact) * 2**53 <= 1
        exact = Fraction(value) + Fraction(float(coefficient))
        value += float(coefficient)
        assert 0.9 < float((exact - Fraction(value)) / exact) * 2**53 <= 1
