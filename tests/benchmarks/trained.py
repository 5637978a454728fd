"""Measure trained memories: ``python -m tests.benchmarks.trained [PART...]``, JSON on stdout.

``agreement``  99% capacities found by training against those of ``optimal-linear``, same draws.
``speed``      a search by ``optimal-linear`` against 4,096 steps of full-batch Adam at each size
               that it measured, by JAX (one learning rate, and all that are tried) and by PyTorch.
``rates``      recall by learning rate, optimiser and schedule.

Without names, all parts. Sides of a comparison alternate and the best round of each counts.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter, process_time
from typing import Any

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.memories.memory import Memory
from assoc.memories.optimal import Decision, optimal_linear
from sims.engine.parallel import available_threads, blas_threads
from sims.engine.randomness import MEMORY, Source
from sims.memories.capacity import capacity
from sims.training.capacity import compare_rates, trained_capacity
from sims.training.memories import train
from sims.training.memory_models import untrained_memory
from sims.training.recipe import Training

NOTEBOOK = {8: (25, 26), 22: (106, 108), 45: (325, 334)}
"""Public numbers for a trained linear memory at 99%, by d."""

ROUNDS, TORCH_STEPS = 2, 256
"""Rounds of the timed sides; steps of PyTorch that are timed, scaled to all."""


def agreement(trials: int = 10) -> list[dict[str, Any]]:
    """Compare the capacities at 99% with the best matrix's and with the public numbers."""
    rows = []
    for d, (least, most) in NOTEBOOK.items():
        run: dict[str, Any] = {"d": d, "criterion": 0.99, "trials": trials, "resolution": 0.01}
        start = perf_counter()
        (found,) = trained_capacity("linear", **run).points
        middle = perf_counter()
        (best,) = capacity("optimal-linear", **run).points
        end = perf_counter()
        away = max(0.0, least - found.N, found.N - most) / (least if least > found.N else most)
        rows.append({
            "d": d, "trained": found.N, "optimal": best.N, "ratio": found.N / best.N,
            "trained_low": found.low, "trained_high": found.high,
            "optimal_low": best.low, "optimal_high": best.high,
            "notebook": [least, most], "away_from_notebook": away,
            "seconds_trained": middle - start, "seconds_optimal": end - middle,
        })  # fmt: skip
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


@dataclass
class Recorder:
    """``optimal-linear``, which keeps what it was asked to decide."""

    asked: list[tuple[Floats, Floats, Integers]] = field(default_factory=list)

    def decide(
        self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator, prove: bool = True
    ) -> Decision:
        """Build the memory, and say what is proved."""
        self.asked.append((E, U, f))
        return optimal_linear.decide(E, U, f, rng=rng, prove=prove)

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        """Build the memory."""
        return self.decide(E, U, f, rng=rng).memory


def speed(sizes: tuple[tuple[int, int], ...] = ((45, 3), (64, 1))) -> list[dict[str, Any]]:
    """Time a whole search, and the training at the very sizes that it measured.

    Pairs of a dimension and a number of trials; one thread of ours for every side. Run it on one
    core (``taskset -c 0``), so that JAX and PyTorch have one thread too.
    """
    rows = []
    for d, trials in sizes:

        def searching(d: int = d, trials: int = trials, build: Any = optimal_linear) -> None:
            capacity(build, d=d, criterion=0.99, trials=trials, resolution=0.01, threads=1)

        recorder = Recorder()
        searching(build=recorder)
        rng = Source(0, "speed", (d,)).generator(0, MEMORY)
        given = [untrained_memory("linear", E, U, f, rng=rng) for E, U, f in recorder.asked]

        def training(*rates: float, given: Any = given) -> None:
            train(given, Training(learning_rates=rates or None, wanted=None))

        sides: dict[str, tuple[Callable[[], None], float]] = {
            "optimal-linear": (searching, 1.0),
            "JAX, one learning rate": (partial(training, 10.0), 1.0),
            "JAX, three learning rates": (training, 1.0),
        }
        if _has_torch():
            sides["PyTorch, one learning rate"] = partial(_torch, given), 4096 / TORCH_STEPS
        best: dict[str, tuple[float, float]] = {}
        for _ in range(ROUNDS):
            for name, (side, scale) in sides.items():
                start, cpu = perf_counter(), process_time()
                side()
                wall, core = scale * (perf_counter() - start), scale * (process_time() - cpu)
                before = best.get(name, (wall, core))
                best[name] = min(before[0], wall), min(before[1], core)
        for name, (wall, core) in best.items():
            rows.append({
                "d": d, "trials": trials, "measured": len(given), "side": name, "seconds": wall,
                "core_seconds": core, "ratio": wall / best["optimal-linear"][0],
                "ratio_of_core_seconds": core / best["optimal-linear"][1],
            })  # fmt: skip
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _has_torch() -> bool:
    from importlib.util import find_spec

    return find_spec("torch") is not None


def _torch(given: Any) -> None:
    """Train each in turn as a notebook would: full batches, cross-entropy, Adam."""
    import torch

    torch.set_num_threads(available_threads())
    for one in given:
        E, U, f = (torch.from_numpy(np.asarray(part)) for part in (one.E, one.U, one.f))
        W = torch.nn.Parameter(torch.from_numpy(one.weights[0].copy()))
        rule = torch.optim.Adam([W], lr=10.0)
        for _ in range(TORCH_STEPS):
            rule.zero_grad()
            torch.nn.functional.cross_entropy(E @ W.T @ U.T, f).backward()
            rule.step()


def rates(d: int = 22, N: int = 96, trials: int = 6) -> list[dict[str, Any]]:
    """Recall below the capacity by learning rate, for every optimiser and schedule."""
    tried = (0.01, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
    rows = []
    for optimiser in ("adam", "adamw"):
        for schedule in ("cosine", "constant"):
            rule = Training(learning_rates=tried, optimiser=optimiser, schedule=schedule)
            table = compare_rates("linear", d=d, N=N, trials=trials, training=rule)
            rows += [{"model": "linear", "d": d, "N": N, "optimiser": optimiser,
                      "schedule": schedule, **row} for row in table.rows()]  # fmt: skip
    small = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    table = compare_rates(
        "mlp", d=16, N=260, width="2d", trials=3, training=Training(learning_rates=small)
    )
    rows += [{"model": "mlp", "d": 16, "N": 260, "optimiser": "adam", "schedule": "cosine", **row}
             for row in table.rows()]  # fmt: skip
    for row in rows:
        print(row, file=sys.stderr, flush=True)
    return rows


PARTS: dict[str, Callable[[], Any]] = {
    "agreement": agreement,
    "speed": speed,
    "rates": rates,
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
