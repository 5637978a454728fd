"""A comparison shows every row that it is drawn from."""

import numpy as np
from matplotlib.figure import Figure

from tests.helpers.figures import curves, keys
from theory.rendering.axes import STYLES, comparison_figure, guarantee_axes, legend_above


def test_a_comparison_has_a_line_for_every_row():
    rows = [
        {"measured": k / 10, "interval": [k / 10 - 0.03, None], "predicted": k / 10 + 0.005}
        for k in range(12)
    ]
    figure = comparison_figure(rows, [f"row {k}" for k in range(12)], "recall of <x>")
    (ax,) = figure.axes
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [f"row {k}" for k in range(12)]
    assert ax.get_xlabel() == "recall of <x>"
    assert len(keys(ax)) == 2
    predicted = curves(ax)["predicted"]
    np.testing.assert_allclose(predicted.get_xdata(), [row["predicted"] for row in rows])
    # The first row stands on top.
    assert predicted.get_ydata()[0] == 11
    assert figure.get_figheight() > comparison_figure(rows[:2], ["a", "b"], "x").get_figheight()


def test_what_is_proved_predicted_and_measured_differs_without_colour():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    guarantee_axes(
        left, [2, 4, 8], [10, None, 30], [[8, 12], [None, None], [25, None]],
        predicted=[11, 20, 31], guaranteed=[7, 15, 25], given=[8, 16, 26], fails=[None, None, 90],
    )  # fmt: skip
    guarantee_axes(right, [2, 4], [None, None], [None, None], predicted=[1, 2])
    drawn = curves(left)
    assert len({(line.get_linestyle(), line.get_marker()) for line in drawn.values()}) == len(drawn)
    assert {label for label, _ in STYLES.values()} <= set(drawn)
    np.testing.assert_array_equal(drawn["guaranteed to fail in half of the draws"].get_ydata(), 90)
    legend_above(figure)
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 5
