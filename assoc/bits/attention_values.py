"""Values of two heads and an MLP in few bits, fitted to a table: the hot part of the fit.

What is fitted, and why in these steps, is said in :mod:`assoc.bits.attention_fit`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from assoc.bits.attention_codes import hidden_function, mean_norm
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
    width: int = 0,
    mlp_bits: int = 1,
    steps: int,
    sweeps: int,
    rng: np.random.Generator,
) -> tuple[list[NDArray[np.float32]], int]:
    """Fit W_V and W_O of a head of subjects and of a head of relations, and W and V of an MLP.

    Parameters
    ----------
    task : the facts.
    Phi : (n, d) embeddings of all tokens.
    value_dims, bits, width, mlp_bits, steps, sweeps, rng : as for
        :func:`assoc.bits.attention_fit.fit_attention`.

    Returns
    -------
    values, lost
        For each head W_V and W_O (2, d_h, d), then W and V (2, m, d) where there is an MLP, odd
        numbers from -(2^b - 1) to 2^b - 1, and the number of facts that they do not recall.
    """
    table = _Table.of(task, Phi)
    d = Phi.shape[1]
    sizes, widths = [*value_dims], [bits, bits]
    if width:
        sizes, widths = [*value_dims, width], [bits, bits, mlp_bits]
    behind = [rng.uniform(-0.5, 0.5, (2, size, d)).astype(np.float32) for size in sizes]
    best, lost = _descend(table, behind, widths, steps)
    if lost:
        best, lost = _polish(table, best, lost, widths, sweeps, rng)
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

        unit = (Phi / mean_norm(Phi)).astype(np.float32)
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
            for own, (W_V, W_O) in zip(self.heads, values[:2], strict=True)
        ]

    def neurons(
        self, values: list[Singles], tables: list[tuple[Singles, Singles]], bits: list[int]
    ) -> "_Neurons | None":
        """What the MLP makes of the outputs of heads; None where there is none."""
        if len(values) < 3:
            return None
        dims, d = tuple(each.shape[1] for each in values[:2]), self.Phi.shape[1]
        each = [codes @ W_O for (codes, _), (_, W_O) in zip(tables, values[:2], strict=True)]
        X = each[0][self.asked[0]] + each[1][self.asked[1]]
        W, V = values[2]
        z = X @ W.T
        quadratic = _quadratic(dims, d, bits[0], bits[2]).astype(np.float32)
        hidden = quadratic[0] + quadratic[2] * z**2
        return _Neurons(X, z, hidden, V @ self.Phi.T, quadratic)

    def behind(
        self, tables: list[tuple[Singles, Singles]], neurons: "_Neurons | None" = None
    ) -> Singles:
        """How far (N, n) each competitor is behind, negated; -inf at right answers."""
        (c_s, g_s), (c_r, g_r) = tables
        scores = (c_s @ g_s)[self.asked[0]]
        scores += (c_r @ g_r)[self.asked[1]]
        if neurons is not None:
            scores += neurons.hidden @ neurons.directions
        scores -= scores[np.arange(len(scores)), self.labels][:, None]
        scores[self.right] = -np.inf
        return np.asarray(scores, np.float32)

    def spread(
        self, tables: list[tuple[Singles, Singles]], neurons: "_Neurons | None" = None
    ) -> float:
        """Root mean square of the scores that subjects give or, with an MLP, of all parts'."""
        parts = [tables[0]]
        if neurons is not None:
            parts = [*tables, (neurons.hidden, neurons.directions)]
        return float(np.sqrt(sum(np.mean((codes @ rows) ** 2) for codes, rows in parts)))


@dataclass(frozen=True, eq=False)
class _Neurons:
    """The hidden layer of the MLP at every fact, for odd numbers in the place of weights.

    Parameters
    ----------
    X : (N, d) outputs of the heads.
    z, hidden : (N, m) W X and sigma(W X).
    directions : (m, n) what each neuron adds to the scores.
    quadratic : coefficients of sigma, the constant first; the middle one is 0.
    """

    X: Singles
    z: Singles
    hidden: Singles
    directions: Singles
    quadratic: Singles


@lru_cache(maxsize=8)
def _quadratic(dims: tuple[int, ...], d: int, bits: int, mlp_bits: int) -> NDArray[np.float64]:
    """Coefficients of sigma for odd numbers in the place of weights, the same in every step."""
    # Odd numbers of b bits are weights times 2^(b-1); what is said is in units of the heads'.
    heads, own = 4.0 ** (bits - 1), 2.0 ** (mlp_bits - 1)
    sigma = hidden_function(dims, 1.0, d)(Polynomial([0.0, 1 / (heads * own)])) * (heads / own)
    return np.asarray(sigma.coef, np.float64)


def _descend(
    table: _Table, behind: list[Singles], bits: list[int], steps: int
) -> tuple[list[Singles], int]:
    """Move numbers behind the weights by straight-through gradients; return the best levels."""
    first = [np.zeros_like(each) for each in behind]
    second = [np.zeros_like(each) for each in behind]
    best, fewest = behind, len(table.labels) + 1
    for step in range(1, steps + 1):
        values = [_odd(each, b) for each, b in zip(behind, bits, strict=True)]
        tables = table.tables(values)
        neurons = table.neurons(values, tables, bits)
        lead = table.behind(tables, neurons)
        ranks = sum(each.shape[1] for each in (values[:1] if neurons is None else values[:2]))
        nominal = math.sqrt(ranks) * float(np.mean(values[0] ** 2))
        lost = int((lead.max(axis=1) >= -CLEAR * nominal).sum())
        if lost < fewest:
            best, fewest = values, lost
        if not lost:
            break
        rate = RATE * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        slopes = _slopes(table, values, tables, neurons, _blame(table, lead, nominal))
        for part, slope in enumerate(slopes):
            first[part] += (1 - MOMENTUM) * (slope - first[part])
            second[part] += (1 - SQUARES) * (slope**2 - second[part])
            size = np.sqrt(second[part] / (1 - SQUARES**step)) + np.finfo(np.float32).tiny
            moved = behind[part] - (rate / (1 - MOMENTUM**step)) * first[part] / size
            behind[part] = np.clip(moved, -1, 1)
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
    table: _Table,
    values: list[Singles],
    tables: list[tuple[Singles, Singles]],
    neurons: _Neurons | None,
    blame: Singles,
) -> list[Singles]:
    """Gradients (2, d_h, d) for W_V and W_O of each head and for the MLP, at the levels."""
    found = []
    for own, sums, (codes, directions) in zip(table.heads, table.sums, tables, strict=True):
        each = sums @ blame  # (tokens, n)
        found.append(np.stack([(each @ directions.T).T @ own, codes.T @ (each @ table.Phi)]))
    if neurons is None:
        return found
    W, _ = values[2]
    # Of what each neuron sees, (N, m), and of the outputs of heads through the MLP, (N, d).
    seen = (blame @ neurons.directions.T) * (2 * neurons.quadratic[2] * neurons.z)
    through = seen @ W
    for head, (own, sums, (codes, _)) in enumerate(
        zip(table.heads, table.sums, tables, strict=True)
    ):
        given = sums @ through  # (tokens, d)
        found[head] += np.stack([(given @ values[head][1].T).T @ own, codes.T @ given])
    found.append(np.stack([seen.T @ neurons.X, (neurons.hidden.T @ blame) @ table.Phi]))
    return found


def _polish(
    table: _Table,
    values: list[Singles],
    lost: int,
    bits: list[int],
    sweeps: int,
    rng: np.random.Generator,
) -> tuple[list[Singles], int]:
    """Move single weights of levels that lose few facts; return the best that are seen.

    Of heads in front of an MLP a step changes what every neuron sees; those stay as they are.
    """
    best, fewest = values, lost
    moved = [each.copy() for each in values]
    tokens = [own[asked] for own, asked in zip(table.heads, table.asked, strict=True)]
    inputs = [own.T for own in tokens]
    for temperature in np.geomspace(HOT, COLD, sweeps):
        tables = table.tables(moved)
        neurons = table.neurons(moved, tables, bits)
        unit = table.spread(tables, neurons)
        short = table.behind(tables, neurons) + np.float32(MARGIN * unit)
        near = short > -WINDOW * unit
        watched = _Watched(
            short[near],
            np.append(0, np.cumsum(near.sum(axis=1))),
            np.nonzero(near)[1].astype(np.int32),
            table.labels,
        )
        allowed = temperature * unit**2
        if neurons is None:
            move = partial(watched.move, bits=bits[0], allowed=allowed, rng=rng)
            for each, seen, asked in zip(moved, inputs, tokens, strict=True):
                W_V, W_O = each
                # The outputs, with the codes fixed; then the codes, with the outputs fixed.
                outward = np.ascontiguousarray(W_O.T)
                move(outward, (asked @ W_V.T).T, table.Phi.T)
                each[1] = outward.T
                move(W_V, seen, each[1] @ table.Phi.T)
        else:
            watched.move_network(moved[2], neurons, table.Phi.T, bits[2], allowed, rng)
        tables = table.tables(moved)
        lead = table.behind(tables, table.neurons(moved, tables, bits))
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

        sweep_pairs(
            W,
            self.short,
            self.starts,
            self.columns,
            np.ascontiguousarray(inputs),
            np.ascontiguousarray(answers),
            self.labels,
            *_moves(W.size, bits, allowed, rng),
            2.0**bits - 1,
        )

    def move_network(
        self,
        layers: Singles,
        neurons: _Neurons,
        answers: Singles,
        bits: int,
        allowed: float,
        rng: np.random.Generator,
    ) -> None:
        """Offer a step to each weight of W and V, (2, m, d), in random order."""
        from assoc.bits.pair_flips import sweep_pairs_of_network

        X, z, hidden = (np.ascontiguousarray(A.T) for A in (neurons.X, neurons.z, neurons.hidden))
        sweep_pairs_of_network(
            layers[0], layers[1], z, hidden, neurons.directions.copy(),
            self.short, self.starts, self.columns, X,
            np.ascontiguousarray(answers), self.labels,
            *_moves(layers.size, bits, allowed, rng), 2.0**bits - 1, neurons.quadratic,
        )  # fmt: skip


def _moves(
    count: int, bits: int, allowed: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float64]]:
    """Places in random order, steps, and by how much each may raise the loss."""
    sizes = 2 ** rng.integers(1, bits, count, endpoint=True)
    places = rng.permutation(count)
    steps = np.where(rng.random(count) < 0.5, sizes, -sizes).astype(np.float32)
    return places, steps, allowed * rng.exponential(size=count)
