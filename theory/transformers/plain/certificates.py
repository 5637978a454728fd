r"""What certificates of transformers bound, worked out exactly for models of a few tokens.

Every prompt of a vocabulary with two noise tokens is tried, up to the order of its tokens, which
no head sees. The models are made so that each bound is nearly attained: all other tokens have the
same gap, their value is the opposite of that of the token that is looked at, and the outputs that
compete are opposite too. Bounds on rounding are held against the most that as many roundings can
do, each off by a whole unit in the same direction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import exp, log, sqrt
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from assoc.facts.recall_task import RecallTask
from assoc.memories.networks import TwoLayer
from assoc.transformers.certificates import attention_leaks, certify
from assoc.transformers.model import Attention, Transformer
from theory.transformers.plain.heads import plain_outputs

__all__ = ["MISTAKES", "leak_rows", "margin_rows", "rounding_rows"]

MISTAKES = ("one other token", "length of an output", "roots of lengths")
"""What can be planted in the bounds, for controls."""

SUBJECT, RELATION, RIGHT, WRONG, NOISE, MORE_NOISE, END = range(7)
"""The vocabulary: one fact, two answers, two noise tokens."""

TASK = RecallTask(1, 1, 2, np.array([[0, 0, 0]]), noise=2)

PROMPTED = (SUBJECT, RELATION, NOISE, MORE_NOISE, END)

GAP, NEAR = 12.0, 0.02
"""Of the logits; what is nearer than the gap by NEAR alone decides."""

UNIT = Fraction(1, 2**53)


@dataclass(frozen=True)
class Head:
    """One head: whom it looks at, who comes nearest, by how much the others are further, values.

    Parameters
    ----------
    looks, rival : tokens.
    gap : of the rival's logit.
    behind : by how much all other tokens are behind the rival.
    value : size of the values, which are opposite for all but the token that is looked at.
    """

    looks: int
    rival: int
    gap: float = GAP
    behind: float = NEAR
    value: float = 1.0

    def logits(self) -> list[float]:
        """Logit of each token; answers are not prompted and have a larger one than all."""
        logits = [-self.gap - self.behind] * 7
        logits[RIGHT] = logits[WRONG] = 5.0
        logits[self.looks], logits[self.rival] = 0.0, -self.gap
        return logits

    def values(self) -> list[float]:
        """Value of each token along its direction; those of answers never count."""
        values = [self.value] * 7
        values[RIGHT] = values[WRONG] = 9.0
        values[self.looks] = -self.value
        return values


def _model(
    heads: Sequence[Head], head_dim: int = 1, *, network: float | None = None
) -> Transformer:
    """Transformer over unit vectors, the answers being opposite along the last dimension.

    ``network`` is what its MLP, linear, multiplies that dimension by.
    """
    Phi = np.eye(7, 8)
    Phi[[RIGHT, WRONG]] = 0.0
    Phi[RIGHT, 7], Phi[WRONG, 7] = 1.0, -1.0
    W_K, W_Q, W_V, W_O = np.zeros((4, len(heads), head_dim, 8))
    for h, head in enumerate(heads):
        for z in PROMPTED:
            W_K[h, 0, z] = head.logits()[z] * sqrt(head_dim)
            W_V[h, 0, z] = head.values()[z]
        W_K[h, 0, 7] = head.logits()[RIGHT] * sqrt(head_dim)
        W_V[h, 0, 7] = head.values()[RIGHT]
        W_Q[h, 0, END] = W_O[h, 0, 7] = 1.0
    mlp = None
    if network is not None:
        along = np.zeros((1, 8))
        along[0, 7] = 1.0
        mlp = TwoLayer(2 * along, network / 2 * along, Polynomial([0.0, 1.0]))
    return Transformer(Phi, Attention(W_K, W_Q, W_V, W_O), mlp)


def _prompts(length: int) -> Iterator[list[int]]:
    """Every prompt of a length, up to the order of its tokens."""
    for noise in combinations_with_replacement((NOISE, MORE_NOISE), length - 3):
        yield [SUBJECT, RELATION, *noise, END]


def leak_rows(*, mistake: str | None = None, certified: int | None = None) -> list[dict[str, Any]]:
    """Bounds on what heads leak, and the most that they leak in any prompt.

    Parameters
    ----------
    mistake : of :data:`MISTAKES`, planted in the bound.
    certified : length that the bound is asked for in place of that of the prompts.
    """
    others = {z: [y for y in PROMPTED if y != z] for z in (SUBJECT, RELATION, END)}
    cases = [
        (length, Head(looks, rival))
        for looks, rivals in others.items()
        for length in (3, 4, 32)
        for rival in rivals
        if length > 3 or rival not in (NOISE, MORE_NOISE)
    ]
    # Where noise is near and no other token, and where it is too short for noise.
    cases += [(200, Head(SUBJECT, rival, behind=20.0)) for rival in (NOISE, MORE_NOISE)]
    cases += [(200, Head(END, NOISE, gap=0.0, behind=0.0))]
    rows = []
    for length, head in cases:
        for head_dim in (1, 4):
            model = _model([head], head_dim)
            looked, leak = attention_leaks(model, TASK, length=certified or length)
            logits = head.logits()
            most = 0.0
            for prompt in _prompts(length):
                weights = [exp(logits[z]) for z in prompt]
                own = weights[prompt.index(int(looked[0, 0]))]
                most = max(most, (sum(weights) - own) / sum(weights))
            bound = float(leak[0, 0]) / (length - 1 if mistake == "one other token" else 1)
            rows.append({"length": length, "looks": head.looks, "rival": head.rival,
                         "d_h": head_dim, "exact": most, "bound": bound})  # fmt: skip
    return rows


def margin_rows(
    *, mistake: str | None = None, certified: int | None = None
) -> list[dict[str, Any]]:
    """Bounds on how far a prompt moves a margin, and the furthest that any prompt moves it.

    Parameters
    ----------
    mistake, certified : as for :func:`leak_rows`.
    """
    one = (Head(SUBJECT, RELATION),)
    two = (Head(SUBJECT, RELATION), Head(RELATION, END, value=0.5))
    three = (*two, Head(END, NOISE, value=2.0))
    rows = []
    for heads, length in ((one, 3), (two, 3), (two, 5), (three, 5)):
        for network in (None, 3.0):
            model = _model(heads, network=network)
            found = certify(model, TASK, length=certified or length)
            moved = max(
                abs(_margin(model, prompt) - float(found.margin[0])) for prompt in _prompts(length)
            )
            bound = float(found.bound[0]) / (2 if mistake == "length of an output" else 1)
            rows.append({"length": length, "H": len(heads), "network": network or 0.0,
                         "exact": moved, "bound": bound})  # fmt: skip
    return rows


def _margin(model: Transformer, prompt: Sequence[int]) -> float:
    """Score of the right answer less the highest of any other token, by loops."""
    F = plain_outputs(model, prompt)
    scores = [sum(f * p for f, p in zip(F, phi, strict=True)) for phi in model.embeddings.tolist()]
    return float(scores[RIGHT] - max(score for z, score in enumerate(scores) if z != RIGHT))


# --- rounding -----------------------------------------------------------------------------------


def rounding_rows(*, mistake: str | None = None) -> list[dict[str, Any]]:
    """Bounds on rounding, of logits and of margins, and the most that the roundings can do.

    Parameters
    ----------
    mistake : of :data:`MISTAKES`, planted in the bound.
    """
    rows = []
    for d, head_dim in ((2, 64), (64, 1), (4, 4), (256, 16)):
        scale = 1.0 if mistake != "roots of lengths" else 1 / sqrt(2 * d + head_dim)
        rows.append({"of": "logits", "d": d, "d_h": head_dim, "exact": _worst_logit(d, head_dim),
                     "bound": scale * _logit_slack(d, head_dim)})  # fmt: skip
    for d, head_dim, heads in ((4, 1, 1), (64, 1, 1), (4, 4, 16), (8, 2, 1)):
        Phi = np.zeros((7, d))
        Phi[SUBJECT, 0], Phi[RIGHT, 1], Phi[WRONG, 1] = 1.0, 1.0, -1.0
        W_K, W_Q, W_V, W_O = np.zeros((4, heads, head_dim, d))
        # One head says something, in one entry: no norm is larger than what it bounds.
        W_V[0, 0, 0], W_O[0, 0, 1] = -1.0, 1.0
        Phi[[RELATION, NOISE, MORE_NOISE, END], 2] = 1.0
        W_K[:, 0, 0], W_Q[:, 0, 2] = 2.0**12 * head_dim, 1.0
        model = Transformer(Phi, Attention(W_K, W_Q, W_V, W_O))
        found = certify(model, TASK, length=3)
        # Value, sum over heads, score, and the difference of two.
        roundings = d + heads * head_dim + d + 1
        scale = 1.0 if mistake != "roots of lengths" else 1 / sqrt(d + heads * head_dim)
        rows.append({"of": "margin", "d": d, "d_h": head_dim, "exact": 2 * _worst(roundings),
                     "bound": scale * float(found.bound[0])})  # fmt: skip
    return rows


def _worst(roundings: int) -> float:
    """Relative error of so many roundings that are all off by a unit upwards."""
    return float((1 + UNIT) ** roundings - 1)


LARGE, CLOSE = 2.0**45, 2.0**-40
"""Logits so large that their rounding shows, and the relative gap of two of them."""


def _worst_logit(d: int, head_dim: int) -> float:
    """Error of the gap between two logits: query, its scale with a root, head, embedding."""
    return LARGE * (2 - CLOSE) * _worst(2 * d + head_dim + 2)


def _logit_slack(d: int, head_dim: int) -> float:
    """How much a bound on a leak allows for the rounding of the two logits of a gap."""
    Phi = np.zeros((7, d))
    Phi[:, 0] = 1 - CLOSE
    Phi[SUBJECT, 0] = 1.0
    W_K, W_Q = np.zeros((2, 1, head_dim, d))
    # The end of sequence is far behind: only its query is needed.
    Phi[END] = 0.0
    Phi[END, 1] = 1.0
    W_K[0, 0, 0], W_Q[0, 0, 1] = LARGE * sqrt(head_dim), 1.0
    zeros = np.zeros((1, head_dim, d))
    model = Transformer(Phi, Attention(W_K, W_Q, zeros, zeros))
    _, leak = attention_leaks(model, TASK, length=3)
    return LARGE * CLOSE - log(2 / float(leak[0, 0]))
