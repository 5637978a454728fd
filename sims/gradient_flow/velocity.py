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
        self._answer = np.full((task.subjects, task.relations), -1, np.int64)
        self._answer[s, r] = a
        self._lead = np.zeros(self._answer.shape, np.bool_)
        _, first = np.unique(s * task.answers + a, return_index=True)
        self._lead[s[first], r[first]] = True
        large = model.tokens * task.answers >= LARGE
        half = task.subjects // 2
        ends = [0, half, task.subjects] if large else [0, task.subjects]
        self._parts = [slice(*pair) for pair in pairwise(ends)]
        self._pool = ThreadPoolExecutor(1) if large and threads > 1 else None
        shape = len(self._parts), task.relations, task.answers
        self._foreign, self._of_r = np.empty(shape), np.empty(shape)
        self._own, self._pushed = np.empty((2, shape[0], task.answers, task.relations))

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
        model, task = self.model, self.model.task
        S = task.subjects
        moved = np.empty_like(state)
        if self._pool is None:
            for part in range(len(self._parts)):
                self._subjects(state, moved, part)
        else:
            other = self._pool.submit(self._subjects, state, moved, 1)
            try:
                self._subjects(state, moved, 0)
            finally:
                other.result()
        of_r = self._of_r.sum(axis=0)
        G = np.concatenate([of_r, model.rates[:, None] * of_r.sum(axis=0)])
        V, w = model.unpack(state)
        moved_V, moved_w = model.unpack(moved)
        np.multiply(w[S:, None], G, out=moved_V[S:])
        moved_w[S:] = np.einsum("za,za->z", V[S:], G)
        return moved

    def _subjects(self, state: Floats, moved: Floats, number: int) -> None:
        """Move the subjects of a part, and work out their part in the gradient of relations."""
        model, part = self.model, self._parts[number]
        V, w = model.unpack(state)
        moved_V, moved_w = model.unpack(moved)
        e_s = np.empty(V[part].shape)
        check_spread(self._shift(V[part], w[part], e_s))
        np.exp(e_s, out=e_s)
        with np.errstate(over="ignore", invalid="ignore"):
            e_r = model.relation_odds(state)
        foreign, own, pushed = self._foreign[number], self._own[number], self._pushed[number]
        for array in (foreign, own, pushed):
            array.fill(0.0)
        self._move(
            e_s, e_r, np.ascontiguousarray(e_r.T), self._answer[part], self._lead[part],
            model.probability[part], V[part], w[part], moved_V[part], moved_w[part], foreign, own,
            pushed,
        )  # fmt: skip
        foreign += own.T
        foreign *= e_r
        np.subtract(pushed.T, foreign, out=self._of_r[number])
