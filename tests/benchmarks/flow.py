"""Measure the speed of the gradient flow: ``python -m tests.benchmarks.flow``.

The other side is what one would write in NumPy: gradient descent on batches of 1,024 sequences
drawn anew at each of 8,192 steps, S = 16, R = 4, D = 8. Once as the formulas stand, embeddings of
every sequence through X^T X; once by someone who knows that embeddings are orthonormal, so that
counts of tokens do. All run in one process, on one thread. Results go to
docs/results/flow-speed.json.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from assoc.facts.recall_task import RecallTask, grid_task
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.engine.parallel import blas_threads
from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.reduced import flow
from sims.gradient_flow.symmetric import symmetric_flow
from theory.rendering.files import provenance, write_whole

RESULT = Path(__file__).parents[2] / "docs" / "results" / "flow-speed.json"

S, R, D = 16, 4, 8
STEPS, BATCH = 8192, 1024
LR, ALPHA, LENGTH = 1.0, 1e-4, 8
TIMED = 256
"""Steps of the slow sides that are timed; their seconds are scaled to all."""


def by_counts(task: RecallTask, steps: int, *, length: int, rng: np.random.Generator) -> float:
    """Batched gradient descent in coordinates (V, w); returns the last batch's loss."""
    n, A = task.vocabulary, task.answers
    V, w = np.full((n, A), ALPHA), np.full(n, ALPHA * np.sqrt(A + 1))
    rows, loss = np.arange(BATCH), 0.0
    for _ in range(steps):
        chosen = rng.integers(0, len(task), BATCH)
        tokens = task.prompts(length, rng=rng, facts=chosen)
        counts = np.zeros((BATCH, n))
        np.add.at(counts, (rows[:, None], tokens), 1.0)
        logits = (counts * w) @ V
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        rest = -odds / odds.sum(axis=1, keepdims=True)
        label = task.facts[chosen, 2]
        loss = float(-np.log(-rest[rows, label]).mean())
        rest[rows, label] += 1
        G = counts.T @ rest / BATCH
        V, w = V + LR * w[:, None] * G, w + LR * np.einsum("za,za->z", V, G)
    return loss


def by_embeddings(task: RecallTask, steps: int, *, length: int, rng: np.random.Generator) -> float:
    """Batched gradient descent on W_OV and q over embedded sequences, F = W X^T X q."""
    n, A = task.vocabulary, task.answers
    E = np.eye(n)
    first = task.subjects + task.relations
    U = E[first : first + A]
    W = ALPHA * np.outer(U.sum(axis=0), E.sum(axis=0))
    q = ALPHA * np.sqrt(A + 1) * E.sum(axis=0)
    rows, loss = np.arange(BATCH), 0.0
    for _ in range(steps):
        chosen = rng.integers(0, len(task), BATCH)
        X = E[task.prompts(length, rng=rng, facts=chosen)]
        scores = X @ q
        read = np.einsum("bt,btd->bd", scores, X)
        logits = read @ W.T @ U.T
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        rest = -odds / odds.sum(axis=1, keepdims=True)
        label = task.facts[chosen, 2]
        loss = float(-np.log(-rest[rows, label]).mean())
        rest[rows, label] += 1
        rest /= BATCH
        back = rest @ U @ W
        pull = np.einsum("btd,bd->bt", X, back)
        W, q = W + LR * U.T @ (rest.T @ read), q + LR * np.einsum("bt,btd->d", pull, X)
    return loss


def seconds(function: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Best time of several rounds, and what the last returned."""
    best, value = np.inf, None
    for _ in range(rounds):
        start = perf_counter()
        value = function()
        best = min(best, perf_counter() - start)
    return best, value


def main() -> None:
    """Time everything and store the table."""
    task = grid_task(S, R, D)
    model = LinearAttention(task)
    longest = STEPS * LR
    with blas_threads(1):
        quick = partial(flow, model, t_max=longest, alpha=ALPHA, rtol=1e-6, drift=1e-5, samples=20)
        careful = partial(flow, model, t_max=longest, alpha=ALPHA, samples=20)
        reduced = partial(symmetric_flow, S, R, D, t_max=longest, alpha=ALPHA, samples=20)
        loose = partial(reduced, rtol=1e-6)
        for warm in (quick, careful, reduced, loose):
            warm()
        rows = []

        def add(what: str, time: float, loss: float, times: tuple[Any, Any]) -> None:
            rows.append(
                {
                    "what": what,
                    "seconds": time,
                    "ratio": None,
                    "loss": loss,
                    "t_relation": times[0],
                    "t_subject": times[1],
                }
            )
            print(rows[-1], flush=True)

        time, loss = seconds(
            partial(by_counts, task, STEPS, length=3, rng=np.random.default_rng(0)), 1
        )
        add("8,192 batched steps by counts, T = 3", time, loss, (None, None))
        for what, side, length in (
            ("by counts", by_counts, LENGTH),
            ("by embeddings", by_embeddings, LENGTH),
            ("by embeddings", by_embeddings, 4 * LENGTH),
        ):
            part, _ = seconds(
                partial(side, task, TIMED, length=length, rng=np.random.default_rng(0)), 2
            )
            name = f"8,192 batched steps {what}, T = {length} ({TIMED} timed)"
            add(name, part * STEPS / TIMED, np.nan, (None, None))
        for what, run in (
            ("full flow, tolerance 1e-6", quick),
            ("full flow, default tolerance 2e-10", careful),
            ("symmetric reduction, default tolerance 1e-12", reduced),
            ("symmetric reduction, tolerance 1e-6", loose),
        ):
            time, found = seconds(run, 20)
            add(what, time, float(found.loss[-1]), (found.t_relation, found.t_subject))
    for row in rows:
        row["ratio"] = rows[2]["seconds"] / row["seconds"]
        row["fair"] = rows[0]["seconds"] / row["seconds"]
    large = partial(symmetric_flow, 10**9, 10**5, 10**3, t_max=1e17)
    time, found = seconds(large, 3)
    add("symmetric reduction, S = 10^9, R = 10^5, D = 10^3, to t = 10^17", time,
        float(found.loss[-1]), (found.t_relation, found.t_subject))  # fmt: skip
    for alpha in (1e-2, 1e-4):
        random = FlowFacts(512, 32, 16, "random").model(0)
        time, found = seconds(
            partial(flow, random, t_max=1e5, alpha=alpha, rtol=1e-9, samples=60), 1
        )
        add(f"full flow, S = 512, R = 32, D = 16 random facts, to t = 10^5, alpha = {alpha:g}, "
            f"{found.evaluations} evaluations, drift {found.drift:.1g}", time,
            float(found.loss[-1]), (found.t_relation, found.t_subject))  # fmt: skip
    columns = {
        "what": "what",
        "seconds": "seconds",
        "ratio": "times as fast as descent by embeddings, T = 8",
        "fair": "as by counts, T = 3",
        "loss": "loss at the end",
        "t_relation": r"$t_{\rm rel}$",
        "t_subject": r"$t_{\rm sub}$",
    }
    for row in rows:
        row["loss"] = None if np.isnan(row["loss"]) else row["loss"]
    document = {
        **provenance(command="python -m tests.benchmarks.flow", seed=0),
        "columns": columns,
        "rows": rows,
    }
    write_whole(RESULT, json.dumps(document, indent=1) + "\n")
    print(RESULT)


if __name__ == "__main__":
    main()
