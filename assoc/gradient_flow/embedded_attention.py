r"""Attention on given embeddings, linear or softmax, in matrix coordinates.

One layer reads a prompt at its last token with the query fixed: the weight of a token is decided by
q = W_KQ phi(end), and what is read goes through W = W_OV:

    logit_a = phi(a)^T W x,   x = sum over the prompt's tokens of weight(z) phi(z),

with weight(z) = <phi(z), q> in linear attention and its softmax over the prompt in softmax
attention. With orthonormal embeddings the first is the reduced model of
:mod:`assoc.gradient_flow.linear_attention`; with random ones tokens interfere. Probabilities are
over the answers, as there.

Prompts are given, so that an expectation over noise is the mean over those drawn: a sample.

References
----------
NLB, section 5 and Figure 5 (right), restated.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.arrays import Brief, Floats
from assoc.checks import check_fits
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.gradient_flow.limits import check_alpha
from assoc.gradient_flow.linear_attention import Losses

__all__ = ["ATTENTIONS", "EmbeddedAttention", "check_prompts", "cue_prompts"]

ATTENTIONS = ("linear", "softmax")
"""Kinds of attention."""


def cue_prompts(task: RecallTask) -> NDArray[np.intp]:
    """Prompts (N, 2) of a subject and a relation alone, the noise-free case of the paper."""
    return task.cues


def check_prompts(prompts: int, length: int, task: RecallTask) -> None:
    """Refuse more prompts of some length than fit in memory, before they are drawn.

    Raises
    ------
    InputError
        If they do not fit.
    """
    tokens = 3 * task.vocabulary * task.answers
    check_fits(prompts * (8 * length + 4 * task.answers) + tokens, 8, f"{prompts} prompts")


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddedAttention(Brief):
    r"""The layer (W, q) on the facts of a task, over given prompts.

    A state is one vector: W (d, d), then q (d,).

    Parameters
    ----------
    task : the facts, all equally likely.
    embeddings : (n, d) of all tokens of the vocabulary.
    prompts : (k N, T) tokens, k prompts for each fact: all facts once in the order of the task, as
        :meth:`assoc.facts.recall_task.RecallTask.prompts` gives them, then again.
    attention : ``linear`` or ``softmax``.

    Raises
    ------
    InputError
        If sizes do not fit, or the attention is unknown.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> task = grid_task(4, 2, 2, noise=0)
    >>> model = EmbeddedAttention(task, np.eye(task.vocabulary), cue_prompts(task))
    >>> [round(loss, 4) for loss in model.losses(model.initial(1e-3))]
    [1.3863, 0.6931, 0.6931]
    """

    task: RecallTask
    embeddings: Floats
    prompts: NDArray[np.intp]
    attention: str = "linear"

    def __post_init__(self) -> None:
        n, N = self.task.vocabulary, len(self.task)
        if self.attention not in ATTENTIONS:
            raise InputError(f"attention {self.attention!r} is not one of {', '.join(ATTENTIONS)}")
        if self.embeddings.ndim != 2 or len(self.embeddings) != n:
            raise InputError(f"embeddings of shape {self.embeddings.shape} for {n} tokens")
        if self.prompts.ndim != 2 or not self.prompts.size:
            raise InputError(f"prompts of shape {self.prompts.shape} for {N} facts")
        if len(self.prompts) % N:
            raise InputError(f"{len(self.prompts)} prompts for {N} facts: not the same for each")
        check_prompts(len(self.prompts), self.prompts.shape[1], self.task)

    @property
    def d(self) -> int:
        """Dimension of the embeddings."""
        return int(self.embeddings.shape[1])

    @cached_property
    def _held(self) -> scipy.sparse.csr_array:
        """(P, n): how many of each token a prompt holds."""
        P, T = self.prompts.shape
        ends = np.arange(0, P * T + 1, T)
        held = scipy.sparse.csr_array(
            (np.ones(P * T), self.prompts.ravel(), ends), (P, self.task.vocabulary), copy=True
        )
        held.sum_duplicates()
        return held

    @cached_property
    def _rows(self) -> NDArray[np.intp]:
        """Which prompt each entry of what is held belongs to."""
        return np.repeat(np.arange(len(self.prompts)), np.diff(self._held.indptr))

    @cached_property
    def _answers(self) -> Floats:
        """(A, d): embeddings of the answers."""
        S, R, A = self.task.subjects, self.task.relations, self.task.answers
        return np.ascontiguousarray(self.embeddings[S + R : S + R + A], np.float64)

    @cached_property
    def _labels(self) -> NDArray[np.intp]:
        """(P,) right answer of each prompt."""
        return np.tile(self.task.facts[:, 2], len(self.prompts) // len(self.task))

    def initial(self, alpha: float) -> Floats:
        """State with V = alpha and w = alpha sqrt(A + 1) where embeddings are orthonormal.

        W = alpha times the sum of answers' embeddings times that of all tokens' embeddings, and q =
        alpha sqrt(A + 1) times the latter.

        Raises
        ------
        InputError
            If alpha is not positive, or underflows.
        """
        alpha = check_alpha(alpha)
        everything = self.embeddings.sum(axis=0)
        W = alpha * np.outer(self._answers.sum(axis=0), everything)
        q = alpha * math.sqrt(self.task.answers + 1) * everything
        return np.concatenate([W.ravel(), q])

    def unpack(self, state: Floats) -> tuple[Floats, Floats]:
        """Views W (d, d) and q (d,) of a state."""
        d = self.d
        return state[: d * d].reshape(d, d), state[d * d :]

    def _logits(self, W: Floats, q: Floats) -> tuple[scipy.sparse.csr_array, Floats, Floats]:
        """Weights (P, n) of tokens, times how many a prompt holds, and logits of tokens, prompts.

        Of both, of shapes (n, A) and (P, A), since what is read is linear in what tokens say.
        """
        held = self._held
        keys = (self.embeddings @ q)[held.indices]
        if self.attention == "linear":
            values = held.data * keys
        else:
            first = held.indptr[:-1]
            keys -= np.maximum.reduceat(keys, first)[self._rows]
            values = held.data * np.exp(keys)
            values /= np.add.reduceat(values, first)[self._rows]
        weights = scipy.sparse.csr_array((values, held.indices, held.indptr), shape=held.shape)
        said = self.embeddings @ (W.T @ self._answers.T)
        return weights, said, np.asarray(weights @ said)

    def probabilities(self, state: Floats) -> Floats:
        """Probabilities (P, A) of all answers to all prompts."""
        W, q = self.unpack(state)
        return np.asarray(scipy.special.softmax(self._logits(W, q)[2], axis=1))

    def losses(self, state: Floats) -> Losses:
        """Total, relation-only and subject-only loss, means over the prompts."""
        W, q = self.unpack(state)
        logp = scipy.special.log_softmax(self._logits(W, q)[2], axis=1)
        rows = np.arange(len(logp))
        facts, task = self.task.facts, self.task
        repeats = len(logp) // len(task)
        inside = np.zeros((task.relations, task.answers), np.bool_)
        inside[facts[:, 1], facts[:, 2]] = True
        own = np.zeros((task.subjects, task.answers), np.bool_)
        own[facts[:, 0], facts[:, 2]] = True

        def missed(among: NDArray[np.bool_]) -> float:
            mass = np.logaddexp.reduce(np.where(among, logp, -np.inf), axis=1)
            # All answers together have probability 1, to the last digit.
            return float(-np.where(among.all(axis=1), 0.0, np.minimum(mass, 0.0)).mean()) + 0.0

        return Losses(
            float(-logp[rows, self._labels].mean()),
            missed(np.tile(inside[facts[:, 1]], (repeats, 1))),
            missed(np.tile(own[facts[:, 0]], (repeats, 1))),
        )

    def velocity(self, state: Floats) -> Floats:
        """Right-hand side of the gradient flow of the mean loss in W and q."""
        W, q = self.unpack(state)
        weights, said, logits = self._logits(W, q)
        rest = -scipy.special.softmax(logits, axis=1)
        rest[np.arange(len(rest)), self._labels] += 1.0
        rest /= len(rest)
        # How much every token is to say for each answer, over all prompts that hold it.
        wanted = weights.T @ rest
        moved_W = self._answers.T @ (wanted.T @ self.embeddings)
        if self.attention == "linear":
            pull = np.einsum("za,za->z", said, self._held.T @ rest)
        else:
            own = np.einsum("pa,pa->p", rest, logits)
            pull = np.einsum("za,za->z", said, wanted) - weights.T @ own
        return np.concatenate([moved_W.ravel(), self.embeddings.T @ pull])

    def invariant(self, state: Floats) -> float:
        """Conserved number of the flow of linear attention: the squared norm of W minus q's."""
        W, q = self.unpack(state)
        return float(np.sum(W * W) - q @ q)
