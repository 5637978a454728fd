"""What is proved of memories by name: each bound by its own function, and nothing where none is."""

import pytest

from sims.memories.construction import Construction
from theory.memories import sign_gates
from theory.memories.dual_guarantee import dual_inputs_bound, dual_inputs_capacity
from theory.memories.guarantee import failure_bound, guaranteed_capacity
from theory.memories.proved import proved_bound, proved_capacity, proved_width

GATES = Construction("sign-gated", width=300)
DUAL = Construction("dual-inputs")


def test_every_bound_is_that_of_its_own_function():
    assert proved_bound(Construction("linear"), d=32, N=20, M=25) == failure_bound(20, 32, M=25)
    low = Construction("low-rank", rank="d/2")
    assert proved_bound(low, d=32, N=9) == failure_bound(9, 32, rank=16)
    assert proved_capacity(low, d=32) == guaranteed_capacity(32, rank=16)
    assert proved_bound(DUAL, d=32, N=40, M=50) == dual_inputs_bound(40, 32, M=50)
    assert proved_capacity(DUAL, d=32) == dual_inputs_capacity(32)


@pytest.mark.parametrize("omega", [None, 5.0])
def test_a_pair_of_neurons_is_one_gate(omega):
    wide = Construction("sign-mlp", width=600, omega=omega)
    bound = sign_gates.failure_bound(80, 32, 300, omega=omega)
    assert 0 < proved_bound(wide, d=32, N=80) == bound < 1
    assert proved_bound(Construction("sign-gated", width=300, omega=omega), d=32, N=80) == bound
    most = proved_capacity(wide, d=32)
    assert most == sign_gates.guaranteed_facts(32, 300, omega=omega)
    least = proved_width(wide, d=32, N=80)
    assert least == 2 * sign_gates.guaranteed_width(80, 32, omega=omega)


def test_the_most_facts_of_a_width_are_enough_and_few_more_are_not():
    most = sign_gates.guaranteed_facts(32, 300)
    assert sign_gates.failure_bound(most, 32, 300) <= 0.5
    assert sign_gates.failure_bound(round(1.02 * most) + 1, 32, 300) > 0.5
    assert sign_gates.guaranteed_facts(32, 300, delta=0.01) < most
    assert sign_gates.guaranteed_facts(2, 1) == 1


@pytest.mark.parametrize(
    ("memory", "options", "given"),
    [
        ("sign-gated", {"width": 300, "gates": "sign"}, {}),
        ("sign-gated", {"width": 300, "gates": "two-signs"}, {}),
        ("sign-gated", {"width": 300, "bits": 8}, {}),
        ("sign-gated", {"width": 300}, {"M": 81}),
        ("sign-gated", {"width": 300}, {"facts": "random"}),
        ("sign-gated", {"width": 300}, {"facts": "zipf"}),
        ("sign-gated", {}, {}),
        ("gated-mlp", {"width": 300}, {}),
        ("dual-inputs", {}, {"d": 2}),
        ("dual-inputs", {}, {"facts": "balanced"}),
        ("dual-outputs", {}, {}),
        ("linear", {"bits": 4}, {}),
    ],
)
def test_of_anything_else_nothing_is_proved(memory, options, given):
    asked = {"d": 32, **given}
    assert proved_bound(Construction(memory, **options), N=80, **asked) is None
    assert proved_capacity(Construction(memory, **options), **asked) is None
    if options:
        assert proved_width(Construction(memory, **options), N=80, **asked) is None


def test_as_many_outputs_as_facts_are_no_more_than_that():
    assert proved_bound(GATES, d=32, N=80, M=80) == proved_bound(GATES, d=32, N=80)
    assert proved_width(GATES, d=32, N=80, M=80) == proved_width(GATES, d=32, N=80)
