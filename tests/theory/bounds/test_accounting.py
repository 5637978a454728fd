"""Accounts of bits, and the cheats that they must catch."""

import numpy as np
import pytest

from assoc.catalogue import resolve
from assoc.errors import InputError
from assoc.memories.memory import Factors
from tests.helpers.oracles import complaint
from theory.bounds.accounting import account, counted_bits, facts_of, stored_bits
from theory.memories.faults import understating, whispering


def test_an_honest_account():
    found = account("linear", d=24, bits=2, trials=5)
    assert found.spent == found.declared == 2 * 24**2
    assert not found.understated
    assert 0 < found.efficiency <= found.best < 1
    assert found.row()["efficiency"] == found.efficiency
    assert found.predicted_efficiency == pytest.approx(found.efficiency, rel=0.5)


def test_a_memory_that_looks_answers_up_stores_more_than_it_spends():
    found = account(whispering(bits=256), d=16, max_N=512, trials=2)
    assert found.counted is None
    assert found.efficiency > 1


def test_a_memory_of_no_bits_at_all_is_refused():
    said = complaint(account, whispering(bits=0), d=16, max_N=64, trials=2)
    assert said.startswith("memory 'whispering': the parameters of what it returned are 0")


def test_a_memory_that_declares_too_few_bits_is_found_out():
    found = account(understating(resolve("linear", bits=8)[1], share=8), d=16, trials=2)
    assert found.understated
    assert found.declared == 256
    assert found.spent > found.declared


def test_a_memory_of_unknown_kind_must_say_its_bits():
    class Silent:
        parameters = 1

        def __call__(self, E):
            return E

    with pytest.raises(InputError, match="does not say how many bits"):
        account(lambda E, U, f, *, rng: Silent(), d=8, trials=1)


def test_weights_are_counted_by_their_distinct_values():
    assert counted_bits(Factors((np.array([[0.0, 1.0], [2.0, 3.0]]),))) == 8
    assert counted_bits(Factors((np.ones((3, 3)), np.eye(3)))) == 18
    assert counted_bits(object()) is None


@pytest.mark.parametrize("bits", [0.5, 1.0, 24.0, 337.92, 1351.68])
def test_the_fewest_facts_that_are_so_many_bits(bits):
    N = facts_of(bits)
    assert stored_bits(N) >= bits > stored_bits(N - 1)
