"""Knowledge extraction: verdicts, kinds of wrong answers, spectra, resuming, bad input."""

import json

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.facts.telling import draw_knowledge, tell_facts
from sims.engine.randomness import Source
from sims.knowledge import verdicts as knowledge_verdicts
from sims.knowledge.extraction import knowledge_extraction, phase_diagram
from sims.knowledge.model import initial_weights, superposed
from sims.knowledge.training import Descent, suited, train_contexts
from sims.knowledge.trials import Told, extract
from sims.knowledge.verdicts import KINDS, judge_answers, spectrum, split_facts
from tests.helpers.oracles import one_line

SMALL = Told(subjects=8, attributes=2, templates=3, multiplicity=2, values=4)
BRIEF = {
    "width": 24, "trials": 2,
    "pre_training": Descent(steps=400, learning_rate=0.5, decay=4e-4, settle=0.4),
    "fine_tuning": Descent(steps=104, learning_rate=0.05, schedule="constant"),
}  # fmt: skip


@pytest.fixture(scope="module")
def measured():
    return knowledge_extraction(SMALL, fine_tuned=(2, 5), spectra=True, **BRIEF)


def test_every_held_out_fact_has_a_verdict(measured):
    (value,) = measured.values
    for record, number in zip(value["tuned"], (2, 5), strict=True):
        assert record["subjects"] == number
        for trial in range(2):
            facts, right = record["facts"][trial], record["right"][trial]
            assert facts == list(range(2 * number, 16))
            assert len(right) == len(record["covered"][trial]) == len(facts)
            assert sum(record["wrong"][trial].values()) == right.count(0)
            assert set(record["wrong"][trial]) == set(KINDS)


def test_rows_say_what_the_trials_said(measured):
    rows, (value,) = measured.rows(), measured.values
    assert [row["fine_tuned"] for row in rows] == [2, 5]
    for row, record in zip(rows, value["tuned"], strict=True):
        right = np.concatenate(record["right"])
        assert row["answered"] == right.mean()
        assert row["interval"][0] <= row["answered"] <= row["interval"][1]
        assert row["learnt"] == 1.0
        shares = sum(row[f"wrong_{kind}"] for kind in KINDS)
        assert shares == pytest.approx(float((right == 0).any()))
    assert np.asarray(value["trace"]).shape == (2, 9)
    assert rows[0]["excess_share"] < 0.1
    assert len(measured.to_frame()) == 2
    assert "2 points" in repr(measured)
    assert len(measured.plot().lines) == 1
    json.dumps(measured.to_dict())


def test_the_same_numbers_come_again_and_others_with_another_seed(measured):
    brief = {**BRIEF, "fine_tuned": (2, 5)}
    again = knowledge_extraction(SMALL, **brief)
    assert again.values[0]["excess"] == measured.values[0]["excess"]
    other = knowledge_extraction(SMALL, seed=1, **brief)
    assert other.values[0]["excess"] != measured.values[0]["excess"]


def test_gradient_of_one_question_has_rank_one_in_the_attention():
    """Questions of one attribute have one last token, so only its row of Q has a gradient."""
    given = draw_knowledge(8, 2, 3, 2, 4, rng=np.random.default_rng(0))
    weights = initial_weights("attention-mlp", given.vocabulary, width=8,
                              rng=np.random.default_rng(1))  # fmt: skip
    one = spectrum(weights, given.asked(np.arange(0, 8, 2)), given)
    assert one["Q"]["share"] == pytest.approx(1)
    assert one["Q"]["aligned"] == pytest.approx(1)
    assert 0 < one["W"]["share"] <= 1
    assert set(one["V"]) == {"share"}
    both = spectrum(weights, given.asked(np.arange(8)), given)
    assert both["Q"]["share"] < 0.999


def test_a_planted_question_is_answered_and_a_damaged_one_is_not():
    """Where a template stands for the question nothing needs to be fine-tuned; noise breaks it."""
    given = draw_knowledge(8, 2, 1, 1, 4, shared=True, rng=np.random.default_rng(2))
    start = initial_weights("attention-mlp", given.vocabulary, width=32,
                            rng=np.random.default_rng(3))  # fmt: skip
    rule = Descent(steps=1200, learning_rate=0.5)
    (weights,) = train_contexts([start], [given.contexts()], rule).weights
    source = Source(0, "tests", ())
    frozen = {"pre_training": Descent(steps=1, learning_rate=1e-9),
              "fine_tuning": Descent(steps=1, learning_rate=1e-9), "width": 32}  # fmt: skip
    made = superposed(weights, given, np.arange(2))

    def answered(with_weights):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sims.knowledge.trials.initial_weights", lambda *_, **__: with_weights)
            value = extract([given], source, fine_tuned=[1], **frozen)
        return value["tuned"][0]["right"][0]

    assert all(answered(made))
    noise = np.random.default_rng(4).standard_normal(made["V"].shape).astype(np.float32)
    assert not all(answered({**made, "V": 5 * noise}))


def test_last_layer_alone_cannot_tell_the_questions_apart():
    """The decay takes W's columns of questions to 0; then a subject's all have the same answer."""
    told = Told(subjects=16, attributes=3, templates=1, multiplicity=1, values=8)
    rule = Descent(steps=800, learning_rate=1.0, decay=2e-3, settle=0.3)
    brief = {"width": 48, "trials": 2, "pre_training": rule, "fine_tuned": 8}
    known = knowledge_extraction(told, **brief).rows()[0]
    blind = knowledge_extraction(told, parts=["V"], **brief).rows()[0]
    assert known["learnt"] == 1.0
    assert blind["learnt"] < 0.5
    assert blind["answered"] < 0.5 < known["answered"]


def test_facts_of_a_ragged_table_are_extracted_too():
    facts = np.array([[0, 0, 0], [0, 1, 1], [1, 1, 2], [2, 0, 1], [2, 1, 0], [3, 0, 2]])
    given = tell_facts(facts, templates=2, multiplicity=1, rng=np.random.default_rng(0))
    brief = {name: rule for name, rule in BRIEF.items() if name != "trials"}
    value = extract([given], Source(0, "tests", ()), fine_tuned=[1], **brief)
    assert value["tuned"][0]["facts"] == [[2, 3, 4, 5]]
    with pytest.raises(InputError, match="none is left"):
        extract([given], Source(0, "tests", ()), fine_tuned=[4], **brief)


def test_of_several_fillers_the_first_wrong_answer_is_the_one_that_counts(monkeypatch):
    told = Told(subjects=4, attributes=2, templates=2, multiplicity=1, values=4, fillers=2)
    given = told.draw(Source(0, "tests", ()), 0)
    rows, held = split_facts(given, 2, None)
    start = initial_weights("mlp", given.vocabulary, width=4, rng=np.random.default_rng(0))

    def answers(weights, contexts):
        """Give the right answer, but a template for the second choice of fillers of each fact."""
        out = np.zeros((len(contexts), given.vocabulary))
        out[np.arange(len(out)), contexts.targets.argmax(axis=1)] = 1
        out[1::4, given.first_template] = 2
        return out

    monkeypatch.setattr(knowledge_verdicts, "logits", answers)
    found = judge_answers(given, start, start, rows, held)
    assert found["kinds"] == ["none"] * len(held)
    assert not any(found["right"])


def test_divergence_is_wrong_answers_and_no_crash():
    wild = Descent(steps=64, learning_rate=1e6, schedule="constant")
    found = knowledge_extraction(SMALL, fine_tuned=2, **{**BRIEF, "fine_tuning": wild})
    assert found.rows()[0]["answered"] < 0.5


@pytest.mark.parametrize("model", ["mlp", "attention"])
def test_parts_of_the_model_are_measured_too(model):
    found = knowledge_extraction(SMALL, fine_tuned=2, model=model, asked=1, rank=1, **BRIEF)
    assert len(found.values[0]["tuned"][0]["right"][0]) == 6


def test_fillers_count_with_every_choice():
    told = Told(subjects=5, attributes=2, templates=2, multiplicity=1, values=3, fillers=2)
    found = knowledge_extraction(told, fine_tuned=2, **BRIEF)
    assert len(found.values[0]["floor"]) == 4
    assert len(found.values[0]["tuned"][0]["right"][0]) == 6


def test_a_phase_diagram_is_its_points_and_resumes(tmp_path, monkeypatch):
    asked = {"multiplicities": (1, 2), "templates": (1, 3), "told": SMALL, "fine_tuned": (2, 5),
             **BRIEF, "store": tmp_path / "points.sqlite"}  # fmt: skip
    first = phase_diagram(**asked)
    assert [(one.templates, one.multiplicity) for one in first.told] == [(1, 1), (3, 1), (3, 2)]
    alone = knowledge_extraction(SMALL, fine_tuned=(2, 5), **BRIEF)
    assert first.values[2]["tuned"][0]["right"] == alone.values[0]["tuned"][0]["right"]
    monkeypatch.setattr("sims.knowledge.trials.extract", None)
    assert phase_diagram(**asked).rows() == first.rows()
    with pytest.raises(InputError):
        phase_diagram(**{**asked, "trials": 1})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"fine_tuned": 0}, "N_f = 0"),
        ({"fine_tuned": 8}, "leaves none"),
        ({"fine_tuned": []}, "leaves none"),
        ({"model": "linear"}, "model 'linear'"),
        ({"width": 0}, "m = 0|width"),
        ({"pre_training": 5}, "pre_training 5"),
        ({"rank": 0}, "rank r = 0"),
        ({"asked": 3}, "asked = 3"),
        ({"trials": 0}, "trials"),
        ({"seed": -1}, "seed -1"),
        ({"told": Told(multiplicity=20)}, "K = 20"),
        ({"told": Told(attributes=4, values=3)}, "D = 3 < A = 4"),
    ],
)
def test_bad_measurements_are_named(arguments, said):
    with pytest.raises(InputError, match=said) as caught:
        knowledge_extraction(**{"told": SMALL, "fine_tuned": 2, **arguments})
    one_line(caught.value)


def test_a_diagram_without_points_is_refused():
    with pytest.raises(InputError, match="no K"):
        phase_diagram(multiplicities=(4,), templates=(3,), told=SMALL, fine_tuned=(2,))


def test_what_would_not_fit_is_refused_before_it_is_drawn():
    with pytest.raises(InputError, match=r"GB are free") as caught:
        knowledge_extraction(Told(subjects=10**6), fine_tuned=2)
    one_line(caught.value)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("fillers", [0, 2])
def test_sizes_are_known_without_drawing(shared, fillers):
    told = Told(6, 2, 3, 2, 4, shared=shared, fillers=fillers)
    given = told.draw(Source(0, "tests", ()), 0)
    assert told.vocabulary == given.vocabulary
    assert told.contexts >= len(given.contexts()) > 0.6 * told.contexts


def test_the_rate_goes_with_the_number_of_subjects():
    """At the rate of 64 subjects, 8 of them diverge or stay away from the floor; at theirs, not."""
    told = Told(subjects=8, attributes=2, templates=3, multiplicity=2, values=4, shared=False)
    found = {
        rule: knowledge_extraction(told, fine_tuned=4, pre_training=rule, width=24, trials=2)
        for rule in (suited(8), suited(64))
    }
    own, other = (one.rows()[0]["excess_share"] for one in found.values())
    assert own < 0.01
    assert not other < 0.01


def test_a_number_given_twice_counts_once():
    found = knowledge_extraction(SMALL, fine_tuned=(2, 2), **BRIEF)
    assert [row["fine_tuned"] for row in found.rows()] == [2]
    assert len(found.values[0]["tuned"][0]["right"]) == 2


def test_every_kind_of_wrong_answer_has_its_name():
    """The answer is planted: weights that give one token the highest logit, whatever is asked."""
    facts = np.array([[0, 0, 0], [0, 1, 3], [1, 0, 1], [1, 1, 4], [2, 0, 2], [2, 1, 5]])
    given = tell_facts(facts, templates=1, multiplicity=1, rng=np.random.default_rng(0))
    frozen = {"pre_training": Descent(steps=1, learning_rate=1e-9),
              "fine_tuning": Descent(steps=1, learning_rate=1e-9), "width": 2}  # fmt: skip
    n, found = given.vocabulary, {}
    for token in range(n):
        weights = {"Q": np.zeros((n, n), np.float32), "W": np.ones((2, n), np.float32),
                   "V": np.zeros((2, n), np.float32)}  # fmt: skip
        weights["V"][:, token] = 9
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sims.knowledge.trials.initial_weights", lambda *_, w=weights, **__: w)
            value = extract([given], Source(0, "tests", ()), fine_tuned=[1], **frozen)
        found[token - given.first_value] = value["tuned"][0]["kinds"][0]
    # Held out are (1, 0, 1), (1, 1, 4), (2, 0, 2) and (2, 1, 5).
    assert found[0] == ["tuned", "other", "tuned", "other"]
    assert found[1] == ["right", "own", "set", "other"]
    assert found[4] == ["own", "right", "other", "set"]
    assert {tuple(kinds) for value, kinds in found.items() if value < 0} == {("none",) * 4}
