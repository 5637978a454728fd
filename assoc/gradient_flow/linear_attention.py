r"""The reduced linear-attention model of factual recall: two sums of logits, one softmax.

With orthonormal embeddings the layer F = W_OV X^T X W_KQ phi(end) acts, in the coordinates
V(a, z) = phi(a)^T W_OV phi(z) and w(z) = phi(z)^T W_KQ phi(end), as

    logit_a = sum over the prompt's tokens z of w(z) V(a, z),

a subject's part plus a relation's. A softmax over sums factorises: with e_s(a) = exp(w(s) V(a, s))
and e_r(a) alike, normalisers, probabilities and gradients of all S R facts are products of the
matrices (S, A) and (R, A), and no S R A exponentials are ever taken.

Numbers keep their relative precision when everything is learnt: what a fact loses to wrong answers
is summed over wrong answers, never as 1 minus the right one.

Rows of V and w are tokens: subjects, relations and, in prompts with more than the two, the end of
sequence and one noise token that stands for all K. The flow treats noise tokens alike, so that
tokens which start alike stay alike, and a prompt holds T - 3 of them whichever they are: the
expectation over noise is exact.

References
----------
NLB, section 5 and Theorems 5 and 6 (restated); docs/gradient-flow.md.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Brief, Floats
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask, check_length
from assoc.gradient_flow.limits import check_alpha, check_matrices, check_spread

__all__ = ["LinearAttention", "Losses"]


class Losses(NamedTuple):
    """Mean losses of a state, in nats.

    Parameters
    ----------
    total : cross-entropy, the mean of -log(probability of the right answer).
    relation : mean of -log(probability of the answers of the relation, A_r).
    subject : mean of -log(probability of the answers that the subject has under any relation).
    """

    total: float
    relation: float
    subject: float


class _Sums(NamedTuple):
    """Unnormalised probabilities of every (s, r), (S, R) each, by kinds of answers."""

    e_s: Floats
    e_r: Floats
    foreign: Floats  # e_s without the subject's own answers
    outside: Floats  # e_r without the relation's answers
    right: Floats
    inside_foreign: Floats  # of the relation, not of the subject
    out: Floats  # not of the relation
    shared: Floats  # of both, and still wrong: only where answer sets overlap


@dataclass(frozen=True, eq=False, repr=False)
class LinearAttention(Brief):
    r"""The model (V, w) on the facts of a task.

    A state is one vector: V, rows by tokens, then w. Answers are numbered as in the task, and
    probabilities are over the A answers.

    Parameters
    ----------
    task : the facts; every subject and every relation has at least one.
    weights : (N,) probabilities p of the facts; None means uniform.
    length : T, tokens of a prompt, with the end of sequence and T - 3 noise tokens; None stands for
        the noise-free case of the paper, a subject and a relation alone.

    Raises
    ------
    InputError
        If a subject or relation has no fact, the weights are no distribution over the facts, the
        length does not fit, or the matrices would not fit in memory.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> model = LinearAttention(grid_task(4, 2, 2))
    >>> [round(loss, 4) for loss in model.losses(model.initial(1e-3))]
    [1.3863, 0.6931, 0.6931]
    """

    task: RecallTask
    weights: NDArray[np.float64] | None = None
    length: int | None = None

    def __post_init__(self) -> None:
        task = self.task
        for column, (size, what) in enumerate(
            ((task.subjects, "subject"), (task.relations, "relation"))
        ):
            missing = np.setdiff1d(np.arange(size), task.facts[:, column])
            if len(missing):
                raise InputError(f"{what} {self._called(column, int(missing[0]))} has no facts")
        if self.weights is not None:
            p = np.asarray(self.weights)
            if p.shape != (len(task),):
                raise InputError(f"weights of shape {p.shape} for {len(task)} facts")
            # `not` also catches NaN.
            if not (p >= 0).all() or not abs(p.sum() - 1) < 1e-9:
                raise InputError("weights are not a distribution: negative, or their sum is not 1")
        if self.length is not None:
            check_length(self.length, task.noise)
        check_matrices(task.subjects, task.relations, task.answers)

    def _called(self, column: int, number: int) -> str:
        names = self.task.names
        return str(number) if names is None else names[column * self.task.subjects + number]

    @property
    def tokens(self) -> int:
        """Rows of V: S + R, and with the end of sequence and noise up to two more."""
        return self.task.subjects + self.task.relations + self.contexts

    @property
    def contexts(self) -> int:
        """Rows besides subjects and relations: none, the end, or the end and the noise token."""
        if self.length is None:
            return 0
        return 1 + (self.length > 3)

    @cached_property
    def counts(self) -> Floats:
        """How many of each such token every prompt holds: 1 end and T - 3 noise tokens."""
        return np.array([1.0, (self.length or 3) - 3.0][: self.contexts])

    @cached_property
    def rates(self) -> Floats:
        """How many of one given token a prompt holds on average: 1 end, (T - 3)/K of a noise one.

        V and w of that token follow this; the K noise tokens are alike.
        """
        kinds = np.array([1.0, max(self.task.noise, 1)])
        return np.asarray(self.counts / kinds[: self.contexts])

    @cached_property
    def probability(self) -> Floats:
        """Probabilities p(s, r) of facts, (S, R), 0 where there is none."""
        task = self.task
        P = np.zeros((task.subjects, task.relations))
        p = np.full(len(task), 1 / len(task)) if self.weights is None else self.weights
        P[task.facts[:, 0], task.facts[:, 1]] = p
        return P

    @cached_property
    def _answer(self) -> NDArray[np.intp]:
        """(S, R) right answers; 0 where there is no fact, whose probability is 0."""
        task = self.task
        answer = np.zeros((task.subjects, task.relations), np.intp)
        answer[task.facts[:, 0], task.facts[:, 1]] = task.facts[:, 2]
        return answer

    @cached_property
    def _own(self) -> NDArray[np.bool_]:
        """(S, A): answers that a subject has under some relation."""
        own = np.zeros((self.task.subjects, self.task.answers), np.bool_)
        own[self.task.facts[:, 0], self.task.facts[:, 2]] = True
        return own

    @cached_property
    def _inside(self) -> NDArray[np.bool_]:
        """(R, A): answers of a relation."""
        inside = np.zeros((self.task.relations, self.task.answers), np.bool_)
        inside[self.task.facts[:, 1], self.task.facts[:, 2]] = True
        return inside

    @cached_property
    def _shared(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """(s, r, a) with a an answer of s and of r, and yet not that of (s, r)."""
        triples = [
            (int(s), r, a)
            for a, relations in self.task.shared_answers.items()
            for r in relations
            for s in np.flatnonzero(self._own[:, a])
            if self.probability[s, r] > 0 and self._answer[s, r] != a
        ]
        found = np.array(triples, np.intp).reshape(-1, 3)
        return found[:, 0], found[:, 1], found[:, 2]

    @cached_property
    def _places(self) -> tuple[NDArray[np.intp], ...]:
        """Where a fact is in matrices (S, R), (S, A) and (R, A)."""
        s, r, a = self.task.facts.T
        return s * self.task.relations + r, s * self.task.answers + a, r * self.task.answers + a

    # --- states ---------------------------------------------------------------------------------

    def initial(self, alpha: float) -> Floats:
        """State with V = alpha and w = alpha sqrt(A + 1), as the theorems have it.

        Raises
        ------
        InputError
            If alpha is not positive, or underflows.
        """
        alpha = check_alpha(alpha)
        state = np.full(self.tokens * (self.task.answers + 1), alpha)
        state[-self.tokens :] *= math.sqrt(self.task.answers + 1)
        return state

    def unpack(self, state: Floats) -> tuple[Floats, Floats]:
        """Views V (tokens, A) and w (tokens,) of a state."""
        V = state[: -self.tokens].reshape(self.tokens, self.task.answers)
        return V, state[-self.tokens :]

    def logits(self, state: Floats) -> Floats:
        """Logits (N, A) of all facts: for looking, and for tests; the flow does without."""
        V, w = self.unpack(state)
        M, S = w[:, None] * V, self.task.subjects
        facts = self.task.facts
        bias = self.counts @ M[S + self.task.relations :]
        return np.asarray(M[facts[:, 0]] + M[S + facts[:, 1]] + bias)

    def probabilities(self, state: Floats) -> Floats:
        """Probabilities (N, A) of all answers to all facts."""
        from scipy.special import softmax

        return np.asarray(softmax(self.logits(state), axis=1))

    def losses(self, state: Floats) -> Losses:
        """Total, relation-only and subject-only loss."""
        sums, P = self._sums(state), self.probability
        # Answers by whether the relation has them (inside) and whether the subject does (own).
        foreign_out = sums.foreign @ sums.outside.T
        own_out = np.maximum(sums.out - foreign_out, 0.0)
        inside = sums.right + sums.inside_foreign + sums.shared
        own = sums.right + sums.shared + own_out
        wrong = sums.inside_foreign + sums.out + sums.shared
        foreign = sums.inside_foreign + foreign_out
        return Losses(
            float(np.sum(P * np.log1p(wrong / sums.right))),
            float(np.sum(P * np.log1p(sums.out / inside))),
            float(np.sum(P * np.log1p(foreign / own))),
        )

    def gradient(self, state: Floats) -> Floats:
        r"""Matrix G (tokens, A): G_z(a) is minus the derivative of the loss in w(z) V(a, z).

        .. math:: G_s(a) = \sum_r p(s, r)\,(1[a = f^*(s, r)] - \hat p(a | s, r)),

        likewise for relations; for tokens that all prompts share, the sum over all facts times
        how many of them a prompt holds on average.
        """
        sums, task = self._sums(state), self.task
        wrong = sums.inside_foreign + sums.out + sums.shared
        C = self.probability / (wrong + sums.right)
        G = np.empty((self.tokens, task.answers))
        S, R = task.subjects, task.relations
        of_s, of_r = G[:S], G[S : S + R]

        # What wrong answers get, each entry summed over the facts to which it is wrong.
        np.multiply(C @ sums.outside, sums.e_s, out=of_s)
        of_s += (C @ (sums.e_r - sums.outside)) * sums.foreign
        np.multiply(C.T @ sums.foreign, sums.e_r, out=of_r)
        of_r += (C.T @ (sums.e_s - sums.foreign)) * sums.outside
        s, r, a = self._shared
        if len(s):
            leaked = C[s, r] * sums.e_s[s, a] * sums.e_r[r, a]
            np.add.at(of_s, (s, a), leaked)
            np.add.at(of_r, (r, a), leaked)
        np.negative(G, out=G)

        # What right answers get: several facts of a subject may have one answer.
        gained = (C * wrong).ravel()[self._places[0]]
        of_s += np.bincount(self._places[1], gained, of_s.size).reshape(of_s.shape)
        of_r += np.bincount(self._places[2], gained, of_r.size).reshape(of_r.shape)
        G[S + R :] = self.rates[:, None] * of_r.sum(axis=0)
        return G

    def velocity(self, state: Floats) -> Floats:
        """Right-hand side of the gradient flow: dV/dt = w G, dw/dt = sum over answers of V G."""
        V, w = self.unpack(state)
        G = self.gradient(state)
        moved = np.empty_like(state)
        dV, dw = self.unpack(moved)
        np.multiply(w[:, None], G, out=dV)
        dw[:] = np.einsum("za,za->z", V, G)
        return moved

    def invariants(self, state: Floats) -> Floats:
        """Conserved numbers (2, tokens) of the flow: w^2 - sum of V^2, and the sum of V."""
        V, w = self.unpack(state)
        return np.stack([w * w - np.einsum("za,za->z", V, V), V.sum(axis=1)])

    def relation_odds(self, state: Floats) -> Floats:
        """Exponentials e_r (R, A) of what relations, and tokens that all prompts hold, give.

        Each row's largest is 1. The probability of a at (s, r) is e_s(a) e_r(a), up to a factor.

        Raises
        ------
        OutOfRangeError
            If logits are spread so far that such products leave the range of double precision.
        """
        V, w = self.unpack(state)
        S, R = self.task.subjects, self.task.relations
        M = w[S : S + R, None] * V[S : S + R]
        if self.contexts:
            M += (self.counts * w[S + R :]) @ V[S + R :]
        return _exponentials(M)

    def _sums(self, state: Floats) -> _Sums:
        V, w = self.unpack(state)
        S, R = self.task.subjects, self.task.relations
        # What overflows is refused by its spread.
        with np.errstate(over="ignore", invalid="ignore"):
            e_s, e_r = _exponentials(w[:S, None] * V[:S]), self.relation_odds(state)
        foreign = np.where(self._own, 0.0, e_s)
        outside = np.where(self._inside, 0.0, e_r)
        at = self._answer
        right = np.take_along_axis(e_s, at, axis=1) * e_r[np.arange(R), at]
        shared = np.zeros((S, R))
        s, r, a = self._shared
        if len(s):
            np.add.at(shared, (s, r), e_s[s, a] * e_r[r, a])
        inside_foreign = foreign @ (e_r - outside).T
        return _Sums(e_s, e_r, foreign, outside, right, inside_foreign, e_s @ outside.T, shared)


def _exponentials(M: Floats) -> Floats:
    """Exponentials of logits (n, A), each row divided by its largest; M is overwritten."""
    M -= M.max(axis=1, keepdims=True)
    check_spread(-float(M.min()))
    return np.exp(M, out=M)
