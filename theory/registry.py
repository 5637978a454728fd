"""The theorems, found by their modules, and the running of their claims.

A file in ``theory/theorems`` that defines ``THEOREM`` is a theorem; there is no other list.
"""

import difflib
import importlib
import pkgutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import theory.theorems
from assoc.errors import InputError
from sims.results import Result
from theory.claims import Claim, Finding, Theorem, Verdict

__all__ = ["SIZES", "ClaimResult", "VerifyResult", "find", "judge", "registered", "verify"]

SIZES = ("quick", "full")
"""Regimes in which claims are judged."""


@cache
def registered() -> tuple[Theorem, ...]:
    """Return every theorem, in the order of their names."""
    found = []
    for module in pkgutil.iter_modules(theory.theorems.__path__):
        theorem = getattr(
            importlib.import_module(f"theory.theorems.{module.name}"), "THEOREM", None
        )
        if isinstance(theorem, Theorem):
            found.append(theorem)
    return tuple(sorted(found, key=lambda theorem: theorem.name))


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
    near = difflib.get_close_matches(name, known, 1, 0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    raise InputError(f"unknown theorem {name!r}; {hint}")


@dataclass(frozen=True)
class ClaimResult:
    """A claim's verdict, and whether its two controls were caught.

    Parameters
    ----------
    theorem, claim : what was judged.
    finding : the verdict and the numbers behind it.
    must_fail, fault : verdicts in the regime that must fail and with the planted fault; None if
        they were not run.
    seconds : wall time of all runs.
    """

    theorem: str
    claim: Claim
    finding: Finding
    must_fail: Verdict | None
    fault: Verdict | None
    seconds: float

    @property
    def controls_caught(self) -> bool:
        """Whether neither control was mistaken for a success."""
        return all(control in (None, Verdict.VIOLATED) for control in (self.must_fail, self.fault))

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
            "controls": {
                "must_fail": None if self.must_fail is None else str(self.must_fail),
                "fault": None if self.fault is None else str(self.fault),
            },
            "note": finding.note,
            "table": [dict(row) for row in finding.table],
            "seconds": round(self.seconds, 3),
        }


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


def judge(theorem: Theorem, claim: Claim, *, size: str, seed: int, controls: bool) -> ClaimResult:
    """Run one claim, and its controls if asked."""
    start = time.perf_counter()
    finding = claim.check(seed=seed, **claim.regime(size))
    caught: dict[str, Verdict | None] = {"must_fail": None, "fault": None}
    if controls:
        for control in caught:
            caught[control] = claim.check(seed=seed, **claim.regime(control)).verdict
    seconds = time.perf_counter() - start
    return ClaimResult(theorem.name, claim, finding, caught["must_fail"], caught["fault"], seconds)


def verify(
    names: Iterable[str] = (),
    *,
    size: str = "quick",
    seed: int = 0,
    controls: bool = True,
    progress: Callable[[str], None] | None = None,
) -> VerifyResult:
    """Judge the claims of some theorems, or of all.

    Parameters
    ----------
    names : theorems; none means all.
    size : ``quick`` or ``full``.
    seed : determines every random number.
    controls : also run each claim where it must fail and with its planted fault.
    progress : called with "theorem / claim" before each.

    Returns
    -------
    VerifyResult

    Raises
    ------
    InputError
        If a theorem or the size is unknown.
    """
    if size not in SIZES:
        raise InputError(f"size {size!r} is not one of {', '.join(SIZES)}")
    chosen = [find(name) for name in names] or list(registered())
    results = []
    for theorem in chosen:
        for claim in theorem.claims:
            if progress is not None:
                progress(f"{theorem.name} / {claim.name}")
            results.append(judge(theorem, claim, size=size, seed=seed, controls=controls))
    return VerifyResult(size, seed, tuple(results))
