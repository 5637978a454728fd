"""Maps of trained transformers: arguments, sizes, stores."""

import json

import pytest

from assoc.errors import InputError
from sims.training.tradeoff import trained_tradeoff
from sims.transformers.architecture import Shape
from tests.helpers.oracles import one_line
from tests.helpers.training import (
    SHORT_TRANSFORMERS,
    TABLE,
    needs_jax,
)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"heads": []}, "heads = \\[\\]"),
        ({"heads": [0]}, "heads H"),
        ({"widths": "8"}, "widths = '8'"),
        ({"widths": [-1]}, "width m = -1|width -1"),
        ({"head_dim": 9}, "exceeds d"),
        ({"shape": [Shape(4, 3, 2), Shape(4, 3, 2)]}, "2 shapes"),
    ],
)
def test_bad_maps_are_named(arguments, said):
    call = {"shape": (4, 3, 2), "d": 8, "head_dim": 1, "heads": [2], "widths": [1], **arguments}
    with pytest.raises(InputError, match=said) as caught:
        trained_tradeoff(**call)
    one_line(caught.value)


def test_a_map_has_the_parameters_of_both_sides_and_is_stored(tmp_path):
    needs_jax()
    run = {"shape": TABLE, "d": 16, "head_dim": 2, "heads": [5], "widths": [0, 8], "trials": 2,
           "length": 9, "training": SHORT_TRANSFORMERS,
           "store": tmp_path / "map.sqlite"}  # fmt: skip
    seen = []
    found = trained_tradeoff(**run)
    assert [(row["attention"], row["mlp"]) for row in found.rows()] == [(640, 0), (640, 256)]
    assert all(row["recall"] > 0.5 and row["trials"] == 2 for row in found.rows())
    assert trained_tradeoff(**run, progress=seen.append).points == found.points
    assert seen[0].found == 1
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.plot().get_xlabel().startswith("attention parameters")
