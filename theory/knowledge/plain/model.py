r"""The knowledge model a second time: sentence by sentence, in double precision.

:mod:`sims.knowledge.model` and :mod:`sims.knowledge.gradient` merge sentences into contexts and
have the gradient written out, in single precision. Here attention is over the tokens of one
sentence, in their order, whatever occurs twice,

.. math:: x_p = \sum_{i \le p} \alpha_i e_{t_i}, \qquad \alpha_i \propto e^{Q_{t_p t_i}},

the loss is the mean over sentences of what the definition says, and its slope along a direction is
a central difference.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assoc.facts.knowledge import Knowledge
from sims.knowledge.gradient import Batch, entropies, evaluate
from sims.knowledge.model import (
    MODELS,
    Weights,
    attention_mass,
    logits,
    superposed,
    template_cosines,
)
from sims.knowledge.verdicts import spectrum
from theory.knowledge.plain.sentences import Row, uneven, written

__all__ = ["drawn_weights", "losses", "model_symbols", "output", "question_symbols", "weights_seen"]

Doubles = NDArray[np.float64]

STEP = 1e-5
"""Of central differences."""

WIDTH = 5
"""Neurons."""


def drawn_weights(model: str, n: int, *, seed: int) -> Weights:
    """Draw all matrices of a model from normal numbers, so that no token is like another.

    Parameters
    ----------
    model : one of :data:`sims.knowledge.model.MODELS`.
    n : size of the vocabulary.
    seed : draws them.
    """
    rng = np.random.default_rng(seed)
    sizes = {"Q": n, "O": n, "W": WIDTH, "V": WIDTH}
    return {name: rng.standard_normal((sizes[name], n)).astype(np.float32)
            for name in MODELS[model]}  # fmt: skip


def weights_seen(
    weights: Weights, tokens: Sequence[int], *, once: bool = False, of: Weights | None = None
) -> list[float]:
    """Attention from the last of some tokens on each of them.

    Parameters
    ----------
    weights : of a model; without Q attention is even.
    tokens : as they were seen.
    once : whether a token that occurs twice counts once.
    of : weights that give the total the masses are divided by, if these are others.
    """
    mass, total = (
        np.exp([float(given["Q"][tokens[-1], t]) if "Q" in given else 0.0 for t in tokens])
        / ([tokens.count(t) for t in tokens] if once else 1)
        for given in (weights, of or weights)
    )
    return list(mass / total.sum())


def output(
    weights: Weights, tokens: Sequence[int], *, once: bool = False, of: Weights | None = None
) -> Doubles:
    """Logits (n,) of the token that follows some tokens.

    Parameters
    ----------
    weights, tokens, once, of : as for :func:`weights_seen`.
    """
    mass = weights_seen(weights, tokens, once=once, of=of)
    inner = weights["O" if "O" in weights else "W"]
    total: Doubles = np.zeros(len(inner))
    for share, token in zip(mass, tokens, strict=True):
        total += share * inner[:, token]
    if "O" in weights:
        return total
    made: Doubles = np.zeros(weights["V"].shape[1])
    for neuron, value in enumerate(total):
        if value > 0:
            made += value * weights["V"][neuron]
    return made


def losses(
    weights: Weights,
    sentences: Sequence[Sequence[int]],
    *,
    once: bool = False,
    of: Weights | None = None,
) -> Doubles:
    """Cross-entropy of the next token at each position, the mean over sentences.

    Parameters
    ----------
    weights, once, of : as for :func:`weights_seen`.
    sentences : all of one length.
    """
    total = np.zeros(len(sentences[0]) - 1)
    known: dict[tuple[int, ...], Doubles] = {}
    for one in sentences:
        for length in range(1, len(one)):
            seen = tuple(one[:length])
            if seen not in known:
                out = output(weights, seen, once=once, of=of)
                known[seen] = np.log(np.exp(out).sum()) - out
            total[length - 1] += known[seen][one[length]]
    return np.asarray(total / len(sentences))


def model_symbols(*, seed: int, once: bool = False, fixed: bool = False) -> list[Row]:
    """Return losses and slopes of all models, as training computes them and sentence by sentence.

    Parameters
    ----------
    seed : draws facts, weights and directions.
    once : whether a filler that is seen twice counts once.
    fixed : whether slopes leave out that a larger mass takes from the others.
    """
    rows: list[Row] = []
    for model in MODELS:
        for Z in (0, 2):
            given = uneven(Z, seed=seed)
            told = [one for _, one in written(given)]
            single = drawn_weights(model, given.vocabulary, seed=seed + Z)
            weights = {name: part.astype(np.float64) for name, part in single.items()}
            mine = losses(weights, told, once=once)
            contexts = given.contexts()
            each = contexts.weights * entropies(single, Batch.of(contexts))
            found = np.bincount(contexts.positions, each)
            rows += [(f"loss of {model}", *both) for both in zip(found.tolist(), mine.tolist(),
                                                                strict=True)]  # fmt: skip
            loss, slopes = evaluate(single, contexts)
            rows.append((f"whole loss of {model}", loss, float(mine.sum())))
            rng = np.random.default_rng(seed)
            for name in MODELS[model]:
                # Uphill everywhere, so that single precision loses no digits to a small sum.
                uphill = np.where(slopes[name] < 0, -1, 1)
                for size in rng.uniform(0.5, 1.5, (2, *weights[name].shape)):
                    way = size * uphill
                    up, down = (
                        losses({**weights, name: weights[name] + step * way}, told, once=once,
                               of=weights if fixed else None).sum()
                        for step in (STEP, -STEP)
                    )  # fmt: skip
                    rows.append((f"slope of {name} in {model}", float((slopes[name] * way).sum()),
                                 float(up - down) / (2 * STEP)))  # fmt: skip
    return rows


def question_symbols(*, seed: int, alike: bool = False, across: bool = False) -> list[Row]:
    """Return what is read off weights, as the package has it and token by token.

    Logits and masses of questions, superposed templates, cosines of templates, and the leading
    direction of a gradient.

    Parameters
    ----------
    seed : draws facts and weights.
    alike : whether all templates that were shown weigh the same in a superposition.
    across : whether cosines of templates of two attributes count as of one.
    """
    rows: list[Row] = []
    for model in MODELS:
        for Z in (0, 2):
            given = uneven(Z, seed=seed)
            weights = drawn_weights(model, given.vocabulary, seed=seed + 1)
            asked = [one[:-1] for _, one in written(given, "asked")]
            contexts = given.asked()
            mix = np.random.default_rng(seed).standard_normal(given.vocabulary)
            mine = [float(output(weights, one) @ mix) for one in asked]
            rows += [(f"logits of {model}", *both) for both in zip(
                (logits(weights, contexts) @ mix).tolist(), mine, strict=True)]  # fmt: skip
            rows += _masses(weights, given, asked)
            rows += _templates(weights, given, alike=alike, across=across, seed=seed)
            rows += _leading(weights, given)
    return rows


def _masses(weights: Weights, given: Knowledge, asked: list[list[int]]) -> list[Row]:
    """Mean attention on each kind of token, by its number."""
    ends = {
        "subject": given.subjects, "template": given.subjects + len(given.owner),
        "question": given.subjects + len(given.owner) + given.attributes,
    }  # fmt: skip
    ends |= {"value": ends["question"] + given.values, "filler": given.vocabulary}
    mine = dict.fromkeys(ends, 0.0)
    for one in asked:
        for share, token in zip(weights_seen(weights, one), one, strict=True):
            kind = next(kind for kind, end in ends.items() if token < end)
            mine[kind] += share / len(asked)
    found = attention_mass(weights, given.asked(), given)
    return [(f"attention on a {kind}", found[kind], mine[kind]) for kind in ends]


def _templates(
    weights: Weights, given: Knowledge, *, alike: bool, across: bool, seed: int
) -> list[Row]:
    """Superposed templates, and cosines of templates, by loops over templates and facts."""
    tuned = [0, 1, 2, 3, 4, 5, 9]
    S, T, n = given.subjects, len(given.owner), given.vocabulary
    shown = [sum(bool(given.told[row, t]) for row in tuned) for t in range(T)]
    made = {name: part.astype(np.float64) for name, part in weights.items()}
    mixed, first = np.eye(n), S + T
    for b in range(given.attributes):
        own = [t for t in range(T) if given.owner[t] == b and shown[t]]
        share = {t: 1 / len(own) if alike else shown[t] / sum(shown[u] for u in own) for t in own}
        if own:
            mixed[first + b] = 0
        for t in own:
            mixed[first + b, S + t] = share[t]
        if own and "Q" in made:
            made["Q"][first + b, first + b] = sum(
                share[t] * float(weights["Q"][S + t, S + t]) for t in own
            )
    way = np.random.default_rng(seed + 2).standard_normal((n, n))
    if "Q" in made:
        own_scores = np.diag(np.diag(made["Q"]))
        made["Q"] = mixed @ weights["Q"].astype(np.float64) @ mixed.T
        asks = slice(first, first + given.attributes)
        made["Q"][asks, asks] = own_scores[asks, asks]
        # No question is seen beside another.
        way[asks, asks] *= np.eye(given.attributes)
    for name in {"W", "O"} & set(made):
        made[name] = made[name] @ mixed.T
    found = superposed(weights, given, np.array(tuned))
    rows = [
        (
            f"superposed {name}",
            float((part * way[: len(part)]).sum()),
            float((made[name] * way[: len(part)]).sum()),
        )
        for name, part in found.items()
    ]
    columns = weights["O" if "O" in weights else "W"].astype(np.float64)
    within: list[float] = []
    apart: list[float] = []
    for t in range(T):
        for u in range(T):
            x, y = columns[:, S + t], columns[:, S + u]
            cosine = float(x @ y / np.sqrt((x @ x) * (y @ y)))
            if t != u:
                (within if given.owner[t] == given.owner[u] or across else apart).append(cosine)
    mine = (float(np.mean(within)), float(np.mean(apart or within)))
    names = ("cosines of an attribute", "cosines of two attributes")
    cosines = template_cosines(weights, given)
    return rows + [(names[k], cosines[k], mine[k]) for k in (0, 1)]


def _leading(weights: Weights, given: Knowledge) -> list[Row]:
    """Share of the largest singular value, and its vector, from eigenvalues of G^T G."""
    contexts = given.asked(np.array([0, 2, 3]))
    found = spectrum(weights, contexts, given)
    rows: list[Row] = []
    first = given.subjects + len(given.owner)
    for name, slope in evaluate(weights, contexts)[1].items():
        G = slope.astype(np.float64)
        values, vectors = np.linalg.eigh(G @ G.T if name == "Q" else G.T @ G)
        rows.append((f"share of the first direction of {name}", found[name]["share"],
                     float(np.sqrt(values[-1] / values.sum()))))  # fmt: skip
        if name != "V":
            part = vectors[first : first + given.attributes, -1]
            rows.append((f"first direction of {name} on questions", found[name]["aligned"],
                         float(np.sqrt(part @ part))))  # fmt: skip
    return rows
