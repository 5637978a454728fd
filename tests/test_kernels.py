"""What is compiled is found, so that the set-up can compile it once."""

from importlib import import_module

import pytest
from numba.core.dispatcher import Dispatcher

from tests.helpers.kernels import modules_with_kernels


@pytest.mark.parametrize("module", [*modules_with_kernels()])
def test_modules_with_kernels_have_kernels(module):
    found = vars(import_module(module)).values()
    compiled = [each for each in found if isinstance(each, Dispatcher) and each.signatures]
    assert compiled


def test_the_kernels_of_recall_are_among_them():
    assert {"sims.engine.kernels", "assoc.bits.flips"} < set(modules_with_kernels())
