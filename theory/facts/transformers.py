"""Real facts in one-layer transformers: sizes planned, every fact certified and asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from assoc.arrays import Floats
from assoc.catalogue import CODED, TRANSFORMERS, BuildModel
from assoc.checks import positive
from assoc.embeddings import NamedVectors
from assoc.errors import InputError
from assoc.facts.recall_task import NOISE, RecallTask, check_length, table_task
from assoc.facts.tables import FactTable, read_facts
from assoc.transformers.certificates import certify
from assoc.transformers.model import OneLayer, Transformer
from assoc.transformers.token_vectors import draw_tokens, name_tokens
from sims.engine.parallel import available_threads, run
from sims.engine.randomness import INPUTS, Source
from sims.transformers.architecture import LENGTH, Architecture
from sims.transformers.prompts import count_known
from theory.claims import Condition, Problem
from theory.facts.plan import Planned, plan
from theory.facts.results import TransformerFacts, TransformerFactsResult
from theory.registry import find
from theory.transformers.hypotheses import DISJOINT, DISJOINT_CONDITION

__all__ = ["DRAWS", "MODELS", "facts_in_transformers"]

MODELS = ("attention-only", "attention-mlp")
"""Transformers that a table is stored in unless others are asked for."""

DRAWS = 3
"""Prompts of each fact."""


def facts_in_transformers(
    path: str | Path,
    *,
    models: Sequence[str | BuildModel] = MODELS,
    d: int | None = None,
    head_dim: int | None = None,
    heads: int | None = None,
    width: int | None = None,
    degree: int | None = None,
    share: float | None = None,
    bits: int | None = None,
    rounding: str | None = None,
    embeddings: NamedVectors | None = None,
    preprocess: str = "none",
    noise: int = NOISE,
    length: int = LENGTH,
    draws: int = DRAWS,
    seed: int = 0,
    threads: int | None = None,
) -> TransformerFactsResult:
    """Store a fact table in one-layer transformers, certify every fact and ask for every one.

    Sizes that are not given are searched (:func:`theory.facts.plan.plan`).

    Parameters
    ----------
    path : CSV file with columns subject, relation, answer.
    models : names of :data:`assoc.catalogue.TRANSFORMERS`, ``package.module:function``, or build
        functions.
    d, head_dim, heads, width, degree, share : sizes d, d_h, H, m, k and a hybrid's share, for
        those models that know them.
    bits, rounding : b to which weights are rounded, and how; None stores them as they are.
    embeddings : vectors with names for all names of the table; None draws them on the unit sphere.
    preprocess : none, normalise, centre or whiten, for these vectors.
    noise : number K of noise tokens.
    length : longest prompt T that is certified; the prompts asked have this length.
    draws : prompts of each fact.
    seed : determines every random number.
    threads : models built at a time; the result does not depend on it.

    Returns
    -------
    TransformerFactsResult

    Raises
    ------
    InputError
        If the file or an argument is bad, or the work would take hours.

    Examples
    --------
    >>> from assoc import example_path
    >>> countries = example_path("countries.csv")
    >>> facts_in_transformers(countries, models=["attention-mlp"], d=32, width=420)
    TransformerFactsResult(countries.csv, 1747 facts: attention-mlp m=420: 100.00%, 60032 ...)
    """
    if not models:
        raise InputError("no model is named")
    noise, draws = positive(noise, "noise") if noise else 0, positive(draws, "draws")
    check_length(length, noise)
    table = read_facts(path)
    task = table_task(table, noise=noise)
    source = Source(seed, "transformer-facts", ())
    notes = table.notes + task.notes
    if embeddings is None:
        embed: Callable[[int], Floats] = partial(_drawn, task, source)
    else:
        if d is not None and d != embeddings.vectors.shape[1]:
            raise InputError(
                f"d = {d}, but the vectors of {embeddings.source} have dimension "
                f"{embeddings.vectors.shape[1]}"
            )
        d = embeddings.vectors.shape[1]
        rng = source.generator(0, INPUTS)
        Phi, remarks = name_tokens(table, task, embeddings, preprocess, rng=rng)
        notes += remarks

        def embed(d: int) -> Floats:
            return Phi

    options = {"head_dim": head_dim, "heads": heads, "width": width, "degree": degree,
               "share": share, "bits": bits, "rounding": rounding}  # fmt: skip
    asked = _architectures(models, d or 0, options, length)
    texts = _texts(table, task)

    def know(architecture: Architecture) -> TransformerFacts:
        made = plan(architecture, task, embed, length=length, draws=draws, source=source)
        problem = Problem(
            made.architecture.d,
            len(task),
            width=_width(made.model),
            degree=degree,
            vectors=None if embeddings is None else made.embeddings[: len(texts)],
            names=None if task.names is None else task.names[: len(texts)],
            task=task,
            heads=_attention(made.model, "heads"),
            head_dim=_attention(made.model, "head_dim"),
        )
        conditions = tuple(_on_file(c, table, task) for c in _conditions(made, problem))
        return _judged(made, task, texts, conditions, length=length, draws=draws, source=source)

    threads = available_threads() if threads is None else positive(threads, "threads")
    found = run(know, asked, threads=threads)
    return TransformerFactsResult(
        file=Path(path).name,
        seed=seed,
        length=length,
        draws=draws,
        facts=len(task),
        subjects=task.subjects,
        relations=task.relations,
        answers=task.answers,
        largest_answer_set=task.largest_answer_set,
        bits_bound=task.bits,
        notes=notes,
        models=tuple(found),
        task=task,
        texts=texts,
    )


def _drawn(task: RecallTask, source: Source, d: int) -> Floats:
    return draw_tokens(task, d, rng=source.generator(0, INPUTS))


def _architectures(
    models: Sequence[str | BuildModel], d: int, options: dict[str, Any], length: int
) -> list[Architecture]:
    """Give each model the options that it knows; one that none knows is refused."""
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


def _texts(table: FactTable, task: RecallTask) -> tuple[str, ...]:
    """What each token that has a name says: subjects, relations, answers as in the file."""
    answers = [""] * task.answers
    for (_, _, token), (_, _, a) in zip(task.facts.tolist(), table.facts.tolist(), strict=True):
        answers[token] = table.answers[a]
    return (*table.subjects, *table.relations, *answers)


def _attention(model: OneLayer, size: str) -> int | None:
    return int(getattr(model.attention, size)) if isinstance(model, Transformer) else None


def _width(model: OneLayer) -> int | None:
    mlp = model.mlp if isinstance(model, Transformer) else None
    return None if mlp is None else len(mlp.W)


def _conditions(made: Planned, problem: Problem) -> tuple[Condition, ...]:
    """Hypotheses of the theorem that a model belongs to."""
    theorem = "attention-only" if problem.width is None else "attention-mlp"
    return find(theorem).conditions(problem)


def _on_file(condition: Condition, table: FactTable, task: RecallTask) -> Condition:
    """Say of disjointness what the file was like, and what was done about it."""
    if condition.name != DISJOINT_CONDITION or not table.shared_answers:
        return condition
    (found,) = DISJOINT.check(Problem(task=table_task(table, specific=False)))
    done = f"{task.answers} in place of {len(table.answers)}"
    return replace(found, remedy=f"done: made relation-specific tokens, {done}")


def _judged(
    made: Planned,
    task: RecallTask,
    texts: tuple[str, ...],
    conditions: tuple[Condition, ...],
    *,
    length: int,
    draws: int,
    source: Source,
) -> TransformerFacts:
    """Certify every fact, ask for every one, and report."""
    model = made.model
    ours = model if isinstance(model, Transformer) else None
    certified = None if ours is None else certify(ours, task, length=length).certified.mean()
    asked = count_known(
        model, task, length=length, source=source, trial=0, draws=draws, embeddings=made.embeddings
    )
    called = task.names or ()
    forgotten = tuple(
        (texts[s], texts[task.subjects + r], texts[label], called[said])
        for (s, r, _), label, said in zip(
            task.facts[asked.missed].tolist(),
            task.labels[asked.missed].tolist(),
            asked.said[asked.missed].tolist(),
            strict=True,
        )
    )
    return TransformerFacts(
        model=made.architecture.label(),
        d=made.architecture.d,
        heads=_attention(model, "heads"),
        head_dim=_attention(model, "head_dim"),
        width=_width(model),
        attention_parameters=None if ours is None else ours.attention.parameters,
        mlp_parameters=None if ours is None else ours.mlp_parameters,
        parameters=model.parameters,
        bits=None
        if ours is None
        else ours.bits or 8 * ours.attention.W_V.itemsize * ours.parameters,
        recall=asked.known / len(task),
        certified=None if certified is None else float(certified),
        smallest_margin=float(asked.margin.min()),
        varied=made.varied,
        low=made.low,
        conditions=conditions,
        forgotten=forgotten,
        built=model,
    )
