r"""The fewest bits per weight with which everything is still recalled.

A trial's memory is built once, with exact weights, and then encoded with each number b of bits per
weight (:func:`assoc.bits.codes.encode`); what is asked is decoded from the bits that are counted.
Recall is not monotone in b, so what is reported is the first b, in increasing order, with which
everything is recalled: it fails with every smaller b that was tried, and with a larger one it may
fail again.
"""

import copy
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

from assoc.bits.codes import encode
from assoc.checks import as_size, positive
from assoc.memories.memory import Build
from sims.engine.bit_search import BITS, FewestBitsResult, Found, collect, increasing_bits
from sims.engine.parallel import blas_threads
from sims.engine.randomness import MEMORY, Source
from sims.memories.construction import Construction, Size
from sims.memories.scoring import recalled
from sims.memories.settings import Setting, settle, source_of

__all__ = ["fewest_bits"]


def fewest_bits(
    memory: str | Build,
    *,
    N: int,
    d: int | None = None,
    rank: Size | None = None,
    width: Size | None = None,
    degree: int | None = None,
    bits: Sequence[int] = BITS,
    rounding: str | None = None,
    embeddings: Any = "sphere",
    preprocess: str = "none",
    facts: str = "identity",
    outputs: int | None = None,
    trials: int = 10,
    seed: int = 0,
    experiment: str = "recall",
    threads: int | None = None,
    executor: Executor | None = None,
) -> FewestBitsResult:
    """Search the fewest bits per weight with which a memory recalls all of N facts.

    A trial recalls with b bits what :func:`sims.memories.recall.measure` says with ``bits=b``.

    Parameters
    ----------
    memory, d, rank, width, degree, rounding, embeddings, preprocess, facts, outputs :
        as for :func:`sims.memories.recall.measure`.
    N : number of facts.
    bits : bits per weight b that are tried, each in every trial.
    trials, seed, experiment : independent trials, and what determines every random number.
    threads : trials at a time; None means all available.
    executor : run the trials on this instead.

    Returns
    -------
    FewestBitsResult

    Raises
    ------
    InputError
        If an argument is out of range or names nothing, or the memory has no code.

    Examples
    --------
    >>> fewest_bits("linear", d=32, N=24, trials=3)
    FewestBitsResult(linear, d=32, 24 facts: b=1)
    """
    bits = increasing_bits(bits)
    construction = Construction(memory, rank, None, width, degree)
    setting = settle(
        d=d, embeddings=embeddings, preprocess=preprocess, facts=facts, outputs=outputs
    )
    Construction(memory, rank, bits[0], width, degree, rounding).build(setting.d)
    N = positive(as_size(N, "N"), "N")
    source = source_of(setting, seed, experiment)
    work = partial(_memory_trial, construction, setting, N, bits, rounding or "nearest", source)
    return collect(
        work, construction.label(setting.d), setting.d, N, bits, rounding, seed, trials, threads,
        executor,
    )  # fmt: skip


def _memory_trial(
    construction: Construction,
    setting: Setting,
    N: int,
    bits: tuple[int, ...],
    rounding: str,
    source: Source,
    trial: int,
) -> Found:
    E, U, f = setting.draw(N, source, trial)
    rng = source.generator(trial, MEMORY)
    with blas_threads(1):
        memory = construction.build(setting.d)(E, U, f, rng=rng)
    # Stochastic rounding goes on where the build stopped, with every b.
    codes = [encode(memory, b, rounding=rounding, rng=copy.deepcopy(rng)) for b in bits]
    exact, *counts = (
        int(recalled(each, E, U, f, threads=1).sum())
        for each in (memory, *(code.decode() for code in codes))
    )
    return Found(exact, tuple(counts), memory.parameters, tuple(code.bits for code in codes))
