r"""Attention against MLP: recall of trained transformers over the parameters of the two.

On a grid of numbers of heads H and widths m at a fixed table, d and d_h, as NLB train them. What
each transformer recalls is the most that one of the learning rates does, trial by trial.

References
----------
NLB, Figure 4 (right).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.checks import positive
from assoc.errors import InputError
from sims.engine.parallel import available_threads, cores
from sims.engine.results import Result, new_axes
from sims.sweeps.tasks import Progress
from sims.training.recipe import Training, libraries
from sims.training.transformer_models import Sizes, choose_sizes
from sims.training.trials import DRAWS, Trials, check_trials, facts_recalled, stored
from sims.transformers.architecture import LENGTH, Shape

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "TrainedTradeoffPoint",
    "TrainedTradeoffResult",
    "recall_widths",
    "trained_tradeoff",
]


@dataclass(frozen=True)
class TrainedTradeoffPoint:
    """Recall of trained transformers of one size.

    Parameters
    ----------
    sizes : d, H, d_h, m; m = 0 is attention alone.
    facts : S R.
    known : for each trial, the most facts that a learning rate recalled, each in every prompt.
    """

    sizes: Sizes
    facts: int
    known: tuple[int, ...]

    @property
    def recall(self) -> float:
        """Mean share of the facts known."""
        return float(np.mean(self.known)) / self.facts

    @property
    def whole(self) -> int:
        """Trials in which every fact was known."""
        return sum(count == self.facts for count in self.known)


@dataclass(frozen=True, repr=False)
class TrainedTradeoffResult(Result):
    """Recall of trained transformers over attention and MLP parameters."""

    shape: Shape
    training: Training
    draws: int
    seed: int
    points: tuple[TrainedTradeoffPoint, ...]

    def __repr__(self) -> str:
        S, R, D = self.shape.subjects, self.shape.relations, self.shape.answers
        return f"TrainedTradeoffResult(S={S} R={R} D={D}, {len(self.points)} points)"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per point of the grid."""
        return [
            {
                "heads": p.sizes.heads,
                "head_dim": p.sizes.head_dim,
                "width": p.sizes.width,
                "attention": p.sizes.attention,
                "mlp": p.sizes.mlp,
                "recall": p.recall,
                "all_recalled": p.whole / len(p.known),
                "trials": len(p.known),
            }
            for p in self.points
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "S": self.shape.subjects, "R": self.shape.relations, "D": self.shape.answers,
            "d": self.points[0].sizes.d, "training": asdict(self.training), "draws": self.draws,
            "seed": self.seed, "points": self.rows(),
        }  # fmt: skip

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the map of recall over attention and MLP parameters."""
        ax = new_axes(ax)
        x, y = ([getattr(p.sizes, name) for p in self.points] for name in ("attention", "mlp"))
        shown = [p.recall for p in self.points]
        drawn = ax.scatter(x, y, c=shown, marker="s", s=140, cmap="cividis", vmin=0, vmax=1)
        ax.figure.colorbar(drawn, ax=ax, label="facts recalled")
        ax.set_xlabel("attention parameters, $4 H d d_h$")
        ax.set_ylabel("MLP parameters, $2 m d$")
        return ax


def trained_tradeoff(
    shape: Shape | Sequence[int],
    *,
    d: int,
    head_dim: int,
    heads: Sequence[int],
    widths: Sequence[int],
    length: int = LENGTH,
    draws: int = DRAWS,
    trials: int = 3,
    training: Training | None = None,
    seed: int = 0,
    experiment: str = "tradeoff",
    store: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    threads: int | None = None,
) -> TrainedTradeoffResult:
    """Measure the recall of trained transformers over attention and MLP parameters.

    Parameters
    ----------
    shape : S, R, D of the tables.
    d, head_dim : dimension and d_h.
    heads : numbers of heads H, of one side of the grid.
    widths : m of the other; 0 stands for attention alone.
    length, draws, trials, training, seed, experiment, threads : as for :func:`trained_smallest`.
    store : file that every finished number of heads is added to, and resumed from.
    progress : with a store, called at the start and after each number of heads.

    Raises
    ------
    InputError
        If an argument is out of range, or JAX or Optax is missing.
    """
    listed, shared = check_trials(shape, length, draws, trials, training, seed, experiment)
    if len(listed) != 1:
        raise InputError(f"{len(listed)} shapes are given; a map is of one")
    (table,) = listed
    threads = available_threads() if threads is None else positive(threads, "threads")
    heads, widths = _side(heads, "heads"), _side(widths, "widths")
    sizes = [_row(table, d, head_dim, each, widths) for each in heads]
    asked = [
        {"shape": list(astuple(table)), "d": d, "head_dim": head_dim, "heads": each,
         "widths": widths, **asdict(shared)}
        for each in heads
    ]  # fmt: skip
    libraries()
    with cores(threads):
        found = stored(recall_widths, asked, store, progress)
    points = [
        TrainedTradeoffPoint(one, table.facts, tuple(known))
        for row, value in zip(sizes, found, strict=True)
        for one, known in zip(row, value, strict=True)
    ]
    return TrainedTradeoffResult(table, shared.training, draws, seed, tuple(points))


def recall_widths(
    *,
    shape: Sequence[int],
    d: int,
    head_dim: int,
    heads: int,
    widths: Sequence[int],
    length: int,
    draws: int,
    trials: int,
    training: Mapping[str, Any],
    seed: int,
    experiment: str,
) -> list[list[int]]:
    """Count what transformers of several widths recall: the point of a stored map.

    Parameters
    ----------
    shape : S, R, D and K.
    heads : H.
    training : fields of :class:`sims.training.recipe.Training`.
    d, head_dim, widths, length, draws, trials, seed, experiment :
        as for :func:`trained_tradeoff`.

    Returns
    -------
    For each width and trial, the most facts that a learning rate recalled.
    """
    table = Shape(*shape)
    row = _row(table, d, head_dim, heads, widths)
    known = facts_recalled(
        table,
        [(trial, one) for one in row for trial in range(trials)],
        Trials(length, draws, trials, Training(**training), seed, experiment),
    )
    best = [max(count or 0 for count in counts) for counts in known]
    return [best[start : start + trials] for start in range(0, len(best), trials)]


def _row(shape: Shape, d: int, head_dim: int, heads: int, widths: Sequence[int]) -> list[Sizes]:
    """Return the sizes at one number of heads."""
    found = []
    for m in widths:
        alone = m == 0
        found.append(
            choose_sizes(
                "attention-only" if alone else "attention-mlp", shape.subjects, shape.relations,
                d=d, head_dim=positive(head_dim, "head dimension d_h"),
                heads=positive(heads, "heads H"), width=None if alone else m,
            )
        )  # fmt: skip
    return found


def _side(sizes: Any, name: str) -> list[int]:
    """Return a side of the grid."""
    if isinstance(sizes, str) or not isinstance(sizes, Sequence) or not sizes:
        raise InputError(f"{name} = {sizes!r} is not a list of sizes")
    return list(sizes)
