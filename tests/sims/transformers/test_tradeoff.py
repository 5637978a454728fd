"""Attention against MLP: the boundary, its slope, and the map."""

import pytest
from matplotlib.figure import Figure

from sims.transformers.architecture import Architecture, Shape
from sims.transformers.tradeoff import TradeoffPoint, TradeoffResult, tradeoff

SMALL = Shape(6, 4, 3, noise=5)
ONLY = Architecture("attention-only", 12)


def boundary(*ends):
    points = (TradeoffPoint(0.0, 4, 100, 64, 0.5), TradeoffPoint(0.0, 8, 100, 128, 1.0))
    return TradeoffResult(SMALL, ONLY, 0, points, ends)


def test_the_slope_and_the_bend_of_a_boundary():
    straight = boundary((100, 90.0, 300.0), (200, 0.0, 250.0), (300, 0.0, 200.0))
    assert straight.slope == pytest.approx(0.5)
    assert straight.bend == pytest.approx(0, abs=1e-12)
    bent = boundary((100, 0.0, 300.0), (200, 0.0, 300.0), (300, 0.0, 200.0))
    # Around the mean (33, 33, -67) the line through the ends' slope leaves a quarter.
    assert bent.bend == pytest.approx(0.25)
    flat = boundary((100, 0.0, 300.0), (100, 0.0, 250.0))
    assert (flat.slope, flat.bend) == (0.0, 1.0)


def test_an_end_that_was_not_found_is_left_out():
    result = boundary((100, 0.0, 300.0), (200, 0.0, 250.0), (300, 64.0, float("inf")))
    assert result.slope == pytest.approx(0.5)
    assert result.to_dict()["boundary"][2]["mlp_high"] is None


def test_the_map_has_a_boundary_and_axes_with_names():
    ax = boundary((100, 90.0, 300.0), (200, 0.0, 250.0)).plot(Figure().subplots())
    assert ax.get_xlabel() == "attention parameters, $4 H d d_h$"
    assert ax.get_ylabel() == "MLP parameters, $2 m d$"
    assert ax.collections


def test_a_trade_off_is_measured():
    result = tradeoff(Shape(8, 8, 4), d=48, head_dim=4, shares=(0.0, 0.5), widths=(2, 64), trials=2)
    assert [(p.share, p.width) for p in result.points] == [
        (0.0, 2), (0.0, 64), (0.5, 2), (0.5, 64),
    ]  # fmt: skip
    few, many = result.points[0], result.points[1]
    assert few.recall < many.recall == 1
    assert (few.mlp, many.mlp) == (2 * 48 * 2, 2 * 48 * 64)
    (x, _, high), (moved_x, _, moved_high) = result.boundary
    assert moved_x > x
    assert moved_high < high
    assert len(result.to_frame()) == 4
