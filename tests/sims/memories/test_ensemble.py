"""A construction at a dimension: found once, the same in another process."""

import pickle

import numpy as np
import pytest

from assoc import InputError
from assoc.memories.linear import hebbian
from sims.engine.randomness import MEMORY
from sims.memories import ensemble as module
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.settings import RandomVectors, source_of
from tests.helpers.oracles import one_line

SETTING = RandomVectors(8)


@pytest.mark.parametrize(
    "construction",
    [
        Construction("linear"),
        Construction("low-rank", rank="d/2", bits=3, rounding="stochastic"),
        Construction("bilinear-margin", width="2d"),
        Construction("tests.helpers.oracles:table"),
        Construction(hebbian),
    ],
)
def test_another_process_builds_the_same_memory(construction):
    here = Ensemble.of(construction, SETTING, 3, "sent")
    there = pickle.loads(pickle.dumps(here))
    assert there == here
    E, U, f = here.draw(6, 1)
    for mine, theirs in zip((E, U, f), there.draw(6, 1), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    built, sent = (each.memory(E, U, f, 1)(E) for each in (here, there))
    np.testing.assert_array_equal(built, sent)
    rng = source_of(SETTING, 3, "sent").generator(1, MEMORY)
    np.testing.assert_array_equal(built, construction.build(8)(E, U, f, rng=rng)(E))


def test_the_build_is_found_once(monkeypatch):
    found = []

    def build(self, d):
        found.append(d)
        return hebbian

    monkeypatch.setattr(module.Construction, "build", build)
    ensemble = Ensemble.of(Construction("linear"), SETTING, 0, "once")
    for trial in range(3):
        ensemble.memory(*ensemble.draw(4, trial), trial)
    assert found == [8]


def test_options_are_those_at_the_dimension():
    construction = Construction("low-rank", rank="d/2")
    assert Ensemble.of(construction, SETTING, 0, "a").label == "low-rank m=4"
    with pytest.raises(InputError, match="rank 9 is not between 1 and d = 8") as caught:
        Ensemble.of(Construction("low-rank", rank=9), SETTING, 0, "a")
    one_line(caught.value)
