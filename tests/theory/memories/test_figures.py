"""Figures of memories: the points, the theory's curves where there is a theory, the key."""

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sims import capacity, measure, smallest_width
from sims.memories.construction import Construction
from tests.helpers.figures import curves, keys
from tests.helpers.oracles import table
from theory.memories import figures
from theory.memories.capacity import capacity_of
from theory.memories.figures import (
    capacity_figure,
    with_capacity_theory,
    with_recall_theory,
    with_width_theory,
)
from theory.memories.guarantee import guaranteed_capacity
from theory.memories.recall import expected_recall
from theory.memories.sign_gates import guaranteed_facts, guaranteed_width
from theory.memories.width import width_of
from theory.rendering.axes import figure_of

LINEAR = Construction("linear")


def test_capacities_stand_beside_prediction_and_guarantee():
    rows = [
        {"d": 16, "measured": 12, "interval": [10, 14]},
        {"d": 64, "measured": 110, "interval": [100, 120]},
    ]
    (ax,) = capacity_figure(rows, LINEAR).axes
    shown = curves(ax)
    predicted, proved = (
        shown["predicted, nothing fitted"],
        shown["proved to hold in half of the draws"],
    )
    assert predicted.get_xdata()[[0, -1]].tolist() == [16, 64]
    assert predicted.get_ydata()[-1] == capacity_of(LINEAR, d=64)
    assert proved.get_ydata()[-1] == guaranteed_capacity(64)
    assert "measured median" in keys(ax)


@pytest.mark.parametrize(
    ("memory", "options", "search", "labels"),
    [
        ("linear", {}, {}, {"predicted, nothing fitted", "proved to hold in half of the draws"}),
        ("linear", {}, {"criterion": 0.9}, {"predicted, nothing fitted"}),
        ("sign", {}, {}, {"predicted, nothing fitted"}),
        ("linear", {}, {"embeddings": "rademacher"}, set()),
        ("linear", {}, {"facts": "random", "outputs": 4}, set()),
        ("linear", {}, {"outputs": 9}, set()),
        ("linear", {}, {"d": 1}, set()),
        (table, {}, {"max_N": 20}, set()),
    ],
)
def test_theory_is_drawn_only_where_there_is_some(memory, options, search, labels):
    result = capacity(memory, **{"d": [8, 12], "trials": 3, **options, **search})
    construction = Construction(memory, **options)
    ax = with_capacity_theory(result, construction, outputs=search.get("outputs"))
    assert set(curves(ax)) - labels == {f"{result.memory}, median of 3 trials"}
    assert labels <= set(curves(ax))
    assert len(keys(ax)) == 1 + len(labels)


@pytest.mark.parametrize(
    ("memory", "arguments", "predicted"),
    [
        ("linear", {"N": [4, 8, 12]}, True),
        ("linear", {"N": [4, 8], "facts": "random", "outputs": 3}, True),
        ("linear", {"N": 8}, False),
        ("linear", {"N": [4, 8], "embeddings": "gaussian"}, False),
        ("linear", {"N": [4, 8], "d": 1}, False),
        ("dual-inputs", {"N": [4, 8]}, True),
        ("dual-inputs", {"N": [4, 8], "facts": "random", "outputs": 3}, True),
        ("dual-both", {"N": [4, 8], "facts": "random", "outputs": 3}, False),
        (table, {"N": [4, 8]}, False),
    ],
)
def test_recall_stands_beside_its_prediction(memory, arguments, predicted):
    result = measure(memory, **{"d": 8, "trials": 3, **arguments})
    facts, outputs = arguments.get("facts", "identity"), arguments.get("outputs")
    ax = with_recall_theory(result, Construction(memory), facts=facts, outputs=outputs)
    assert ("predicted, nothing fitted" in curves(ax)) is predicted
    if predicted:
        last = curves(ax)["predicted, nothing fitted"].get_ydata()[-1]
        assert last == expected_recall(
            Construction(memory), d=8, N=arguments["N"][-1], facts=facts, M=outputs
        )


@pytest.mark.parametrize(
    ("memory", "search", "predicted"),
    [
        ("whitened-mlp", {}, True),
        ("whitened-mlp", {"embeddings": "gaussian"}, False),
        ("whitened-mlp", {"facts": "random", "outputs": 3}, False),
        ("bilinear-als", {"criterion": 0.5}, False),
    ],
)
def test_widths_stand_beside_their_prediction(memory, search, predicted):
    sizes = {"d": [6, 8], "N": 8, "trials": 2, "criterion": 0.9}
    result = smallest_width(memory, **{**sizes, **search})
    ax = with_width_theory(result, Construction(memory), outputs=search.get("outputs"))
    shown = curves(ax)
    assert {f"{memory}, d = {d}, median of 2 trials" for d in (6, 8)} <= set(shown)
    assert len(shown) == (4 if predicted else 2)
    assert len(keys(ax)) == len(shown)
    if predicted:
        line = shown["$d = 8$, predicted"]
        assert line.get_xdata().tolist() == [8]
        assert line.get_ydata()[-1] == width_of(Construction(memory), d=8, N=8, rate=0.9)


def test_gates_of_square_waves_stand_beside_what_is_proved(monkeypatch):
    monkeypatch.setattr(figures, "width_of", lambda construction, **sizes: 40.0)
    monkeypatch.setattr(figures, "capacity_of", lambda construction, **sizes: 40.0)
    result = smallest_width("sign-gated", d=16, N=20, trials=2)
    shown = curves(with_width_theory(result, Construction("sign-gated")))
    proved = shown["$d = 16$, proved in half of the draws"]
    assert proved.get_xdata().tolist() == [20]
    assert proved.get_ydata().tolist() == [guaranteed_width(20, 16)]
    shown = curves(with_width_theory(result, Construction("sign-gated", gates="sign")))
    assert not any("guarantee" in label for label in shown)
    result = capacity("sign-gated", d=16, width=80, trials=2)
    shown = curves(with_capacity_theory(result, Construction("sign-gated", width=80)))
    assert shown["proved to hold in half of the draws"].get_ydata().tolist() == [
        guaranteed_facts(16, 80)
    ]


def test_axes_that_are_given_are_used():
    given = Figure().subplots()
    result = measure("linear", d=8, N=[3, 4], trials=2)
    ax = with_recall_theory(result, LINEAR, facts="identity", outputs=None, ax=given)
    assert ax is given
    assert isinstance(ax, Axes)
    assert figure_of(ax) is given.get_figure()
