"""Predictions as tables and curves: recall at a size, or capacity at a dimension."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.errors import InputError
from sims.construction import Construction, Rank
from sims.results import Result, new_axes
from theory.guarantee import failure_bound, guaranteed_capacity
from theory.prediction import INJECTIVE, all_recalled, capacity_of, expected_recall

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PredictionResult", "predict"]

GUARANTEED = ("linear", "low-rank")


@dataclass(frozen=True, repr=False)
class PredictionResult(Result):
    """Predicted recall at sizes N, or predicted capacities at dimensions d; one record each."""

    memory: str
    facts: str
    points: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        keys = ("d", "N", "recall") if "recall" in self.points[0] else ("d", "N_99", "N_all")
        listed = "; ".join(", ".join(f"{k}={p[k]:.6g}" for k in keys) for p in self.points[:4])
        return f"PredictionResult({self.memory}: {listed})"

    def rows(self) -> list[dict[str, Any]]:
        """Return the records."""
        return [dict(point) for point in self.points]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values; a single point's values stand at the top level too."""
        single = dict(self.points[0]) if len(self.points) == 1 else {}
        return {"memory": self.memory, "facts": self.facts, **single, "points": self.rows()}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw recall against N, or capacities against d."""
        ax = new_axes(ax)
        if "recall" in self.points[0]:
            N = [p["N"] for p in self.points]
            for key, label in (
                ("recall", "recall"),
                ("all_recalled", "chance that all is recalled"),
            ):
                ax.plot(N, [p[key] for p in self.points], "o-", label=label)
            ax.set_xlabel("facts N")
            ax.set_ylabel("probability")
        else:
            d = [p["d"] for p in self.points]
            keys = (("N_99", "99 % recalled"), ("N_all", "all recalled, half the draws"),
                    ("N_guaranteed", "all recalled, proved for half the draws"))  # fmt: skip
            for key, label in keys:
                if self.points[0].get(key) is not None:
                    ax.plot(d, [p[key] for p in self.points], "o-", label=label)
            ax.set_xscale("log", base=2)
            # With a single output nothing is ever forgotten, and there is nothing to scale.
            if np.isfinite([p["N_99"] for p in self.points]).any():
                ax.set_yscale("log")
            ax.set_xlabel("dimension d")
            ax.set_ylabel("facts N")
        ax.set_title(f"{self.memory}: predicted")
        ax.legend(frameon=False)
        return ax


def predict(
    memory: str,
    *,
    d: int | Sequence[int],
    N: int | Sequence[int] | None = None,
    rank: Rank | None = None,
    bits: int | None = None,
    facts: str = "identity",
    outputs: int | None = None,
) -> PredictionResult:
    r"""Predict recall, or capacity, with no fitted number and no simulation.

    Parameters
    ----------
    memory : a name of :data:`assoc.catalogue.MEMORIES`; embeddings are uniform on the sphere.
    d : dimension, or several; at least 2.
    N : number of facts, or several; None asks for the capacities N_99 (expected recall 99 %),
        N_all (all recalled with probability 1/2) and N_guaranteed (proved for that probability).
    rank, bits : what the memory needs.
    facts, outputs : law of the fact map and number of outputs M (None: M = N).

    Returns
    -------
    PredictionResult, one record for each (d, N) or each d.

    Raises
    ------
    InputError
        If an argument is out of range or there is no prediction for the memory.

    Examples
    --------
    >>> predict("linear", d=64, N=256)
    PredictionResult(linear: d=64, N=256, recall=0.76...)
    >>> predict("linear", d=10**6).points[0]["N_all"] / 1e9
    5.99
    """
    construction = Construction(memory, rank, bits)
    dimensions = [d] if isinstance(d, int | np.integer) else list(d)
    sizes = None if N is None else [N] if isinstance(N, int | np.integer) else list(N)
    if not dimensions:
        raise InputError("d is an empty list")
    if sizes is not None and not sizes:
        raise InputError("N is an empty list")
    points: list[dict[str, Any]] = []
    for dimension in dimensions:
        if sizes is None:
            points.append(_capacities(construction, dimension, facts, outputs))
            continue
        for n in sizes:
            points.append(_recall(construction, dimension, n, facts, outputs))
    return PredictionResult(construction.label(), facts, tuple(points))


def _recall(
    construction: Construction, d: int, N: int, facts: str, outputs: int | None
) -> dict[str, Any]:
    bound = None
    if construction.memory in GUARANTEED and facts in INJECTIVE:
        bound = failure_bound(N, d, M=outputs, rank=construction.rank_at(d))
    return {
        "d": d,
        "N": N,
        "M": N if outputs is None else outputs,
        "recall": expected_recall(construction, d=d, N=N, facts=facts, M=outputs),
        "all_recalled": all_recalled(construction, d=d, N=N, facts=facts, M=outputs),
        "failure_bound": bound,
        "law": float(N * np.log(float(N)) / d**2),
    }


def _capacities(
    construction: Construction, d: int, facts: str, outputs: int | None
) -> dict[str, Any]:
    N_99 = capacity_of(construction, d=d, rate=0.99, facts=facts, M=outputs)
    N_all = capacity_of(construction, d=d, facts=facts, M=outputs)
    sure = None
    if construction.memory in GUARANTEED and facts in INJECTIVE:
        sure = guaranteed_capacity(d, M=outputs, rank=construction.rank_at(d))
    return {
        "d": d,
        "N_99": N_99,
        "N_all": N_all,
        "N_guaranteed": sure,
        "law_99": float(N_99 * np.log(N_99) / d**2),
        "law_all": float(N_all * np.log(N_all) / d**2),
    }
