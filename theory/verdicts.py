"""What a run over claims concludes: each claim's verdict with its controls, and their counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sims.engine.results import Result
from theory.claims import Claim, Finding, Verdict

__all__ = ["ClaimResult", "VerifyResult"]


@dataclass(frozen=True)
class ClaimResult:
    """A claim's verdict, and whether its controls were caught.

    Parameters
    ----------
    theorem, claim : what was judged.
    finding : the verdict and the numbers behind it.
    controls : what was found in each of the claim's controls, by name; empty if they were not run.
    seconds : computing time of all runs.
    lacking : whether nothing was run for want of the theorem's extra.
    """

    theorem: str
    claim: Claim
    finding: Finding
    controls: Mapping[str, Finding]
    seconds: float
    lacking: bool = False

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
            "side": str(finding.side),
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

    printed = ("theorem", "claim", "kind", "verdict", "measured", "interval", "predicted")

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
