"""The fewest bits per weight with which a memory recalls all of its facts."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any

from assoc.catalogue import fitted_in_bits
from assoc.checks import positive
from assoc.memories.memory import Build, memory_bits, memory_parameters
from sims.engine.bit_search import BITS, Coding, FewestBitsResult, Found, search_bits
from sims.engine.parallel import Workers, blas_threads
from sims.engine.randomness import MEMORY
from sims.memories.construction import Construction, Size
from sims.memories.ensemble import Ensemble
from sims.memories.scoring import recalled
from sims.memories.settings import settle

__all__ = ["fewest_bits"]


def fewest_bits(
    memory: str | Build,
    *,
    N: int,
    d: int | None = None,
    rank: Size | None = None,
    width: Size | None = None,
    degree: int | None = None,
    gates: str | None = None,
    omega: float | None = None,
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

    A trial recalls with b bits what :func:`sims.memories.recall.measure` says with ``bits=b``: of a
    memory that is fitted in its bits (:func:`assoc.catalogue.fitted_in_bits`) a fit with each b, of
    every other the same memory, rounded.

    Parameters
    ----------
    memory, d, rank, width, degree, gates, omega, rounding, embeddings, preprocess, facts, outputs :
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
    coding = Coding.of(bits, rounding)
    construction = Construction(memory, rank, None, width, degree, gates=gates, omega=omega)
    setting = settle(
        d=d, embeddings=embeddings, preprocess=preprocess, facts=facts, outputs=outputs
    )
    replace(construction, bits=coding.bits[0], rounding=rounding).build(setting.d)
    N = positive(N, "N")
    ensemble = Ensemble.of(construction, setting, seed, experiment)
    fits = tuple(
        replace(ensemble, construction=replace(construction, bits=b))
        for b in (coding.bits if fitted_in_bits(memory) else ())
    )
    if fits:
        coding = replace(coding, rounding="none")
    return search_bits(
        partial(_trial, ensemble, fits, N, coding), coding, label=ensemble.label, d=setting.d,
        facts=N, seed=seed, trials=trials, workers=Workers.of(threads, executor),
    )  # fmt: skip


def _trial(
    ensemble: Ensemble, fits: tuple[Ensemble, ...], N: int, coding: Coding, trial: int
) -> Found:
    E, U, f = ensemble.draw(N, trial)

    def count(memory: Any) -> int:
        return int(recalled(memory, E, U, f, threads=1).sum())

    rng = ensemble.source.generator(trial, MEMORY)
    with blas_threads(1):
        memory = ensemble.build(E, U, f, rng=rng)
        fitted = [each.memory(E, U, f, trial) for each in fits]
    with ensemble.blamed():
        if not fits:
            return coding.count(memory, count, rng=rng)
        counts = tuple(map(count, fitted))
        bits = tuple(memory_bits(each) or 0 for each in fitted)
        return Found(count(memory), counts, memory_parameters(memory), bits)
