"""Every registered claim: it holds, it fails where it must, and it catches its planted fault."""

from functools import cache

import pytest

from tests.helpers.extras import needs
from tests.helpers.judged import finding
from theory.claims import Kind, Verdict
from theory.registry import registered
from theory.wholeness import defects

SLOW = {
    "attention-mlp-neurons": ("quick", "must_fail"),
    "attention-mlp-proof": ("quick",),
    "attention-mlp-trade-off": ("quick", "fault"),
    "attention-only-dimension": ("quick", "must_fail"),
    "attention-only-heads": ("quick",),
    "attention-only-plain-sums": ("quick",),
    "attention-only-sum-dimension": ("quick",),
    "information-bound-gap": ("quick",),
    "knowledge-acquisition-floor": ("quick",),
    "knowledge-extraction-error-bound": ("must_fail", "fault"),
    "knowledge-extraction-extraction": ("quick", "fault"),
    "knowledge-extraction-from-memory": ("quick",),
    "knowledge-extraction-superposition": ("quick",),
    **{
        f"knowledge-in-gpt2-{name}": ("quick", "must_fail", "fault")
        for name in (
            "floor",
            "extraction",
            "untied",
            "from-memory",
            "askable",
            "storage",
        )
    },
    "linear-capacity-exponent": ("quick",),
    "mlp-capacity-kernel": ("quick",),
    "mlp-capacity-moments": ("must_fail",),
    "mlp-capacity-past-d-squared": ("quick",),
    "mlp-capacity-read-outs": ("quick",),
    "mlp-capacity-recall": ("quick",),
    "mlp-capacity-scaling": ("quick",),
    "mlp-capacity-scaling-fixed-outputs": ("quick",),
    "mlp-capacity-width": ("quick", "must_fail", "fault"),
    "optimal-linear-capacity-advantage": ("quick",),
    "optimal-linear-capacity-capacity": ("quick", "must_fail"),
    "optimal-linear-capacity-decided": ("quick", "one proof in four is lost"),
    "optimal-linear-capacity-read-outs": ("quick",),
    "power-law-bound-bound": ("quick", "must_fail"),
    "power-law-bound-errors": ("quick",),
    "power-law-bound-probability": ("quick",),
    "sharp-linear-capacity-n99": ("quick",),
    "sharp-linear-capacity-recall": ("quick",),
}
"""Regimes whose check takes more than 5 s."""

NAMED = {
    f"{theorem.name}-{claim.name}": (theorem, claim)
    for theorem in registered()
    for claim in theorem.claims
}


@cache
def found(name, regime):
    """What a claim's check finds; the tests of a claim share a process, and so its findings."""
    theorem, claim = NAMED[name]
    if theorem.extra is not None:
        needs(theorem.extra)
    return finding(theorem, claim, regime)


def judged(regimes_of):
    """Parameters: a claim's name, and regimes, of which the long ones are marked as slow."""
    return pytest.mark.parametrize(
        ("name", "regime"),
        [
            pytest.param(
                name,
                regime,
                id=name if regime == "quick" else f"{name}-{regime}",
                marks=[
                    pytest.mark.xdist_group(name),
                    *([pytest.mark.slow] if regime in SLOW.get(name, ()) else []),
                ],
            )
            for name, (_, claim) in NAMED.items()
            for regime in regimes_of(claim)
        ],
    )


@pytest.mark.theory
@judged(lambda claim: ["quick"])
def test_holds(name, regime):
    _, claim = NAMED[name]
    judged = found(name, regime)
    assert judged.verdict is claim.expected, judged
    assert judged.table
    assert judged.quantity
    assert judged.note


@pytest.mark.theory
@judged(lambda claim: claim.controls)
def test_controls_are_caught(name, regime):
    judged = found(name, regime)
    assert judged.verdict is Verdict.VIOLATED, judged


@pytest.mark.theory
@judged(lambda claim: ["quick"])
def test_every_part_of_a_verdict_has_a_control_that_violates_it_alone(name, regime):
    arms = set(found(name, regime).arms)
    controls = [found(name, control).arms for control in NAMED[name][1].controls]
    violated = [
        {part for part, verdict in each.items() if verdict == "violated"} for each in controls
    ]
    # No part turns up in a control that the claim does not name where it holds.
    assert set().union(*controls) <= arms
    alone = set().union(*(parts for parts in violated if len(parts) == 1))
    assert arms <= alone, f"no control violates alone: {arms - alone}"


def test_every_claim_that_is_called_slow_is_there():
    assert set(SLOW) <= set(NAMED)


@pytest.mark.parametrize("theorem", registered(), ids=lambda theorem: theorem.name)
def test_theorems_are_whole(theorem):
    """Nothing is blank, every regime fits its check, each control is another regime."""
    assert not list(defects(theorem))


def test_kinds_and_expectations_are_spread():
    """The first three theorems have claims of four kinds, and one that is not applicable."""
    claims = [claim for theorem in registered() for claim in theorem.claims]
    kinds = {claim.kind for claim in claims}
    assert kinds >= {Kind.EXACT, Kind.SUFFICIENT, Kind.SCALING, Kind.CONSTANT}
    assert Verdict.NOT_APPLICABLE in {claim.expected for claim in claims}
