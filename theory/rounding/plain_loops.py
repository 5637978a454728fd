r"""What the compiled kernels compute, in plain loops written from the definitions.

The flow's velocity is w G in V and sum_a V G in w, with G_z(a) the sum of p (1[a = f*] - softmax)
over the facts whose prompts hold z. Prompts are averaged one at a time, and fact tables are made
one at a time, all of [V]^(S R).
"""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers
from assoc.facts.recall_task import RecallTask
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.enumeration import enumerated_tables
from sims.gradient_flow.velocity import Velocity

__all__ = ["averaged", "kernel_symbols", "moved", "tables"]

Symbols = list[tuple[str, float, float]]
"""Symbol, as the package has it, as plain loops have it."""


MANY = 70
"""More subjects than the kernel works out together, twice."""


def moved(
    task: RecallTask, p: Floats, V: Floats, w: Floats, *, right_among_wrong: bool = False
) -> tuple[Floats, Floats]:
    """Velocity of V (S + R, A) and w (S + R,), one fact and one answer at a time.

    Parameters
    ----------
    task : facts (s, r, a); prompts hold s and r.
    p : (N,) probabilities of the facts.
    V, w : the state, rows by subjects and then relations.
    right_among_wrong : whether the wrong answers of a fact are all answers.
    """
    G = np.zeros(V.shape)
    for (s, r, right), share in zip(task.facts.tolist(), p, strict=True):
        tokens = (s, task.subjects + r)
        logits = [sum(w[z] * V[z, a] for z in tokens) for a in range(task.answers)]
        odds = [math.exp(logit - max(logits)) for logit in logits]
        for a in range(task.answers):
            # What a right answer lacks is summed over the wrong ones, which cancels nothing.
            others = math.fsum(
                odds[b] for b in range(task.answers) if b != right or right_among_wrong
            )
            wrong = others if a == right else -odds[a]
            for z in tokens:
                G[z, a] += share * wrong / math.fsum(odds)
    return w[:, None] * G, np.array([math.fsum(row) for row in V * G])


def averaged(logits: Floats, values: Floats, tokens: Integers) -> Floats:
    """Averages (B, H, d_h) of values by the softmax of logits, one prompt and head at a time.

    Parameters
    ----------
    logits, values : (H, k) and (H, k, d_h), of k tokens.
    tokens : (B, T) tokens of the prompts.
    """
    pooled = np.zeros((len(tokens), len(logits), values.shape[2]))
    for b, prompt in enumerate(tokens):
        for h, head in enumerate(logits):
            odds = [math.exp(head[t] - max(head[prompt])) for t in prompt]
            for k in range(values.shape[2]):
                terms = [o * values[h, t, k] for o, t in zip(odds, prompt, strict=True)]
                pooled[b, h, k] = math.fsum(terms) / math.fsum(odds)
    return pooled


def tables(S: int, R: int, V: int) -> NDArray[np.int64]:
    """Count maps [S] x [R] -> [V] with disjoint answer sets, by vocabulary and largest set.

    Returns
    -------
    (V + 1, S + 1) numbers of the maps to [v] with at most D answers for each relation.
    """
    found = np.zeros((V + 1, S + 1), np.int64)
    for answers in itertools.product(range(V), repeat=S * R):
        sets = [set(answers[r::R]) for r in range(R)]
        if sum(map(len, sets)) == len(set(answers)):
            found[max(answers) + 1 :, max(map(len, sets)) :] += 1
    return found


def kernel_symbols(
    rng: np.random.Generator, *, length: int | None = None, right_among_wrong: bool = False
) -> Symbols:
    """Entries of what kernels give, beside those of plain loops.

    Parameters
    ----------
    rng : draws facts with gaps and answers that several relations of a subject share, and states.
    length : tokens of the flow's prompts; None means the two that plain loops know of.
    right_among_wrong : whether plain loops count a right answer with the wrong ones.
    """
    from sims.engine.kernels import pool_values, shift_logits

    rows: Symbols = []
    for name, subjects in {"few subjects": 4, "blocks of subjects": MANY}.items():
        task = _scattered(subjects, rng)
        p = rng.dirichlet(np.ones(len(task)))
        model = LinearAttention(task, p, length)
        state = rng.standard_normal(model.tokens * (task.answers + 1))
        known = task.subjects + task.relations
        V, w = (part[:known] for part in model.unpack(state))
        plain = moved(task, p, V, w, right_among_wrong=right_among_wrong)
        with Velocity(model) as velocity:
            fast = model.unpack(velocity(state))
        for how, found in {"at speed": fast, "": model.unpack(model.velocity(state))}.items():
            for part, one, two in zip("Vw", found, plain, strict=True):
                rows += _entries(f"velocity of {part} {how}, {name}", one[:known], two)
    logits, values = 3 * rng.standard_normal((2, 7)), rng.standard_normal((2, 7, 3))
    tokens = rng.integers(0, 7, (5, 6))
    # One token drowns the others; a prompt without it is as far below it as its weight is small.
    logits[0, tokens[0, 0]] = 800.0
    pooled = np.empty((5, 2, 3))
    pool_values(logits, values, tokens, pooled)
    rows += _entries("averages of values", pooled, averaged(logits, values, tokens))
    M, factor, out = rng.standard_normal((3, 5)), np.array([2.0, -1.5, 0.0]), np.empty((3, 5))
    spread = shift_logits(M, factor, out)
    shifted = [[f * m - max(f * row) for m in row] for f, row in zip(factor, M, strict=True)]
    rows += _entries("logits below the largest", out, np.array(shifted))
    rows.append(("spread of logits", spread, -min(map(min, shifted))))
    for S, R, largest in ((1, 3, 4), (2, 2, 4), (3, 1, 5)):
        counted = enumerated_tables(S, R, largest ** (S * R))
        rows += _entries("fact tables", counted, tables(S, R, largest))
    return rows


def _scattered(subjects: int, rng: np.random.Generator) -> RecallTask:
    """Random facts of three relations, a third missing, with few answers of all relations."""
    table = [
        (s, r, int(rng.integers(0, 4)))
        for s in range(subjects)
        for r in range(3)
        if r == s % 3 or rng.random() < 0.7
    ]
    return RecallTask(subjects, 3, 6, np.array(table), 2)


def _entries(symbol: str, found: NDArray[np.generic], plain: NDArray[np.generic]) -> Symbols:
    return [(symbol, float(a), float(b)) for a, b in
            zip(np.ravel(found), np.ravel(plain), strict=True)]  # fmt: skip
