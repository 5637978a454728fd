"""Which transformer is built, and for tables of which shape."""

from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

from assoc.arrays import Floats
from assoc.catalogue import TRANSFORMERS, BuildModel, blamed, build_name, resolve_transformer
from assoc.embeddings import LAWS
from assoc.facts.recall_task import NOISE, RecallTask, balanced_task
from assoc.transformers.model import OneLayer
from sims.engine.randomness import FACTS, INPUTS, MEMORY, Source

__all__ = ["LENGTH", "VARIED", "Architecture", "GaussianShape", "Shape", "table_source"]

LENGTH = 32
"""Length T of the prompts unless another is asked for."""


VARIED = {"d": "dimension d", "head_dim": "head dimension d_h", "width": "width m"}
"""Sizes that can be searched, and what they are."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a fact table: S, R, D, and K noise tokens.

    Examples
    --------
    >>> Shape(4, 3, 2).facts
    12
    """

    subjects: int
    relations: int
    answers: int
    noise: int = NOISE

    law: ClassVar[str] = "sphere"
    """Law of the embeddings, one of :data:`assoc.embeddings.LAWS`."""

    @property
    def facts(self) -> int:
        """Number of facts, S R."""
        return self.subjects * self.relations

    def draw(self, d: int, source: Source, trial: int) -> tuple[RecallTask, Floats]:
        """Draw a trial's table, and the embeddings (n, d) of its vocabulary."""
        task = balanced_task(
            self.subjects,
            self.relations,
            self.answers,
            noise=self.noise,
            rng=source.generator(trial, FACTS),
        )
        law = LAWS[self.law]
        return task, source.vectors(law, task.vocabulary, d, trial=trial, stream=INPUTS)


@dataclass(frozen=True)
class GaussianShape(Shape):
    """The same sizes, with Gaussian embeddings."""

    law: ClassVar[str] = "gaussian"


@dataclass(frozen=True)
class Architecture:
    """A transformer by name or build function, with its options; None leaves one to its rule.

    Parameters
    ----------
    model : as for :func:`assoc.catalogue.resolve_transformer`.
    d : dimension of the embeddings.
    head_dim, heads, width, degree, share : d_h, H, m, k and the share of a hybrid.
    gates, omega : kind and frequency of gates, of a network that has them.
    length : T, longest prompt that its attention is made for.
    bits, rounding : b to which weights are rounded, and how; None keeps them as they are.

    Examples
    --------
    >>> Architecture("attention-mlp", 64, width=100).label()
    'attention-mlp m=100'
    """

    model: str | BuildModel
    d: int
    head_dim: int | None = None
    heads: int | None = None
    width: int | None = None
    degree: int | None = None
    share: float | None = None
    length: int | None = None
    bits: int | None = None
    rounding: str | None = None
    gates: str | None = None
    omega: float | None = None

    @property
    def lacks_width(self) -> bool:
        """Whether it needs a width and has none yet."""
        recipe = TRANSFORMERS.get(self.model) if isinstance(self.model, str) else None
        return recipe is not None and "width" in recipe.needs and self.width is None

    def resolved(self) -> tuple[str, BuildModel]:
        """Name and build function, the options filled in."""
        options = asdict(self)
        del options["model"], options["d"]
        return resolve_transformer(self.model, **options)

    def resized(self, vary: str, size: int) -> "Architecture":
        """Return the same with another ``d``, ``head_dim`` or ``width``."""
        sizes = {name: getattr(self, name) for name in VARIED} | {vary: size}
        return replace(self, d=sizes["d"], head_dim=sizes["head_dim"], width=sizes["width"])

    def build(self, task: RecallTask, embeddings: Floats, source: Source, trial: int) -> OneLayer:
        """Build the model of a trial."""
        return self.resolved()[1](task, embeddings, rng=source.generator(trial, MEMORY))

    def blamed(self) -> AbstractContextManager[None]:
        """Begin what is said of bad input with the name of a transformer that is not ours."""
        return blamed(self.model, "transformer")

    def label(self) -> str:
        """Name for tables, with the options that were given."""
        options = {
            "d_h": self.head_dim, "H": self.heads, "m": self.width, "k": self.degree,
            "share": self.share, "omega": self.omega, "b": self.bits,
        }  # fmt: skip
        given = [f"{key}={value}" for key, value in options.items() if value is not None]
        name = self.model if isinstance(self.model, str) else build_name(self.model)
        stochastic = [str(self.rounding)] if self.rounding not in (None, "nearest") else []
        kind = [] if self.gates is None else [self.gates]
        return " ".join([name, *kind, *given, *stochastic])


def table_source(shape: Shape, seed: int, experiment: str) -> Source:
    """Return the randomness of an experiment at one shape."""
    sizes = (shape.subjects, shape.relations, shape.answers, shape.noise)
    return Source(seed, experiment, sizes)
