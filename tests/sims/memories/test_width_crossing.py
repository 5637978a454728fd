"""The width at which the mean recall crosses a rate: known ones, and what has none."""

import numpy as np
import pytest

from assoc import InputError
from sims.memories import width
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import count_recalled
from sims.memories.settings import RandomVectors
from sims.memories.width import width_crossing
from tests.helpers.oracles import one_line


def everywhere(monkeypatch, recalled):
    """Replace networks by ones that recall everything, or nothing, at any width."""

    def counts(ensemble, N, trials, *workers):
        return [N * recalled for _ in trials]

    monkeypatch.setattr(width, "count_recalled", counts)


def saturating(monkeypatch, scale, step=1):
    """Networks that recall the share m / (m + scale) of 1000 facts, give or take."""
    asked = []

    def counts(ensemble, N, trials, *workers):
        m = ensemble.construction.width
        asked.append(m)
        return [round(N * m / (m + scale) + 20 * np.cos(7 * t)) for t in trials]

    monkeypatch.setattr(width, "count_recalled", counts)
    return asked


@pytest.mark.parametrize("near", [1, 5, 200, 10**5])
@pytest.mark.parametrize(("rate", "expected"), [(0.5, 200), (0.8, 800), (0.9, 1800)])
def test_a_known_crossing_is_found_from_anywhere(monkeypatch, near, rate, expected):
    saturating(monkeypatch, 200)
    m, (low, high) = width_crossing("bilinear", d=8, N=1000, rate=rate, near=near, trials=30)
    assert m == pytest.approx(expected, rel=0.03)
    assert low < m < high
    assert high / low < 1.6


def test_the_crossing_of_pairs_is_looked_for_at_even_widths(monkeypatch):
    asked = saturating(monkeypatch, 201)
    m, _ = width_crossing("mlp", d=8, N=1000, rate=0.5, near=100, trials=30)
    assert m == pytest.approx(201, rel=0.03)
    assert all(each % 2 == 0 for each in asked)


def test_the_crossing_lies_between_widths_measured_below_and_above():
    sizes = {"d": 16, "N": 40, "trials": 60}
    m, (low, high) = width_crossing("bilinear-ridge", **sizes, rate=0.9, near=30)
    assert low < m < high
    setting = RandomVectors(16)
    networks = [
        Construction("bilinear-ridge", width=each) for each in (int(m * 0.93), int(m * 1.07) + 1)
    ]
    below, above = (
        np.mean(count_recalled(Ensemble.of(each, setting, 0, "width-crossing"), 40, range(60))) / 40
        for each in networks
    )
    assert below < 0.9 < above
    again = width_crossing("bilinear-ridge", **sizes, rate=0.9, near=30, threads=1)
    assert again == (m, (low, high))


def test_gates_are_those_that_are_asked_for(monkeypatch):
    asked = []

    def counts(ensemble, N, trials, *workers):
        asked.append(ensemble.construction)
        return [round(N * ensemble.construction.width / 400 + np.cos(7 * t)) for t in trials]

    monkeypatch.setattr(width, "count_recalled", counts)
    width_crossing("sign-mlp", d=8, N=1000, rate=0.5, near=200, gates="square", omega=2.5)
    assert {(each.gates, each.omega) for each in asked} == {("square", 2.5)}
    assert all(each.width % 2 == 0 for each in asked)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"rate": 0}, "rate = 0 is not between 0 and 1"),
        ({"rate": 1}, "rate = 1 is not between 0 and 1"),
        ({"rate": np.nan}, "rate = nan is not between 0 and 1"),
        ({"trials": 1}, "trials = 1: an interval needs at least 2"),
        ({"threads": 0}, "threads = 0 is not positive"),
        ({"memory": "linear"}, "memory 'linear' has no width to search; one of mlp, gated-mlp, "),
        ({"memory": "nonesuch"}, "unknown memory 'nonesuch': one of linear, "),
        ({"degree": 2}, "memory 'bilinear' takes no degree"),
        ({"gates": "sign"}, "memory 'bilinear' takes no gates"),
        ({"d": 0}, "d = 0 is not a positive dimension"),
        ({"N": 0}, "N = 0 is not a positive number of facts"),
    ],
)
def test_what_has_no_crossing_is_named(arguments, said):
    with pytest.raises(InputError) as caught:
        width_crossing(
            **{"memory": "bilinear", "d": 8, "N": 10, "rate": 0.9, "near": 30, "trials": 4,
               **arguments}
        )  # fmt: skip
    assert one_line(caught.value).startswith(said)


@pytest.mark.parametrize("near", [0, -3, np.nan, np.inf])
def test_a_start_that_is_no_width_is_refused(monkeypatch, near):
    """And not searched from for ever."""
    asked = []

    def counts(ensemble, N, trials, *workers):
        asked.append(ensemble.construction.width)
        assert len(asked) < 1000, "the search does not end"
        return [0 for _ in trials]

    monkeypatch.setattr(width, "count_recalled", counts)
    with pytest.raises(InputError) as caught:
        width_crossing("bilinear", d=8, N=10, rate=0.9, near=near)
    assert one_line(caught.value) == f"near = {near} is not a positive width"
    assert not asked


def test_a_rate_that_is_reached_everywhere_or_nowhere_is_said(monkeypatch):
    everywhere(monkeypatch, True)
    for memory, least in (("bilinear", 1), ("mlp", 2)):
        with pytest.raises(InputError, match=f"the recall is 0.9 at width {least} already"):
            width_crossing(memory, d=8, N=10, rate=0.9, near=50)
    everywhere(monkeypatch, False)
    with pytest.raises(InputError, match=r"the recall is still below 0\.9 at width "):
        width_crossing("bilinear", d=8, N=10, rate=0.9, near=50)
