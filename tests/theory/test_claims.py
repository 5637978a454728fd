"""Every registered claim: it holds, it fails where it must, and it catches its planted fault."""

import inspect

import pytest

from theory.claims import Kind, Verdict
from theory.registry import SIZES, registered

CLAIMS = [
    pytest.param(claim, id=f"{theorem.name}-{claim.name}")
    for theorem in registered()
    for claim in theorem.claims
]
SEED = 0


@pytest.mark.theory
@pytest.mark.parametrize("claim", CLAIMS)
def test_holds(claim):
    finding = claim.check(seed=SEED, **claim.regime("quick"))
    assert finding.verdict is claim.expected, finding
    assert finding.table
    assert finding.quantity
    assert finding.note


@pytest.mark.theory
@pytest.mark.parametrize("control", ["must_fail", "fault"])
@pytest.mark.parametrize("claim", CLAIMS)
def test_controls_are_caught(claim, control):
    finding = claim.check(seed=SEED, **claim.regime(control))
    assert finding.verdict is Verdict.VIOLATED, finding


@pytest.mark.parametrize("claim", CLAIMS)
def test_nothing_is_left_blank(claim):
    assert isinstance(claim.kind, Kind)
    for text in (claim.name, claim.source, claim.statement, claim.why_fail, claim.fault_text):
        assert text.strip()
    assert claim.expected in (Verdict.HOLDS, Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize("claim", CLAIMS)
def test_controls_differ_from_the_claim_and_from_each_other(claim):
    must_fail, fault = claim.regime("must_fail"), claim.regime("fault")
    assert claim.regime("quick") not in (must_fail, fault)
    assert must_fail != fault


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_regime_fits_its_check(claim):
    """A wrong name would otherwise be seen only when somebody runs the full size."""
    parameters = inspect.signature(claim.check).parameters
    assert parameters["seed"].default is inspect.Parameter.empty
    for regime in (*SIZES, "must_fail", "fault"):
        inspect.signature(claim.check).bind(seed=SEED, **claim.regime(regime))


@pytest.mark.parametrize("theorem", registered(), ids=lambda theorem: theorem.name)
def test_theorems_are_whole(theorem):
    for text in (
        theorem.title,
        theorem.source,
        theorem.statement,
        theorem.constants,
        theorem.deviations,
    ):
        assert text.strip()
    assert theorem.hypotheses
    assert all(hypothesis.text.strip() for hypothesis in theorem.hypotheses)
    names = [claim.name for claim in theorem.claims]
    assert len(set(names)) == len(names) > 0


def test_kinds_and_expectations_are_spread():
    """The first three theorems have claims of four kinds, and one that is not applicable."""
    claims = [claim for theorem in registered() for claim in theorem.claims]
    kinds = {claim.kind for claim in claims}
    assert kinds >= {Kind.EXACT, Kind.SUFFICIENT, Kind.SCALING, Kind.CONSTANT}
    assert Verdict.NOT_APPLICABLE in {claim.expected for claim in claims}
