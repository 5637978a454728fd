r"""Heads that copy and the networks that read them, a second time by counting and by loops.

Degrees are the least for which what they are chosen by holds, with monomials listed and variances
summed over all tables of a relation; what heads and networks of
:mod:`assoc.transformers.attention_mlp` put out is measured on tables of a few facts.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import combinations_with_replacement, product
from math import ceil, log
from statistics import median

import numpy as np
from numpy.typing import NDArray

from assoc.embeddings import sphere
from assoc.facts.recall_task import RecallTask, balanced_task, grid_task
from assoc.memories.hermite import DEGREES
from assoc.memories.mlp import choose_degree
from assoc.memories.networks import TwoLayer
from assoc.transformers.attention_mlp import (
    attended_tokens,
    attention_mlp,
    choose_feature_degree,
    choose_overlap_degree,
    hybrid,
)
from assoc.transformers.model import Transformer

__all__ = ["MISTAKES", "PARTS", "copying_rows"]

Row = tuple[str, float, float]

MISTAKES = ("all facts at one answer", "one monomial a neuron", "ten times attention")
"""What can be planted in the independent side, for controls."""

PARTS = ("degrees", "tokens", "networks", "hybrids")
"""What can be compared by itself."""

LARGEST = DEGREES[-1]


def copying_rows(*, parts: Sequence[str] = PARTS, mistake: str | None = None) -> Iterator[Row]:
    """Give (symbol, as the package has it, independently) of heads that copy and of networks.

    Parameters
    ----------
    parts : of :data:`PARTS`.
    mistake : one of :data:`MISTAKES`, planted in the independent side; None plants nothing.
    """
    rows: dict[str, Callable[[], Iterator[Row]]] = {
        "degrees": partial(_degree_rows, mistake),
        "tokens": _token_rows,
        "networks": partial(_network_rows, mistake),
        "hybrids": _hybrid_rows,
    }
    for part in parts:
        yield from rows[part]()


# --- degrees ------------------------------------------------------------------------------------


def _degree_rows(mistake: str | None) -> Iterator[Row]:
    """Least degrees, by listing monomials and by the fluctuation of a relation's answers."""
    twice = 1 if mistake == "one monomial a neuron" else 2
    for d in (3, 5, 8):
        for width in (1, 2, 3, 7, 8, 10, 11, 17, 18, 19, 35, 60, 10**6):
            enough = (
                k
                for k in DEGREES
                if k == LARGEST
                or sum(1 for _ in combinations_with_replacement(range(d), k + 1)) >= twice * width
            )
            yield "degree of features", choose_feature_degree(width, d), next(enough)
    # S facts of each relation on its D answers: the variance of a difference of two numbers.
    for S, D in ((3, 2), (2, 3), (5, 2), (4, 3)):
        drawn = list(product(range(D), repeat=S))
        square = sum((table.count(0) - table.count(1)) ** 2 for table in drawn)
        yield "fluctuation", float(Fraction(square, len(drawn))), 2 * S / D
    for S, R, D in ((4, 4, 4), (8, 4, 2), (16, 4, 8), (64, 4, 8), (64, 2, 64), (128, 2, 2)):
        task = grid_task(S, R, D)
        for d in (16, 100, 4096):
            spread = 2 * S / (1 if mistake == "all facts at one answer" else D)
            least = next(
                k
                for k in DEGREES
                if k == LARGEST or spread * 0.25 ** (k + 1) * 2 * log(S * R * D) <= 1
            )
            wanted = max(least, choose_degree(S * R, d))
            yield "degree of overlaps", choose_overlap_degree(task, d), min(wanted, LARGEST)


# --- tokens and networks ------------------------------------------------------------------------


def _token_rows() -> Iterator[Row]:
    """Token that each head is to look at, for every fact."""
    facts = np.array([[0, 1, 0], [2, 0, 1], [1, 1, 1]])
    task = RecallTask(3, 2, 2, facts, noise=1)
    groups = [np.array([0, 2]), np.array([1]), np.array([3]), np.array([4])]
    found = attended_tokens(task, groups)
    for row, (s, r, _) in enumerate(facts.tolist()):
        for head, group in enumerate(groups):
            own = [z for z in (s, 3 + r) if z in group.tolist()]
            yield "looked at", int(found[row, head]), own[0] if own else task.end


def _table(S: int, R: int, D: int, d: int) -> tuple[RecallTask, NDArray[np.float64]]:
    """A table and unit vectors for its tokens."""
    rng = np.random.default_rng(S + R + D)
    task = balanced_task(S, R, D, noise=3, rng=rng)
    return task, np.asarray(sphere(task.vocabulary, d, rng=rng), np.float64)


def _copied(model: Transformer, task: RecallTask) -> NDArray[np.float64]:
    """What heads give for each fact (N, d) where the logits are as sharp as they can be."""
    logits = model.logits()
    X = np.zeros((len(task), model.embeddings.shape[1]))
    for row, cues in enumerate(task.cues.tolist()):
        for h, logit in enumerate(logits):
            told = [*cues, task.end]
            z = told[int(np.argmax(logit[told]))]
            W = model.attention.W_O[h].T @ model.attention.W_V[h]
            X[row] += W @ model.embeddings[z]
    return X


def _network_rows(mistake: str | None) -> Iterator[Row]:
    """Sums that heads copy, margins of networks over the attention's own scores, neurons."""
    task, Phi = _table(5, 3, 3, 24)
    for mlp, width in (("hermite", 2048), ("whitened", 40), ("logistic", 40)):
        model = attention_mlp(task, Phi, rng=np.random.default_rng(1), width=width, mlp=mlp)
        X = _copied(model, task)
        for row, (s, r) in enumerate(task.cues.tolist()):
            for ours, theirs in zip(X[row].tolist(), (Phi[s] + Phi[r]).tolist(), strict=True):
                yield "copied sums", ours, theirs
        assert model.mlp is not None
        out = np.array([_plain_network(model, x) for x in X])
        yield "neurons", len(model.mlp.W), width
        scores = (out @ Phi.T).tolist()
        leads = [
            row[a] - max(score for z, score in enumerate(row) if z != a)
            for row, a in zip(scores, task.labels.tolist(), strict=True)
        ]
        largest = max(abs(float(x @ phi)) for x in X for phi in Phi)
        over = 10.0 if mistake == "ten times attention" else 100.0
        if mlp != "logistic":
            size = median(abs(lead) for lead in leads)
            yield "median margin over attention", size / largest, over
        if mlp == "whitened":
            # As many neurons as facts: each is stored as it is, up to one factor.
            norm = float(np.linalg.norm(out[0]))
            for row, a in zip(out, task.labels.tolist(), strict=True):
                yield "stored exactly", float(row @ Phi[a]) / norm, 1.0
        if mlp == "logistic":
            both = ((out + X) @ Phi.T).argmax(axis=1)
            yield "facts recalled", int((both == task.labels).sum()), len(task)


def _plain_network(model: Transformer, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Output of the network alone, a neuron at a time."""
    assert isinstance(model.mlp, TwoLayer)
    out = np.zeros(len(x))
    for w, v in zip(model.mlp.W, model.mlp.V, strict=True):
        z = float(w @ x)
        out += sum(c * z**p for p, c in enumerate(model.mlp.activation.coef.tolist())) * v
    return out


def _hybrid_rows() -> Iterator[Row]:
    """What a hybrid's parts see of each other: ranks, overlaps, sizes and numbers of heads."""
    S, R, d, size = 8, 4, 32, 2
    task, Phi = _table(S, R, 3, d)
    for share in (0.0, 0.5, 0.7, 1.0):
        known = round(share * S)
        model = hybrid(
            task, Phi, rng=np.random.default_rng(2), width=30, share=share, head_dim=size
        )
        heads = ceil(known / size) + (known < S) + ceil(R / size)
        yield "heads of a hybrid", model.attention.heads, heads
        X = _copied(model, task)
        assert model.mlp is not None
        seen = d // 4 if known < S else min(d, 30)
        yield "dimensions that neurons see", int(np.linalg.matrix_rank(model.mlp.W, 1e-9)), seen
        scores = np.array([x + _plain_network(model, x) for x in X]) @ Phi.T
        right = int((scores.argmax(axis=1) == task.labels).sum())
        yield "facts of a hybrid", right, len(task)
        # Without the codes attention alone knows the first subjects.
        span = np.linalg.svd(model.mlp.W)[2][: seen if known < S else 0]
        first = task.facts[:, 0] < known
        values = (X - X @ span.T @ span) @ Phi.T
        alone = int((values.argmax(axis=1) == task.labels)[first].sum())
        yield "facts of its attention", alone, int(first.sum())
        if not 0 < known < S:
            continue
        # What neurons see of a known subject is its relation, as of all other known subjects.
        for r in range(R):
            of = (task.facts[:, 1] == r) & first
            hidden = X[of] @ model.mlp.W.T
            spread = float(np.abs(hidden - hidden.mean(axis=0)).max() / np.abs(hidden).max())
            yield "seen of known subjects", spread, 0.0
        said = [_said(model, S + r) for r in range(R)]
        codes = [float(np.linalg.norm(span @ value)) for value in said]
        rest = [float(np.linalg.norm(value - span.T @ (span @ value))) for value in said]
        # Codes have the size of the values, in the root of mean squares.
        root = float(np.sqrt(np.mean(np.square(rest))))
        for code in codes:
            yield "size of a code", code, root


def _said(model: Transformer, z: int) -> NDArray[np.float64]:
    """Sum over heads of the value of a token that they own, the ends' being 0."""
    logits = model.logits()
    own = [h for h in range(len(logits)) if logits[h, z] > logits[h, -1]]
    return np.asarray(sum(
        model.attention.W_O[h].T @ (model.attention.W_V[h] @ model.embeddings[z]) for h in own
    ))  # fmt: skip
