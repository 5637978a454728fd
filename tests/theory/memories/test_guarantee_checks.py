"""The guarantee of dual inputs, judged on memories that answer nothing."""

import numpy as np

from tests.helpers.oracles import complaint
from theory.memories.guarantee_checks import check_dual_inputs


def silent(E, U, f, *, rng):
    return lambda E: np.full_like(E, np.nan)


def test_a_memory_whose_outputs_are_no_numbers_is_no_verdict():
    """Scores that are no numbers beat nothing, so that no pair would be lost."""
    said = complaint(
        check_dual_inputs, seed=0, sizes=[(8, 6, 6)], laws=[], trials=2, tolerance=0.5, ratio=2.0,
        memory=silent, parts=["pairs"],
    )  # fmt: skip
    assert said == "memory 'silent': the memory's outputs: row 0 has a value that is not finite"
