"""The fewest bits per weight of transformers: what measuring with these bits says."""

from dataclasses import replace

import pytest

from assoc import InputError
from sims.transformers.architecture import Architecture, Shape
from sims.transformers.fewest_bits import fewest_bits_facts
from sims.transformers.recall import measure_facts
from tests.helpers.oracles import one_line

SMALL = Shape(6, 4, 3, noise=5)
MODEL = Architecture("attention-mlp", 16, width=24)


@pytest.mark.parametrize("rounding", [None, "stochastic"])
@pytest.mark.parametrize("model", [MODEL, Architecture("attention-only", 12)])
def test_facts_are_what_measuring_with_these_bits_says(model, rounding):
    given = {"length": 6, "trials": 4, "seed": 2}
    result = fewest_bits_facts(model, SMALL, bits=(2, 6, 12), rounding=rounding, **given)
    for at, b in enumerate(result.bits):
        architecture = replace(model, bits=b, rounding=rounding)
        (point,) = measure_facts(architecture, SMALL, **given).points
        assert point.known == tuple(counts[at] for counts in result.counts)
        assert (point.parameters, point.bits) == (result.parameters, result.stored[at])
    assert measure_facts(model, SMALL, **given).points[0].known == result.exact
    assert result.facts == SMALL.facts


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (replace(MODEL, bits=2), {}, "the search chooses the bits; give none"),
        (replace(MODEL, width=None), {}, "transformer 'attention-mlp' needs its width given"),
        (MODEL, {"bits": (17,)}, "bits = 17 is not between 1 and 16"),
        (MODEL, {"rounding": "up"}, "rounding 'up' is not one of nearest, stochastic"),
    ],
)
def test_what_is_wrong_with_a_model_is_named(model, options, said):
    with pytest.raises(InputError) as caught:
        fewest_bits_facts(model, SMALL, trials=2, length=6, **options)
    assert said in one_line(caught.value)
