r"""Attention on given embeddings a second time: prompt by prompt and token by token.

:mod:`assoc.gradient_flow.embedded_attention` works on matrices of all prompts. Here the loss of one
prompt is a loop over its tokens, and derivatives are taken by complex steps,
:func:`theory.gradient_flow.plain.flow.derivative`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.facts.recall_task import RecallTask
from assoc.gradient_flow.embedded_attention import ATTENTIONS, EmbeddedAttention, cue_prompts
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.embedded import embedded_flow
from sims.gradient_flow.reduced import flow
from theory.gradient_flow.plain.flow import Row, derivative, summary

__all__ = ["attention_symbols", "plain_losses"]


def plain_losses(
    model: EmbeddedAttention, state: NDArray[Any], *, attention: str | None = None
) -> tuple[Any, Any, Any]:
    """Total, relation-only and subject-only loss, means over the prompts.

    Parameters
    ----------
    model : facts, embeddings and prompts, few of them.
    state : W (d, d), then q (d,); may be complex.
    attention : ``linear`` or ``softmax``; None means the model's.
    """
    d, task, E = model.d, model.task, model.embeddings
    W, q = state[: d * d].reshape(d, d), state[d * d :]
    first, facts = task.subjects + task.relations, task.facts.tolist()
    sums = [0.0, 0.0, 0.0]
    for k, prompt in enumerate(model.prompts.tolist()):
        weights = [sum(E[z, i] * q[i] for i in range(d)) for z in prompt]
        if (attention or model.attention) == "softmax":
            odds = [np.exp(weight) for weight in weights]
            weights = [odd / sum(odds) for odd in odds]
        read = sum(weight * E[z] for weight, z in zip(weights, prompt, strict=True))
        odds = [np.exp(E[first + a] @ W @ read) for a in range(task.answers)]
        s, r, a = facts[k % len(facts)]
        sets = [{a}, {f[2] for f in facts if f[1] == r}, {f[2] for f in facts if f[0] == s}]
        for which, answers in enumerate(sets):
            sums[which] -= np.log(sum(odds[a] for a in answers) / sum(odds)) / len(model.prompts)
    return sums[0], sums[1], sums[2]


def attention_symbols(*, seed: int, attention: str | None = None) -> list[Row]:
    """Losses, velocity, start and conserved number of both kinds of attention on a few prompts.

    Parameters
    ----------
    seed : draws embeddings, noise and states.
    attention : the kind that all losses here have; None means that of the model.
    """
    facts = np.array([[0, 0, 0], [1, 0, 1], [2, 0, 0], [0, 1, 2], [2, 1, 3]])
    task = RecallTask(3, 2, 4, facts, 2)
    rng = np.random.default_rng(seed)
    prompts = np.concatenate([task.prompts(6, rng=rng) for _ in range(2)])
    embeddings = rng.standard_normal((task.vocabulary, 3))
    rows: list[Row] = []
    for kind in ATTENTIONS:
        model = EmbeddedAttention(task, embeddings, prompts, kind)
        state = 0.5 * rng.standard_normal(12)
        names = ("loss", "relation-only loss", "subject-only loss")
        here = plain_losses(model, state, attention=attention)
        rows += [
            (f"{name}, {kind}", a, float(b))
            for name, a, b in zip(names, model.losses(state), here, strict=True)
        ]
        moved = -derivative(lambda y, m=model: plain_losses(m, y, attention=attention)[0], state)  # type: ignore[misc]
        rows += summary(f"velocity, {kind}", model.velocity(state), moved)
        right = model.probabilities(state)[np.arange(10), np.tile(facts[:, 2], 2)]
        rows.append((f"probabilities, {kind}", float(-np.log(right).mean()), float(here[0])))
    rows.append(
        ("conserved number", model.invariant(state), sum(state[:9] ** 2) - sum(state[9:] ** 2))
    )
    return rows + _orthonormal_symbols(task)


def _orthonormal_symbols(task: RecallTask) -> list[Row]:
    """The start on orthonormal embeddings, and the run from there beside the reduced model's."""
    alpha, n, A = 0.01, task.vocabulary, task.answers
    model = EmbeddedAttention(task, np.eye(n), cue_prompts(task))
    W, q = model.unpack(model.initial(alpha))
    first = task.subjects + task.relations
    rows = [
        *summary("V at the start", W[first : first + A], np.full((A, n), alpha)),
        *summary("w at the start", q, np.full(n, alpha * np.sqrt(A + 1))),
    ]
    found = embedded_flow(model, t_max=100.0, alpha=alpha, rtol=1e-11, samples=3)
    known = flow(LinearAttention(task), t_max=100.0, alpha=alpha, rtol=1e-11, samples=3)
    for name in ("t_relation", "t_subject"):
        rows.append(
            (f"{name} on orthonormal embeddings", getattr(found, name), getattr(known, name))
        )
    rows += summary("smallest w on orthonormal embeddings", found.smallest_w, known.smallest_w)
    return rows
