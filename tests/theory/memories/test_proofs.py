"""The algebra of the proofs: each true step passes, each wrong parameter is seen."""

from inspect import unwrap

import pytest
import sympy as sp

from theory.memories import proofs
from theory.memories.proofs import linear_proof_steps


def test_every_step_is_proved():
    steps = linear_proof_steps()
    assert len({name for name, _ in steps}) == len(steps) >= 10
    assert all(proved for _, proved in steps), steps


@pytest.mark.parametrize(
    ("wrong", "step"),
    [
        ({"proxy": 2}, "its even moments"),
        ({"proxy": 3}, "its even moments"),
        ({"exponent": 7}, "union bound"),
        ({"exponent": 4}, "union bound"),
    ],
)
def test_a_wrong_constant_fails_its_own_step_and_no_other(wrong, step):
    (failed,) = [name for name, proved in linear_proof_steps(**wrong) if not proved]
    assert failed.startswith(step)


def test_a_larger_exponent_than_needed_is_still_proved():
    assert all(proved for _, proved in linear_proof_steps(exponent=9))


@pytest.mark.parametrize("step", ["_chernoff", "_best_point", "_normal_laplace", "_one_bit"])
def test_a_step_that_does_not_simplify_to_zero_is_not_proved(monkeypatch, step):
    simplify = sp.simplify
    monkeypatch.setattr(sp, "simplify", lambda expression: simplify(expression) + 1)
    assert not unwrap(getattr(proofs, step))()
