"""The transformer whose network is gates of 1 and -1, at the width that is proved for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assoc.memories.sign_gates import OMEGA
from assoc.transformers.certificates import certify
from assoc.transformers.model import Transformer
from sims.engine.parallel import blas_threads
from sims.engine.randomness import MEMORY, Source
from sims.transformers.architecture import LENGTH, Architecture, Shape, table_source
from sims.transformers.prompts import count_known
from sims.transformers.smallest import smallest_size
from theory.claims import Finding, Side, Verdict
from theory.judging import judge_arms, judge_guarantee
from theory.transformers.mlp_guarantee import mlp_bounds

__all__ = ["check_gated_network"]

PARTS = ("proved", "answered", "close", "fewer")


def check_gated_network(
    *,
    seed: int,
    shape: Shape,
    d: int,
    width: int,
    bounded: int,
    tables: int,
    searched: int,
    factor: float,
    rival: Architecture,
    rivals: int,
    times: int,
    delta: float = 0.5,
    omega: float = OMEGA,
    share: float = 1.0,
    damaged: bool = False,
    keys: float = 1.0,
    parts: Sequence[str] = PARTS,
) -> Finding:
    """Build transformers of the width that is proved for them, and others beside them.

    Parameters
    ----------
    seed : determines every random number.
    shape, d : of the tables, and dimension of the embeddings.
    width : hidden neurons, twice as many as gates.
    bounded : tables, each with embeddings and gates, for which the bound is worked out.
    tables : tables for each of which a network is built; those of the bound are the first of them.
    searched : tables for which the fewest neurons are searched.
    factor : times their median that the width may be.
    rival, rivals : another network behind attention, of which d and width are replaced, and tables
        for which it is built.
    times : multiple of the width that it has.
    delta : chance of losing a fact.
    omega : frequency of the gates.
    share : of the neurons that are built.
    damaged : transformers are built without the table's last fact.
    keys : factor on the keys of their heads; below 1 they pay more to other tokens.
    parts : which are judged: the bound (proved), transformers of this width (answered), the width
        beside what is measured (close), and the rival's loss of facts (fewer).
    """
    asked = _Tables(shape, d, table_source(shape, seed, "gated network"))
    ours = Architecture("attention-mlp-sign", d, width=2 * round(share * width / 2), omega=omega)

    def judged() -> Iterator[tuple[str, Finding]]:
        if "proved" in parts:
            yield "proved", _proved(asked.bounds(bounded, width // 2, omega), delta)
        if "answered" in parts:
            whole = asked.whole(ours, tables, damaged=damaged, keys=keys)
            row = {"d": d, "m": width, "successes": sum(whole), "trials": tables}
            quantity = "probability that every fact is certified and answered"
            yield "answered", judge_guarantee(quantity, [row], delta=delta)
        if "close" in parts:
            found = smallest_size(
                ours, shape, vary="width", step=2, start=width // 2, limit=4 * width,
                trials=searched, seed=seed, threads=1,
            )  # fmt: skip
            yield "close", _close(width, found.points[0].size, factor, searched)
        if "fewer" in parts:
            other = replace(rival, d=d, width=times * width)
            lost = rivals - sum(asked.whole(other, rivals, certified=False))
            row = {"d": d, "m": times * width, "successes": lost, "trials": rivals}
            quantity = f"probability that a fact is lost by {other.label()}"
            yield "fewer", judge_guarantee(quantity, [row], delta=delta)

    with blas_threads(1):
        return judge_arms(dict(judged()))


@dataclass(frozen=True)
class _Tables:
    """Tables of a shape, each with embeddings in R^d and the randomness of a network."""

    shape: Shape
    d: int
    source: Source

    def bounds(self, count: int, gates: int, omega: float) -> list[float]:
        """Bounds on the chance of losing a fact, over the outputs alone, table by table."""
        found = []
        for trial in range(count):
            task, Phi = self.shape.draw(self.d, self.source, trial)
            rng = self.source.generator(trial, MEMORY)
            found.append(min(1.0, float(mlp_bounds(task, Phi, (gates,), omega=omega, rng=rng)[0])))
        return found

    def whole(
        self,
        architecture: Architecture,
        count: int,
        *,
        certified: bool = True,
        damaged: bool = False,
        keys: float = 1.0,
    ) -> list[bool]:
        """Say of each table whether a transformer answers every fact, and is certified to do so.

        Where it need not be ``certified``, answers to prompts decide alone.
        """
        found = []
        for trial in range(count):
            task, Phi = self.shape.draw(self.d, self.source, trial)
            learnt = replace(task, facts=task.facts[:-1]) if damaged else task
            model = architecture.build(learnt, Phi, self.source, trial)
            assert isinstance(model, Transformer)
            heads = replace(model.attention, W_K=keys * model.attention.W_K)
            model = replace(model, attention=heads)
            sure = not certified or bool(certify(model, task, length=LENGTH).certified.all())
            asked = count_known(model, task, length=LENGTH, source=self.source, trial=trial)
            found.append(sure and asked.known == len(task))
        return found


def _proved(bounds: Sequence[float], delta: float) -> Finding:
    """Judge the mean of bounds on chances, which bounds the share of tables that lose a fact."""
    mean = float(np.mean(bounds))
    return Finding(
        Verdict.HOLDS if mean <= delta else Verdict.VIOLATED,
        "bound on the chance of losing a fact",
        measured=mean,
        predicted=delta,
        tolerance=0.0,
        side=Side.MOST,
        note=f"mean over {len(bounds)} tables with embeddings and gates, over their outputs",
        table=tuple({"table": k, "bound": bound} for k, bound in enumerate(bounds)),
    )


def _close(width: int, measured: float, factor: float, trials: int) -> Finding:
    """Judge the width that is proved beside the least that is enough; infinite where none is."""
    row: dict[str, Any] = {"proved": width, "measured": measured, "factor": width / measured}
    return Finding(
        Verdict.HOLDS if np.isfinite(measured) and width <= factor * measured else Verdict.VIOLATED,
        "width proved over the median of the least that is enough",
        measured=width / measured,
        predicted=factor,
        tolerance=0.0,
        side=Side.MOST,
        note=f"searched for {trials} tables",
        table=(row,),
    )
