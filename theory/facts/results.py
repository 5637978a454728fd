"""What memories and transformers recall of a fact table: the records."""

from dataclasses import dataclass
from typing import Any

from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.transformers.model import OneLayer, is_plain
from sims.engine.results import Result
from theory.claims import Condition
from theory.facts.model_files import StoredModel
from theory.facts.packed_files import Packed

__all__ = ["MemoryFactsResult", "TransformerFacts", "TransformerFactsResult"]


@dataclass(frozen=True, eq=False)
class TransformerFacts:
    """What one transformer knows of a fact table.

    Parameters
    ----------
    model : its name and options.
    d : dimension of the embeddings.
    heads, head_dim, width : H, d_h and m; None where it has none, or does not say.
    attention_parameters, mlp_parameters : None where the model does not say.
    parameters, bits : stored numbers, and bits at the precision they are stored in.
    recall : share of the facts answered rightly in every prompt.
    certified : share of the facts proved to be answered rightly in every prompt; None for a model
        that is not a :class:`assoc.transformers.model.Transformer`.
    smallest_margin : over the facts and their prompts.
    varied, low : the size that was searched (``d``, ``width`` or empty), and a smaller value of it
        that was seen not to be enough.
    conditions : hypotheses of the theorem on this table and these sizes.
    forgotten : (subject, relation, answer, what was said instead).
    built : the model itself.
    packed : its bits, where it was fitted in few of them.
    tried : (d_h of the subjects' head, bits, facts lost) of every fit that was made for these.
    """

    model: str
    d: int
    heads: int | None
    head_dim: int | None
    width: int | None
    attention_parameters: int | None
    mlp_parameters: int | None
    parameters: int
    bits: int | None
    recall: float
    certified: float | None
    smallest_margin: float
    varied: str
    low: int
    conditions: tuple[Condition, ...]
    forgotten: tuple[tuple[str, str, str, str], ...]
    built: OneLayer
    packed: Packed | None = None
    tried: tuple[tuple[int, int, int], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every fact is answered, and certified where the model can be."""
        return self.recall == 1 and self.certified in (None, 1)

    @property
    def searched(self) -> str:
        """Which size was searched, and what was seen not to be enough."""
        if not self.varied:
            return "given"
        if self.packed is not None and not self.whole:
            return f"{self.varied}, none was enough"
        return f"{self.varied} > {self.low}"

    def told(self) -> str:
        """Return the sizes of what was fitted in few bits, and of how many fits, in a line."""
        layout, fits = (self.packed.code.layout if self.packed else None), len(self.tried)
        if layout is None:
            return ""
        dims = " + ".join(map(str, layout.value_dims))
        of = "the only fit" if fits == 1 else f"the best of {fits} fits, a choice not counted"
        also = f", m = {layout.width}" if layout.width else ""
        also += f", keys of {layout.key_bits} bits"
        if layout.tokens:
            also += f", {layout.tokens * layout.d} bits of embeddings"
        return f"{self.model}: d_h = {dims}{also}; {of}"

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, without the model."""
        layout = None if self.packed is None else self.packed.code.layout
        return {
            "model": self.model,
            "d": self.d,
            "heads": self.heads,
            "head_dim": self.head_dim,
            "value_dims": None if layout is None else list(layout.value_dims),
            "key_bits": None if layout is None else layout.key_bits,
            "embedding_bits": None if layout is None else layout.tokens * layout.d,
            "width": self.width,
            "parameters": self.parameters,
            "attention_parameters": self.attention_parameters,
            "mlp_parameters": self.mlp_parameters,
            "bits": self.bits,
            "recall": self.recall,
            "certified": self.certified,
            "smallest_margin": self.smallest_margin,
            "searched": self.varied or None,
            "not_enough": self.low if self.varied else None,
            "tried": [dict(zip(("head_dim", "bits", "lost"), each, strict=True))
                      for each in self.tried],
            "conditions": [c.to_dict() for c in self.conditions],
            "forgotten": [list(row) for row in self.forgotten],
        }  # fmt: skip


@dataclass(frozen=True, repr=False, eq=False)
class TransformerFactsResult(Result):
    """What transformers know of a fact table.

    Parameters
    ----------
    file : its name.
    seed, length, draws : of the prompts; every fact was asked for so many times.
    facts, subjects, relations, answers : N, S, R, A (answers made specific where that was needed).
    several : facts with several right answers, any of which will do.
    largest_answer_set : D.
    bits_bound, bits_enough : bits that any model of such tables needs, and bits that are enough, as
        :func:`theory.bounds.bound.bound` counts them: equal where they were counted exactly.
    bits_of_answers : of these, the bits that tell a right answer of each fact among those of its
        relation.
    notes : oddities of the file, and what was done about them.
    models : one record for each transformer.
    task, texts : the facts as tokens, and what each answer token says.
    """

    file: str
    seed: int
    length: int
    draws: int
    facts: int
    several: int
    subjects: int
    relations: int
    answers: int
    largest_answer_set: int
    bits_bound: float
    bits_enough: float
    bits_of_answers: float
    notes: tuple[str, ...]
    models: tuple[TransformerFacts, ...]
    task: RecallTask
    texts: tuple[str, ...]

    def __repr__(self) -> str:
        listed = ", ".join(f"{m.model}: {m.recall:.2%}, {m.parameters}" for m in self.models)
        return f"TransformerFactsResult({self.file}, {self.facts} facts: {listed} parameters)"

    def stored(self) -> StoredModel:
        """Return the first transformer with its facts and words, as a file holds it.

        Raises
        ------
        InputError
            If it is not a :class:`assoc.transformers.model.Transformer`.
        """
        first = self.models[0]
        if not is_plain(first.built):
            kind = type(first.built).__name__
            raise InputError(f"{first.model}: only a Transformer can be exported, not {kind}")
        return StoredModel(
            first.built, self.task, self.texts, self.length, first.model, first.packed
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per transformer."""
        left_out = ("conditions", "forgotten", "tried")
        return [
            {key: value for key, value in model.to_dict().items() if key not in left_out}
            for model in self.models
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values; the first transformer's keys are also on top."""
        first = self.models[0].to_dict()
        return {
            "file": self.file,
            "facts": self.facts,
            "several": self.several,
            "subjects": self.subjects,
            "relations": self.relations,
            "answers": self.answers,
            "largest_answer_set": self.largest_answer_set,
            "length": self.length,
            "draws": self.draws,
            "bits_bound": self.bits_bound,
            "bits_interval": [self.bits_bound, self.bits_enough],
            "bits_of_answers": self.bits_of_answers,
            **{key: first[key] for key in ("model", "recall", "certified", "parameters", "bits",
                                           "conditions")},
            "models": [model.to_dict() for model in self.models],
            "notes": list(self.notes),
        }  # fmt: skip


@dataclass(frozen=True, repr=False)
class MemoryFactsResult(Result):
    """What a memory recalled of a fact table.

    Parameters
    ----------
    file, memory : what was stored, and how.
    embeddings : where keys and outputs come from, and what was done to them.
    d : dimension of keys and outputs.
    facts, answers : N and M.
    several : facts with several right answers, any of which will do.
    recall : fraction of the facts recalled.
    certified : fraction proved recalled in spite of rounding; None if the memory cannot say.
    predicted : expected recall, if there is a prediction.
    predicted_all : predicted probability that all is recalled.
    parameters, bits : of the memory; bits only if it is rounded.
    bits_bound, bits_enough : bits that any model needs which may have to hold any map of as many
        keys into as many answers, N log2 M less those that several right answers save, and bits
        that are enough.
    conditions : hypotheses of ``linear-capacity`` on this table, and what was done where one fails.
    forgotten : the facts not recalled, (subject, relation, answer, what was said instead).
    notes : oddities of the file, and of the vectors.
    """

    file: str
    memory: str
    embeddings: str
    seed: int
    d: int
    facts: int
    several: int
    answers: int
    recall: float
    certified: float | None
    predicted: float | None
    predicted_all: float | None
    parameters: int
    bits: int | None
    bits_bound: float
    bits_enough: float
    conditions: tuple[Condition, ...]
    forgotten: tuple[tuple[str, str, str, str], ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"MemoryFactsResult({self.file}: {self.recall:.2%} of {self.facts} facts, "
            f"{self.memory}, d={self.d}, {self.parameters} parameters)"
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return the forgotten facts, one record each."""
        keys = ("subject", "relation", "answer", "said")
        return [dict(zip(keys, row, strict=True)) for row in self.forgotten]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "file": self.file,
            "memory": self.memory,
            "embeddings": self.embeddings,
            "d": self.d,
            "facts": self.facts,
            "several": self.several,
            "answers": self.answers,
            "recall": self.recall,
            "certified": self.certified,
            "predicted": self.predicted,
            "predicted_all": self.predicted_all,
            "parameters": self.parameters,
            "bits": self.bits,
            "bits_bound": self.bits_bound,
            "bits_interval": [self.bits_bound, self.bits_enough],
            "conditions": [c.to_dict() for c in self.conditions],
            "forgotten": self.rows(),
            "notes": list(self.notes),
        }  # fmt: skip
