"""The theorems, found by their modules, and the running of their claims.

A file in ``theory/theorems`` that defines ``THEOREM`` is a theorem; there is no other list.
"""

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache
from typing import Any

import theory.theorems
from assoc.errors import InputError
from sims.engine.results import Result
from sims.sweeps.tasks import Progress, Task, sweep
from theory.claims import Claim, Finding, Theorem, Verdict
from theory.discovery import defined

__all__ = [
    "SIZES",
    "ClaimResult",
    "VerifyResult",
    "check_size",
    "claim_task",
    "claim_tasks",
    "find",
    "judged",
    "nearest",
    "registered",
    "run_claim",
    "verify",
]

SIZES = ("quick", "full")
"""Regimes in which claims are judged."""


@cache
def registered() -> tuple[Theorem, ...]:
    """Return every theorem, in the order of their names."""
    return defined(theory.theorems, "THEOREM", Theorem)


def find(name: str) -> Theorem:
    """Return the theorem of that name.

    Raises
    ------
    InputError
        If there is none; the nearest name is suggested.

    Examples
    --------
    >>> find("linear-capasity")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: unknown theorem 'linear-capasity'; did you mean 'linear-capacity'?
    """
    known = {theorem.name: theorem for theorem in registered()}
    if name in known:
        return known[name]
    raise InputError(f"unknown theorem {name!r}; {nearest(name, known)}")


def nearest(name: str, known: Collection[str]) -> str:
    """Say which known name is meant by an unknown one, or which there are."""
    near = difflib.get_close_matches(name, known, 1, 0.4)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"


@dataclass(frozen=True)
class ClaimResult:
    """A claim's verdict, and whether its controls were caught.

    Parameters
    ----------
    theorem, claim : what was judged.
    finding : the verdict and the numbers behind it.
    controls : what was found in each of the claim's controls, by name; empty if they were not run.
    seconds : computing time of all runs.
    """

    theorem: str
    claim: Claim
    finding: Finding
    controls: Mapping[str, Finding]
    seconds: float

    @property
    def controls_caught(self) -> bool:
        """Whether no control was mistaken for a success."""
        return all(control.verdict is Verdict.VIOLATED for control in self.controls.values())

    @property
    def verdict(self) -> Verdict:
        """The finding's verdict, or inconclusive if a control passed as well."""
        if self.finding.verdict is Verdict.HOLDS and not self.controls_caught:
            return Verdict.INCONCLUSIVE
        return self.finding.verdict

    def to_dict(self) -> dict[str, Any]:
        """Return the record of the command line's JSON."""
        finding = self.finding
        return {
            "theorem": self.theorem,
            "claim": self.claim.name,
            "statement": self.claim.statement,
            "kind": str(self.claim.kind),
            "source": self.claim.source,
            "verdict": str(self.verdict),
            "quantity": finding.quantity,
            "measured": finding.measured,
            "interval": None if finding.interval is None else list(finding.interval),
            "predicted": finding.predicted,
            "tolerance": finding.tolerance,
            "conditions": [
                {"name": c.name, "holds": c.holds, "value": c.value, "required": c.required}
                for c in finding.conditions
            ],
            "arms": {name: str(verdict) for name, verdict in finding.arms.items()},
            "controls": {name: self._control(name) for name in ("must_fail", "fault")},
            "near_misses": {name: self._control(name) for name in self.claim.near_misses},
            "would_notice": finding.would_notice,
            "relative": finding.relative,
            "note": finding.note,
            "table": [dict(row) for row in finding.table],
            "seconds": round(self.seconds, 3),
        }

    def _control(self, name: str) -> str | None:
        return str(self.controls[name].verdict) if name in self.controls else None


@dataclass(frozen=True, repr=False)
class VerifyResult(Result):
    """Verdicts of a run over claims."""

    size: str
    seed: int
    claims: tuple[ClaimResult, ...]

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.summary().items())
        return f"VerifyResult({self.size}, {counts})"

    def summary(self) -> dict[str, int]:
        """Count the verdicts."""
        return {str(v): sum(c.verdict is v for c in self.claims) for v in Verdict}

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per claim, without the tables."""
        return [
            {key: value for key, value in claim.to_dict().items() if key != "table"}
            for claim in self.claims
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record of the command line's JSON."""
        return {
            "size": self.size,
            "claims": [claim.to_dict() for claim in self.claims],
            "summary": self.summary(),
        }


def run_claim(theorem: str, claim: str, regime: str, seed: int) -> dict[str, Any]:
    """Run a claim's check in one regime and return the finding as a record.

    Parameters
    ----------
    theorem, claim : names.
    regime : ``quick``, ``full`` or one of the claim's controls.
    seed : determines every random number.
    """
    chosen = next(c for c in find(theorem).claims if c.name == claim)
    return chosen.check(seed=seed, **chosen.regime(regime)).to_dict()


def claim_task(theorem: str, claim: str, regime: str, *, seed: int) -> Task:
    """Return the point of a sweep that runs a claim's check in one regime."""
    arguments = {"theorem": theorem, "claim": claim, "regime": regime, "seed": seed}
    return Task(f"{theorem}/{claim}/{regime}", f"{__name__}:run_claim", arguments)


def claim_tasks(
    theorems: Iterable[Theorem], *, size: str, seed: int, controls: bool = True
) -> list[Task]:
    """Return the points that judge every claim of some theorems, with their controls if asked."""
    return [
        claim_task(theorem.name, claim.name, regime, seed=seed)
        for theorem in theorems
        for claim in theorem.claims
        for regime in (size, *(claim.controls if controls else ()))
    ]


def judged(
    theorems: Iterable[Theorem],
    values: Mapping[str, Any],
    seconds: Mapping[str, float],
    *,
    size: str,
    seed: int,
    controls: bool = True,
) -> VerifyResult:
    """Return the verdicts of every claim whose points are all there.

    Parameters
    ----------
    theorems : whose claims.
    values, seconds : what came out of :func:`claim_tasks`, and how long it took, by key.
    size, seed, controls : as for :func:`claim_tasks`.
    """
    results = []
    for theorem in theorems:
        for claim in theorem.claims:
            run = claim.controls if controls else ()
            keys = [claim_task(theorem.name, claim.name, r, seed=seed).key for r in (size, *run)]
            if all(key in values for key in keys):
                finding, *caught = (Finding.from_dict(values[key]) for key in keys)
                took = sum(seconds[key] for key in keys)
                found = dict(zip(run, caught, strict=True))
                results.append(ClaimResult(theorem.name, claim, finding, found, took))
    return VerifyResult(size, seed, tuple(results))


def check_size(size: str) -> None:
    """Refuse a size that is not one of :data:`SIZES`.

    Raises
    ------
    InputError
        If it is not.
    """
    if size not in SIZES:
        raise InputError(f"size {size!r} is not one of {', '.join(SIZES)}")


def verify(
    names: Iterable[str] = (),
    *,
    size: str = "quick",
    seed: int = 0,
    controls: bool = True,
    executor: Executor | str = "processes",
    workers: int | None = 1,
    progress: Callable[[Progress], None] | None = None,
) -> VerifyResult:
    """Judge the claims of some theorems, or of all.

    Parameters
    ----------
    names : theorems; none means all.
    size : ``quick`` or ``full``.
    seed : determines every random number.
    controls : also run each claim where it must fail and with its planted fault.
    executor, workers, progress : as for :func:`sims.sweeps.tasks.sweep`.

    Returns
    -------
    VerifyResult

    Raises
    ------
    InputError
        If a theorem or the size is unknown, or a check cannot be carried out.
    """
    check_size(size)
    chosen = [find(name) for name in names] or list(registered())
    tasks = claim_tasks(chosen, size=size, seed=seed, controls=controls)
    found = sweep(tasks, executor=executor, workers=workers, progress=progress)
    found.complete()
    return judged(chosen, found.values, found.seconds, size=size, seed=seed, controls=controls)
