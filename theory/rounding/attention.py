r"""Rounding of what attention gives, carried to certified margins, beside the errors that occur.

The transformers here have one fact, and heads whose logits leave nothing to leak: what a head gives
is W_O^T W_V phi(s), a product of two matrices. In one case the values lose all that they can, in
the others the sum over heads does, alone or before an MLP that makes its error larger. The answer's
embedding is the opposite of those of all other tokens, which heads tell apart by two entries more.
"""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from assoc.arrays import Floats
from assoc.facts.recall_task import grid_task
from assoc.memories.networks import TwoLayer
from assoc.transformers.certificates import certify
from assoc.transformers.model import Attention, Transformer
from theory.rounding.cases import lossy_pair
from theory.rounding.exact_arithmetic import (
    dot_in_order,
    exact_margin,
    factors_in_order,
    network_in_order,
    network_outputs,
    outputs,
)

__all__ = ["attention_rows"]

SHARP = 2.0**15
"""Entry of keys and of queries."""

MARK = 2.0**-10
"""Entry by which heads tell tokens apart: e to the power of minus (SHARP MARK)^2, or a root of d_h
less, is 0."""


def attention_rows(n: int) -> list[dict[str, Any]]:
    """Errors of margins, and their bounds, where sums of length n round.

    Parameters
    ----------
    n : dimension of the embeddings, or of all heads together; even.
    """
    a, b = lossy_pair(n)
    one = np.ones(1)
    parts = a.reshape(2, n // 2, 1), -b.reshape(2, n // 2, 1)
    # What is still lost where the output is a little longer than a.
    shorter = -a * np.where(np.arange(n), 1 - 2.0**-20, 1.0)
    cases = {"values": _model(b, a[None, None], shorter[None, None]), "heads": _model(one, *parts)}
    for gain in (0.25, 4.0):
        mlp = TwoLayer(np.eye(1, 3), gain * np.eye(1, 3), Polynomial([0.0, 1.0]))
        cases[f"heads before an MLP of gain {gain:g}"] = _model(one, *parts, mlp)
    return [{"n": n, "case": name, **_row(model)} for name, model in cases.items()]


def _model(subject: Floats, W_V: Floats, W_O: Floats, mlp: TwoLayer | None = None) -> Transformer:
    """Make a transformer of a subject, a relation, an answer and the end that looks at the subject.

    Parameters
    ----------
    subject : (d,) its embedding, but for two entries.
    W_V, W_O : (H, d_h, d), which do not see these entries.
    mlp : what follows, of d + 2 entries.
    """
    d = len(subject)
    embeddings = np.zeros((4, d + 2))
    embeddings[:, :d] = np.outer([1.0, 1.0, -1.0, 1.0], subject)
    embeddings[0, d] = embeddings[3, d + 1] = MARK
    W_K, W_Q, *seen = np.zeros((4, *W_V.shape[:2], d + 2))
    W_K[:, 0, d] = W_Q[:, 0, d + 1] = SHARP
    for padded, weights in zip(seen, (W_V, W_O), strict=True):
        padded[:, :, :d] = weights
    return Transformer(embeddings, Attention(W_K, W_Q, *seen), mlp)


def _row(model: Transformer) -> dict[str, Any]:
    Phi, heads = model.embeddings, model.attention
    d = Phi.shape[1]
    factors = heads.W_O.reshape(-1, d).T, heads.W_V.reshape(-1, d)
    out, exact = factors_in_order(factors, Phi[0]), outputs(factors, Phi[0])
    if model.mlp is not None:
        assert isinstance(model.mlp, TwoLayer)
        parts = model.mlp.W, model.mlp.V, model.mlp.activation
        out = out + network_in_order(*parts, out)
        added = network_outputs(*parts, exact)
        exact = [x + y for x, y in zip(exact, added, strict=True)]
    margin = dot_in_order(out, Phi[2]) - dot_in_order(out, Phi[1])
    error = abs(Fraction(float(margin)) - exact_margin(exact, Phi, 2))
    certified = certify(model, grid_task(1, 1, 1, noise=0), length=3)
    return {"exact": float(error), "bound": float(certified.bound[0])}
