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


def check_prompts(prompts: int, task: RecallTask) -> None:
    """Refuse more prompts than fit in memory, before they are drawn.

    Raises
    ------
    InputError
        If they do not fit.
    """
    check_fits(prompts * (3 * task.vocabulary + 4 * task.answers), 8, f"{prompts} prompts")


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
        if self.prompts.ndim != 2 or not len(self.prompts) or len(self.prompts) % N:
            raise InputError(f"{len(self.prompts)} prompts for {N} facts: not the same for each")
        check_prompts(len(self.prompts), self.task)

    @property
    def d(self) -> int:
        """Dimension of the embeddings."""
        return int(self.embeddings.shape[1])

    @cached_property
    def _held(self) -> Floats:
        """(P, n): how many of each token a prompt holds."""
        held = np.zeros((len(self.prompts), self.task.vocabulary))
        np.add.at(held, (np.arange(len(held))[:, None], self.prompts), 1.0)
        return held

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

    def _read(self, q: Floats) -> tuple[Floats, Floats]:
        """Weights (P, n) of all tokens, times how many a prompt holds, and what is read (P, d)."""
        keys = self.embeddings @ q
        weights = self._held * keys
        if self.attention == "softmax":
            # Only tokens that a prompt holds have a say in what its largest key is.
            top = np.where(self._held > 0, keys, -np.inf).max(axis=1, keepdims=True)
            weights = self._held * np.exp(np.minimum(keys - top, 0.0))
            weights /= weights.sum(axis=1, keepdims=True)
        return weights, weights @ self.embeddings

    def probabilities(self, state: Floats) -> Floats:
        """Probabilities (P, A) of all answers to all prompts."""
        W, q = self.unpack(state)
        _, read = self._read(q)
        return np.asarray(scipy.special.softmax(read @ W.T @ self._answers.T, axis=1))

    def losses(self, state: Floats) -> Losses:
        """Total, relation-only and subject-only loss, means over the prompts."""
        W, q = self.unpack(state)
        _, read = self._read(q)
        logp = scipy.special.log_softmax(read @ W.T @ self._answers.T, axis=1)
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
        weights, read = self._read(q)
        rest = -scipy.special.softmax(read @ W.T @ self._answers.T, axis=1)
        rest[np.arange(len(rest)), self._labels] += 1.0
        rest /= len(rest)
        moved_W = self._answers.T @ (rest.T @ read)
        back = rest @ self._answers @ W
        by_token = back @ self.embeddings.T
        if self.attention == "linear":
            pull = np.einsum("pz,pz->z", self._held, by_token)
        else:
            own = np.einsum("pd,pd->p", back, read)
            pull = np.einsum("pz,pz->z", weights, by_token) - weights.T @ own
        return np.concatenate([moved_W.ravel(), self.embeddings.T @ pull])

    def invariant(self, state: Floats) -> float:
        """Conserved number of the flow of linear attention: the squared norm of W minus q's."""
        W, q = self.unpack(state)
        return float(np.sum(W * W) - q @ q)
