"""The count of tables that attention of few bits stores whole."""

import pytest

from sims.transformers.architecture import Shape
from theory.bounds.attention_checks import check_fitted_attention
from theory.claims import Verdict

QUICK = {
    "seed": 0, "shape": Shape(6, 4, 3, 8), "d": 32, "value_dims": (6, 5), "efficiency": 0.05,
    "draws": 12, "delta": 0.5, "steps": 100,
}  # fmt: skip


def test_what_is_stored_whole_in_few_bits_is_counted():
    found = check_fitted_attention(**QUICK)
    assert found.verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    ("damage", "arms"),
    [
        ({"forgotten": 5}, {"whole"}),
        ({"efficiency": 0.9}, {"in few"}),
        ({"declared": 0.9}, {"declared"}),
        ({"declared": 0.01}, {"stored", "declared"}),
        ({"repeated": 30}, {"stored"}),
        ({"bits": 6}, {"in few"}),
    ],
)
def test_what_is_lost_or_not_declared_is_noticed_where_it_is(damage, arms):
    found = check_fitted_attention(**QUICK | damage)
    assert {arm for arm, verdict in found.arms.items() if verdict is Verdict.VIOLATED} == arms


def test_a_model_that_is_rounded_loses_facts_whatever_it_spends():
    assert check_fitted_attention(**QUICK | {"rounded": True}).arms["whole"] is Verdict.VIOLATED
