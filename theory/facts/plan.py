"""The smallest transformer that holds a given table: sizes searched, each one built and judged.

Here a table is given, where :mod:`sims.transformers.smallest` draws tables to see how sizes grow.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assoc.arrays import Floats
from assoc.catalogue import CODED, TRANSFORMERS, BuildModel
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.transformers.attention_only import attend, cue_groups, head_size
from assoc.transformers.certificates import certify
from assoc.transformers.model import OneLayer, Transformer, is_plain
from sims.engine.bracketing import bracket
from sims.engine.randomness import Source
from sims.transformers.architecture import Architecture
from sims.transformers.prompts import count_known
from theory.facts.effort import NEURONS, UNSEEN, Effort, Watcher, fitting

__all__ = ["Planned", "architectures", "first_effort", "holds_all", "plan"]

STEP = 16
"""Dimensions that are searched are multiples of it."""

NARROW = 8
"""The same where only keys, not facts, decide the dimension."""

RESOLUTION = 0.1
"""Width of a bracket, relative to its upper end."""

TRIED = {"attention-mlp-sign": (64, 4096)}
"""Multiples of N/d at which the search for a width begins and ends, where others are usual."""

MOST = 64
"""The multiple at which it usually ends."""

SEPARATED = 2.0**-20
"""Attention that a head may leak where its keys tell its tokens from all others."""


@dataclass(frozen=True)
class Planned:
    """A transformer that was found, and the search for it.

    Parameters
    ----------
    architecture : its sizes.
    model, embeddings : what was built, and the vectors (n, d) that it reads and answers in.
    varied : the size that was searched, ``d`` or ``width``; empty where all were given.
    low : a value of it that was seen not to be enough, the model's own where no larger one was
        tried; 0 where none was.
    """

    architecture: Architecture
    model: OneLayer
    embeddings: Floats
    varied: str
    low: int


@dataclass
class _Workshop:
    """Builds models of one table, and remembers the last that held everything."""

    task: RecallTask
    embed: Callable[[int], Floats]
    length: int
    draws: int
    source: Source
    watcher: Watcher

    def build(self, architecture: Architecture) -> Planned:
        embeddings = self.embed(architecture.d)
        model = architecture.build(self.task, embeddings, self.source, 0)
        if is_plain(model) and not np.array_equal(model.embeddings, embeddings):
            # It is certified by its own embeddings, and asked by those that were given.
            raise InputError(
                f"transformer {architecture.label()!r} returned other embeddings than it was given"
            )
        return Planned(architecture, model, embeddings, "", 0)

    def search(self, architecture: Architecture, vary: str, *, start: int, limit: int,
               step: int) -> Planned:  # fmt: skip
        """Find the smallest value of a size that is enough; where there is none, the largest."""
        best: dict[str, Planned] = {}
        name = "m" if vary == "width" else vary

        def enough(size: int) -> bool:
            self.watcher.see(architecture.label(), f"trying {name} = {size:,}")
            made = self.build(architecture.resized(vary, size))
            whole = holds_all(made, self.task, self.length, self.draws, self.source)
            if whole or size == limit:
                best["of them"] = made
            return whole

        low, _ = bracket(enough, start=start, limit=limit, step=step, resolution=RESOLUTION)
        return replace(best["of them"], varied=vary, low=low)


def plan(
    architecture: Architecture,
    task: RecallTask,
    embed: Callable[[int], Floats],
    *,
    length: int,
    draws: int,
    source: Source,
    watcher: Watcher = UNSEEN,
) -> Planned:
    """Build a transformer that holds every fact of a table, as small as the search finds.

    A width that is needed and not given is searched, at the dimension given or at the smallest
    multiple of 8 in which keys separate: the parameters of such an MLP hardly depend on d, those of
    attention grow with it. Without a width the dimension is searched among multiples of 16, from
    max(R, D) on. What is enough is certified for every prompt where the model can be, and otherwise
    seen in prompts.

    Parameters
    ----------
    architecture : the model and the sizes that were given; d = 0 stands for not given.
    task : the facts.
    embed : embeddings (n, d) of the task's tokens for a dimension d.
    length, draws : T, and prompts of each fact.
    source : determines every random number.
    watcher : is told which size is tried.

    Returns
    -------
    Planned
        Where all sizes were given, or no size up to the limit is enough (``low`` is then the
        largest that was tried), it does not hold everything.

    Raises
    ------
    InputError
        If the work would take hours, or more memory than there is.
    """
    first_effort(architecture, task)
    shop = _Workshop(task, embed, length, draws, source, watcher)
    N, d = len(task), architecture.d
    if architecture.lacks_width:
        d = d or _separating_dimension(shop, architecture)
        per_neuron = max(1, N // d)
        first, last = TRIED.get(str(architecture.model), (NEURONS, MOST))
        limit = 64 + last * per_neuron
        chosen = replace(architecture, d=d)
        return shop.search(chosen, "width", start=first * per_neuron, limit=limit, step=2)
    if d:
        return shop.build(architecture)
    limit = 64 * (task.relations + task.largest_answer_set) + task.vocabulary
    return shop.search(architecture, "d", start=max(_widest(task), STEP), limit=limit, step=STEP)


def first_effort(architecture: Architecture, task: RecallTask) -> Effort:
    """Return what the first fit takes of a transformer whose sizes are planned.

    Parameters
    ----------
    architecture, task : as for :func:`plan`.

    Raises
    ------
    InputError
        If it would take hours, or more memory than is free.
    """
    if architecture.lacks_width:
        return fitting(task, architecture.d or NARROW, searched_width=True)
    return fitting(task, architecture.d or _widest(task))


def _widest(task: RecallTask) -> int:
    """Return max(R, D): no fewer dimensions are tried where they are searched."""
    return max(task.relations, task.largest_answer_set)


def holds_all(made: Planned, task: RecallTask, length: int, draws: int, source: Source) -> bool:
    """Say whether a model is certified on every fact, or, if it cannot be, answers every prompt.

    Parameters
    ----------
    made : the model and its embeddings.
    task, length, draws, source : as for :func:`plan`.
    """
    with made.architecture.blamed():
        return _holds_all(made, task, length, draws, source)


def _holds_all(made: Planned, task: RecallTask, length: int, draws: int, source: Source) -> bool:
    if is_plain(made.model):
        return bool(certify(made.model, task, length=length).certified.all())
    asked = count_known(
        made.model, task, length=length, source=source, trial=0, draws=draws,
        embeddings=made.embeddings,
    )  # fmt: skip
    return asked.known == len(task)


def _separating_dimension(shop: _Workshop, architecture: Architecture) -> int:
    """Least multiple of NARROW in which every head's keys tell its tokens from all others."""
    task, length = shop.task, shop.length

    needed = math.log((length - 1) / SEPARATED)

    def enough(d: int) -> bool:
        Phi = shop.embed(d)
        size = head_size(task, Phi, architecture.head_dim)
        groups = cue_groups(task, size, architecture.heads)
        cues = Phi[: task.subjects + task.relations]
        copying = Transformer(Phi, attend(task, Phi, groups, cues, size, True, length))
        for group, logit in zip(groups, copying.logits(), strict=True):
            others = np.setdiff1d(task.prompted[:-1], group)
            below = logit[group].min() - logit[task.end] < needed
            above = others.size and logit[task.end] - logit[others].max() < needed
            if below or above:
                return False
        return True

    limit = task.vocabulary + NARROW
    start = max(2 * NARROW, architecture.head_dim or 0)
    _, d = bracket(enough, start=start, limit=limit, step=NARROW)
    if not np.isfinite(d):
        raise InputError(f"{architecture.model!r}: in no d up to {limit} keys separate; give d")
    return int(d)


def architectures(
    models: Sequence[str | BuildModel], d: int, options: dict[str, Any], length: int
) -> list[Architecture]:
    """Give each model the options that it knows.

    Parameters
    ----------
    models : names or build functions.
    d : dimension; 0 stands for not given.
    options : of an architecture, by name; None where not given.
    length : T.

    Raises
    ------
    InputError
        If an option is given that no model knows.
    """
    asked = []
    unused = {name for name, value in options.items() if value is not None}
    for model in models:
        recipe = TRANSFORMERS.get(model) if isinstance(model, str) else None
        known = CODED if recipe is None else recipe.options
        own = {name: value for name, value in options.items() if name in known}
        unused -= own.keys()
        architecture = Architecture(model, d, **own, length=length if "length" in known else None)
        if not architecture.lacks_width:
            architecture.resolved()
        asked.append(architecture)
    if unused:
        names = ", ".join(str(a.model) for a in asked)
        raise InputError(f"{names}: takes no {sorted(unused)[0]}")
    return asked
