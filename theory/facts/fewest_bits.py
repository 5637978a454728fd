"""The fewest bits in which a transformer that is fitted in few of them holds a given table."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from assoc.arrays import Floats
from assoc.bits.attention_codes import AttentionCode, sign_embeddings
from assoc.bits.attention_fit import STEPS, fit_attention, value_dims_of
from assoc.checks import positive
from assoc.facts.recall_task import RecallTask
from assoc.transformers.certificates import certify
from sims.engine.bracketing import smallest
from sims.engine.randomness import MEMORY, Source
from theory.bounds.answer_sets import needed_bits
from theory.facts.effort import UNSEEN, Watcher, fitting_in_bits

__all__ = ["CROWDED", "FewestBits", "fewest_bits_of", "usual_dimension"]

STEP = 16
"""Dimensions that are chosen are multiples of it."""

CROWDED = {"attention-only": 0.5, "attention-mlp": 0.25}
"""Dimensions for each token that may be right or in a prompt, of each model that is fitted."""

TOLD_APART = 0.5
"""Dimensions for each token that may be in a prompt, at least: of fewer, no keys are found."""

STORED = 0.25
"""The same where embeddings are stored: each dimension costs a bit a token then."""

FIRST = 0.25
"""Efficiency at which the search begins."""

LEAST = 0.02
"""Efficiency below which it ends."""

GROWTH, RESOLUTION = 1.15, 0.04
"""Factor between sizes at first, and width of the bracket relative to its upper end."""


@dataclass(frozen=True, eq=False)
class FewestBits:
    """A transformer in few bits that was found for a table, and the search for it.

    Parameters
    ----------
    code : its bits: the fewest that held everything, or else the best that was tried.
    embeddings : (n, d) that it reads.
    lost : facts that it is not certified on.
    size : d_h of the subjects' head.
    low : the largest of the smaller ones that lost facts; 0 where none was tried.
    tried : (d_h, bits, facts lost) of every fit, in order.
    """

    code: AttentionCode
    embeddings: Floats
    lost: int
    size: int
    low: int
    tried: tuple[tuple[int, int, int], ...]


def usual_dimension(
    task: RecallTask, model: str = "attention-only", *, stored: bool = False
) -> int:
    """Dimension d that is taken where none is given, a multiple of 16.

    Half of the tokens for heads alone: of as many bits, fewer dimensions leave the tokens less
    apart and more leave heads fewer ranks; between a third and two thirds of the tokens it makes
    little difference. A quarter with an MLP, which adds to the ranks of heads, or where embeddings
    are stored, but then at least half of the tokens that a prompt may hold: keys are to tell a
    head's own from the others.

    Parameters
    ----------
    task : the facts.
    model : one of :data:`CROWDED`.
    stored : whether embeddings are stored.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> usual_dimension(grid_task(64, 64, 8)), usual_dimension(grid_task(1, 1, 1, noise=0))
    (352, 16)
    >>> usual_dimension(grid_task(64, 64, 8), "attention-mlp")
    176
    """
    crowded = min(CROWDED[model], STORED) if stored else CROWDED[model]
    least = max(1, math.ceil(TOLD_APART * len(task.prompted) / STEP))
    return max(least, round(crowded * task.vocabulary / STEP)) * STEP


def fewest_bits_of(
    task: RecallTask,
    embed: Callable[[int], Floats],
    *,
    model: str = "attention-only",
    d: int = 0,
    size: int | None = None,
    width: int | None = None,
    bits: int = 1,
    stored: bool = False,
    length: int,
    source: Source,
    steps: int = STEPS,
    watcher: Watcher = UNSEEN,
) -> FewestBits:
    """Fit attention in few bits to a table, perhaps with an MLP, in as few as the search finds.

    The value dimension of the subjects' head is searched, unless it is given; the relations' head
    follows it (:func:`assoc.bits.attention_fit.value_dims_of`), and an MLP has as many neurons as
    both have value dimensions. What is enough is certified for every prompt.

    Parameters
    ----------
    task : the facts.
    embed : embeddings (n, d) of the task's tokens for a dimension d.
    model : ``attention-only`` or ``attention-mlp``.
    d : dimension; 0 takes :func:`usual_dimension`.
    size : d_h of the subjects' head; None searches it.
    width : m of the MLP; None has it follow the heads.
    bits : b of values and outputs, and of the MLP.
    stored : whether embeddings are stored, and counted: the signs of those that ``embed`` gives.
    length : T.
    source : determines every random number.
    steps : gradient steps of a fit.
    watcher : is told which size is tried.

    Raises
    ------
    InputError
        If an argument is out of range, keys do not tell tokens apart, or a fit would take hours or
        more memory than there is.
    """
    d = positive(d, "d") if d else usual_dimension(task, model, stored=stored)
    mlp = model == "attention-mlp"
    if width is not None:
        width = positive(width, "width")
    fitting_in_bits(task, d, steps, width=_neurons(task, size or 1, width) if mlp else 0)
    Phi = sign_embeddings(embed(d) >= 0) if stored else embed(d)
    tried: list[FewestBits] = []

    def fit(h: int) -> FewestBits:
        watcher.see(model, f"fitting d_h = {h} in {bits} bits per weight")
        found = fit_attention(
            task, Phi, rng=source.generator(0, MEMORY), value_dims=value_dims_of(task, h),
            bits=bits, width=_neurons(task, h, width) if mlp else 0, stored=stored,
            length=length, steps=steps,
        )  # fmt: skip
        decoded = found.code.decode(None if stored else Phi)
        missed = ~certify(decoded, task, length=length).certified
        made = FewestBits(found.code, Phi, int(missed.sum()), h, 0, ())
        tried.append(made)
        return made

    if size is not None:
        fit(positive(size, "d_h"))
    else:
        first, limit = _sizes(task, 2 * d * bits * (1 + mlp))
        search = smallest(first, limit, growth=GROWTH, resolution=RESOLUTION)
        h = next(search)
        while True:
            try:
                h = search.send(fit(h).lost == 0)
            except StopIteration:
                break
    best = min(tried, key=lambda made: (made.lost, made.code.bits))
    # Not where the search ended: what is enough need not be monotone in the size.
    low = max((made.size for made in tried if made.lost and made.size < best.size), default=0)
    told = tuple((each.size, each.code.bits, each.lost) for each in tried)
    return replace(best, low=low, tried=told)


def _sizes(task: RecallTask, per_dim: int) -> tuple[int, int]:
    """Value dimensions d_h at which the search begins and ends, of so many bits for each of all."""
    per_size = per_dim * sum(value_dims_of(task, 64)) / 64
    needed = max(needed_bits(task)[0], 1.0)
    first = max(1, round(needed / FIRST / per_size))
    return first, max(first, math.ceil(needed / LEAST / per_size))


def _neurons(task: RecallTask, size: int, width: int | None) -> int:
    """Neurons m of an MLP: those that are given, or as many as the heads have value dimensions."""
    return sum(value_dims_of(task, size)) if width is None else width
