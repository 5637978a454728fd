"""Attention against MLP: which pairs of parameter counts hold every fact.

The facts of a table may be split between the value matrices and the MLP (construction ``hybrid``).
For each share of the subjects that attention knows, recall is measured at several widths, and the
smallest width that recalls everything is bracketed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.results import Result, finite, new_axes
from sims.transformers.architecture import LENGTH, Architecture, Shape
from sims.transformers.recall import measure_facts
from sims.transformers.smallest import smallest_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TradeoffPoint", "TradeoffResult", "tradeoff"]


@dataclass(frozen=True)
class TradeoffPoint:
    """Recall at one share and width.

    Parameters
    ----------
    share : of the subjects whose facts attention knows.
    width : m.
    attention, mlp : parameters of the two.
    recall : mean share of the facts recalled.
    """

    share: float
    width: int
    attention: int
    mlp: int
    recall: float


@dataclass(frozen=True, repr=False)
class TradeoffResult(Result):
    """Recall over attention and MLP parameters, and where it becomes complete.

    Parameters
    ----------
    shape, architecture : S, R, D and the hybrid's other sizes.
    points : recall on the grid.
    boundary : for each share, (attention parameters, MLP parameters at the largest width measured
        not to be enough, at the smallest measured to be); medians over trials.
    """

    shape: Shape
    architecture: Architecture
    seed: int
    points: tuple[TradeoffPoint, ...]
    boundary: tuple[tuple[int, float, float], ...]

    def __repr__(self) -> str:
        S, R, D = self.shape.subjects, self.shape.relations, self.shape.answers
        return f"TradeoffResult(S={S} R={R} D={D}, {len(self.points)} points)"

    @property
    def slope(self) -> float:
        """MLP parameters saved per attention parameter spent, by least squares on the boundary."""
        return -self._line()[0]

    @property
    def bend(self) -> float:
        """Share of the boundary's variance off its straight line: 0 if straight, 1 if unrelated."""
        return self._line()[1]

    def _line(self) -> tuple[float, float]:
        """Slope of the boundary's straight line, and the share of the variance that it leaves."""
        ends = np.array([(x, y) for x, _, y in self.boundary if np.isfinite(y)])
        if len(ends) < 2 or np.ptp(ends[:, 0]) == 0 or np.ptp(ends[:, 1]) == 0:
            return 0.0, 1.0
        x, y = (ends - ends.mean(axis=0)).T
        slope = float(x @ y / (x @ x))
        return slope, float(np.sum((y - slope * x) ** 2) / (y @ y))

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per point of the grid."""
        return [
            {
                "share": p.share,
                "width": p.width,
                "attention": p.attention,
                "mlp": p.mlp,
                "recall": p.recall,
            }
            for p in self.points
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "S": self.shape.subjects,
            "R": self.shape.relations,
            "D": self.shape.answers,
            "d": self.architecture.d,
            "seed": self.seed,
            "points": self.rows(),
            "boundary": [
                {"attention": x, "mlp_low": low, "mlp_high": finite(high)}
                for x, low, high in self.boundary
            ],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the heat map of recall, the boundary, and its straight line."""
        ax = new_axes(ax)
        x, y = ([getattr(p, name) for p in self.points] for name in ("attention", "mlp"))
        drawn = ax.scatter(
            x,
            y,
            c=[p.recall for p in self.points],
            marker="s",
            s=140,
            cmap="cividis",
            vmin=0,
            vmax=1,
        )
        ax.figure.colorbar(drawn, ax=ax, label="facts recalled")
        ends = [(x, low, high) for x, low, high in self.boundary if np.isfinite(high)]
        ax.errorbar(
            [x for x, _, _ in ends],
            [(low + high) / 2 for _, low, high in ends],
            yerr=[(high - low) / 2 for _, low, high in ends],
            fmt="o-",
            color="tab:red",
            label="all recalled above: smallest MLP",
        )
        ax.set_xlabel("attention parameters, $4 H d d_h$")
        ax.set_ylabel("MLP parameters, $2 m d$")
        ax.legend(loc="upper right", fontsize="small")
        S, R, D = self.shape.subjects, self.shape.relations, self.shape.answers
        ax.set_title(f"S = {S}, R = {R}, D = {D}, d = {self.architecture.d}", fontsize="medium")
        return ax


def tradeoff(
    shape: Shape,
    *,
    d: int,
    head_dim: int | None = None,
    shares: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 0.9),
    widths: Sequence[int] = (),
    length: int = LENGTH,
    limit: int | None = None,
    trials: int = 3,
    seed: int = 0,
    threads: int | None = None,
) -> TradeoffResult:
    """Measure recall over attention and MLP parameters, and bracket where it becomes complete.

    Parameters
    ----------
    shape : S, R, D of the tables.
    d, head_dim : sizes of the hybrid.
    shares : of the subjects that attention knows.
    widths : m of the grid; none leaves the heat map out.
    limit : largest width that is searched, as for :func:`sims.transformers.smallest.smallest_size`.
    length, trials, seed, threads : as for :func:`sims.transformers.recall.measure_facts`.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> result = tradeoff(Shape(8, 8, 4), d=48, shares=(0.0, 0.5), widths=(4, 64), trials=1)
    >>> [p.recall for p in result.points if p.width == 64]
    [1.0, 1.0]
    """
    points, boundary = [], []
    for share in shares:
        hybrid = Architecture("hybrid", d, head_dim=head_dim, width=1, share=share)
        found = smallest_size(
            hybrid,
            shape,
            vary="width",
            limit=limit,
            length=length,
            trials=trials,
            seed=seed,
            experiment="tradeoff",
            threads=threads,
        ).points[0]
        each = 2 * d
        # Every trial's model has as many parameters.
        one = measure_facts(hybrid, shape, length=length, trials=1, seed=seed, threads=1)
        attention = one.points[0].parameters - each
        boundary.append((attention, each * float(np.median(found.low)), each * found.size))
        for width in widths:
            recalled = measure_facts(
                replace(hybrid, width=width),
                shape,
                length=length,
                trials=trials,
                seed=seed,
                experiment="tradeoff",
                threads=threads,
            ).points[0]
            points.append(TradeoffPoint(share, width, attention, each * width, recalled.recall))
    return TradeoffResult(shape, hybrid, seed, tuple(points), tuple(boundary))
