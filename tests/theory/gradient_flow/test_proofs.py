"""The algebra of the gradient flow: each true step passes, each wrong variant is seen."""

import pytest
import sympy as sp

from theory.gradient_flow import proofs as flow_proofs
from theory.gradient_flow.proofs import convergence_proof_steps, stage_proof_steps


@pytest.mark.parametrize("steps", [stage_proof_steps, convergence_proof_steps])
def test_every_step_is_proved(steps):
    found = steps()
    assert len({name for name, _ in found}) == len(found) >= 7
    assert all(proved is True for _, proved in found), found


@pytest.mark.parametrize(
    ("steps", "wrong", "failed"),
    [
        (
            stage_proof_steps,
            {"centred": False},
            ["|G| of a relation at the start is g_R", "|G| of a subject at the start is g_S"],
        ),
        (
            stage_proof_steps,
            {"disjoint": False},
            ["the softmax of balanced facts factorises"],
        ),
        *(
            (
                convergence_proof_steps,
                {"degree": degree},
                ["late rates of both gaps add up to 1/(4 gamma)"],
            )
            for degree in (1, 3)
        ),
        (
            convergence_proof_steps,
            {"split": False},
            ["log k of balanced facts is that of their multipliers"],
        ),
    ],
)
def test_a_wrong_variant_fails_its_own_steps_and_no_other(steps, wrong, failed):
    assert [name for name, proved in steps(**wrong) if not proved] == failed


@pytest.mark.parametrize(
    "step", ["_gradient", "_closed_family", "_slope", "_half", "_dual", "_closed_margin"]
)
def test_a_step_that_does_not_simplify_to_zero_is_not_proved(monkeypatch, step):
    simplify = sp.simplify
    monkeypatch.setattr(sp, "simplify", lambda expression: simplify(expression) + 1)
    assert not getattr(flow_proofs, step)()


def test_a_limit_that_is_not_one_is_not_proved(monkeypatch):
    monkeypatch.setattr(flow_proofs, "_ei_series", lambda x: 2 / x)
    assert not flow_proofs._late_limit()


def test_an_expansion_that_does_not_vanish_is_not_proved(monkeypatch):
    expand = sp.expand
    monkeypatch.setattr(sp, "expand", lambda expression: expand(expression) + 1)
    assert not flow_proofs._conserved()
    assert not flow_proofs._positive()
