"""Every registered claim: it holds, it fails where it must, and it catches its planted fault."""

import pytest

from theory.claims import Kind, Verdict
from theory.registry import registered

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
    for changes in (claim.must_fail, claim.fault):
        assert changes, "a control that changes nothing is no control"
        assert claim.regime("quick") != {**claim.quick, **changes}


@pytest.mark.parametrize("theorem", registered(), ids=lambda theorem: theorem.name)
def test_theorems_are_whole(theorem):
    for text in (theorem.title, theorem.source, theorem.statement, theorem.constants):
        assert text.strip()
    assert theorem.hypotheses
    names = [claim.name for claim in theorem.claims]
    assert len(set(names)) == len(names) > 0


def test_the_first_three_theorems():
    names = {theorem.name for theorem in registered()}
    assert names >= {"linear-capacity", "low-rank-capacity", "sharp-linear-capacity"}
