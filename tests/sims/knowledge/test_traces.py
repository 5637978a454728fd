"""Trainings followed along the way: the ends are those of the measurement that is not followed."""

import numpy as np
import pytest

from assoc.errors import InputError
from sims.knowledge.extraction import knowledge_extraction
from sims.knowledge.traces import follow_knowledge
from sims.knowledge.training import FINE_TUNING, PRE_TRAINING
from sims.knowledge.trials import Told
from tests.helpers.oracles import one_line

TOLD = {"subjects": 8, "attributes": 2, "templates": 3, "multiplicity": 2, "values": 4}
BRIEF = {"steps": 120, "learning_rate": 0.5}


@pytest.fixture(scope="module")
def followed():
    return follow_knowledge(
        TOLD, fine_tuned=4, width=16, pre_training=BRIEF, fine_tuning={"steps": 40}, looks=4,
        trials=2,
    )  # fmt: skip


def test_the_ends_are_those_that_are_measured_without_looking(followed):
    from dataclasses import replace

    (value,) = knowledge_extraction(
        Told(**TOLD), fine_tuned=4, width=16, trials=2, pre_training=replace(PRE_TRAINING, **BRIEF),
        fine_tuning=replace(FINE_TUNING, steps=40), spectra=True,
    ).values  # fmt: skip
    last, tuned = followed.pre_training[-1], value["tuned"][0]
    assert last["value"] == pytest.approx(np.mean([excess[-1] for excess in value["excess"]]))
    assert last["untold"] == pytest.approx(np.mean(value["untold"]))
    end = followed.fine_tuning[-1]
    assert end["answered"] == pytest.approx(np.mean(np.concatenate(tuned["right"])))
    assert end["learnt"] == pytest.approx(np.mean(tuned["learnt"]))
    first = [looks[0]["W"]["share"] for looks in tuned["spectra"]]
    assert followed.fine_tuning[0]["share"] == pytest.approx(np.mean(first), rel=1e-4)


def test_every_step_looked_at_has_its_record(followed):
    assert [record["step"] for record in followed.pre_training] == [0, 30, 60, 90, 120]
    assert [record["step"] for record in followed.fine_tuning] == [0, 10, 20, 30, 40]
    start, end = followed.pre_training[0], followed.pre_training[-1]
    assert start["subject_seen"] == pytest.approx(0.5)  # uniform attention
    assert end["value"] < start["value"]
    for record in followed.fine_tuning:
        held = sum(record[kind] for kind in ("answered", "own", "tuned", "set", "other", "none"))
        assert held == pytest.approx(1)
    assert len(followed.rows()) == 10
    assert followed.to_dict()["points"][0]["training"] == "told"
    assert followed.plot().get_xlabel()


def test_fillers_have_attention_of_their_own():
    told = {**TOLD, "fillers": 2}
    found = follow_knowledge(told, fine_tuned=4, width=8, pre_training={"steps": 1},
                             fine_tuning={"steps": 1}, looks=1, trials=1)  # fmt: skip
    assert found.pre_training[0]["filler_seen"] == pytest.approx(0.5)
    assert found.floor[0] == pytest.approx(np.log(2))


@pytest.mark.parametrize("number", [0, 8, 9])
def test_numbers_of_subjects_that_leave_none_are_named(number):
    with pytest.raises(InputError, match="N_f") as caught:
        follow_knowledge(TOLD, fine_tuned=number)
    one_line(caught.value)
