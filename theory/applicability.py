"""Which hypotheses of a theorem hold on given sizes or vectors, and what follows at these sizes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assoc.arrays import Floats
from assoc.embeddings import PREPROCESSING
from assoc.errors import InputError
from assoc.facts.maps import MAPS
from assoc.facts.recall_task import RecallTask
from assoc.memories.hermite import check_degree
from assoc.user_code import lend, read_only
from assoc.vectors.named import NamedVectors, as_named
from sims.engine.randomness import Source
from sims.engine.results import Result
from sims.knowledge.trials import Told
from sims.memories.construction import Construction, Size
from theory.claims import Condition, Hypothesis, Problem, Theorem
from theory.memories.sizes import check_delta
from theory.outlook import Outlook
from theory.registry import chosen

__all__ = ["Case", "ConditionsResult", "conditions"]

SILENT = Outlook("the conclusion holds", note="what was given does not say it")
"""Outlook of a theorem that cannot say anything at the sizes that were given."""


@dataclass(frozen=True)
class Case:
    """What is found at one number of facts, on vectors after one preprocessing.

    Parameters
    ----------
    N : number of facts, where one was given.
    preprocess : how the vectors were transformed; ``none`` for random ones.
    conditions : of the hypotheses that say something there.
    outlook : what is known of the conclusion; None where the theorem cannot say.
    """

    N: int | None
    preprocess: str
    conditions: tuple[Condition, ...]
    outlook: Outlook | None = None


@dataclass(frozen=True, repr=False)
class ConditionsResult(Result):
    """Conditions of one theorem, for the vectors as they are and after each preprocessing.

    Parameters
    ----------
    theorem : its name.
    embeddings : where the vectors came from, or the random law.
    delta : allowed probability of failing.
    assumed : hypotheses that are taken for granted, since nothing that was given speaks of them.
    cases : one for each number of facts and each preprocessing, the vectors as given first.
    """

    theorem: str
    embeddings: str
    delta: float
    assumed: tuple[str, ...]
    cases: tuple[Case, ...]

    def __repr__(self) -> str:
        failing = [c.name for c in self.cases[0].conditions if c.holds is False]
        return f"ConditionsResult({self.theorem}, fails: {', '.join(failing) or 'none'})"

    @property
    def as_given(self) -> tuple[Case, ...]:
        """The cases of the vectors as they were given, or asked to be transformed."""
        return tuple(c for c in self.cases if c.preprocess == self.cases[0].preprocess)

    @property
    def holds(self) -> bool:
        """Whether no hypothesis that could be checked fails on the vectors as given."""
        return all(c.holds is not False for case in self.as_given for c in case.conditions)

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per condition, number of facts and preprocessing."""
        several = len({case.N for case in self.cases}) > 1
        return [
            {"preprocess": case.preprocess, **({"N": case.N} if several else {}), **c.to_dict()}
            for case in self.cases
            for c in case.conditions
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values; ``conditions`` are those of the vectors as given."""
        rows = self.rows()
        verdicts = [
            {"N": case.N, **case.outlook.to_dict(self.delta)}
            for case in self.as_given
            if case.outlook is not None
        ]
        return {
            "theorem": self.theorem,
            "embeddings": self.embeddings,
            "holds": self.holds,
            "verdict": verdicts[0] if verdicts else None,
            "verdicts": verdicts,
            "assumed": list(self.assumed),
            "conditions": [row for row in rows if row["preprocess"] == self.cases[0].preprocess],
            "points": rows,
        }


def conditions(
    theorem: str | Theorem,
    *,
    theorems: Iterable[str] = (),
    d: int | None = None,
    N: int | Sequence[int] | None = None,
    rank: Size | None = None,
    width: Size | None = None,
    degree: int | None = None,
    facts: str | None = None,
    outputs: int | None = None,
    embeddings: Any = None,
    preprocess: str | None = None,
    heads: int | None = None,
    head_dim: int | None = None,
    task: RecallTask | None = None,
    told: Told | None = None,
    fine_tuned: int | None = None,
    delta: float = 0.01,
) -> ConditionsResult:
    """Check the hypotheses of a theorem, and say what is known of its conclusion.

    Parameters
    ----------
    theorem : its name, ``module:NAME``, or a :class:`theory.claims.Theorem`.
    theorems : sources of further theorems: see :mod:`theory.sources`.
    d, N, rank, width, degree, facts, outputs : sizes, as for
        :func:`sims.memories.recall.measure`; several N are checked one by one. Of what is not
        given it is said what would do.
    embeddings : vectors (n, d), :class:`assoc.vectors.named.NamedVectors`, or a
        :class:`assoc.vectors.named.VectorPair` of inputs and outputs; None stands for embeddings
        drawn as the theorem says.
    preprocess : none, normalise, centre or whiten; None checks the vectors as they are and then
        after each of the others, to suggest a fix.
    heads, head_dim : H and d_h of a transformer.
    task : facts for theorems about transformers and gradient flow, as from
        :func:`assoc.facts.recall_task.table_task` or :func:`assoc.facts.recall_task.grid_task`; N
        is their number. With facts, d may be left out.
    told, fine_tuned : sizes of what is told in sentences, and N_f, for theorems about knowledge;
        of the other sizes only the width counts there.
    delta : probability of failing that is allowed, in (0, 1).

    Returns
    -------
    ConditionsResult

    Raises
    ------
    InputError
        If the theorem is unknown, there is nothing to check, or a size is out of range.

    Examples
    --------
    >>> conditions("linear-capacity", d=64, N=40).cases[0].outlook.verdict(0.01)
    'guaranteed'
    >>> from assoc.facts.recall_task import grid_task
    >>> conditions("attention-only", d=16, task=grid_task(64, 64, 8))
    ConditionsResult(attention-only, fails: d of the order of max(R, D), d guaranteed to be enough)
    >>> from sims.knowledge.trials import Told
    >>> conditions("knowledge-extraction", told=Told(multiplicity=4), fine_tuned=2)
    ConditionsResult(knowledge-extraction, fails: held-out facts are covered, enough subjects ...)
    """
    check_delta(delta)
    (found,) = chosen([theorem], theorems)
    numbers = [N] if N is None or isinstance(N, int) else list(N)
    if not numbers:
        raise InputError("N: no number of facts is given")
    asked = Problem(
        d, numbers[0], None, None, degree, facts, outputs, task=task, heads=heads,
        head_dim=head_dim, told=told, fine_tuned=fine_tuned, delta=delta,
    )  # fmt: skip
    _check_sizes(asked, numbers)
    if told is not None:
        asked = replace(asked, width=_sizes_at(None, width, d)[1])
        problem = _problem_of_told(told, asked, embeddings)
        return _result(found, "told facts", [("none", [problem])])
    if task is not None:
        numbers = [len(task)]
    source, problems = _problems(asked, numbers, rank, width, embeddings, preprocess)
    return _result(found, source, problems)


def _problems(
    asked: Problem,
    numbers: Sequence[int | None],
    rank: Size | None,
    width: Size | None,
    embeddings: Any,
    preprocess: str | None,
) -> tuple[str, list[tuple[str, list[Problem]]]]:
    """Return where embeddings come from, and the problems after each preprocessing.

    They are two, with the vectors of inputs and of outputs, where these are two matrices.

    Raises
    ------
    InputError
        If there is nothing to check, or a size or the vectors are no good.
    """
    if embeddings is None:
        if asked.d is None and asked.task is None and list(numbers) == [None]:
            raise InputError("nothing to check: give d, N, or embeddings")
        m, width_at = _sizes_at(rank, width, asked.d)
        sized = replace(asked, rank=m, width=width_at)
        source = "given facts" if asked.task is not None and asked.d is None else "sphere"
        return source, [("none", [replace(sized, N=number)]) for number in numbers]
    given = as_named(embeddings)
    d = given.dimension(asked.d)
    m, width_at = _sizes_at(rank, width, d)
    sized = replace(asked, d=d, rank=m, width=width_at)
    return given.source, [
        (
            how,
            [
                replace(sized, N=number, vectors=_prepared(each, how), names=each.names)
                for each in given.matrices
            ],
        )
        for how in (PREPROCESSING if preprocess is None else (preprocess,))
        for number in numbers
    ]


def _result(
    theorem: Theorem, source: str, problems: Sequence[tuple[str, Sequence[Problem]]]
) -> ConditionsResult:
    """Check every hypothesis on every problem."""
    cases: list[Case] = []
    assumed: tuple[str, ...] = ()
    for how, given in problems:
        matrices = [read_only(problem) for problem in given]
        problem = matrices[0]
        checked = [
            (hypothesis.text, _checked(hypothesis, matrices)) for hypothesis in theorem.hypotheses
        ]
        found = tuple(condition for _, conditions in checked for condition in conditions)
        if not cases:
            assumed = tuple(text for text, conditions in checked if not conditions)
        outlook = None
        if theorem.outlook is not None:
            outlook = lend(theorem.outlook, {"problem": problem}) or SILENT
        cases.append(Case(problem.N, how, found, outlook))
    delta = problems[0][1][0].delta
    return ConditionsResult(theorem.name, source, delta, assumed, tuple(cases))


def _checked(hypothesis: Hypothesis, matrices: Sequence[Problem]) -> tuple[Condition, ...]:
    """Check a hypothesis, of inputs and outputs each if they are two matrices and it is of them."""

    def checked(problem: Problem) -> tuple[Condition, ...]:
        return tuple(lend(hypothesis.check, {"problem": problem}))

    found = checked(matrices[0])
    if len(matrices) == 1 or found == checked(replace(matrices[0], vectors=None)):
        return found
    each = zip(("inputs", "outputs"), matrices, strict=True)
    return tuple(
        replace(condition, name=f"{what}: {condition.name}")
        for what, problem in each
        for condition in checked(problem)
    )


def _sizes_at(
    rank: Size | None, width: Size | None, d: int | None
) -> tuple[int | None, int | None]:
    """Return rank and width at a dimension.

    Raises
    ------
    InputError
        If one is a share of a dimension that is not given, or no size.
    """
    if d is None and rank is not None:
        raise InputError(f"rank {rank} needs a dimension: give d")
    if d is None and isinstance(width, str) and not width.strip().isdigit():
        raise InputError(f"width {width!r} needs a dimension: give d")
    at = Construction("low-rank", rank=rank, width=width)
    return at.rank_at(d or 1), at.width_at(d or 1)


def _check_sizes(asked: Problem, numbers: Sequence[int | None]) -> None:
    """Refuse sizes that are out of range or contradict each other.

    Raises
    ------
    InputError
        If some do.
    """
    sizes = {
        "d": asked.d, "M": asked.outputs, "heads": asked.heads, "head_dim": asked.head_dim,
        "fine_tuned": asked.fine_tuned,
    }  # fmt: skip
    for name, value in [*sizes.items(), *(("N", number) for number in numbers)]:
        if value is not None and value < 1:
            raise InputError(f"{name} = {value} is not positive")
    if asked.task is not None and asked.N is not None:
        raise InputError(
            f"N = {asked.N} beside a task of {len(asked.task)} facts: leave out N, or the task"
        )
    if asked.degree is not None:
        check_degree(asked.degree)
    if asked.map not in MAPS:
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


def _prepared(embeddings: NamedVectors, how: str) -> Floats:
    """Return vectors after a preprocessing.

    Raises
    ------
    InputError
        If one of them has no direction.
    """
    vectors = embeddings.prepared(how)
    if not vectors.any(axis=1).all():
        row = int(vectors.any(axis=1).argmin())
        raise InputError(f"{embeddings.source}: row {row} is zero and has no direction")
    return vectors
