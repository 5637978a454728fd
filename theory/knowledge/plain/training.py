r"""Training a second time: rates and steps from their definitions, in double precision.

Heavy-ball descent on the loss plus half the squared weights, with momentum mu, rates eta_t and
coefficient lambda_t,

.. math:: v_{t+1} = \mu v_t + \nabla L(w_t) + \lambda_t w_t, \qquad w_{t+1} = w_t - \eta_t v_{t+1},

where lambda_t is 0 in the last steps, those that settle. Gradients are sums over sentences, with
the Jacobian diag(a) - a a^T of the masses a written out.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sims.knowledge.model import MODELS, Weights
from sims.knowledge.training import (
    FINE_TUNING,
    PRE_TRAINING,
    Descent,
    rates,
    suited,
    train_contexts,
)
from theory.knowledge.plain.model import drawn_weights, losses, weights_seen
from theory.knowledge.plain.sentences import Row, uneven, written

__all__ = ["descended", "rate_at", "rate_symbols", "slopes", "step_symbols"]

Doubles = NDArray[np.float64]

MISTAKES = ("", "whole period", "decay to the end", "slow")
"""What a second computation may have wrong: the cosine's period, that the decay ends, or momentum,
for which a rate that is larger by 1 / (1 - mu) stands."""

RULES = (
    Descent(steps=12, learning_rate=0.5, warm_up=0.3, momentum=0.8, decay=0.1, settle=0.4),
    Descent(steps=9, learning_rate=0.3, schedule="step", momentum=0.0, decay=0.2),
    Descent(steps=7, learning_rate=0.4, schedule="constant", momentum=0.5, decay=0.1, settle=0.5),
    Descent(steps=10, learning_rate=0.2, warm_up=0.0, momentum=0.9),
)
"""Trainings: every schedule, with and without momentum, decay, warm-up and settling."""


def rate_at(rule: Descent, step: int, *, mistake: str = "") -> float:
    """Learning rate of one step, as the schedule is said to be.

    Parameters
    ----------
    rule : says which schedule.
    step : from 0.
    mistake : one of :data:`MISTAKES`.
    """
    done = step / rule.steps
    if rule.schedule == "constant":
        return rule.learning_rate
    if rule.schedule == "step":
        return rule.learning_rate * (1.0 if done < 0.5 else 0.1 if done < 0.75 else 0.01)
    if done < rule.warm_up:
        return rule.learning_rate * min(1.0, (step + 1) / (rule.steps * rule.warm_up))
    angle = math.pi * (done - rule.warm_up) / (1 - rule.warm_up)
    if mistake == "whole period":
        angle *= 2
    return rule.learning_rate * (1 + math.cos(angle)) / 2


def slopes(weights: Weights, sentences: Sequence[Sequence[int]]) -> Weights:
    """Gradient of the loss by all matrices, summed over sentences and positions.

    Parameters
    ----------
    weights : of a model, in double precision.
    sentences : all of one length.
    """
    found = {name: np.zeros_like(part) for name, part in weights.items()}
    for one in sentences:
        for length in range(1, len(one)):
            seen = list(one[:length])
            mass = np.array(weights_seen(weights, seen))
            inner = weights["O" if "O" in weights else "W"]
            columns = inner[:, seen]
            total = columns @ mass
            out = total if "O" in weights else np.maximum(total, 0) @ weights["V"]
            back = np.exp(out) / np.exp(out).sum()
            back[one[length]] -= 1
            back /= len(sentences)
            if "V" in weights:
                found["V"] += np.outer(np.maximum(total, 0), back)
                back = (weights["V"] @ back) * (total > 0)
            for share, token in zip(mass, seen, strict=True):
                found["O" if "O" in weights else "W"][:, token] += share * back
            if "Q" in weights:
                jacobian = np.diag(mass) - np.outer(mass, mass)
                for slope, token in zip(jacobian @ (columns.T @ back), seen, strict=True):
                    found["Q"][seen[-1], token] += slope
    return found


def descended(
    weights: Weights,
    sentences: Sequence[Sequence[int]],
    rule: Descent,
    *,
    parts: Sequence[str],
    factors: dict[str, tuple[Doubles, Doubles]] | None = None,
    decays: float = 1.0,
    mistake: str = "",
) -> list[Weights]:
    """Weights before the first step and after each, by descent from the definition.

    Parameters
    ----------
    weights : of a model, in double precision.
    sentences : that are trained on.
    rule : how, without batches.
    parts : matrices that are trained.
    factors : of each part's change, left and right, of low rank; None for full changes.
    decays : times the coefficient of the decay.
    mistake : one of :data:`MISTAKES`.
    """
    now = {name: part.copy() for name, part in weights.items()}
    free = {name: [part.copy() for part in factors[name]] if factors else [now[name]]
            for name in parts}  # fmt: skip
    motion = {name: [np.zeros_like(part) for part in free[name]] for name in parts}
    path = [{name: part.copy() for name, part in now.items()}]
    momentum = 0.0 if mistake == "slow" else rule.momentum
    for step in range(rule.steps):
        rate = rate_at(rule, step, mistake=mistake)
        if mistake == "slow":
            rate /= 1 - rule.momentum
        # The last steps, as many as are nearest to their share, are without the decay.
        settling = step >= round(rule.steps * (1 - rule.settle)) and mistake != "decay to the end"
        pull = 0.0 if settling else rule.decay * decays
        slope = slopes(now, sentences)
        for name in parts:
            own = free[name]
            ways = [slope[name]]
            if factors:
                ways = [slope[name] @ own[1].T, own[0].T @ slope[name]]
            for k, way in enumerate(ways):
                motion[name][k] = momentum * motion[name][k] + way + pull * own[k]
                own[k] -= rate * motion[name][k]
            now[name] = weights[name] + own[0] @ own[1] if factors else own[0]
        path.append({name: part.copy() for name, part in now.items()})
    return path


def rate_symbols(*, mistake: str = "") -> list[Row]:
    """Return the rates of whole trainings, as the package has them and step by step.

    Parameters
    ----------
    mistake : one of :data:`MISTAKES`.
    """
    rows = []
    for rule in (*RULES, PRE_TRAINING, FINE_TUNING, replace(PRE_TRAINING, schedule="step")):
        found = rates(rule)
        shown = range(rule.steps) if rule.steps < 50 else (0, 3, 79, 80, 700, 790, 799)
        for step in shown:
            own = rate_at(rule, step, mistake=mistake)
            rows.append((f"rate, {rule.schedule}", float(found[step]), own))
        rows.append(("steps", float(len(found)), float(rule.steps)))
    for S in (1, 16, 96):
        # Each subject's share of the loss is 1 / S, so that its own rate stays the same.
        rule = suited(S, steps=10)
        rows.append(("rate over subjects", rule.learning_rate / S, PRE_TRAINING.learning_rate / 64))
    return rows


def step_symbols(*, seed: int, decays: float = 1.0, mistake: str = "", spread: float = 0.3
) -> list[Row]:  # fmt: skip
    """Return what trainings come to, as the package has them and step by step.

    Losses at each position whenever they are looked at, and the change of each matrix along a
    direction, all of them or some, of full rank and of low.

    Parameters
    ----------
    seed : draws facts, weights, factors and directions.
    decays, mistake : as for :func:`descended`.
    spread : standard deviation of the factors that do not start at 0.
    """
    rows: list[Row] = []
    cases: list[tuple[str, Descent, tuple[str, ...], int | None]] = [
        ("attention-mlp", RULES[0], ("Q", "W", "V"), None),
        ("attention", RULES[1], ("Q", "O"), None),
        ("mlp", RULES[2], ("V",), None),
        ("attention-mlp", RULES[3], ("W", "Q"), 2),
        ("attention-mlp", RULES[2], ("V",), 1),
        ("attention", RULES[0], ("O",), 2),
    ]
    for k, (model, rule, parts, rank) in enumerate(cases):
        given = uneven(k % 2, seed=seed)
        single = drawn_weights(model, given.vocabulary, seed=seed + k)
        single = {name: part / 2 for name, part in single.items()}
        told = [one for _, one in written(given)]
        found = train_contexts(
            [single], [given.contexts()], rule, parts=parts, rank=rank, looks=4,
            rngs=[np.random.default_rng(seed)], threads=1,
        )  # fmt: skip
        start = {name: part.astype(np.float64) for name, part in single.items()}
        drawn = None
        if rank is not None:
            drawn = _factors(single, parts, rank, np.random.default_rng(seed), spread)
        path = descended(
            start, told, rule, parts=parts, factors=drawn, decays=decays, mistake=mistake
        )
        looks = [round(rule.steps * part / 4) for part in range(5)]
        kind = "full rank" if rank is None else "low rank"
        for look, at in enumerate(looks):
            rows.append(("step", float(found.steps[look]), float(at)))
            rows += [(f"loss along the way, {kind}", float(loss), own) for loss, own in zip(
                found.losses[look, 0], losses(path[at], told).tolist(), strict=True)]  # fmt: skip
        for name in MODELS[model]:
            way = np.random.default_rng(seed + 1).uniform(0.5, 1.5, single[name].shape)
            change = path[-1][name] - start[name]
            way *= np.where(change < 0, -1, 1)
            moved = found.weights[0][name] - start[name]
            rows.append((f"change of {name}, {kind}", float((moved * way).sum()),
                         float((change * way).sum())))  # fmt: skip
    return rows


def _factors(
    weights: Weights, parts: Sequence[str], rank: int, rng: np.random.Generator, spread: float
) -> dict[str, tuple[Doubles, Doubles]]:
    """Factors of each change: 0 on the side of the input, and drawn on the other."""
    made = {}
    for name in parts:
        # Q and V take their input from the left, W and O from the right.
        left, right = weights[name].shape
        shape = (rank, right) if name in "QV" else (left, rank)
        drawn = rng.standard_normal(shape, dtype=np.float32).astype(np.float64) * spread
        made[name] = (
            (np.zeros((left, rank)), drawn) if name in "QV" else (drawn, np.zeros((rank, right)))
        )
    return made
