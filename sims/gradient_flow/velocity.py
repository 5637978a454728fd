r"""The right-hand side of the gradient flow at speed: matrix products inside a Numba kernel.

The same numbers as :meth:`assoc.gradient_flow.linear_attention.LinearAttention.velocity`, which is
the definition. What subjects do to answers that are not theirs is three matrix products of S R A
operations each; their own answers, each right once and wrong R - 1 times, are left out of these and
settled in S R^2. Large models are worked out in two halves of the subjects.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import TracebackType
from typing import Self

import numpy as np

from assoc.arrays import Floats
from assoc.gradient_flow.limits import check_spread
from assoc.gradient_flow.linear_attention import LinearAttention

__all__ = ["LARGE", "Velocity"]

LARGE = 10**5
"""Size of a state from which two threads pay."""


class Velocity:
    """Evaluates the velocity of a model's states; a context, since it may hold threads.

    Parameters
    ----------
    model : the facts and what prompts hold.
    threads : most threads to use. Sums are taken in the same order whatever it is.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> model = LinearAttention(grid_task(4, 2, 2))
    >>> state = np.random.default_rng(0).standard_normal(model.initial(1.0).shape)
    >>> with Velocity(model) as velocity:
    ...     bool(np.allclose(velocity(state), model.velocity(state), rtol=1e-12))
    True
    """

    def __init__(self, model: LinearAttention, *, threads: int = 1) -> None:
        # Numba's matrix products are those of this module's BLAS, which is to be there when the
        # number of its threads is set.
        import scipy.linalg  # noqa: F401

        from sims.engine.kernels import move_subjects, shift_logits

        self._move, self._shift = move_subjects, shift_logits
        self.model = model
        task = model.task
        s, r, a = task.facts.T
        answer = np.full((task.subjects, task.relations), -1, np.int64)
        answer[s, r] = a
        lead = np.zeros(answer.shape, np.bool_)
        _, first = np.unique(s * task.answers + a, return_index=True)
        lead[s[first], r[first]] = True
        large = model.tokens * task.answers >= LARGE
        half = task.subjects // 2
        ends = [0, half, task.subjects] if large else [0, task.subjects]
        self._parts = [slice(*pair) for pair in pairwise(ends)]
        self._pool = ThreadPoolExecutor(1) if large and threads > 1 else None
        self._of_r = np.empty((len(self._parts), task.relations, task.answers))
        # A velocity of a small model takes microseconds: nothing is looked up anew.
        self._sizes = model.tokens, task.subjects, task.answers
        self._facts = [(answer[part], lead[part], model.probability[part])
                       for part in self._parts]  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def __call__(self, state: Floats) -> Floats:
        """Velocity of a state, a new array."""
        model = self.model
        S = self._sizes[1]
        moved = np.empty_like(state)
        (V, w), (moved_V, moved_w) = self._unpack(state), self._unpack(moved)
        e_r = model.relation_odds(state) if model.contexts else self._odds(V[S:], w[S:])
        arrays = e_r, np.ascontiguousarray(e_r.T), V, w, moved_V, moved_w
        if self._pool is None:
            for part in range(len(self._parts)):
                self._subjects(part, *arrays)
        else:
            other = self._pool.submit(self._subjects, 1, *arrays)
            try:
                self._subjects(0, *arrays)
            finally:
                other.result()
        of_r = self._of_r[0] if len(self._parts) == 1 else self._of_r.sum(axis=0)
        G = of_r
        if model.contexts:
            G = np.concatenate([of_r, model.rates[:, None] * of_r.sum(axis=0)])
        np.multiply(w[S:, None], G, out=moved_V[S:])
        np.einsum("za,za->z", V[S:], G, out=moved_w[S:])
        return moved

    def _unpack(self, state: Floats) -> tuple[Floats, Floats]:
        """Views V (tokens, A) and w (tokens,) of a state."""
        tokens, _, answers = self._sizes
        return state[:-tokens].reshape(tokens, answers), state[-tokens:]

    def _odds(self, V: Floats, w: Floats) -> Floats:
        """Exponentials of w V, each row's largest 1."""
        odds = np.empty(V.shape)
        check_spread(self._shift(V, w, odds))
        return np.exp(odds, out=odds)

    def _subjects(
        self,
        number: int,
        e_r: Floats,
        by_answer: Floats,
        V: Floats,
        w: Floats,
        moved_V: Floats,
        moved_w: Floats,
    ) -> None:
        """Move the subjects of a part, and work out their part in the gradient of relations."""
        part = self._parts[number]
        e_s = self._odds(V[part], w[part])
        self._move(
            e_s, e_r, by_answer, *self._facts[number], V[part], w[part], moved_V[part],
            moved_w[part], self._of_r[number],
        )  # fmt: skip
