r"""What is drawn, against its laws: templates, values, first weights, and sentences of a step.

The rest of this room counts what was drawn. Whether it was drawn by the laws that the theorems
assume shows only in many draws,

.. math:: P(\text{uncovered}) = q^n, \qquad P(\text{template told}) = \frac KR, \qquad
          P(v = v') = \frac1D, \qquad E\,\Delta w = -\eta\,\nabla L(w),

of K of R templates for each fact, of D values, and of one step on sentences that are drawn.
"""

import math
from collections import Counter
from typing import Any

import numpy as np

from assoc.facts.telling import draw_knowledge
from sims.knowledge.model import SCALE, initial_weights
from sims.knowledge.training import Descent, train_contexts
from theory.knowledge.plain.model import drawn_weights
from theory.knowledge.plain.sentences import uneven, written
from theory.knowledge.plain.training import slopes

__all__ = ["drawn_rows", "step_rows"]

SIZES = {"subjects": 32, "attributes": 2, "templates": 8, "multiplicity": 3, "values": 4}


def drawn_rows(
    *,
    seed: int,
    draws: int,
    tuned: int,
    off: int = 0,
    replaced: bool = False,
    alike: bool = False,
) -> list[dict[str, Any]]:
    """Return means over draws of facts, beside their laws.

    Parameters
    ----------
    seed : of all draws.
    draws : how many.
    tuned : n, fine-tuned subjects.
    off : subjects more in the law.
    replaced : whether the law is of K templates drawn with replacement.
    alike : whether the law of a subject's values, where attributes share them, lets two be one.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {}
    for k in range(draws):
        given = draw_knowledge(**SIZES, shared=bool(k % 2), rng=rng)
        S, R = given.subjects, SIZES["templates"]
        told = given.told.reshape(S, 2, -1)[:, 0, :R]
        met = told[:tuned].any(axis=0)
        values = given.facts[:, 2].reshape(S, 2)
        name = "shared" if k % 2 else "own"
        both = np.triu(values[:, :1] == values[:, 0], 1).sum() / (S * (S - 1) / 2)
        seen = {
            "uncovered": float((~(told[tuned:] & met).any(axis=1)).mean()),
            "first template told": float(told[:, 0].mean()),
            "two templates told": float((told[:, 0] & told[:, R - 1]).mean()),
            f"same value of two subjects, {name}": float(both),
        }
        if name == "shared":
            pair = np.sort(values, axis=1) == [0, 1]
            seen["values 0 and 1 of a subject, shared"] = float(pair.all(axis=1).mean())
        for symbol, value in seen.items():
            found.setdefault(symbol, []).append(value)
    R, K, D = SIZES["templates"], SIZES["multiplicity"], SIZES["values"]
    missed = math.prod((R - K - i) / (R - i) for i in range(K))
    laws = {
        "uncovered": ((1 - K / R) ** K if replaced else missed) ** (tuned + off),
        "first template told": K / R,
        "two templates told": K * (K - 1) / (R * (R - 1)),
        "same value of two subjects, own": 1 / D,
        "same value of two subjects, shared": 1 / D,
        "values 0 and 1 of a subject, shared": 2 / (D * (D if alike else D - 1)),
    }
    rows = [_row(symbol, values, laws[symbol]) for symbol, values in found.items()]
    for name in ("W", "V"):
        first = initial_weights("attention-mlp", 50, width=400, rng=rng)[name].astype(float)
        rows.append(_row(f"square of the first {name}", (first**2).ravel().tolist(), SCALE**2))
    return rows


def step_rows(
    *, seed: int, trials: int, batch: int, even: bool = False, once: bool = False
) -> list[dict[str, Any]]:
    """Return the mean of one step on drawn sentences, along the gradient, beside its length.

    Parameters
    ----------
    seed : draws facts, weights and batches.
    trials : steps, each with contexts of its own.
    batch : contexts of each position drawn.
    even : whether the law lets all subjects be told equally often.
    once : whether the law lets each subject be told in one sentence.
    """
    given = uneven(0, seed=seed)
    weights = drawn_weights("attention-mlp", given.vocabulary, seed=seed)
    told = [one for _, one in written(given)]
    times = Counter(one[0] for one in told)
    if even:
        whole = math.lcm(*times.values())
        told = [one for one in told for _ in range(whole // times[one[0]])]
    if once:
        told = list({one[0]: one for one in told}.values())
    mine = slopes({name: part.astype(np.float64) for name, part in weights.items()}, told)
    rule = Descent(steps=1, learning_rate=1.0, schedule="constant", batch=batch)
    found = train_contexts(
        [weights] * trials, [given.contexts()] * trials, rule, threads=1,
        rngs=[np.random.default_rng((seed, trial)) for trial in range(trials)],
    )  # fmt: skip
    rows = []
    for name, slope in mine.items():
        way = np.sign(slope)
        moved = [float(((weights[name] - one[name]) * way).sum()) for one in found.weights]
        rows.append(_row(f"step of {name}", moved, float(np.abs(slope).sum())))
    return rows


def _row(symbol: str, values: list[float], law: float) -> dict[str, Any]:
    """Record of a mean over independent draws, beside its law."""
    return {
        "symbol": symbol, "measured": float(np.mean(values)), "trials": len(values),
        "error": float(np.std(values, ddof=1) / math.sqrt(len(values))), "predicted": law,
    }  # fmt: skip
