"""Laws of inputs: sums, tails, nodes and draws."""

import numpy as np
import pytest
from scipy import special

from assoc.errors import InputError
from assoc.facts.input_laws import GivenLaw, PowerLaw, power_sum


@pytest.mark.parametrize("a", [0.0, 0.5, 1.0, 1.0 + 1e-9, 1.1, 2.0, 3.0, 8.0])
@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 64), (1, 65), (3, 5000), (200, 90_000)])
def test_sums_are_those_of_the_terms(a, first, last):
    terms = np.arange(float(first), last + 1)[::-1] ** -a
    assert power_sum(a, first, last) == pytest.approx(terms.sum(), rel=1e-12)


@pytest.mark.parametrize("a", [1.1, 1.5, 2.0, 8.0])
def test_infinite_sums_are_zeta_functions(a):
    assert power_sum(a, 1, np.inf) == pytest.approx(special.zeta(a), rel=1e-12)
    assert power_sum(a, 1001, np.inf) == pytest.approx(special.zeta(a, 1001), rel=1e-12)


@pytest.mark.parametrize(
    "law",
    [
        PowerLaw(1.5),
        PowerLaw(0.7, 10**6),
        PowerLaw(2.0, 10**12),
        PowerLaw(1.0, 50),
        GivenLaw(np.array([0.2, 0.5, 0.3])),
    ],
)
def test_nodes_keep_sums_over_inputs(law):
    p, count = law.nodes()
    assert count @ p == pytest.approx(1, abs=1e-9)
    head = law.head(4096)
    rest = law.beyond(len(head))
    assert head.sum() + rest == pytest.approx(1, abs=1e-12)
    if law.inputs <= 10**6:
        every = law.head(10**6)
        assert count @ np.sqrt(p) == pytest.approx(np.sqrt(every).sum(), rel=1e-8)
        assert count @ p**2 == pytest.approx((every**2).sum(), rel=1e-8)


def test_mass_beyond_is_linear_between_integers():
    law = PowerLaw(1.3, 40)
    p = law.head(40)
    for k in (0.0, 0.25, 1.0, 7.5, 39.9, 40.0, 1e6):
        whole = min(int(k), 40)
        expected = p[whole:].sum() - (k - whole) * (p[whole] if whole < 40 else 0)
        assert law.beyond(k) == pytest.approx(expected, abs=1e-13)
        assert GivenLaw(p[::-1]).beyond(k) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("law", [PowerLaw(2.0), PowerLaw(0.5, 10), GivenLaw(np.array([0.3, 0.7]))])
def test_draws_have_the_law(law):
    drawn = law.draw(40_000, rng=np.random.default_rng(0))
    p = law.head(2)
    share = [(drawn == x).mean() for x in range(2)]
    # Five standard errors, on a fixed seed.
    assert np.abs(share - p).max() < 5 * np.sqrt(0.25 / 40_000)
    assert drawn.min() >= 0
    assert drawn.max() < law.inputs


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PowerLaw(1.0), "need an exponent above 1"),
        (lambda: PowerLaw(-0.1, 5), "is not an exponent"),
        (lambda: PowerLaw(float("nan"), 5), "is not an exponent"),
        (lambda: PowerLaw(1.5, 0), "N = 0 is not a positive number"),
        (lambda: PowerLaw(1.5, 10**9).head(10**9), "at most 1e.07 inputs"),
        (lambda: GivenLaw(np.array([0.5, -0.1, 0.6])), r"p\[1\] = -0.1 is not a probability"),
        (lambda: GivenLaw(np.array([0.5, np.nan])), r"p\[1\] = nan"),
        (lambda: GivenLaw(np.array([0.5, 0.4])), "sum to 0.9, not to 1"),
        (lambda: GivenLaw(np.zeros((2, 2))), "one number for each input"),
        (lambda: GivenLaw(np.zeros(0)), "one number for each input"),
    ],
)
def test_what_is_no_law_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
