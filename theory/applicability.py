"""Which hypotheses of a theorem hold on given sizes or vectors, and what would mend the others."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from assoc.embeddings import PREPROCESSING, NamedVectors, check_vectors
from assoc.embeddings import preprocess as transform
from assoc.errors import InputError
from assoc.facts.maps import MAPS
from assoc.facts.recall_task import RecallTask
from assoc.memories.hermite import check_degree
from sims.engine.randomness import Source
from sims.engine.results import Result
from sims.knowledge.trials import Told
from theory.claims import Condition, Problem
from theory.registry import find

__all__ = ["ConditionsResult", "conditions"]


@dataclass(frozen=True, repr=False)
class ConditionsResult(Result):
    """Conditions of one theorem, for the vectors as they are and after each preprocessing.

    Parameters
    ----------
    theorem : its name.
    embeddings : where the vectors came from, or the random law.
    checked : (preprocessing, conditions); one entry for random embeddings, several for a file.
    """

    theorem: str
    embeddings: str
    checked: tuple[tuple[str, tuple[Condition, ...]], ...]

    def __repr__(self) -> str:
        failing = [c.name for c in self.checked[0][1] if not c.holds]
        return f"ConditionsResult({self.theorem}, fails: {', '.join(failing) or 'none'})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per condition and preprocessing."""
        return [{"preprocess": how, **c.to_dict()} for how, found in self.checked for c in found]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values; ``conditions`` are those of the vectors as given."""
        rows = self.rows()
        first = self.checked[0][0]
        return {
            "theorem": self.theorem,
            "embeddings": self.embeddings,
            "conditions": [row for row in rows if row["preprocess"] == first],
            "points": rows,
        }


def conditions(
    theorem: str,
    *,
    d: int | None = None,
    N: int | None = None,
    rank: int | None = None,
    width: int | None = None,
    degree: int | None = None,
    facts: str = "identity",
    outputs: int | None = None,
    embeddings: Any = None,
    preprocess: str | None = None,
    heads: int | None = None,
    head_dim: int | None = None,
    task: RecallTask | None = None,
    told: Told | None = None,
    fine_tuned: int | None = None,
) -> ConditionsResult:
    """Check the hypotheses of a theorem.

    Parameters
    ----------
    theorem : its name.
    d, N, rank, width, degree, facts, outputs : sizes; what is not given is not checked.
    embeddings : vectors (n, d) or :class:`assoc.embeddings.NamedVectors`; None stands for
        embeddings drawn as the theorem says.
    preprocess : none, normalise, centre or whiten; None checks the vectors as they are and then
        after each of the others, to show what would mend them.
    heads, head_dim : H and d_h of a transformer.
    task : facts for theorems about transformers and gradient flow, as from
        :func:`assoc.facts.recall_task.table_task` or :func:`assoc.facts.recall_task.grid_task`; N
        is their number. With facts, d may be left out.
    told, fine_tuned : sizes of what is told in sentences, and N_f, for theorems about knowledge;
        of the other sizes only the width counts there.

    Returns
    -------
    ConditionsResult

    Raises
    ------
    InputError
        If the theorem is unknown, there is nothing to check, or a size is out of range.

    Examples
    --------
    >>> conditions("linear-capacity", d=64, N=40)
    ConditionsResult(linear-capacity, fails: none)
    >>> from assoc.facts.recall_task import grid_task
    >>> conditions("attention-only", d=16, task=grid_task(64, 64, 8))
    ConditionsResult(attention-only, fails: d of the order of max(R, D), d guaranteed to be enough)
    >>> from sims.knowledge.trials import Told
    >>> conditions("knowledge-extraction", told=Told(multiplicity=4), fine_tuned=2)
    ConditionsResult(knowledge-extraction, fails: held-out facts are covered, enough subjects ...)
    """
    asked = Problem(
        d, N, rank, width, degree, facts, outputs,
        task=task, heads=heads, head_dim=head_dim, told=told, fine_tuned=fine_tuned,
    )  # fmt: skip
    found = find(theorem)
    _check_sizes(asked)
    if told is not None:
        problem = _problem_of_told(told, asked, embeddings)
        return ConditionsResult(theorem, "told facts", (("none", found.conditions(problem)),))
    if task is not None:
        asked = replace(asked, N=len(task))
    if embeddings is None:
        if asked.N is None or (d is None and task is None):
            raise InputError("sizes d and N are needed, or embeddings")
        drawn = "given facts" if d is None else "sphere"
        return ConditionsResult(theorem, drawn, (("none", found.conditions(asked)),))
    named = _named(embeddings)
    problems = _problems_of_vectors(named, asked, preprocess)
    checked = tuple((how, found.conditions(problem)) for how, problem in problems)
    return ConditionsResult(theorem, named.source, checked)


def _check_sizes(asked: Problem) -> None:
    """Refuse sizes that are out of range or contradict each other.

    Raises
    ------
    InputError
        If some do.
    """
    sizes = {
        "d": asked.d, "N": asked.N, "rank": asked.rank, "width": asked.width, "M": asked.outputs,
        "heads": asked.heads, "head_dim": asked.head_dim, "fine_tuned": asked.fine_tuned,
    }  # fmt: skip
    for name, value in sizes.items():
        if value is not None and value < 1:
            raise InputError(f"{name} = {value} is not positive")
    if asked.task is not None and asked.N is not None:
        raise InputError(f"N = {asked.N}, but the task has {len(asked.task)} facts")
    if asked.degree is not None:
        check_degree(asked.degree)
    if asked.facts not in MAPS:
        raise InputError(f"facts {asked.facts!r} is not one of {', '.join(MAPS)}")


def _problem_of_told(told: Told, asked: Problem, embeddings: Any) -> Problem:
    """Return the problem of what is told, which no other size than the width belongs to.

    Raises
    ------
    InputError
        If there is a table or vectors as well, the sizes do not fit, or too many are fine-tuned on.
    """
    if asked.task is not None or embeddings is not None:
        raise InputError("what is told stands alone, without a table or embeddings")
    told.draw(Source(0, "conditions", told.point), 0)
    if asked.fine_tuned is not None and asked.fine_tuned >= told.subjects:
        raise InputError(f"N_f = {asked.fine_tuned} leaves none of S = {told.subjects}")
    return Problem(width=asked.width, told=told, fine_tuned=asked.fine_tuned)


def _named(embeddings: Any) -> NamedVectors:
    """Return vectors with names and a source, also where a plain array is given."""
    if isinstance(embeddings, NamedVectors):
        return embeddings
    return NamedVectors(check_vectors(embeddings, "embeddings"), None, "array")


def _problems_of_vectors(
    embeddings: NamedVectors, asked: Problem, preprocess: str | None
) -> Iterator[tuple[str, Problem]]:
    """Yield the problem on the vectors after this preprocessing, or after each.

    Raises
    ------
    InputError
        If the vectors have another dimension than was asked, or one of them has no direction.
    """
    d = embeddings.dimension(asked.d)
    for how in PREPROCESSING if preprocess is None else (preprocess,):
        vectors = transform(embeddings.vectors, how, embeddings.source)
        if not vectors.any(axis=1).all():
            row = int(vectors.any(axis=1).argmin())
            raise InputError(f"{embeddings.source}: row {row} is zero and has no direction")
        yield how, replace(asked, d=d, vectors=vectors, names=embeddings.names)
