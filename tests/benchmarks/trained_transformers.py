"""Measure trained transformers: ``python -m tests.benchmarks.trained_transformers [PART...]``.

JSON on stdout. Tables and embeddings are the same on both sides, those of the exhibits.

``small``, ``middle``, ``large``  smallest sizes by training and by construction at (S, R, D) =
    (8, 8, 8), (16, 16, 8), (24, 24, 8): d of ``attention-only``, m of ``attention-mlp`` at d = 32.
``lean``  the same for m where attention has two heads of 4, at (8, 8, 8).
``slope``  growth of the facts with the parameters of ``attention-only`` over these shapes.
``prompts``  smallest d at (8, 8, 8) where each fact is asked for in 64 prompts, and every run
    takes all its steps.
``map``  recall over numbers of heads and widths.

Without names, all parts; ``slope`` takes the searches of the parts that were measured before it.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from scipy import stats

from sims.parallel import blas_threads
from sims.smallest import SizePoint, smallest_size
from sims.trained_tradeoff import trained_tradeoff
from sims.trained_transformers import trained_smallest
from sims.training import Training
from sims.transformer_problems import choose_sizes
from sims.transformer_training import TRAINING
from sims.transformers import Architecture, Shape

EXPERIMENT = "facts and parameters"
"""Of the exhibits of the constructions' smallest sizes."""

LEVEL = 0.95

trained_d: dict[Shape, SizePoint] = {}
"""Searches of ``attention-only`` by training in this run."""

constructed_d: dict[Shape, SizePoint] = {}
"""The same by construction."""


def both(
    shape: Shape,
    *,
    trials: int,
    models: tuple[str, ...] = ("attention-only", "attention-mlp"),
    d: int = 32,
    heads: int | None = None,
    head_dim: int | None = None,
    draws: int = 4,
    training: Training = TRAINING,
) -> list[dict[str, Any]]:
    """Search the smallest sizes of each model by training and by construction."""
    rows = []
    for model in models:
        alone = model == "attention-only"
        vary, start = ("d", shape.relations + shape.answers) if alone else ("width", None)
        begin = perf_counter()
        found = trained_smallest(
            model, shape, vary=vary, d=None if alone else d, heads=heads, head_dim=head_dim,
            trials=trials, draws=draws, training=training, experiment=EXPERIMENT, threads=1,
        )  # fmt: skip
        middle = perf_counter()
        built = smallest_size(
            Architecture(model, d, head_dim, heads, width=None if alone else 1), shape, vary=vary,
            start=start, trials=trials, experiment=EXPERIMENT, threads=1,
        )  # fmt: skip
        trained, constructed = found.points[0], built.points[0]
        if alone and draws == 4:
            trained_d[shape], constructed_d[shape] = trained, constructed
        ratio = (
            trained.parameters
            and constructed.parameters
            and (trained.parameters / constructed.parameters)
        )
        rows.append({
            "model": model, "S": shape.subjects, "R": shape.relations, "D": shape.answers,
            "facts": shape.facts, "vary": vary, "heads": heads, "head_dim": head_dim,
            "draws": draws, "trials": trials, "wanted": training.wanted,
            "trained": {"low": trained.low, "high": trained.high, "median": trained.size,
                        "interval": trained.interval, "parameters": trained.parameters,
                        "censored": trained.censored},
            "constructed": {"low": constructed.low, "high": constructed.high,
                            "median": constructed.size, "interval": constructed.interval,
                            "parameters": constructed.parameters},
            "ratio_of_parameters": ratio, "learning_rates": found.to_dict()["learning_rates"],
            "seconds_trained": middle - begin, "seconds_constructed": perf_counter() - middle,
        })  # fmt: skip
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def slope() -> dict[str, Any]:
    """Fit log parameters = a + b log facts to all trials, and return 1 / b with its interval."""
    found = {}
    for name, points in (("trained", trained_d), ("constructed", constructed_d)):
        x, y = [], []
        for shape, point in points.items():
            for end in point.high:
                if np.isfinite(end):
                    sizes = choose_sizes(
                        "attention-only", shape.subjects, shape.relations, d=int(end)
                    )
                    x.append(np.log(shape.facts))
                    y.append(np.log(sizes.parameters))
        if len(points) < 2:
            continue
        fit = stats.linregress(x, y)
        half = float(stats.t.ppf(0.5 + LEVEL / 2, len(x) - 2) * fit.stderr)
        ends = [1 / (float(fit.slope) + half), 1 / (float(fit.slope) - half)]
        found[name] = {"slope": 1 / float(fit.slope), "interval": ends, "level": LEVEL,
                       "trials": len(x)}  # fmt: skip
    print(found, file=sys.stderr, flush=True)
    return found


def heads_and_widths(
    shape: tuple[int, int, int] = (8, 8, 4),
    d: int = 16,
    head_dim: int = 2,
    heads: tuple[int, ...] = (2, 4, 6, 8),
    widths: tuple[int, ...] = (0, 8, 16, 32),
    trials: int = 4,
) -> dict[str, Any]:
    """Measure recall on a grid of numbers of heads and widths."""
    found = trained_tradeoff(
        shape, d=d, head_dim=head_dim, heads=heads, widths=widths, trials=trials, threads=1
    ).to_dict()
    for row in found["points"]:
        print(row, file=sys.stderr, flush=True)
    return found


PARTS: dict[str, Callable[[], Any]] = {
    "small": lambda: both(Shape(8, 8, 8), trials=8),
    "middle": lambda: both(Shape(16, 16, 8), trials=8),
    "large": lambda: both(Shape(24, 24, 8), trials=2, models=("attention-only",)),
    "slope": slope,
    "lean": lambda: both(Shape(8, 8, 8), trials=8, models=("attention-mlp",), heads=2, head_dim=4),
    "prompts": lambda: both(
        Shape(8, 8, 8),
        trials=8,
        models=("attention-only",),
        draws=64,
        training=replace(TRAINING, wanted=None),
    ),
    "map": heads_and_widths,
}


def main() -> None:
    """Measure the parts that are named, all if none is."""
    document = {}
    with blas_threads(1):
        for name in sys.argv[1:] or PARTS:
            start = perf_counter()
            document[name] = {"result": PARTS[name](), "seconds": 0.0}
            document[name]["seconds"] = perf_counter() - start
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
