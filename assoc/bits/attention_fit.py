r"""Transformers whose weights are of few bits, fitted as such: a table in bits that are counted.

Two heads, of subjects and of relations, each look at one token of the prompt. With
:math:`\phi` the embeddings and :math:`W^s_V, W^s_O, W^r_V, W^r_O` the weights of the heads, the
output after (s, r) is

.. math:: F = W_O^{s\top} W_V^s \phi_s + W_O^{r\top} W_V^r \phi_r, \qquad
          \langle \phi_y, F\rangle = A_{sy} + B_{ry},

two tables of scores of ranks :math:`d_h`. Every weight of them tells facts, since codes
:math:`W_V \phi` and directions :math:`W_O` are fitted alike. An MLP of m neurons may follow,
:math:`F + V^\top \sigma(W F)` with :math:`\sigma` a quadratic
(:mod:`assoc.bits.attention_codes`): heads and MLP are fitted together, so that each knows a part.
It is done in three steps, none of which is a rounding:

- *Keys*: the matrix of few bits whose logits of the head's own tokens exceed those of all others
  that a prompt may hold, by :func:`assoc.bits.annealing.annealed` on the differences of embeddings;
  one bit if that is enough, else more. How steep the head is costs one number.
- *Values by straight-through gradients* (Bengio et al. 2013; Courbariaux et al. 2015): real numbers
  behind the weights are moved by the gradient at their levels of the logistic loss with a margin
  (Adam), by steps that fall to 0 along a cosine; the best levels that were seen are kept.
- *Single weights*, from there, by the Metropolis rule with exact gains (:mod:`assoc.bits.flips`):
  with the codes fixed the outputs are a linear memory of them, with the outputs fixed the codes are
  one of the embeddings. Cold sweeps recall what gradients left, an eighth of the facts or less.
  With an MLP the weights of its two layers are moved, and the heads stay.

That no levels were found that recall everything proves nothing.

References
----------
Bengio, Leonard and Courville, Estimating or propagating gradients through stochastic neurons for
conditional computation (2013).
Courbariaux, Bengio and David, BinaryConnect, NeurIPS 2015.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.bits.annealing import annealed
from assoc.bits.attention_codes import AttentionCode, encode_attention, sign_embeddings
from assoc.bits.attention_values import fit_values
from assoc.bits.levels import check_bits, levels_of
from assoc.checks import check_fits, positive
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.transformers.attention_only import LENGTH, check_embeddings
from assoc.transformers.heads import LEAK

__all__ = ["STEPS", "FittedAttention", "fit_attention", "value_dims_of"]

KEY_BITS = (1, 2, 3, 4, 6, 8)
"""Bits of keys that are tried, until a head's tokens are told from all others."""

STEPS = 1500
"""Gradient steps, where nothing else is said."""

SWEEPS = 40
"""Sweeps over all values after that, at most."""


@dataclass(frozen=True)
class FittedAttention:
    """A transformer in few bits, and how far the fit came.

    Parameters
    ----------
    code : heads, MLP and embeddings as bits.
    lost : facts that the values do not recall, if the heads look where they should.
    """

    code: AttentionCode
    lost: int


def value_dims_of(task: RecallTask, size: int) -> tuple[int, int]:
    r"""Value dimensions of the head of subjects and of that of relations.

    The first is given. The second is that times the root of the bits that choose the answer sets
    over those that choose among them, and never more than R + 1.

    Parameters
    ----------
    task : the facts.
    size : d_h of the subjects' head.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> value_dims_of(grid_task(64, 64, 8), 48), value_dims_of(grid_task(64, 2, 8), 48)
    ((48, 23), (48, 3))
    """
    from scipy.special import gammaln

    size = positive(size, "value dimension d_h")
    sets = np.array([len(answers) for answers in task.answer_sets])
    choice = float(gammaln(task.answers + 1) - gammaln(sets + 1).sum()) / math.log(2)
    share = math.sqrt(max(choice, 0.0) / task.bits) if task.bits > 0 else 1.0
    return size, max(1, min(round(size * share), size, task.relations + 1))


def fit_attention(
    task: RecallTask,
    embeddings: Floats,
    *,
    rng: np.random.Generator,
    value_dims: tuple[int, int],
    bits: int = 1,
    key_bits: int | None = None,
    width: int = 0,
    mlp_bits: int | None = None,
    stored: bool = False,
    length: int = LENGTH,
    steps: int = STEPS,
    sweeps: int = SWEEPS,
) -> FittedAttention:
    """Fit attention of few bits, and perhaps an MLP, to a task's facts.

    Parameters
    ----------
    task : the facts.
    embeddings : (n, d) of all tokens, in single precision if its transformer is to be.
    rng : draws where the fit starts, and its moves.
    value_dims : d_h of the subjects' head and of the relations'.
    bits : b of values and outputs, 1 to 16.
    key_bits : b of keys; None takes the fewest of :data:`KEY_BITS` that are enough.
    width : m of the MLP; 0 fits heads alone.
    mlp_bits : b of its weights; None takes that of values and outputs.
    stored : whether the embeddings are among the bits that are counted; then they are to be
        those of :func:`assoc.bits.attention_codes.sign_embeddings`.
    length : T, longest prompt for which the heads are made steep enough.
    steps : gradient steps, at least 1.
    sweeps : over all weights at the end, at most; 0 leaves them out.

    Raises
    ------
    InputError
        If an argument is out of range, no keys are found that tell each head's tokens from all
        others, embeddings that are to be stored are no signs, or the scores do not fit in memory.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> from assoc.facts.recall_task import balanced_task
    >>> from assoc.transformers.certificates import certify
    >>> rng = np.random.default_rng(0)
    >>> task = balanced_task(8, 4, 4, noise=8, rng=rng)
    >>> Phi = sphere(task.vocabulary, 48, rng=rng, dtype=np.float32)
    >>> found = fit_attention(task, Phi, rng=rng, value_dims=(8, 6), steps=300)
    >>> found.lost, found.code.bits
    (0, 1600)
    >>> bool(certify(found.code.decode(Phi), task, length=32).certified.all())
    True
    """
    Phi = check_embeddings(embeddings, task).astype(np.float64)
    bits, steps = check_bits(bits), positive(steps, "steps")
    width = positive(width, "width") if width else 0
    mlp_bits = bits if mlp_bits is None else check_bits(mlp_bits)
    signs = (Phi >= 0).astype(np.uint16)
    if stored and (sign_embeddings(signs) != Phi).any():
        raise InputError("embeddings that are stored as one bit an entry are to be 1 or -1")
    tried = KEY_BITS if key_bits is None else (check_bits(key_bits),)
    N, n = len(task), task.vocabulary
    check_fits(3.0 * N * (n + width), 4, f"{N} facts and {n} tokens: the scores")
    S = task.subjects
    groups = np.arange(S), S + np.arange(task.relations)
    found = [_key(task, Phi, group, tried, rng) for group in groups]
    key_bits = max(b for _, b in found)
    # The query is the sign of the end of sequence's embedding; odd numbers are halved as in a code.
    query = float(np.abs(Phi[-1]).sum()) * 2.0 ** (1 - key_bits)
    scales = [
        _steepness(task, Phi, group, key, query, length)
        for group, (key, _) in zip(groups, found, strict=True)
    ]
    values, lost = fit_values(
        task, Phi, value_dims, bits, width=width, mlp_bits=mlp_bits,
        steps=steps, sweeps=sweeps, rng=rng,
    )  # fmt: skip
    code = encode_attention(
        np.stack([levels_of(key, key_bits) for key, _ in found]),
        np.tile(Phi[-1] >= 0, (2, 1)).astype(np.uint16),
        [levels_of(each, bits) for each in values[:2]],
        np.array(scales),
        bits=bits,
        key_bits=key_bits,
        mlp=levels_of(values[2], mlp_bits) if width else None,
        mlp_bits=mlp_bits if width else 1,
        embeddings=signs if stored else None,
    )
    return FittedAttention(code, lost)


def _key(
    task: RecallTask,
    Phi: NDArray[np.float64],
    own: NDArray[np.intp],
    tried: tuple[int, ...],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], int]:
    """Odd numbers (d,) of few bits whose logits single out a head's tokens, and the bits.

    Raises
    ------
    InputError
        If none are found.
    """
    others = np.setdiff1d(task.prompted, own)
    ahead = (Phi[own][:, None, :] - Phi[others][None, :, :]).reshape(-1, Phi.shape[1])
    sides = np.array([[1.0], [-1.0]])
    for bits in tried:
        memory: Any = annealed(bits)(ahead, sides, np.zeros(len(ahead), np.intp), rng=rng)
        key = np.rint(memory.W[0] * 2.0 ** (bits - 1))
        if (ahead @ key).min() > 0:
            return key, bits
    raise InputError(
        f"no keys of up to {max(tried)} bits tell {len(own)} tokens from {len(others)} others in "
        f"d = {Phi.shape[1]}; a larger d is needed"
    )


def _steepness(
    task: RecallTask,
    Phi: NDArray[np.float64],
    own: NDArray[np.intp],
    key: NDArray[np.float64],
    query: float,
    length: int,
) -> float:
    """Scale of a key at which all tokens but one get at most LEAK of the attention."""
    logits = Phi @ key
    gap = logits[own].min() - logits[np.setdiff1d(task.prompted, own)].max()
    return float(math.log((length - 1) / LEAK) / (gap * query))
