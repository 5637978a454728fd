r"""Heads and one-layer transformers a second time, by loops, small enumerations and other solvers.

What :mod:`assoc.transformers.heads`, :mod:`assoc.transformers.attention_only` and
:mod:`assoc.transformers.model` give is compared with it on tables of a few facts.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations
from math import ceil, exp, inf, log2, sqrt

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from assoc.facts.recall_task import RecallTask
from assoc.memories.networks import TwoLayer
from assoc.transformers.attention_only import attention_only, cue_features, cue_groups
from assoc.transformers.heads import choose_head_dim, separating_key, summed_key, value_factors
from assoc.transformers.model import Attention, Transformer
from sims.transformers.prompts import Tables, prompt_outputs

__all__ = ["MISTAKES", "PARTS", "head_rows", "plain_outputs", "small_table"]

Doubles = NDArray[np.float64]
Row = tuple[str, float, float]

MISTAKES = (
    "no root of d_h",
    "one other token",
    "an end of norm 1",
    "answers once for every fact",
    "values over T tokens",
)
"""What can be planted in the independent side, for controls."""

PARTS = ("sizes", "keys", "value maps", "values", "temperature", "outputs", "parameters")
"""What can be compared by itself."""

LEAK_BITS = 40
"""A head is to pay 2^-40 to all tokens but one, at the nominal gap."""


def head_rows(*, parts: Sequence[str] = PARTS, mistake: str | None = None) -> Iterator[Row]:
    """Give (symbol, as the package has it, independently) of heads and of what they put out.

    Parameters
    ----------
    parts : of :data:`PARTS`.
    mistake : one of :data:`MISTAKES`, planted in the independent side; None plants nothing.
    """
    rows: dict[str, Callable[[], Iterator[Row]]] = {
        "sizes": _size_rows,
        "keys": _key_rows,
        "value maps": partial(_map_rows, mistake),
        "values": partial(_value_rows, mistake),
        "temperature": partial(_temperature_rows, mistake),
        "outputs": partial(_output_rows, mistake),
        "parameters": _parameter_rows,
    }
    for part in parts:
        yield from rows[part]()


def small_table() -> RecallTask:
    """Return five facts of three subjects and two relations, one answer of which occurs twice."""
    facts = np.array([[0, 0, 0], [0, 1, 2], [1, 0, 0], [1, 1, 3], [2, 0, 1]])
    return RecallTask(3, 2, 4, facts, noise=2)


def _entries(symbol: str, package: object, other: object) -> Iterator[Row]:
    """Rows of all entries of two arrays of one shape."""
    given, found = np.asarray(package, np.float64), np.asarray(other, np.float64)
    assert given.shape == found.shape, f"{symbol}: {given.shape} and {found.shape}"
    for ours, theirs in zip(given.ravel().tolist(), found.ravel().tolist(), strict=True):
        yield symbol, ours, theirs


# --- sizes --------------------------------------------------------------------------------------


def _size_rows() -> Iterator[Row]:
    """Head dimension that wastes least, heads for each kind of token, features of facts."""
    for S, R, d in ((64, 64, 128), (252, 7, 128), (9, 5, 30), (10, 7, 48), (3, 2, 5), (5, 40, 200)):
        best, least = 1, inf
        for size in range(1, max(d // 8, 1) + 1):
            stored = sum(size for n in (S, R) for first in range(0, n, size) if first < n)
            # A head of more than all tokens of a kind is never needed.
            if size <= max(S, R) and stored <= least:
                best, least = size, stored
        yield "d_h", choose_head_dim(S, R, d), best
    for S, R, heads in ((9, 3, 4), (9, 3, 2), (2, 9, 5), (1, 30, 3), (8, 8, 7)):
        task = RecallTask(S, R, 1, np.array([[0, 0, 0]]))
        shares = min(range(1, heads), key=lambda h: abs(h / heads - S / (S + R)))
        yield from _group_rows(cue_groups(task, 1, heads), S, R, min(shares, S))
    for S, R, size in ((9, 3, 4), (8, 5, 2), (3, 3, 7)):
        task = RecallTask(S, R, 1, np.array([[0, 0, 0]]))
        yield from _group_rows(cue_groups(task, size, None), S, R, ceil(S / size))
    task = small_table()
    features = [[float(z in (s, 3 + r)) for z in range(5)] for s, r, _ in task.facts.tolist()]
    yield from _entries("features", cue_features(task).toarray(), features)


def _group_rows(groups: Sequence[NDArray[np.intp]], S: int, R: int, shares: int) -> Iterator[Row]:
    """Heads of subjects, that all tokens have a head, and that sizes differ by one at most."""
    yield "heads of subjects", sum(int(group[0]) < S for group in groups), shares
    yield from _entries("tokens", np.sort(np.concatenate(groups)), np.arange(S + R))
    for low, high in ((0, S), (S, S + R)):
        sizes = [len(group) for group in groups if low <= int(group[0]) < high]
        yield "unevenness", max(sizes) - min(sizes), float((high - low) % len(sizes) > 0)


# --- keys and value maps ------------------------------------------------------------------------


def _key_rows() -> Iterator[Row]:
    """Sums, the shortest key by trying all sets of active gaps, and least squares without one."""
    rng = np.random.default_rng(1)
    for g, k, d in ((2, 3, 6), (1, 4, 3), (3, 3, 9)):
        own, others, end = (rng.standard_normal(shape) for shape in ((g, d), (k, d), (d,)))
        plain = [sum(row[j] for row in own) + 0.5 * end[j] for j in range(d)]
        yield from _entries("summed key", summed_key(own, end), plain)
        sides = np.concatenate([own - end, end - others])
        yield from _entries("separating key", separating_key(own, others, end), _shortest(sides))
    # Among both its own and the others: no direction can tell it from itself.
    own, end = rng.standard_normal((2, 4)), rng.standard_normal(4)
    sides = np.concatenate([own - end, end - own[:1]])
    found = separating_key(own, own[:1], end)
    yield from _entries("key by least squares", found, np.linalg.pinv(sides) @ np.ones(3))


def _shortest(sides: Doubles) -> Doubles:
    """Shortest vector whose product with every side is at least 1."""
    best, least = np.zeros(sides.shape[1]), inf
    for count in range(1, len(sides) + 1):
        for active in combinations(sides, count):
            key = np.linalg.pinv(np.array(active)) @ np.ones(count)
            if (sides @ key >= 1 - 1e-9).all() and key @ key < least:
                best, least = key, float(key @ key)
    assert np.isfinite(least)
    return best


def _map_rows(mistake: str | None) -> Iterator[Row]:
    """Value maps W_O^T W_V against loops, least squares at right angles to the end, and cuts."""
    rng = np.random.default_rng(2)
    own, values, end = (rng.standard_normal(shape) for shape in ((3, 6), (3, 6), (6,)))
    end *= 1.7
    length = 1.0 if mistake == "an end of norm 1" else float(end @ end)
    plain = np.zeros((6, 6))
    for phi, value in zip(own, values, strict=True):
        without = phi - (phi @ end) * end / length
        plain += np.outer(without / (without @ phi), value)
    # Columns at right angles to the end, in whose coordinates the map is free.
    free = np.linalg.svd(end[None])[2][1:].T
    for many in (3, 9):
        tokens, wanted = rng.standard_normal((2, many, 6))
        fitted = free @ np.linalg.lstsq(tokens @ free, wanted, rcond=None)[0]
        yield from _entries("separated map", _product(tokens, wanted, end, 9, True), fitted)
        yield from _entries(
            "separated map, cut", _product(tokens, wanted, end, 2, True), _cut(fitted, 2)
        )
    yield from _entries("plain map", _product(own, values, end, 4, False), plain)
    yield from _entries("plain map, cut", _product(own, values, end, 2, False), _cut(plain, 2))


def _product(own: Doubles, values: Doubles, end: Doubles, head_dim: int, exact: bool) -> Doubles:
    W_V, W_O = value_factors(own, values, end, head_dim, exact=exact)
    assert W_V.shape == W_O.shape == (head_dim, len(end))
    return np.asarray(W_V.T @ W_O)


def _cut(matrix: Doubles, rank: int) -> Doubles:
    """Closest matrix of a rank, by eigenvectors of its square."""
    vectors = np.linalg.eigh(matrix @ matrix.T)[1][:, -rank:]
    return np.asarray(vectors @ vectors.T @ matrix)


def _value_rows(mistake: str | None) -> Iterator[Row]:
    """What attention gives for each fact, with one head for each token."""
    task, d = small_table(), 7
    Phi = np.random.default_rng(3).standard_normal((task.vocabulary, d))
    dual = np.linalg.pinv(Phi).T
    for how, vectors in (("sum", Phi), ("dual", dual)):
        values = np.zeros((5, d))
        for z in range(5):
            told = [a for s, r, a in task.facts.tolist() if z in (s, 3 + r)]
            for a in told if mistake == "answers once for every fact" else set(told):
                values[z] += vectors[5 + a]
        model = attention_only(
            task, Phi, rng=np.random.default_rng(0), values=how, head_dim=1, length=3
        )
        looked = [[z if z in cues else task.end for z in range(5)] for cues in task.cues.tolist()]
        wanted = [values[s] + values[3 + r] for s, r, _ in task.facts.tolist()]
        yield from _entries(f"{how} of answers", model.attended(np.array(looked)), wanted)


# --- logits and outputs -------------------------------------------------------------------------


def _temperature_rows(mistake: str | None) -> Iterator[Row]:
    """Smallest gap of a head's logits, in bits, less those of the number of other tokens."""
    task = small_table()
    rng = np.random.default_rng(4)
    around = np.linalg.qr(rng.standard_normal((20, 20)))[0][: task.vocabulary]
    around[-1] *= 1.5
    for how, head_dim, length in (("dual", 1, 3), ("dual", 3, 20), ("sum", 2, None), ("sum", 1, 9)):
        # Plain sums have their nominal gap where the end of sequence has norm 1.
        Phi = around if how == "dual" else around / np.linalg.norm(around, axis=1)[:, None]
        given = {} if length is None else {"length": length}
        model = attention_only(
            task, Phi, rng=np.random.default_rng(0), values=how, head_dim=head_dim, **given
        )
        groups = [
            range(kind + first, min(kind + first + each, kind + n))
            for kind, n in ((0, 3), (3, 2))
            for each in (ceil(n / ceil(n / head_dim)),)
            for first in range(0, n, each)
        ]
        gaps = []
        for head, group in enumerate(groups):
            logit = _plain_logits(model, head, mistake)
            held = [logit[z] for z in group]
            left = [logit[z] for z in task.prompted.tolist()[:-1] if z not in group]
            gaps += [min(held) - logit[-1], logit[-1] - max(left)]
        others = 1 if mistake == "one other token" else (length or 32) - 1
        yield "heads", model.attention.heads, len(groups)
        yield "bits at the nominal gap", min(gaps) / np.log(2), log2(others) + LEAK_BITS


def _plain_logits(model: Transformer, head: int, mistake: str | None) -> list[float]:
    """Logits of all tokens for the end of sequence, from the definition."""
    W_K, W_Q = model.attention.W_K[head].tolist(), model.attention.W_Q[head].tolist()
    last = model.embeddings[-1].tolist()
    root = 1.0 if mistake == "no root of d_h" else sqrt(len(W_K))
    return [
        sum(_dot(k, phi) * _dot(q, last) for k, q in zip(W_K, W_Q, strict=True)) / root
        for phi in model.embeddings.tolist()
    ]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def plain_outputs(
    model: Transformer, prompt: Sequence[int], *, mistake: str | None = None
) -> list[float]:
    """Output (d,) at the last position of one prompt, by loops over its tokens.

    Parameters
    ----------
    model : any transformer, with or without a network.
    prompt : tokens, the end of sequence last.
    mistake : of :data:`MISTAKES`, what is done wrongly on the way.
    """
    d = model.embeddings.shape[1]
    X = [0.0] * d
    for head in range(model.attention.heads):
        logits = _plain_logits(model, head, mistake)
        top = max(logits[z] for z in prompt)
        weights = [exp(logits[z] - top) for z in prompt]
        total = float(len(prompt)) if mistake == "values over T tokens" else sum(weights)
        W_V, W_O = model.attention.W_V[head].tolist(), model.attention.W_O[head].tolist()
        for weight, z in zip(weights, prompt, strict=True):
            phi = model.embeddings[z].tolist()
            for v, o in zip(W_V, W_O, strict=True):
                said = weight / total * _dot(v, phi)
                X = [x + said * o[j] for j, x in enumerate(X)]
    if model.mlp is None:
        return X
    assert isinstance(model.mlp, TwoLayer)
    F = list(X)
    for w, v in zip(model.mlp.W.tolist(), model.mlp.V.tolist(), strict=True):
        hidden = sum(c * _dot(w, X) ** p for p, c in enumerate(model.mlp.activation.coef.tolist()))
        F = [f + hidden * v[j] for j, f in enumerate(F)]
    return F


def _random_model(network: bool) -> Transformer:
    """Three heads of dimension 2 on nine tokens of dimension 4, perhaps with three neurons."""
    rng = np.random.default_rng(6)
    attention = Attention(*rng.standard_normal((4, 3, 2, 4)))
    square = Polynomial([0.3, -1.0, 0.5])
    W, V = rng.standard_normal((2, 3, 4))
    mlp = TwoLayer(W, V, square) if network else None
    return Transformer(rng.standard_normal((9, 4)), attention, mlp)


def _output_rows(mistake: str | None) -> Iterator[Row]:
    """Outputs, logits and what attention gives, against loops over heads and tokens."""
    for network in (False, True):
        model = _random_model(network)
        prompts = np.array([[0, 3, 8], [4, 4, 8], [7, 1, 8]])
        wanted = [plain_outputs(model, prompt, mistake=mistake) for prompt in prompts.tolist()]
        yield from _entries("outputs", model.outputs(prompts), wanted)
        yield from _entries("outputs of tables", Tables(model).outputs(prompts), wanted)
        yield from _entries("outputs of prompts", prompt_outputs(model, prompts), wanted)
        logits = [_plain_logits(model, head, mistake) for head in range(3)]
        yield from _entries("logits", model.logits(), logits)
        looked = np.array([[0, 5, 8], [2, 2, 1]])
        X = np.zeros((2, 4))
        for row, tokens in enumerate(looked.tolist()):
            for head, z in enumerate(tokens):
                W = model.attention.W_O[head].T @ model.attention.W_V[head]
                X[row] += W @ model.embeddings[z]
        yield from _entries("attended", model.attended(looked), X)


def _parameter_rows() -> Iterator[Row]:
    """Stored entries, counted one by one."""
    for network in (False, True):
        model = _random_model(network)
        a = model.attention
        stored = [w for W in (a.W_K, a.W_Q, a.W_V, a.W_O) for w in W.ravel().tolist()]
        neurons = [] if model.mlp is None else [*model.mlp.W.flat, *model.mlp.V.flat]
        yield "parameters of attention", a.parameters, len(stored)
        yield "parameters of neurons", model.mlp_parameters, len(neurons)
        yield "parameters", model.parameters, len(stored) + len(neurons)
