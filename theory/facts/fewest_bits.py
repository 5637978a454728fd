"""The fewest bits in which attention that is fitted in few of them holds a given table."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from assoc.arrays import Floats
from assoc.bits.attention_codes import AttentionCode
from assoc.bits.attention_fit import STEPS, fit_attention, value_dims_of
from assoc.checks import positive
from assoc.facts.recall_task import RecallTask
from assoc.transformers.certificates import certify
from sims.engine.bracketing import smallest
from sims.engine.randomness import MEMORY, Source
from theory.bounds.answer_sets import needed_bits
from theory.facts.effort import UNSEEN, Watcher, fitting_in_bits

__all__ = ["FewestBits", "fewest_bits_of", "usual_dimension"]

STEP = 16
"""Dimensions that are chosen are multiples of it."""

CROWDED = 0.5
"""Dimensions for each token that may be right or in a prompt."""

FIRST = 0.25
"""Efficiency at which the search begins."""

LEAST = 0.02
"""Efficiency below which it ends."""

GROWTH, RESOLUTION = 1.15, 0.04
"""Factor between sizes at first, and width of the bracket relative to its upper end."""


@dataclass(frozen=True, eq=False)
class FewestBits:
    """Attention in few bits that was found for a table, and the search for it.

    Parameters
    ----------
    code : its heads as bits: the fewest that held everything, or else the best that was tried.
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


def usual_dimension(task: RecallTask) -> int:
    """Dimension d that is taken where none is given: half of the tokens, as a multiple of 16.

    Of as many bits, fewer dimensions leave the tokens less apart and more leave heads fewer ranks;
    between a third and two thirds of the tokens it makes little difference.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> usual_dimension(grid_task(64, 64, 8)), usual_dimension(grid_task(1, 1, 1, noise=0))
    (352, 16)
    """
    return max(1, round(CROWDED * task.vocabulary / STEP)) * STEP


def fewest_bits_of(
    task: RecallTask,
    embed: Callable[[int], Floats],
    *,
    d: int = 0,
    size: int | None = None,
    bits: int = 1,
    length: int,
    source: Source,
    steps: int = STEPS,
    watcher: Watcher = UNSEEN,
) -> FewestBits:
    """Fit attention in few bits to a table, in as few as the search finds.

    The value dimension of the subjects' head is searched, unless it is given; the relations' head
    follows it (:func:`assoc.bits.attention_fit.value_dims_of`). What is enough is certified for
    every prompt.

    Parameters
    ----------
    task : the facts.
    embed : embeddings (n, d) of the task's tokens for a dimension d.
    d : dimension; 0 takes :func:`usual_dimension`.
    size : d_h of the subjects' head; None searches it.
    bits : b of values and outputs.
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
    d = positive(d, "d") if d else usual_dimension(task)
    fitting_in_bits(task, d, steps)
    Phi = embed(d)
    tried: list[FewestBits] = []

    def fit(h: int) -> FewestBits:
        watcher.see("attention-only", f"fitting d_h = {h} in {bits} bits per weight")
        found = fit_attention(
            task, Phi, rng=source.generator(0, MEMORY), value_dims=value_dims_of(task, h),
            bits=bits, length=length, steps=steps,
        )  # fmt: skip
        missed = ~certify(found.code.decode(Phi), task, length=length).certified
        made = FewestBits(found.code, Phi, int(missed.sum()), h, 0, ())
        tried.append(made)
        return made

    if size is not None:
        fit(positive(size, "d_h"))
    else:
        per_size = 2 * d * bits * sum(value_dims_of(task, 64)) / 64
        needed = max(needed_bits(task)[0], 1.0)
        first = max(1, round(needed / FIRST / per_size))
        limit = max(first, math.ceil(needed / LEAST / per_size))
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
