r"""What measurements of transformers report, counted a second time from what models were asked.

The models here are no transformers: they keep the prompts that they are asked, and answer rightly
or wrongly by a rule, so that what they know, and from which size on, is known beforehand.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf, log, sqrt
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats, Integers
from assoc.catalogue import BuildModel
from assoc.facts.recall_task import RecallTask, grid_task
from assoc.transformers.model import Transformer
from sims.engine.randomness import Source
from sims.transformers.architecture import Architecture, Shape, table_source
from sims.transformers.prompts import count_known
from sims.transformers.recall import measure_facts
from sims.transformers.smallest import smallest_size
from sims.transformers.tradeoff import TradeoffResult, tradeoff
from theory.claims import Hypothesis, Problem
from theory.transformers.checks import LOADS, Cut, Overlapping, check_growth
from theory.transformers.hypotheses import (
    DISJOINT,
    ENOUGH_DIMENSIONS,
    ENOUGH_HEADS,
    ENOUGH_NEURONS,
    TOTAL,
)
from theory.transformers.plain.heads import plain_outputs

__all__ = ["MISTAKES", "PARTS", "Asked", "recall_rows", "tradeoff_rows"]

Row = tuple[str, float, float]

MISTAKES = ("errors over facts", "wrong answers over facts", "a tie is right")
"""What can be planted in the independent side, for controls."""

PARTS = ("prompts", "facts", "sizes", "growth", "hypotheses")
"""What can be compared by itself."""

RIVALRY = (0.5, 1.0, 1 + 1e-9, 1 - 1e-9, 0.0, 1.5, 0.25)
"""What a rival scores where the right answer scores 1: ties and nearly so among them."""


def recall_rows(*, parts: Sequence[str] = PARTS, mistake: str | None = None) -> Iterator[Row]:
    """Give (symbol, as reported, counted) of prompts, facts, sizes and their growth.

    Parameters
    ----------
    parts : of :data:`PARTS`.
    mistake : one of :data:`MISTAKES`, planted in the independent side; None plants nothing.
    """
    rows: dict[str, Callable[[], Iterator[Row]]] = {
        "prompts": partial(_prompt_rows, mistake),
        "facts": partial(_fact_rows, mistake),
        "sizes": _size_rows,
        "growth": _growth_rows,
        "hypotheses": _hypothesis_rows,
    }
    for part in parts:
        yield from rows[part]()


@dataclass(frozen=True, eq=False)
class Asked:
    """A model that answers by a rule and keeps what it was asked.

    Parameters
    ----------
    task, embeddings : the facts, and the vectors (n, d) of all tokens.
    known : (N,) which facts it answers rightly whatever the prompt; None lets the prompt decide.
    """

    task: RecallTask
    embeddings: Floats
    known: NDArray[np.bool_] | None = None
    prompts: list[list[int]] = field(default_factory=list)
    said: list[tuple[int, float]] = field(default_factory=list)

    @property
    def parameters(self) -> int:
        """Stored entries, ten for each dimension."""
        return 10 * len(self.embeddings[0])

    def fact(self, prompt: Sequence[int]) -> int:
        """Row of the fact that a prompt asks for."""
        cues = [z for z in prompt if z < self.task.subjects + self.task.relations]
        found = [sorted(both) == sorted(cues) for both in self.task.cues.tolist()]
        return found.index(True)

    def outputs(self, prompts: Integers, /) -> Floats:
        """Give the right answer, and a rival as strongly as the prompt says."""
        out = np.empty((len(prompts), self.embeddings.shape[1]))
        for row, prompt in enumerate(prompts.tolist()):
            fact = self.fact(prompt)
            right = int(self.task.labels[fact])
            if self.known is None:
                rival, strength = sum(prompt) % 3, RIVALRY[sum(prompt[:3]) % len(RIVALRY)]
            else:
                rival, strength = 0, 0.0 if self.known[fact] else 2.0
            out[row] = self.embeddings[right] + strength * self.embeddings[rival]
            self.prompts.append(prompt)
            self.said.append((rival, 1 - strength))
        return out


def _prompt_rows(mistake: str | None) -> Iterator[Row]:
    """What is reported of prompts, against the list of what was asked and said."""
    task = grid_task(3, 4, 2, noise=5)
    # Vectors of one length, not 1: scores are theirs, and a tie is one.
    vectors = 4.0 * np.eye(task.vocabulary)
    for draws, length in ((1, 3), (7, 6)):
        model = Asked(task, vectors)
        found = count_known(model, task, length=length, source=Source(3, "asked", ()), trial=0,
                            draws=draws)  # fmt: skip
        yield "prompts", len(model.prompts), len(task) * draws
        noise = set(task.noise_tokens.tolist())
        told = all(
            len(prompt) == length and prompt[-1] == task.end
            and sum(z in noise for z in prompt) == length - 3
            for prompt in model.prompts
        )  # fmt: skip
        yield "prompts as they should be", float(told), 1.0
        wrongs, knows = 0, 0
        for fact in range(len(task)):
            said = [
                answer
                for prompt, answer in zip(model.prompts, model.said, strict=True)
                if model.fact(prompt) == fact
            ]
            right = [lead > 0 or (mistake == "a tie is right" and lead == 0) for _, lead in said]
            wrong = [rival for (rival, _), fine in zip(said, right, strict=True) if not fine]
            yield "wrong answers", int(found.wrong[fact]), len(wrong)
            yield "margin", float(found.margin[fact]), 16 * min(lead for _, lead in said)
            yield "first wrong answer", int(found.said[fact]), wrong[0] if wrong else -1
            wrongs, knows = wrongs + len(wrong), knows + (not wrong)
        asked = len(task) * (1 if mistake == "wrong answers over facts" else draws)
        yield "recall of prompts", found.recall, 1 - wrongs / asked
        yield "facts known", found.known, knows
        yield "facts missed", len(found.missed), len(task) - knows


def _fact_rows(mistake: str | None) -> Iterator[Row]:
    """Recall over trials with its error, from how many facts each trial's model knew."""
    counts: list[int] = []

    def build(task: RecallTask, embeddings: Floats, *, rng: np.random.Generator) -> Asked:
        known = rng.random(len(task)) < rng.choice([0.3, 0.9, 1.0])
        counts.append(int(known.sum()))
        return Asked(task, embeddings, known)

    shape, trials = Shape(3, 2, 2, 4), 5
    point = measure_facts(
        Architecture(build, 14), shape, length=4, trials=trials, seed=1, threads=1
    ).points[0]
    N = shape.subjects * shape.relations
    spread = stdev(counts) / N
    over = N if mistake == "errors over facts" else trials
    yield "facts", shape.facts, N
    yield "recall", point.recall, fmean(counts) / N
    yield "standard error", point.standard_error, spread / sqrt(over)
    yield "trials with all", point.whole, sum(count == N for count in counts)
    yield "parameters", point.parameters, 140
    task, _ = Cut(3, 2, 2, kept=4).draw(8, table_source(shape, 0, "cut"), 0)
    yield "facts of a cut table", len(task), 4
    task, _ = Overlapping(3, 2, 2).draw(8, table_source(shape, 0, "cut"), 0)
    yield "answers that overlap", max(task.facts[:, 2].tolist()), 1


def _enough_from(threshold: Callable[[RecallTask], float], sizes: list[int]) -> BuildModel:
    """Build function of models that know everything from a dimension on; it keeps what it made."""

    def build(task: RecallTask, embeddings: Floats, *, rng: np.random.Generator) -> Asked:
        d = embeddings.shape[1]
        sizes.append(d)
        known = np.full(len(task), d >= threshold(task))
        return Asked(task, embeddings, known)

    return build


def _constant(value: float, task: RecallTask) -> float:
    """Return a threshold that is that of every task."""
    return value


def _size_rows() -> Iterator[Row]:
    """Brackets of smallest sizes, their median and its parameters, and where searches end."""
    sizes: list[int] = []
    shape = Shape(4, 5, 1, 3)
    for wanted in (3, 11, 40):
        build = _enough_from(partial(_constant, float(wanted)), sizes)
        sizes.clear()
        point = smallest_size(Architecture(build, 8), shape, trials=3, length=4, threads=1).points[
            0
        ]
        yield "first size", sizes[0], 5
        yield "size", point.size, max(wanted, 1)
        yield "low ends", median(point.low), wanted - 1
        yield "parameters at the median", float(point.parameters or 0), 10 * wanted
    sizes.clear()
    build = _enough_from(partial(_constant, inf), sizes)
    point = smallest_size(Architecture(build, 8), shape, trials=2, length=4,
                          threads=1).points[0]  # fmt: skip
    yield "largest size", max(sizes), 64 * (shape.relations + shape.answers)
    yield "censored", point.censored, 2


def _growth_rows() -> Iterator[Row]:
    """Exponents of growth that is known, against all loads."""
    shapes = (Shape(3, 4, 1, 3), Shape(5, 9, 1, 3), Shape(4, 6, 1, 3))
    plain: dict[str, Callable[[int, int], int]] = {
        "S": lambda S, R: S,
        "R": lambda S, R: R,
        "max(R, D)": lambda S, R: R,
        "S + R": lambda S, R: S + R,
        "S R": lambda S, R: S * R,
    }
    yield "kinds of load", len(LOADS), len(plain)
    for name, load in plain.items():
        build = _enough_from(lambda task: 3 * task.relations, [])
        found = check_growth(
            seed=0, architecture=Architecture(build, 8), shapes=shapes, vary="d", against=name,
            trials=2, tolerance=0.2,
        )  # fmt: skip
        x = [log(load(shape.subjects, shape.relations)) for shape in shapes]
        y = [log(3 * shape.relations - 0.5) for shape in shapes]
        mean = fmean(x), fmean(y)
        over = sum((a - mean[0]) * (b - mean[1]) for a, b in zip(x, y, strict=True))
        slope = over / sum((a - mean[0]) ** 2 for a in x)
        yield "exponent", float(found.measured or 0.0), slope
        yield "predicted exponent", float(found.predicted or 0.0), 1.0
    yield "load max(R, D)", LOADS["max(R, D)"](Shape(2, 3, 7)), 7


def _hypothesis_rows() -> Iterator[Row]:
    """Least sizes at which conditions hold, and tables that break the others."""

    def least(hypothesis: Hypothesis, task: RecallTask, vary: str, **fixed: Any) -> int:
        for n in range(1, 200):
            problem = Problem(task=task, **(fixed | {vary: n}))
            if all(condition.holds for condition in hypothesis.check(problem)):
                return n
        return 0

    for S, R, D in ((6, 3, 2), (7, 2, 5)):
        task = grid_task(S, R, D)
        yield "least d", least(ENOUGH_DIMENSIONS, task, "d"), max(R, D)
        found = least(ENOUGH_HEADS, task, "heads", head_dim=1)
        yield "least H d_h", found, S + R
        found = least(ENOUGH_HEADS, task, "head_dim", heads=1)
        yield "least d_h", found, S + R
        found = least(ENOUGH_NEURONS, task, "width", d=1)
        yield "least m d", found, S * R
        found = least(ENOUGH_NEURONS, task, "d", width=1)
        yield "least d of a neuron", found, S * R
    shared = RecallTask(2, 2, 2, np.array([[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]]))
    partly = RecallTask(2, 2, 2, np.array([[0, 0, 0], [0, 1, 1], [1, 0, 0]]))
    for task, disjoint, total in ((shared, 0.0, 1.0), (partly, 1.0, 0.0)):
        problem = Problem(task=task)
        yield "disjoint", float(all(c.holds for c in DISJOINT.check(problem))), disjoint
        yield "total", float(all(c.holds for c in TOTAL.check(problem))), total


# --- attention against MLP ----------------------------------------------------------------------


def tradeoff_rows(*, entries: int = 2) -> Iterator[Row]:
    """Give (symbol, as reported, counted) of the boundary between attention and MLP.

    Parameters
    ----------
    entries : of a neuron, in units of d; 2 is right.
    """
    x, y = [100, 220, 400, 500], [900.0, 610.0, 350.0, 60.0]
    ends = (*((a, 0.9 * b, b) for a, b in zip(x, y, strict=True)), (650, 10.0, inf))
    result = TradeoffResult(Shape(2, 2, 2), Architecture("hybrid", 8), 0, (), ends)
    slope, _ = np.polyfit(x, y, 1)
    yield "saved per parameter", result.slope, -float(slope)
    yield "bend", result.bend, 1 - float(np.corrcoef(x, y)[0, 1]) ** 2
    shape, d = Shape(6, 4, 3), 24
    result = tradeoff(
        shape, d=d, head_dim=3, shares=(0.0, 0.5), widths=(5, 40), trials=1, threads=1
    )
    source = table_source(shape, 0, "tradeoff")
    task, Phi = shape.draw(d, source, 0)
    for share, (attention, low, high) in zip((0.0, 0.5), result.boundary, strict=True):
        for MLP, enough in ((high, 1.0), (low, 0.0)):
            width = round(MLP / (entries * d))
            if width == 0:
                continue
            built = Architecture("hybrid", d, head_dim=3, width=width, share=share)
            model = built.build(task, Phi, source, 0)
            assert isinstance(model, Transformer)
            assert model.mlp is not None
            a = model.attention
            yield "attention", attention, sum(len(W.flat) for W in (a.W_K, a.W_Q, a.W_V, a.W_O))
            yield "MLP", MLP, sum(len(W.flat) for W in (model.mlp.W, model.mlp.V))
            yield "enough", _whole(model, task), enough
    for point in result.points:
        yield "MLP of a point", point.mlp, entries * d * point.width
    yield "recall of a point", max(p.recall for p in result.points if p.width == 40), 1.0


def _whole(model: Transformer, task: RecallTask) -> float:
    """Whether a model answers every fact without noise tokens, by loops."""
    for (s, r), label in zip(task.cues.tolist(), task.labels.tolist(), strict=True):
        F = np.array(plain_outputs(model, [s, r, task.end]))
        if int(np.argmax(model.embeddings @ F)) != label:
            return 0.0
    return 1.0
