"""The fewest bits per weight at which transformers recall every fact."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from assoc.errors import InputError
from assoc.transformers.model import OneLayer
from sims.engine.bit_search import BITS, Coding, FewestBitsResult, Found, search_bits
from sims.engine.parallel import Workers
from sims.engine.randomness import MEMORY, Source
from sims.transformers.architecture import LENGTH, Architecture, Shape, table_source
from sims.transformers.prompts import count_known

__all__ = ["fewest_bits_facts"]


def fewest_bits_facts(
    architecture: Architecture,
    shape: Shape,
    *,
    bits: Sequence[int] = BITS,
    rounding: str | None = None,
    length: int = LENGTH,
    draws: int = 1,
    trials: int = 10,
    seed: int = 0,
    experiment: str = "facts",
    threads: int | None = None,
    executor: Executor | None = None,
) -> FewestBitsResult:
    """Search the fewest bits per weight with which a transformer knows every fact of a table.

    A trial knows with b bits what :func:`sims.transformers.recall.measure_facts` says of an
    architecture with ``bits=b``.

    Parameters
    ----------
    architecture : the model, at one size, without bits.
    shape : S, R, D of the tables.
    bits, rounding : as for
        :func:`sims.memories.fewest_bits.fewest_bits`.
    length, draws, trials, seed, experiment, threads, executor : as for
        :func:`sims.transformers.recall.measure_facts`.

    Returns
    -------
    FewestBitsResult

    Raises
    ------
    InputError
        If an argument is out of range, or the model has no code.

    Examples
    --------
    >>> fewest_bits_facts(Architecture("attention-only", 32), Shape(8, 4, 3), trials=2).censored
    0
    """
    coding = Coding.of(bits, rounding)
    if architecture.bits is not None or architecture.rounding is not None:
        raise InputError(f"{architecture.label()}: the search chooses the bits; give none")
    replace(architecture, bits=coding.bits[0], rounding=rounding).resolved()
    source = table_source(shape, seed, experiment)
    return search_bits(
        partial(_trial, architecture, shape, length, draws, coding, source), coding,
        label=architecture.label(), d=architecture.d, facts=shape.facts, seed=seed, trials=trials,
        workers=Workers.of(threads, executor),
    )  # fmt: skip


def _trial(
    architecture: Architecture,
    shape: Shape,
    length: int,
    draws: int,
    coding: Coding,
    source: Source,
    trial: int,
) -> Found:
    task, embeddings = shape.draw(architecture.d, source, trial)
    rng = source.generator(trial, MEMORY)
    model = architecture.resolved()[1](task, embeddings, rng=rng)

    def known(asked: OneLayer) -> int:
        return count_known(
            asked, task, length=length, source=source, trial=trial, draws=draws,
            embeddings=embeddings,
        ).known  # fmt: skip

    with architecture.blamed():
        return coding.count(model, known, rng=rng, embeddings=embeddings)
