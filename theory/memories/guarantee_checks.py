"""The guarantee of dual inputs, held by counting where many pairs are lost, and to their law."""

from collections.abc import Iterator, Sequence

import numpy as np

from assoc.catalogue import blamed, resolve
from assoc.embeddings import LAWS, sphere
from assoc.memories.decoding import memory_outputs
from assoc.memories.memory import Build
from sims.engine.parallel import blas_threads
from sims.engine.randomness import INPUTS, MEMORY, OUTPUTS
from sims.memories.settings import RandomVectors, source_of
from theory.claims import Finding
from theory.judging import judge_arms, judge_bounds, judge_predictions
from theory.memories.dual_guarantee import dual_inputs_pairs
from theory.memories.plain.dual_pairs import dual_pairs_lost

__all__ = ["check_dual_inputs"]


def check_dual_inputs(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int, int]],
    laws: Sequence[tuple[int, int, int]],
    trials: int,
    tolerance: float,
    ratio: float,
    inputs: str = "gaussian",
    memory: str | Build = "dual-inputs",
    parts: Sequence[str] = ("pairs", "law"),
    weakened: float = 1.0,
) -> Finding:
    """Compare pairs that go wrong with their law, and the law with its bound.

    Parameters
    ----------
    seed : determines every random number.
    sizes, laws : (d, N, M) at which pairs are counted, and at which law and bound are compared.
    trials : draws of embeddings, at least 2.
    tolerance : smallest difference of the logarithms of count and law that matters.
    ratio : bound over law at most.
    inputs, memory : law of the inputs, and what stores the facts.
    parts : which are judged.
    weakened : multiplies the bound.
    """
    build = resolve(memory)[1]

    def count(d: int, N: int, M: int, trial: int) -> int:
        source = source_of(RandomVectors(d), seed, "dual-inputs")
        E = source.vectors(LAWS[inputs], N, d, trial=trial, stream=INPUTS).astype(np.float64)
        U = source.vectors(sphere, M, d, trial=trial, stream=OUTPUTS).astype(np.float64)
        with blamed(memory):
            built = build(E, U, np.arange(N), rng=source.generator(trial, MEMORY))
            scores = memory_outputs(built, E, d) @ U.T
        return int((scores >= np.diag(scores)[:, None]).sum()) - N

    def judged() -> Iterator[tuple[str, Finding]]:
        if "pairs" in parts:
            rows = []
            for d, N, M in sizes:
                with blas_threads(1):
                    found = np.array([count(d, N, M, trial) for trial in range(trials)], np.float64)
                rows.append({
                    "d": d, "N": N, "M": M, "trials": trials, "measured": float(found.mean()),
                    "error": float(found.std(ddof=1) / np.sqrt(trials)),
                    "predicted": dual_pairs_lost(N, d, M=M),
                })  # fmt: skip
            yield (
                "pairs",
                judge_predictions(
                    "pairs (input, answer) that go wrong", rows, tolerance=tolerance, relative=True
                ),
            )
        if "law" in parts:
            table = [
                {
                    "d": d, "N": N, "M": M, "exact": dual_pairs_lost(N, d, M=M),
                    "bound": weakened * dual_inputs_pairs(N, d, M=M),
                }
                for d, N, M in laws
            ]  # fmt: skip
            yield "law", judge_bounds(
                "expected number of pairs that go wrong", table, ratio=ratio,
                note="by Gauss's rules and incomplete beta functions",
            )  # fmt: skip

    return judge_arms(dict(judged()))
