"""The checks of the guarantees: what they count, and what they notice."""

import pytest

from sims.transformers.architecture import table_source
from theory.claims import Verdict
from theory.transformers.counts import counts_of, full_table
from theory.transformers.guarantee_checks import (
    Even,
    EvenGaussian,
    check_dual_guarantee,
    check_guarantee,
)

SUMS = {
    "seed": 0, "shape": Even(8, 8, 4, noise=8), "d": 80, "d_heads": 40,
    "laws": ((13, 317),), "gap_laws": (64,), "trials": 20, "tolerance": 2.0, "ratio": 1.1,
}  # fmt: skip
DUAL = {
    "seed": 0, "shape": EvenGaussian(8, 8, 4, noise=8), "d": 30, "laws": ((37, 385, 312),),
    "trials": 20, "tolerance": 2.0, "ratio": 1.1,
}  # fmt: skip


@pytest.mark.parametrize("kind", [Even, EvenGaussian])
def test_every_answer_of_these_tables_occurs(kind):
    shape = kind(8, 4, 2, noise=6)
    task, Phi = shape.draw(12, table_source(shape, 0, "test"), 0)
    assert counts_of(task) == full_table(8, 4, 2, noise=6)
    assert Phi.shape == (task.vocabulary, 12)
    unit = abs((Phi**2).sum(axis=1) - 1).max() < 1e-5
    assert unit == (kind is Even)


@pytest.mark.parametrize(
    ("check", "given"), [(check_guarantee, SUMS), (check_dual_guarantee, DUAL)]
)
def test_parts_are_judged_as_they_are_asked_for(check, given):
    whole = check(**given)
    assert whole.verdict is Verdict.HOLDS
    assert set(whole.arms) >= {"pairs", "law"}
    assert set(check(**given, parts=("law",)).arms) == {"law"}
    counted = next(row for row in whole.table if "measured" in row)
    assert counted["trials"] == 20
    assert counted["pairs"] == 64 * (full_table(8, 8, 4, noise=8).vocabulary - 1)


@pytest.mark.parametrize("mistake", ["one term less", "the whole signal"])
def test_a_wrong_law_is_noticed(mistake):
    for check, given in ((check_guarantee, SUMS), (check_dual_guarantee, DUAL)):
        assert check(**given, parts=("law",), mistake=mistake).verdict is Verdict.VIOLATED
