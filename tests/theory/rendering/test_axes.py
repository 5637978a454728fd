"""A comparison shows every row that it is drawn from."""

import numpy as np

from tests.helpers.figures import curves, keys
from theory.rendering.axes import comparison_figure


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
