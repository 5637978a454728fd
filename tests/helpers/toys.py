"""A theorem made for tests, whose claims reach whatever verdicts a test wants, at once."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

import theory.publishing.contents
import theory.registry
from theory.claims import (
    Claim,
    Condition,
    Finding,
    Hypothesis,
    Kind,
    Problem,
    Theorem,
    Verdict,
)
from theory.exhibit import Exhibit
from theory.rendering.axes import comparison_figure

ROW = {"d": 8, "N": 5, "measured": 0.5, "interval": [0.4, 0.6], "predicted": 0.49}


def check(
    *,
    seed: int,
    verdict: Verdict,
    conditions: tuple[Condition, ...] = (),
    arms: Mapping[str, Verdict] | None = None,
) -> Finding:
    """Conclude what the regime asks for."""
    return Finding(
        verdict,
        "recall <of> toys",
        measured=0.5,
        interval=(0.4, 0.6),
        predicted=0.49,
        tolerance=0.1,
        conditions=conditions,
        note=f"seed {seed}",
        table=(ROW,),
        arms=arms or {},
    )


def claim(name: str, verdict: Verdict = Verdict.HOLDS, **regimes: Mapping[str, Any]) -> Claim:
    """Make a claim of this verdict, whose controls are caught unless told otherwise."""
    caught = {"verdict": Verdict.VIOLATED}
    return Claim(
        name=name,
        kind=Kind.CONSTANT,
        source="made up",
        statement="Toys are recalled & enjoyed.",
        check=check,
        quick={"verdict": verdict, **regimes.get("quick", {})},
        full=regimes.get("full", {}),
        must_fail=regimes.get("must_fail", caught),
        why_fail="it is told to",
        # No other than must_fail in what it finds, but another regime.
        fault=regimes.get("fault", {**caught, "arms": {}}),
        fault_text="the toy is broken",
        near_misses=regimes.get("near_misses", {}),
    )


def theorem(*claims: Claim, name: str = "toy-capacity") -> Theorem:
    """Make a theorem of these claims, with one hypothesis: d is even."""

    def even(problem: Problem) -> tuple[Condition, ...]:
        holds = problem.d is not None and problem.d % 2 == 0
        return (Condition("d even", holds, f"d = {problem.d}", "2 divides d", "raise d by 1"),)

    def figure(findings: Mapping[str, Finding]) -> Any:
        rows = [row for finding in findings.values() for row in finding.table]
        return comparison_figure(rows, [str(k) for k in range(len(rows))], "recall")

    return Theorem(
        name=name,
        title="Toys store facts",
        source="nobody",
        statement="All $x$ are recalled.",
        constants="1",
        deviations="none",
        hypotheses=(Hypothesis("The dimension is even.", even),),
        claims=claims,
        figure=figure,
    )


def register(
    patch: pytest.MonkeyPatch,
    *,
    theorems: Iterable[Theorem] | None = None,
    exhibits: Iterable[Exhibit] | None = None,
) -> None:
    """Have these theorems or exhibits found, in place of those of the package."""
    if theorems is not None:
        found = {theorem.name: theorem for theorem in theorems}
        patch.setattr(theory.registry, "known_theorems", lambda sources=(): found)
    if exhibits is not None:
        shown = {exhibit.name: exhibit for exhibit in exhibits}
        patch.setattr(theory.publishing.contents, "known_exhibits", lambda sources=(): shown)
