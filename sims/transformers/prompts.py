r"""Recall of every fact of a task by a transformer, from prompts with noise drawn anew.

There are no positions, so all that a head sees of a token is its logit and its value. Both are
worked out once per token (:class:`Tables`), and a prompt then costs its T logits, one softmax and
the sum of T values of length d_h for each head, where a forward pass over the prompt's embeddings
would multiply every one of them by W_K and W_V. What follows attention is done by BLAS for a batch
of prompts at a time. All of it is double precision, whatever the weights are stored in.

A model of the user's own is evaluated by its own ``outputs``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers, row_norms
from assoc.checks import check_fits
from assoc.errors import InputError
from assoc.facts.maps import rows_of
from assoc.facts.recall_task import RecallTask, check_length
from assoc.memories.decoding import margins
from assoc.memories.memory import Factors
from assoc.transformers.attention_only import check_embeddings
from assoc.transformers.model import OneLayer, Transformer, is_plain
from assoc.user_code import checked_rows, lend
from sims.engine.parallel import blas_threads, run
from sims.engine.randomness import PROMPTS, Source
from sims.memories.scoring import score_doubt

__all__ = ["PromptRecall", "Tables", "count_known", "prompt_outputs"]

ROWS = 1024
ENTRIES = 2**21
"""Most prompts in a block, and most numbers in an array that is made for a block."""

DRAWS = 2**32
"""Number from which the blocks of the next draw are counted."""


@dataclass(frozen=True, eq=False)
class PromptRecall:
    """Which facts a model knows: what it answered to prompts of each of them.

    Parameters
    ----------
    length : T.
    draws : prompts of each fact.
    wrong : (N,) how many of them were answered wrongly.
    margin : (N,) smallest margin of each fact over its prompts; its sign is that of double
        precision, and where it is far from 0 its value is as good as single-precision scores are.
    said : (N,) token that scored highest beside the right ones in the first prompt that was
        answered wrongly; -1 where none was.
    """

    length: int
    draws: int
    wrong: NDArray[np.intp]
    margin: NDArray[np.float64]
    said: NDArray[np.intp]

    def __repr__(self) -> str:
        return (
            f"PromptRecall({self.known} of {self.facts} facts known, T={self.length}, "
            f"{self.draws} prompts each)"
        )

    @property
    def facts(self) -> int:
        """Number of facts N."""
        return len(self.wrong)

    @property
    def known(self) -> int:
        """Facts whose every prompt was answered rightly."""
        return self.facts - len(self.missed)

    @property
    def missed(self) -> NDArray[np.intp]:
        """Rows of the task's facts that some prompt was answered wrongly of."""
        return np.flatnonzero(self.wrong)

    @property
    def recall(self) -> float:
        """Share of all prompts that were answered rightly."""
        return 1 - int(self.wrong.sum()) / (self.facts * self.draws)


class Tables:
    """A transformer, with the logit and the value of each token that its prompts may hold.

    Parameters
    ----------
    model : the transformer.
    tokens : those that prompts may hold, the end of sequence among them; None means all.

    Raises
    ------
    InputError
        If the tables would be too large.

    Examples
    --------
    >>> from assoc.transformers.model import Attention
    >>> rng = np.random.default_rng(0)
    >>> heads = Attention(*rng.standard_normal((4, 3, 2, 5)))
    >>> model = Transformer(rng.standard_normal((9, 5)), heads)
    >>> prompts = np.array([[0, 3, 8], [1, 4, 8]])
    >>> np.allclose(Tables(model).outputs(prompts), model.outputs(prompts))
    True
    """

    def __init__(self, model: Transformer, tokens: Integers | None = None) -> None:
        attention, n = model.attention, len(model.embeddings)
        tokens = np.arange(n) if tokens is None else np.unique(tokens)
        self._after = model.after
        self._index = np.full(n, -1)  # rows of the tables by token
        self._index[tokens] = np.arange(len(tokens))
        wide = attention.heads * attention.head_dim
        what = f"{len(tokens)} tokens, H d_h = {wide}: tables of values"
        check_fits(2.0 * len(tokens) * wide, 8, what)
        values = attention.values(model.embeddings[tokens].astype(np.float64))
        self._values = np.ascontiguousarray(values.transpose(1, 0, 2), np.float64)  # (H, k, d_h)
        self._logits = np.ascontiguousarray(model.logits()[:, tokens])  # (H, k)
        self._W_O = attention.W_O.reshape(wide, -1).astype(np.float64)

    def outputs(self, prompts: Integers) -> NDArray[np.float64]:
        """Outputs F (B, d) at the last position of prompts (B, T).

        Raises
        ------
        InputError
            If a prompt has a token that is not in the tables, or does not end as it should.
        """
        tokens, n = _checked(prompts), len(self._index)
        end = n - 1
        if tokens.min() < 0 or tokens.max() > end:
            raise InputError(f"prompts: a token is not one of the {n} of the model")
        if not (tokens[:, -1] == end).all():
            raise InputError(f"prompts end with the end-of-sequence token, {end}")
        rows = self._index[tokens]
        if (rows < 0).any():
            raise InputError(f"token {tokens[rows < 0][0]} is not among those of the tables")
        # Numba is imported only where prompts are evaluated.
        from sims.engine.kernels import pool_values

        heads, _, head_dim = self._values.shape
        pooled = np.empty((len(rows), heads, head_dim))
        pool_values(self._logits, self._values, rows, pooled)
        return np.asarray(self._after(pooled.reshape(len(rows), -1) @ self._W_O))


def _checked(prompts: Integers) -> NDArray[np.intp]:
    """Prompts as a matrix (B, T) of integers in C order, B and T at least 1."""
    prompts = np.asarray(prompts)
    if prompts.ndim != 2 or not prompts.size or prompts.dtype.kind not in "iu":
        raise InputError(
            f"prompts: integers of shape (B, T) are needed, not {prompts.dtype} of {prompts.shape}"
        )
    return np.ascontiguousarray(prompts, np.intp)


def _rows(entries: int) -> int:
    """Rows of so many entries that a block may have."""
    return max(1, min(ROWS, ENTRIES // entries))


class _Decoder:
    """Margins of outputs over all tokens, with embeddings (n, d).

    Scores are single-precision products. Where their rounding could turn the verdict the margin is
    evaluated again, in double precision by :func:`assoc.margins`.
    """

    def __init__(self, embeddings: Floats) -> None:
        self._Phi = embeddings.astype(np.float64)
        self._reach = float(row_norms(self._Phi).max()) or 1.0
        self._single = (self._Phi / self._reach).astype(np.float32)
        self._doubt = score_doubt(self._Phi.shape[1])

    def margins(
        self, F: NDArray[np.float64], labels: NDArray[np.intp], also: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Margins (B,) of outputs F (B, d) that are to be decoded as ``labels`` (B,).

        ``also`` has rows (output, token) of what is right as well, in order of outputs.
        """
        size = row_norms(F)
        size[size == 0] = 1.0
        unit = F / size[:, None]
        gap = np.einsum("ij,ij->i", unit, self._Phi[labels] / self._reach)
        others = np.einsum("ij,ij->i", unit[also[:, 0]], self._Phi[also[:, 1]] / self._reach)
        np.maximum.at(gap, also[:, 0], others)
        rows = max(1, ENTRIES // len(self._Phi))
        for start in range(0, len(F), rows):
            block = slice(start, start + rows)
            scores = unit[block].astype(np.float32) @ self._single.T
            scores[_right(labels, also, start, len(scores))] = -np.inf
            gap[block] -= scores.max(axis=1)
        margin = gap * size * self._reach
        doubtful = np.flatnonzero(np.abs(gap) <= self._doubt)
        if len(doubtful):
            # The product of no factors is the memory whose outputs are its inputs.
            few = rows_of(also, doubtful)
            margin[doubtful] = margins(Factors(()), F[doubtful], self._Phi, labels[doubtful], few)
        return np.asarray(margin)

    def rivals(
        self, F: NDArray[np.float64], labels: NDArray[np.intp], also: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """Tokens (B,) that score highest against outputs F (B, d), the right ones apart."""
        rows = max(1, ENTRIES // len(self._Phi))
        found = np.empty(len(F), np.intp)
        for start in range(0, len(F), rows):
            block = slice(start, start + rows)
            scores = F[block] @ self._Phi.T
            scores[_right(labels, also, start, len(scores))] = -np.inf
            found[block] = scores.argmax(axis=1)
        return found


def _right(
    labels: NDArray[np.intp], also: NDArray[np.intp], start: int, count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where in a block of scores those of right tokens are: its rows, and the tokens."""
    first, last = np.searchsorted(also[:, 0], [start, start + count])
    rows = np.concatenate([np.arange(count), also[first:last, 0] - start])
    return rows, np.concatenate([labels[start : start + count], also[first:last, 1]])


def _own_outputs(model: OneLayer, prompts: NDArray[np.intp]) -> Any:
    """What a user's model returns for prompts (B, T)."""
    try:
        return lend(model.outputs, {"prompts": prompts})
    except InputError as error:
        raise InputError(
            f"the model does not accept prompts of shape {prompts.shape}: {error}"
        ) from error.__cause__


def _checked_outputs(value: Any, n: int, d: int | None, *, first: int = 0) -> NDArray[np.float64]:
    return checked_rows(value, n, d, "the model", inputs="prompts", first=first)


class _Batches:
    """Outputs of a model, for as many prompts at a time as keep arrays moderate.

    Parameters
    ----------
    model : the model.
    length, d : T, and the length of outputs.
    tokens : those that prompts may hold; None means all.
    """

    def __init__(
        self, model: OneLayer, length: int, d: int, tokens: Integers | None = None
    ) -> None:
        self._d = d
        if is_plain(model):
            wide = model.attention.heads * model.attention.head_dim
            self._evaluate: Callable[[NDArray[np.intp]], Any] = Tables(model, tokens).outputs
            self._rows = _rows(max(length, wide, d))
        else:
            self._evaluate = partial(_own_outputs, model)
            self._rows = _rows(length * d)  # it may well make embeddings (B, T, d)

    def __call__(self, prompts: NDArray[np.intp], *, first: int = 0) -> NDArray[np.float64]:
        """Finite outputs (B, d); in messages the first prompt has the number ``first``."""
        parts = []
        for start in range(0, len(prompts), self._rows):
            asked = prompts[start : start + self._rows]
            out = self._evaluate(asked)
            parts.append(_checked_outputs(out, len(asked), self._d, first=first + start))
        return np.concatenate(parts)


def prompt_outputs(model: OneLayer, prompts: Integers) -> NDArray[np.float64]:
    """Outputs (B, d) of a model for prompts (B, T), in float64.

    For many batches of prompts of one transformer make its :class:`Tables` once.

    Parameters
    ----------
    model : a :class:`assoc.transformers.model.Transformer`, or any object with
        ``outputs(prompts)``.
    prompts : tokens; those of a transformer end with the end of sequence.

    Raises
    ------
    InputError
        If prompts are not tokens of the model, or its outputs are not one finite vector for each.

    Examples
    --------
    >>> from assoc.transformers.model import Attention
    >>> rng = np.random.default_rng(0)
    >>> heads = Attention(*rng.standard_normal((4, 3, 2, 5)))
    >>> model = Transformer(rng.standard_normal((9, 5)), heads)
    >>> prompt_outputs(model, np.array([[0, 3, 8], [1, 4, 8]])).shape
    (2, 5)
    """
    prompts = _checked(prompts)
    if is_plain(model):
        d = model.embeddings.shape[1]
    else:
        # One prompt tells how long outputs are, and so how many prompts to ask at a time.
        d = _checked_outputs(_own_outputs(model, prompts[:1]), 1, None).shape[1]
    return _Batches(model, prompts.shape[1], d)(prompts)


def count_known(
    model: OneLayer,
    task: RecallTask,
    *,
    length: int,
    source: Source,
    trial: int,
    draws: int = 1,
    embeddings: Floats | None = None,
    threads: int = 1,
) -> PromptRecall:
    """Ask a model for every fact of a task, with noise and places drawn anew for each prompt.

    An answer is right if its margin over the whole vocabulary is positive: ties fail. Where a fact
    has several right answers, they do not compete with each other.

    Parameters
    ----------
    model : a :class:`assoc.transformers.model.Transformer`, or any object with
        ``outputs(prompts)``.
    task : the facts.
    length : T, at least 3.
    source, trial : the randomness; prompts depend on it, the task and the length alone.
    draws : prompts of each fact.
    embeddings : (n, d) by which outputs are decoded; None means those of the model.
    threads : blocks of facts asked for at a time; the result does not depend on it.

    Raises
    ------
    InputError
        If an argument is out of range, the embeddings are not one finite vector per token, or the
        model's outputs are not one finite vector per prompt.

    Examples
    --------
    >>> from assoc.transformers.attention_only import attention_only
    >>> from assoc.embeddings import sphere
    >>> from assoc.facts.recall_task import balanced_task
    >>> rng = np.random.default_rng(0)
    >>> task = balanced_task(8, 4, 3, noise=5, rng=rng)
    >>> model = attention_only(task, sphere(task.vocabulary, 24, rng=rng), rng=rng)
    >>> count_known(model, task, length=6, source=Source(0, "example", ()), trial=0, draws=3)
    PromptRecall(32 of 32 facts known, T=6, 3 prompts each)
    """
    check_length(length, task.noise)
    if draws < 1:
        raise InputError(f"draws = {draws} is not a positive number of prompts")
    if embeddings is None:
        embeddings = getattr(model, "embeddings", None)
        if embeddings is None:
            raise InputError(f"{type(model).__name__} has no embeddings: give those to decode by")
    Phi = check_embeddings(embeddings, task)
    if is_plain(model) and model.embeddings.shape != Phi.shape:
        raise InputError(
            f"a model with embeddings {model.embeddings.shape} for tokens with {Phi.shape}"
        )
    size, labels, also = _rows(length), task.labels, task.also_labels
    wrong, margin = np.zeros(len(task), np.intp), np.full(len(task), np.inf)
    said = np.full(len(task), -1)
    with blas_threads(1):
        decoder = _Decoder(Phi)
        outputs = _Batches(model, length, Phi.shape[1], task.prompted)

        def ask(start: int) -> None:
            rows = slice(start, start + size)
            others = rows_of(also, np.arange(start, start + size))
            for draw in range(draws):
                # The size of a block depends on T alone: so do the prompts of the first facts.
                rng = source.generator(trial, PROMPTS, draw * DRAWS + start // size)
                prompts = task.prompts(length, rng=rng, facts=rows)
                out = outputs(prompts, first=start)
                found = decoder.margins(out, labels[rows], others)
                new = np.flatnonzero((found <= 0) & (said[rows] < 0))
                kept = rows_of(others, new)
                said[start + new] = decoder.rivals(out[new], labels[start + new], kept)
                wrong[rows] += found <= 0
                np.minimum(margin[rows], found, out=margin[rows])

        run(ask, range(0, len(task), size), threads=threads)
    return PromptRecall(length, draws, wrong, margin, said)
