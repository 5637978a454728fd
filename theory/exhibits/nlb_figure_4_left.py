"""NLB Figure 4, left, by construction: facts against all parameters of transformers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.exhibits.nlb_figures_7_9 import COLUMNS, draw_family, family_rows, family_tasks
from theory.rendering.axes import legend_above

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXHIBIT"]


def points(
    *, seed: int, size: str, shapes: Sequence[tuple[int, int, int]], trials: int
) -> list[Task]:
    """Return the searches of one family."""
    return family_tasks(shapes, trials=trials, seed=seed)


def figure(found: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw facts against all parameters."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(5.6, 3.8), layout="constrained")
    ax = whole.subplots()
    draw_family(ax, found)
    ax.set_ylabel("facts $S R$")
    legend_above(whole)
    return whole


EXHIBIT = Exhibit(
    name="nlb-figure-4-left",
    theorem="attention-only",
    title="Facts against parameters of transformers (NLB Figure 4, left)",
    caption="The smallest transformers that recall every fact, $S = R$ and $D = 8$: the "
    "counterpart of NLB Figure 4 (left) by construction. Medians over tables with 99% intervals; "
    "constants 1: parameters at the theorem's sizes without constants and logarithms. Each dotted "
    "line has slope 1 and goes through the geometric mean of the points of its colour.",
    points=points,
    rows=family_rows,
    columns=COLUMNS,
    quick={"shapes": ((8, 8, 8), (16, 16, 8), (24, 24, 8)), "trials": 8},
    full={"shapes": ((8, 8, 8), (16, 16, 8), (24, 24, 8), (32, 32, 8), (48, 48, 8))},
    figure=figure,
    alternative="A logarithmic plot of facts against parameters of transformers with attention "
    "alone and with an MLP, measured with intervals, beside the theorem's sizes with constants 1.",
)
"""The number of facts is about linear in the number of parameters."""
