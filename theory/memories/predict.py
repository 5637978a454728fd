"""Predictions as tables and curves: recall at a size, capacity of a dimension, width for facts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.catalogue import MEMORIES
from assoc.errors import InputError
from assoc.memories.memory import Build
from sims.engine.results import Result, log_scales, new_axes
from sims.memories.construction import Construction, Size
from sims.memories.width import parameters_per_neuron
from theory.memories.capacity import capacity_of
from theory.memories.classes import INJECTIVE, classes_of
from theory.memories.converse import failing_from, failure_floor
from theory.memories.measured_law import measured_law
from theory.memories.optimal import optimal_capacity, optimal_limit, optimal_width
from theory.memories.proved import GAUSSIAN, proved_bound, proved_capacity, proved_width
from theory.memories.recall import SIGNED, all_recalled, expected_recall
from theory.memories.sizes import check_sizes
from theory.memories.width import best_degree, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PredictionResult", "predict"]

READ_OUTS = ("optimal-mlp", "optimal-bilinear")
"""Networks of random features with the best read-out."""

PROJECTED = 256
"""Largest d at which the cost of a fact is measured by projections for a prediction."""


@dataclass(frozen=True, repr=False)
class PredictionResult(Result):
    """Predicted recall at sizes N, capacities at dimensions d, or widths for N; one record each."""

    memory: str
    facts: str
    points: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        choices = (
            ("d", "N", "recall"), ("d", "N_99", "N_all"), ("d", "N_all"),
            ("d", "N", "width_99", "width_all"), ("d", "N", "width_all"),
        )  # fmt: skip
        keys = next(keys for keys in choices if set(keys) <= set(self.points[0]))
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
        """Draw recall against N, capacities against d, or widths against N."""
        ax = new_axes(ax)
        if "width_all" in self.points[0]:
            for d in sorted({p["d"] for p in self.points}):
                chosen = [p for p in self.points if p["d"] == d]
                for key, style, what in (
                    ("width_99", "o-", "99% recalled"), ("width_all", "s--", "all recalled"),
                    ("width_guaranteed", "^:", "proved for half the draws"),
                ):  # fmt: skip
                    known = [(p["N"], p[key]) for p in chosen if p.get(key) is not None]
                    if known:
                        ax.plot(*zip(*known, strict=True), style, label=f"d = {d}, {what}")
            log_scales(ax, x_base=2)
            ax.set_xlabel("facts N")
            ax.set_ylabel("width m")
        elif "recall" in self.points[0]:
            N = [p["N"] for p in self.points]
            for key, label in (
                ("recall", "recall"),
                ("all_recalled", "chance that all is recalled"),
            ):
                ax.plot(N, [p[key] for p in self.points], "o-", label=label)
            ax.set_xlabel("facts N")
            ax.set_ylabel("probability")
        else:
            keys = (("N_99", "99% recalled"), ("N_all", "all recalled, half the draws"),
                    ("N_guaranteed", "all recalled, proved for half the draws"),
                    ("N_guaranteed_gaussian", "the same, proved of Gaussian inputs"),
                    ("N_failing", "not all recalled, proved for half the draws"))  # fmt: skip
            for key, label in keys:
                known = [(p["d"], p[key]) for p in self.points if p.get(key) is not None]
                if known:
                    ax.plot(*zip(*known, strict=True), "o-", label=label)
            log_scales(ax, x_base=2)
            ax.set_xlabel("dimension d")
            ax.set_ylabel("facts N")
        ax.set_title(f"{self.memory}: predicted")
        ax.legend(frameon=False)
        return ax


def predict(
    memory: str | Build,
    *,
    d: int | Sequence[int],
    N: int | Sequence[int] | None = None,
    rank: Size | None = None,
    bits: int | None = None,
    width: Size | None = None,
    degree: int | None = None,
    gates: str | None = None,
    omega: float | None = None,
    facts: str = "identity",
    outputs: int | None = None,
    trials: int | None = None,
    seed: int = 0,
) -> PredictionResult:
    r"""Predict recall, capacity or width, with no fitted parameters and no simulation.

    A construction of the user's has no formula: its interference is measured on a few draws, and
    put into the same law (:mod:`theory.memories.measured_law`).

    Parameters
    ----------
    memory : a name of :data:`assoc.catalogue.MEMORIES`, or a construction of the user's, as for
        :func:`sims.memories.recall.measure`; embeddings are uniform on the sphere.
    d : dimension, or several; at least 2.
    N : number of facts, or several; None asks for the capacities N_99 (expected recall 99%),
        N_all (all recalled with probability 1/2), N_guaranteed (proved for that probability) and
        N_failing (the least N found that is proved to fail with that probability; of ``linear``
        and ``low-rank``).
        For a network without a width, the widths are asked for that recall N facts so; for
        ``sign-gated`` and ``sign-mlp`` also width_guaranteed. What is proved of ``dual-inputs``
        is for Gaussian inputs, and called so (N_guaranteed_gaussian). For
        ``optimal-linear`` there is N_all alone, with the standard error of the projections that it
        is measured by; above d = 256 answers count as nearly orthogonal, and there is none.
    rank, width, degree, gates, omega : what the memory needs or takes.
    bits : b, to which weights are rounded; predicted for :data:`theory.memories.strengths.ROUNDED`.
    facts, outputs : law of the fact map and number of outputs M (None: M = N).
    trials : draws on which the interference of the user's construction is measured; None means 20.
    seed : of these.

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
    construction = Construction(memory, rank, bits, width, degree, gates=gates, omega=omega)
    dimensions, sizes = _listed(d, "d"), None if N is None else _listed(N, "N")
    if not isinstance(memory, str) or ":" in memory:
        return _by_measured_law(construction, dimensions, sizes, facts, outputs, trials, seed)
    if trials is not None:
        raise InputError(f"trials: the prediction for {memory!r} is a formula, without draws")
    network = memory in MEMORIES and "width" in MEMORIES[memory].needs
    if network and width is None and sizes is None:
        raise InputError(f"memory {memory!r} needs its width given, or the facts N it is for")
    points: list[dict[str, Any]] = []
    for dimension in dimensions:
        if sizes is None:
            points.append(_capacities(construction, dimension, facts, outputs))
            continue
        for n in sizes:
            if memory in READ_OUTS and width is None and facts in INJECTIVE:
                points.append(_read_out(construction, dimension, n, facts, outputs))
            elif network and width is None:
                points.append(_widths(construction, dimension, n, facts, outputs))
            else:
                points.append(_recall(construction, dimension, n, facts, outputs))
    return PredictionResult(construction.label(), facts, tuple(points))


def _listed(size: int | Sequence[int], name: str) -> list[int]:
    found = [int(size)] if isinstance(size, int | np.integer) else list(size)
    if not found:
        raise InputError(f"{name} is an empty list")
    return found


def _by_measured_law(
    construction: Construction,
    dimensions: Sequence[int],
    sizes: Sequence[int] | None,
    facts: str,
    outputs: int | None,
    trials: int | None,
    seed: int,
) -> PredictionResult:
    name = construction.label()
    if sizes is None:
        raise InputError(f"{name}: a measured law predicts recall, and needs N")
    if facts not in INJECTIVE or outputs is not None:
        raise InputError(f"{name}: a measured law is for facts with an answer each, M = N")
    found = [
        measured_law(construction, d=d, N=N, trials=20 if trials is None else trials, seed=seed)
        for d in dimensions
        for N in sizes
    ]
    return PredictionResult(name, facts, tuple(law.row() for law in found))


def _refuted(construction: Construction, facts: str) -> bool:
    """Whether a converse is proved: of the Hebbian memory, also projected, and injective maps."""
    hebbian = (Construction("linear"), Construction("low-rank", rank=construction.rank))
    return construction in hebbian and facts in INJECTIVE


def _recall(
    construction: Construction, d: int, N: int, facts: str, outputs: int | None
) -> dict[str, Any]:
    name = str(construction.memory)
    if name in READ_OUTS or name == "optimal-linear":
        known = "its capacity (no --N)" if name == "optimal-linear" else "its width (no --width)"
        raise InputError(f"no prediction for the recall of {name!r}, only for {known}")
    bound = proved_bound(construction, d=d, N=N, facts=facts, M=outputs)
    floor = (
        failure_floor(N, d, rank=construction.rank_at(d)) if _refuted(construction, facts) else None
    )
    recall = {
        "d": d,
        "N": N,
        "M": N if outputs is None else outputs,
        "recall": expected_recall(construction, d=d, N=N, facts=facts, M=outputs),
        "all_recalled": all_recalled(construction, d=d, N=N, facts=facts, M=outputs),
        _proved("failure_bound", name): bound,
        "failure_floor": floor,
        "law": float(N * np.log(float(N)) / d**2),
    }
    width = construction.width_at(d)
    if width is None:
        return recall
    # A network has its own measure of load, no converse, and a guarantee only with square waves.
    for key in ("failure_floor", "law", *(() if name in SIGNED else ("failure_bound",))):
        del recall[key]
    k = construction.degree_at(N, d)
    return {
        **recall,
        **({} if k is None else {"degree": k}),
        "width": width,
        "parameters": width * _each(construction, d),
        "load": float(N * np.log(float(N)) / (width * d)),
    }


def _proved(key: str, memory: str) -> str:
    """Name of what is proved, which says so where it is of other inputs than the prediction."""
    return f"{key}_gaussian" if memory == GAUSSIAN else key


def _widths(
    construction: Construction, d: int, N: int, facts: str, outputs: int | None
) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    k = construction.degree_at(N, d)
    if k is not None:
        chosen["degree"] = k
        if construction.degree is None:
            # The network goes by the leading order; the law may know better.
            best = best_degree(construction, d=d, N=N, rate=0.99, facts=facts, M=outputs)
            chosen["best_degree"] = best
        construction = replace(construction, degree=k)
    width_99 = width_of(construction, d=d, N=N, rate=0.99, facts=facts, M=outputs)
    width_all = width_of(construction, d=d, N=N, facts=facts, M=outputs)
    each = _each(construction, d)
    sure: dict[str, Any] = {}
    if construction.memory in SIGNED:
        sure["width_guaranteed"] = proved_width(construction, d=d, N=N, facts=facts, M=outputs)
    return {
        "d": d,
        "N": N,
        **chosen,
        "width_99": width_99,
        "width_all": width_all,
        **sure,
        "parameters_99": width_99 * each,
        "parameters_all": width_all * each,
        "load_99": float(N * np.log(float(N)) / (width_99 * d)),
    }


def _each(construction: Construction, d: int) -> int:
    """Parameters of a network per unit of width."""
    return parameters_per_neuron(
        str(construction.memory), d, gates=construction.gates, omega=construction.omega
    )


def _read_out(
    construction: Construction, d: int, N: int, facts: str, outputs: int | None
) -> dict[str, Any]:
    """Predict the width at which the best read-out of random features recalls N facts."""
    memory = str(construction.memory)
    replace(construction, width=1).build(d)
    if construction.bits is not None:
        raise InputError(f"no prediction for {memory!r} in b-bit weights")
    check_sizes(d=d, N=N)
    if N < 2:
        raise InputError("N = 1: a single fact needs no prediction")
    classes_of(facts, N=N, M=outputs)
    width, error = optimal_width(N, d, M=outputs)
    k = construction.degree or 1
    if width > math.comb(d + k, k + 1):
        # More than there are independent features on the sphere.
        width = float("inf")
    parameters = width * parameters_per_neuron(memory, d)
    return {"d": d, "N": N, "width_all": width, "error": error, "parameters": parameters}


def _best(d: int) -> dict[str, Any]:
    """Predict the capacity of the best matrix; from large d on with nearly orthogonal answers."""
    check_sizes(d=d)
    N, error = optimal_capacity(d) if d <= PROJECTED else (float(np.exp(optimal_limit(d))), None)
    return {"d": d, "N_all": N, "error": error, "law_all": float(N * np.log(N) / d**2)}


def _capacities(
    construction: Construction, d: int, facts: str, outputs: int | None
) -> dict[str, Any]:
    if construction == Construction("optimal-linear") and facts in INJECTIVE and outputs is None:
        return _best(d)
    N_99 = capacity_of(construction, d=d, rate=0.99, facts=facts, M=outputs)
    N_all = capacity_of(construction, d=d, facts=facts, M=outputs)
    name = str(construction.memory)
    sure = proved_capacity(construction, d=d, facts=facts, M=outputs)
    failing = (
        failing_from(d, rank=construction.rank_at(d)) if _refuted(construction, facts) else None
    )
    if failing is not None and outputs is not None and failing > outputs:
        failing = None  # no injective map has as many facts
    capacities = {
        "d": d,
        "N_99": N_99,
        "N_all": N_all,
        _proved("N_guaranteed", name): sure,
        "N_failing": failing,
        "law_99": float(N_99 * np.log(N_99) / d**2),
        "law_all": float(N_all * np.log(N_all) / d**2),
    }
    width = construction.width_at(d)
    if width is None:
        return capacities
    # As for its recall.
    kept = name in SIGNED
    for key in ("N_failing", "law_99", "law_all", *(() if kept else ("N_guaranteed",))):
        del capacities[key]
    return {
        **capacities,
        "width": width,
        "load_99": float(N_99 * np.log(N_99) / (width * d)),
        "load_all": float(N_all * np.log(N_all) / (width * d)),
    }
