"""Real facts in one-layer transformers: sizes planned, every fact certified and asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from assoc.bits.attention_codes import AttentionLayout
from assoc.bits.attention_fit import STEPS
from assoc.bits.levels import check_bits
from assoc.catalogue import BuildModel
from assoc.checks import positive
from assoc.errors import InputError
from assoc.facts.recall_task import NOISE, RecallTask, check_length, table_task
from assoc.facts.tables import FactTable, read_facts
from assoc.memories.memory import memory_parameters
from assoc.transformers.certificates import certify
from assoc.transformers.model import OneLayer, Transformer, is_plain
from assoc.vectors.named import NamedVectors
from sims.engine.parallel import available_threads, run
from sims.engine.randomness import Source
from sims.transformers.architecture import LENGTH, Architecture
from sims.transformers.prompts import count_known
from theory.bounds.answer_sets import needed_bits
from theory.claims import Condition, Problem
from theory.facts.effort import UNSEEN, Watcher, fitting_in_bits
from theory.facts.fewest_bits import CROWDED, FewestBits, fewest_bits_of, usual_dimension
from theory.facts.packed_files import Packed, experiment_of
from theory.facts.plan import Planned, architectures, first_effort, plan
from theory.facts.results import TransformerFacts, TransformerFactsResult
from theory.facts.table_vectors import TableVectors, table_vectors
from theory.memories.hypotheses import not_done_again
from theory.registry import find
from theory.transformers.hypotheses import DISJOINT, DISJOINT_CONDITION, GUARANTEED

__all__ = ["DRAWS", "MODELS", "STORED", "facts_in_fewest_bits", "facts_in_transformers"]

MODELS = ("attention-only", "attention-mlp")
"""Transformers that a table is stored in unless others are asked for."""

DRAWS = 3
"""Prompts of each fact."""

STORED = "stored"
"""Embeddings that are among the bits of a transformer of few bits."""


def facts_in_transformers(
    path: str | Path | FactTable,
    *,
    models: Sequence[str | BuildModel] = MODELS,
    d: int | None = None,
    head_dim: int | None = None,
    heads: int | None = None,
    width: int | None = None,
    degree: int | None = None,
    gates: str | None = None,
    omega: float | None = None,
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
    watcher: Watcher = UNSEEN,
) -> TransformerFactsResult:
    """Store a fact table in one-layer transformers, certify every fact and ask for every one.

    Sizes that are not given are searched (:func:`theory.facts.plan.plan`). Where several answers
    of a fact are right (``several="any"`` of :func:`assoc.facts.tables.read_facts`) the first is
    stored, and the fact is known where any of them is said.

    Parameters
    ----------
    path : table of facts, or its file, as for :func:`assoc.facts.tables.read_facts`.
    models : names of :data:`assoc.catalogue.TRANSFORMERS`, ``package.module:function``, or build
        functions.
    d, head_dim, heads, width, degree, gates, omega, share : sizes d, d_h, H, m, k, kind and
        frequency of gates, and a hybrid's share, for those models that know them.
    bits, rounding : b to which weights are rounded, and how; None stores them as they are.
    embeddings : vectors with names for all names of the table; None draws them on the unit sphere.
    preprocess : none, normalise, centre or whiten, for these vectors.
    noise : number K of noise tokens.
    length : longest prompt T that is certified; the prompts asked have this length.
    draws : prompts of each fact.
    seed : determines every random number.
    threads : models built at a time; the result does not depend on it.
    watcher : is told what each model will take, and then how far it is.

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
    source = experiment_of(seed)
    vectors = table_vectors(table, task, embeddings, preprocess, d, source)
    exam = _Exam(table, task, vectors, length, draws, source, degree, watcher)
    options = {"head_dim": head_dim, "heads": heads, "width": width, "degree": degree, "bits": bits,
               "rounding": rounding, "gates": gates, "omega": omega, "share": share}  # fmt: skip
    asked = architectures(models, vectors.d, options, length)
    threads = available_threads() if threads is None else positive(threads, "threads")
    # What is refused is refused before the first of them is built.
    efforts = [first_effort(each, task) for each in asked]
    for architecture, effort in zip(asked, efforts, strict=True):
        watcher.expect(f"{architecture.label()}, each size that is tried", effort)
    return exam.result(table.source, seed, run(exam.take, asked, threads=threads))


def facts_in_fewest_bits(
    path: str | Path | FactTable,
    *,
    model: str = "attention-only",
    d: int | None = None,
    head_dim: int | None = None,
    width: int | None = None,
    bits: int = 1,
    embeddings: NamedVectors | str | None = None,
    preprocess: str = "none",
    noise: int = NOISE,
    length: int = LENGTH,
    draws: int = DRAWS,
    seed: int = 0,
    watcher: Watcher = UNSEEN,
) -> TransformerFactsResult:
    """Store a fact table in a transformer of few bits, in as few as are found.

    Weights are fitted as few bits (:mod:`assoc.bits.attention_fit`), and every fact is certified on
    what is decoded from the bits that are counted.

    Parameters
    ----------
    path, preprocess, noise, length, draws, seed, watcher : as for :func:`facts_in_transformers`.
    model : ``attention-only``, or ``attention-mlp`` for heads and an MLP fitted together.
    d : dimension; None takes :func:`theory.facts.fewest_bits.usual_dimension`.
    head_dim : d_h of the subjects' head; None searches the smallest that is enough.
    width : m of the MLP; None takes as many neurons as both heads have value dimensions.
    bits : b of values and outputs, and of the MLP, 1 to 16.
    embeddings : as for :func:`facts_in_transformers`, or ``stored`` for signs that are among the
        bits of the model, and counted.

    Returns
    -------
    TransformerFactsResult
        Of one model. Where no fit recalled everything it is the one that lost the fewest facts.

    Raises
    ------
    InputError
        If the file or an argument is bad, or the work would take hours.

    Examples
    --------
    >>> from assoc import example_path
    >>> facts_in_fewest_bits(example_path("countries.csv"), head_dim=0)
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: d_h = 0 is not positive
    """
    bits, draws = check_bits(bits), positive(draws, "draws")
    if model not in CROWDED:
        raise InputError(f"model {model!r}: one of {', '.join(CROWDED)} is fitted in few bits")
    if width is not None and model == "attention-only":
        raise InputError(f"width = {width}: attention-only has no MLP")
    stored = embeddings == STORED
    vectors_given = None if isinstance(embeddings, str) else embeddings
    if isinstance(embeddings, str) and not stored:
        raise InputError(f"embeddings {embeddings!r}: vectors with names, or {STORED!r}")
    noise = positive(noise, "noise") if noise else 0
    check_length(length, noise)
    table = read_facts(path)
    task = table_task(table, noise=noise)
    source = experiment_of(seed)
    vectors = table_vectors(table, task, vectors_given, preprocess, d, source)
    exam = _Exam(table, task, vectors, length, draws, source, None, watcher)
    effort = fitting_in_bits(task, vectors.d or usual_dimension(task, model, stored=stored), STEPS)
    watcher.expect(f"{model} in few bits, each size that is tried", effort)
    found = fewest_bits_of(
        task, vectors.embed, model=model, d=vectors.d, size=head_dim, width=width, bits=bits,
        stored=stored, length=length, source=source, watcher=watcher,
    )  # fmt: skip
    watcher.see(f"{model} in few bits", "certifying and asking")
    return exam.result(table.source, seed, [exam.take_bits(found, searched=head_dim is None)])


@dataclass(frozen=True, eq=False)
class _Exam:
    """The facts of a table, and how transformers are asked for them."""

    table: FactTable
    task: RecallTask
    vectors: TableVectors
    length: int
    draws: int
    source: Source
    degree: int | None
    watcher: Watcher

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What each token that has a name says: subjects, relations, answers as in the file."""
        answers = [""] * self.task.answers
        tokens, numbers = self.task.told[:, 2].tolist(), self.table.told[:, 2].tolist()
        for token, a in zip(tokens, numbers, strict=True):
            answers[token] = self.table.answers[a]
        return (*self.table.subjects, *self.table.relations, *answers)

    def take(self, architecture: Architecture) -> TransformerFacts:
        """Build a transformer that holds the facts, check its theorem's hypotheses, and ask it."""
        made = plan(
            architecture, self.task, self.vectors.embed,
            length=self.length, draws=self.draws, source=self.source, watcher=self.watcher,
        )  # fmt: skip
        self.watcher.see(architecture.label(), "certifying and asking")
        return self._answers(made, self._conditions(made))

    def take_bits(self, found: FewestBits, *, searched: bool) -> TransformerFacts:
        """Take a transformer that was fitted in few bits as any other."""
        layout = found.code.layout
        name, width = ("attention-mlp", layout.width) if layout.width else ("attention-only", None)
        made = Planned(
            Architecture(name, layout.d, width=width, bits=layout.bits),
            found.code.decode(None if layout.tokens else found.embeddings),
            found.embeddings,
            "head_dim" if searched else "",
            found.low,
        )
        drawn = not (self.vectors.given or layout.tokens)
        sizes = "+".join(map(str, layout.value_dims)) + (f" m={width}" if width else "")
        return replace(
            self._answers(made, self._conditions(made, layout)),
            model=f"{name} fitted b={layout.bits} d_h={sizes}",
            attention_parameters=layout.entries - layout.mlp_entries,
            parameters=layout.entries,
            packed=Packed(found.code, self.source.seed if drawn else None),
            tried=found.tried,
        )

    def result(
        self, file: str, seed: int, models: Sequence[TransformerFacts]
    ) -> TransformerFactsResult:
        """Return what the transformers know, with the sizes of the table."""
        task = self.task
        needed, enough = needed_bits(task)
        return TransformerFactsResult(
            file=file,
            seed=seed,
            length=self.length,
            draws=self.draws,
            facts=len(task),
            several=self.table.several,
            subjects=task.subjects,
            relations=task.relations,
            answers=task.answers,
            largest_answer_set=task.largest_answer_set,
            bits_bound=needed,
            bits_enough=enough,
            bits_of_answers=task.bits,
            notes=self.table.notes + task.notes + self.vectors.notes,
            models=tuple(models),
            task=task,
            texts=self.texts,
        )

    def _conditions(
        self, made: Planned, layout: AttentionLayout | None = None
    ) -> tuple[Condition, ...]:
        """Check the hypotheses of the theorem that a model belongs to.

        What is fitted in few bits has heads of several sizes, and no guarantee: those that are
        known are of other constructions.
        """
        heads, head_dim = _attention(made.model, "heads"), _attention(made.model, "head_dim")
        if layout is not None:
            heads, head_dim = 1, sum(layout.value_dims)
        named, names, width = len(self.texts), self.task.names, _width(made.model)
        problem = Problem(
            made.architecture.d,
            len(self.task),
            width=width,
            degree=self.degree,
            vectors=made.embeddings[:named] if self.vectors.given else None,
            names=None if names is None else names[:named],
            task=self.task,
            heads=heads,
            head_dim=head_dim,
        )
        theorem = find("attention-only" if width is None else "attention-mlp")
        others = () if layout is None else {c.name for c in GUARANTEED.check(problem)}
        found = (
            _on_file(c, self.table, self.task)
            for c in theorem.conditions(problem)
            if c.name not in others
        )
        return tuple(not_done_again(c, self.vectors.preprocess) for c in found)

    def _answers(self, made: Planned, conditions: tuple[Condition, ...]) -> TransformerFacts:
        """Certify every fact, ask for every one, and report."""
        model, task, texts = made.model, self.task, self.texts
        ours = model if is_plain(model) else None
        certified = None
        if ours is not None:
            certified = float(certify(ours, task, length=self.length).certified.mean())
        with made.architecture.blamed():
            asked = count_known(
                model, task, length=self.length, source=self.source, trial=0, draws=self.draws,
                embeddings=made.embeddings,
            )  # fmt: skip
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
            parameters=memory_parameters(model),
            bits=None if ours is None else _stored_bits(ours),
            recall=asked.known / len(task),
            certified=certified,
            smallest_margin=float(asked.margin.min()),
            varied=made.varied,
            low=made.low,
            conditions=conditions,
            forgotten=forgotten,
            built=model,
        )


def _attention(model: OneLayer, size: str) -> int | None:
    return int(getattr(model.attention, size)) if isinstance(model, Transformer) else None


def _width(model: OneLayer) -> int | None:
    mlp = model.mlp if isinstance(model, Transformer) else None
    return None if mlp is None else len(mlp.W)


def _stored_bits(model: Transformer) -> int:
    """Bits at the precision that the weights are stored in."""
    mlp = 0 if model.mlp is None else model.mlp.W.itemsize * model.mlp_parameters
    return model.bits or 8 * (model.attention.W_V.itemsize * model.attention.parameters + mlp)


def _on_file(condition: Condition, table: FactTable, task: RecallTask) -> Condition:
    """Say of disjointness what the file was like, and what was done about it."""
    if condition.name != DISJOINT_CONDITION or not table.shared_answers:
        return condition
    (found,) = DISJOINT.check(Problem(task=table_task(table, specific=False)))
    done = f"{task.answers} in place of {len(table.answers)}"
    return replace(found, remedy=f"done: made relation-specific tokens, {done}")
