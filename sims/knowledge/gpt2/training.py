r"""Training of a GPT-2 on written facts: AdamW on all of them, or on some in every step.

The rule is a :class:`sims.knowledge.training.Descent`, read as AdamW's: its rate follows the same
schedules (:func:`sims.knowledge.training.rates`), its momentum is that of the first moment, and its
decay is decoupled and acts on matrices alone. Batches are drawn without replacement until fewer
rows than one are left, unless rows differ in how often they are told. Where the next token is not
determined by those before, the target is its exact distribution, as for the small model.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sims.knowledge.gpt2.network import libraries
from sims.knowledge.gpt2.writing import Sentences, laws
from sims.knowledge.training import Descent, rates

__all__ = [
    "BLOCK",
    "FINE_TUNING",
    "LOW_RANK",
    "PRE_TRAINING",
    "Targets",
    "answers",
    "completed",
    "losses",
    "train",
]

PRE_TRAINING = Descent(steps=800, learning_rate=1e-3, decay=0.1, batch=128)
"""Pre-training unless it is said otherwise."""

FINE_TUNING = Descent(steps=200, learning_rate=1e-4, schedule="constant")
"""Fine-tuning by full changes unless it is said otherwise."""

LOW_RANK = Descent(steps=200, learning_rate=1e-2, schedule="constant")
"""Fine-tuning by changes of low rank unless it is said otherwise: factors that start at 0 need a
higher rate."""

SECOND_MOMENT = 0.999
"""Of AdamW, PyTorch's default."""

BLOCK = 1024
"""Rows that are evaluated at a time."""


@dataclass(frozen=True, eq=False)
class Targets:
    """Rows, and what is to be predicted of them.

    Parameters
    ----------
    rows : N of them.
    table : (L, n) distributions of a next token.
    places : (N, T) which of them each token has; -1 where none is predicted.
    chances : (N,) shares of the tellings, 1 in all; None means that all rows are told as often.
    """

    rows: Sentences
    table: NDArray[np.float32]
    places: NDArray[np.intp]
    chances: NDArray[np.float64] | None = None

    @classmethod
    def told(
        cls, rows: Sentences, vocabulary: int, chances: NDArray[np.float64] | None = None
    ) -> "tuple[Targets, NDArray[np.float64]]":
        """Return what is told, every token but the first predicted, and the floor (2,)."""
        table, places, floor = laws(rows, vocabulary, chances)
        return cls(rows, table, places, chances), floor

    @classmethod
    def asked(cls, rows: Sentences, vocabulary: int) -> "Targets":
        """Return questions, of which only the answers are predicted."""
        table = np.eye(vocabulary, dtype=np.float32)
        return cls(rows, table, np.where(rows.answer, rows.tokens, -1))


class _Loaded:
    """Targets as tensors, cut to the longest row."""

    def __init__(self, targets: Targets) -> None:
        torch, _, _ = libraries()
        self.torch = torch
        longest = int(targets.rows.ends.max())
        self.tokens = torch.from_numpy(targets.rows.tokens[:, :longest].astype(np.int64))
        self.table = torch.from_numpy(targets.table)
        places = targets.places[:, 1:longest]
        self.wanted = torch.from_numpy(places >= 0)
        self.places = torch.from_numpy(np.maximum(places, 0).astype(np.int64))

    def each(self, model: Any, chosen: Any) -> Any:
        """Cross-entropy (B, T - 1) of every predicted token of some rows, else 0."""
        tokens = self.tokens[chosen]
        out = model(input_ids=tokens[:, :-1], use_cache=False).logits
        logs = self.torch.log_softmax(out, dim=-1)
        each = -(self.table[self.places[chosen]] * logs).sum(dim=-1)
        return each * self.wanted[chosen]


def train(
    model: Any, targets: Targets, rule: Descent, *, rng: np.random.Generator, looks: int = 8
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Train what has gradients, in place.

    Parameters
    ----------
    model : a GPT-2, or one with changes of low rank.
    targets : on which.
    rule : how.
    rng : draws batches.
    looks : how often the losses are recorded, besides the start.

    Returns
    -------
    Steps (L,) of these looks, and the losses (L, 2) there: before the answer, and of it.
    """
    torch, _, _ = libraries()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": rule.decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=rule.learning_rate, betas=(rule.momentum, SECOND_MOMENT),
    )  # fmt: skip
    loaded = _Loaded(targets)
    batches = _batches(len(targets.rows), rule.batch, rng, targets.chances)
    ends = np.unique(np.linspace(0, rule.steps, min(looks, rule.steps) + 1).round().astype(int))
    last_decay = round((1 - rule.settle) * rule.steps)
    found = []
    for step, rate in enumerate(rates(rule).tolist()):
        if step in ends:
            found.append(losses(model, targets))
        for group in optimiser.param_groups:
            group["lr"] = rate
            if step == last_decay:
                group["weight_decay"] = 0.0
        chosen = torch.from_numpy(next(batches))
        loss = loaded.each(model, chosen).sum() / len(chosen)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found.append(losses(model, targets))
    return ends, np.array(found)


def _batches(
    count: int, size: int | None, rng: np.random.Generator, chances: Any = None
) -> Iterator[NDArray[np.int64]]:
    """Yield rows of every step: all, or some in an order drawn anew when too few are left.

    With chances each step draws its rows anew, with replacement.
    """
    while chances is not None:
        yield rng.choice(count, size or count, p=chances)
    while size is None or size >= count:
        yield np.arange(count)
    while True:
        order = rng.permutation(count)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


def losses(model: Any, targets: Targets) -> NDArray[np.float64]:
    """Return the mean cross-entropy (2,) of what is told: before the answer, and of it.

    Parameters
    ----------
    model : a GPT-2.
    targets : all rows.
    """
    torch, _, _ = libraries()
    loaded, parts = _Loaded(targets), []
    with torch.no_grad():
        for start in range(0, len(targets.rows), BLOCK):
            chosen = torch.arange(start, min(start + BLOCK, len(targets.rows)))
            parts.append(loaded.each(model, chosen).double().numpy())
    each = np.concatenate(parts)
    answer = targets.rows.answer[:, 1 : each.shape[1] + 1]
    shares = np.full(len(each), 1 / len(each)) if targets.chances is None else targets.chances
    return np.array([shares @ (each * part).sum(axis=1) for part in (~answer, answer)])


def answers(
    model: Any, rows: Sentences, *, block: int = BLOCK
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Ask for whole answers.

    Parameters
    ----------
    model : a GPT-2.
    rows : with the right answers.
    block : rows that are asked at a time.

    Returns
    -------
    Whether each token of the answer has the highest logit, alone, after those before it (N,); and
    the tokens that are found one after another, each the most likely (N, T), -1 before the answer.
    """
    torch, _, _ = libraries()
    found = np.full(rows.tokens.shape, -1, np.intp)
    with torch.no_grad():
        for start in range(0, len(rows), block):
            here = slice(start, start + block)
            tokens = torch.from_numpy(rows.tokens[here].astype(np.int64))
            found[here] = _greedy(model, tokens, rows.starts[here])
    return completed(model, rows, block=block), found


def completed(model: Any, rows: Sentences, *, block: int = BLOCK) -> NDArray[np.bool_]:
    """Return whether each token of an answer has the highest logit, alone, after those before (N,).

    Parameters
    ----------
    model, rows, block : as for :func:`answers`.
    """
    torch, _, _ = libraries()
    right = [np.zeros(0, bool)]
    with torch.no_grad():
        for start in range(0, len(rows), block):
            here = slice(start, start + block)
            tokens = torch.from_numpy(rows.tokens[here].astype(np.int64))
            wanted = rows.answer[here]
            out = model(input_ids=tokens, use_cache=False).logits[:, :-1]
            own = out.gather(2, tokens[:, 1:, None])[..., 0]
            rival = out.scatter(2, tokens[:, 1:, None], -torch.inf).max(dim=2).values
            right.append((((own > rival).numpy()) | ~wanted[:, 1:]).all(axis=1))
    return np.concatenate(right)


def _greedy(model: Any, tokens: Any, starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Write the most likely token at every place from the answer's first one on."""
    now = tokens.clone()
    every = np.arange(len(starts))
    for place in range(int(starts.min()), tokens.shape[1]):
        here = place >= starts
        if here.any():
            out = model(input_ids=now[:, :place], use_cache=False).logits[:, -1]
            now[every[here], place] = out.argmax(dim=-1)[every[here]]
    written = now.numpy().astype(np.intp)
    return np.where(np.arange(tokens.shape[1]) >= starts[:, None], written, -1)
