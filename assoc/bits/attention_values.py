"""Values and outputs of two heads in few bits, fitted to a table: the hot part of the fit.

What is fitted, and why in these steps, is said in :mod:`assoc.bits.attention_fit`.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import row_norms
from assoc.facts.recall_task import RecallTask

__all__ = ["fit_values"]

Singles = NDArray[np.float32]

RATE = 0.02
"""First step of a gradient's descent, in units of the largest number behind a weight."""

SHARPNESS, AHEAD = 4.0, 1.0
"""The logistic loss of this times the margin in units of the scores' spread, less AHEAD."""

MOMENTUM, SQUARES = 0.9, 0.99
"""Of Adam."""

MARGIN = 0.4
"""Margin of the squared hinge loss that single weights lower, in units of the scores' spread."""

HOT, COLD = 0.02, 0.002
"""First and last temperature of the sweeps, in units of the squared spread's."""

WINDOW = 0.8
"""Margins up to which a competitor is watched in a sweep, in the same units; all are after it."""

CLEAR = 1e-3
"""Least margin that counts as recall, in the same units: single precision cannot change it."""


def fit_values(
    task: RecallTask,
    Phi: NDArray[np.float64],
    value_dims: tuple[int, int],
    bits: int,
    *,
    steps: int,
    sweeps: int,
    rng: np.random.Generator,
) -> tuple[list[NDArray[np.float32]], int]:
    """Fit W_V and W_O of a head of subjects and of a head of relations.

    Parameters
    ----------
    task : the facts.
    Phi : (n, d) embeddings of all tokens.
    value_dims, bits, steps, sweeps, rng : as for :func:`assoc.bits.attention_fit.fit_attention`.

    Returns
    -------
    values, lost
        For each head W_V and W_O (2, d_h, d), odd numbers from -(2^b - 1) to 2^b - 1, and the
        number of facts that they do not recall.
    """
    table = _Table.of(task, Phi)
    d = Phi.shape[1]
    behind = [rng.uniform(-0.5, 0.5, (2, size, d)).astype(np.float32) for size in value_dims]
    best, lost = _descend(table, behind, bits, steps)
    if lost:
        best, lost = _polish(table, best, lost, bits, sweeps, rng)
    return best, lost


@dataclass(frozen=True, eq=False)
class _Table:
    """Facts, and the embeddings that they are told in."""

    Phi: Singles  # (n, d), of mean square norm 1
    heads: tuple[Singles, Singles]  # embeddings of subjects, and of relations
    asked: tuple[NDArray[np.intp], NDArray[np.intp]]  # row of each head's tokens, by fact
    sums: tuple[Any, Any]  # sparse (tokens, N), to sum over the facts of a token
    labels: NDArray[np.int64]
    right: tuple[NDArray[np.intp], NDArray[np.intp]]  # facts and answers that are right

    @classmethod
    def of(cls, task: RecallTask, Phi: NDArray[np.float64]) -> "_Table":
        from scipy import sparse

        size = float(np.sqrt(np.mean(row_norms(Phi) ** 2))) or 1.0
        unit = (Phi / size).astype(np.float32)
        S, R, N = task.subjects, task.relations, len(task)
        s, r = task.facts[:, 0], task.facts[:, 1]
        rows, ones = np.arange(N), np.ones(N, np.float32)
        also = task.also_labels
        return cls(
            unit,
            (unit[:S], unit[S : S + R]),
            (s, r),
            (
                sparse.csr_array((ones, (s, rows)), shape=(S, N)),
                sparse.csr_array((ones, (r, rows)), shape=(R, N)),
            ),
            task.labels.astype(np.int64),
            (np.append(rows, also[:, 0]), np.append(task.labels, also[:, 1])),
        )

    def tables(self, values: list[Singles]) -> list[tuple[Singles, Singles]]:
        """Codes (tokens, d_h) and directions (d_h, n) of each head."""
        return [
            (own @ W_V.T, W_O @ self.Phi.T)
            for own, (W_V, W_O) in zip(self.heads, values, strict=True)
        ]

    def behind(self, tables: list[tuple[Singles, Singles]]) -> Singles:
        """How far (N, n) each competitor is behind, negated; -inf at right answers."""
        (c_s, g_s), (c_r, g_r) = tables
        scores = (c_s @ g_s)[self.asked[0]]
        scores += (c_r @ g_r)[self.asked[1]]
        scores -= scores[np.arange(len(scores)), self.labels][:, None]
        scores[self.right] = -np.inf
        return np.asarray(scores, np.float32)

    def spread(self, tables: list[tuple[Singles, Singles]]) -> float:
        """Root of the mean squared score that subjects give."""
        codes, directions = tables[0]
        return float(np.sqrt(np.mean((codes @ directions) ** 2)))


def _descend(
    table: _Table, behind: list[Singles], bits: int, steps: int
) -> tuple[list[Singles], int]:
    """Move numbers behind the weights by straight-through gradients; return the best levels."""
    first = [np.zeros_like(each) for each in behind]
    second = [np.zeros_like(each) for each in behind]
    best, fewest = behind, len(table.labels) + 1
    for step in range(1, steps + 1):
        values = [_odd(each, bits) for each in behind]
        tables = table.tables(values)
        lead = table.behind(tables)
        nominal = math.sqrt(values[0].shape[1]) * float(np.mean(values[0] ** 2))
        lost = int((lead.max(axis=1) >= -CLEAR * nominal).sum())
        if lost < fewest:
            best, fewest = values, lost
        if not lost:
            break
        rate = RATE * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        slopes = _slopes(table, values, tables, _blame(table, lead, nominal))
        for head, slope in enumerate(slopes):
            first[head] += (1 - MOMENTUM) * (slope - first[head])
            second[head] += (1 - SQUARES) * (slope**2 - second[head])
            size = np.sqrt(second[head] / (1 - SQUARES**step)) + np.finfo(np.float32).tiny
            moved = behind[head] - (rate / (1 - MOMENTUM**step)) * first[head] / size
            behind[head] = np.clip(moved, -1, 1)
    return best, fewest


def _odd(behind: Singles, bits: int) -> Singles:
    """Odd numbers of the levels nearest to 2^b times numbers from -1 to 1."""
    top = 2**bits - 1
    return np.asarray(np.clip(2 * np.floor(behind * np.float32(2 ** (bits - 1))) + 1, -top, top))


def _blame(table: _Table, lead: Singles, unit: float) -> Singles:
    """Gradient (N, n) of the loss log(1 + sum exp(lead)) in the scores, in place of leads."""
    lead *= np.float32(SHARPNESS / unit)
    lead += np.float32(AHEAD)
    np.minimum(lead, 30, out=lead)
    shares = np.exp(lead, out=lead)
    total = shares.sum(axis=1)
    shares /= (1 + total)[:, None]
    shares[np.arange(len(shares)), table.labels] = -total / (1 + total)
    return shares


def _slopes(
    table: _Table, values: list[Singles], tables: list[tuple[Singles, Singles]], blame: Singles
) -> list[Singles]:
    """Gradients (2, d_h, d) for W_V and W_O of each head, at the levels."""
    found = []
    for own, sums, (codes, directions) in zip(table.heads, table.sums, tables, strict=True):
        each = sums @ blame  # (tokens, n)
        found.append(np.stack([(each @ directions.T).T @ own, codes.T @ (each @ table.Phi)]))
    return found


def _polish(
    table: _Table,
    values: list[Singles],
    lost: int,
    bits: int,
    sweeps: int,
    rng: np.random.Generator,
) -> tuple[list[Singles], int]:
    """Move single weights of levels that lose few facts; return the best that are seen."""
    best, fewest = values, lost
    moved = [each.copy() for each in values]
    tokens = [own[asked] for own, asked in zip(table.heads, table.asked, strict=True)]
    inputs = [own.T for own in tokens]
    for temperature in np.geomspace(HOT, COLD, sweeps):
        tables = table.tables(moved)
        unit = table.spread(tables)
        short = table.behind(tables) + np.float32(MARGIN * unit)
        near = short > -WINDOW * unit
        watched = _Watched(
            short[near],
            np.append(0, np.cumsum(near.sum(axis=1))),
            np.nonzero(near)[1].astype(np.int32),
            table.labels,
        )
        move = partial(watched.move, bits=bits, allowed=temperature * unit**2, rng=rng)
        for each, seen, asked in zip(moved, inputs, tokens, strict=True):
            W_V, W_O = each
            # The outputs, with the codes fixed; then the codes, with the outputs fixed.
            outward = np.ascontiguousarray(W_O.T)
            move(outward, (asked @ W_V.T).T, table.Phi.T)
            each[1] = outward.T
            move(W_V, seen, each[1] @ table.Phi.T)
        lead = table.behind(table.tables(moved))
        lost = int((lead.max(axis=1) >= -CLEAR * unit).sum())
        if lost < fewest:
            best, fewest = [each.copy() for each in moved], lost
        if not fewest:
            break
    return best, fewest


@dataclass(frozen=True, eq=False)
class _Watched:
    """Pairs of a fact and a competitor that may come close in a sweep.

    Parameters
    ----------
    short, starts, columns, labels : as for :func:`assoc.bits.pair_flips.sweep_pairs`.
    """

    short: Singles
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    labels: NDArray[np.int64]

    def move(
        self,
        W: Singles,
        inputs: Singles,
        answers: Singles,
        *,
        bits: int,
        allowed: float,
        rng: np.random.Generator,
    ) -> None:
        """Offer a step to each weight of W (d_out, d_in), in random order."""
        from assoc.bits.pair_flips import sweep_pairs

        sizes = 2 ** rng.integers(1, bits, W.size, endpoint=True)
        sweep_pairs(
            W,
            self.short,
            self.starts,
            self.columns,
            np.ascontiguousarray(inputs),
            np.ascontiguousarray(answers),
            self.labels,
            rng.permutation(W.size),
            np.where(rng.random(W.size) < 0.5, sizes, -sizes).astype(np.float32),
            allowed * rng.exponential(size=W.size),
            2.0**bits - 1,
        )
