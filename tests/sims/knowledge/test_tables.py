"""Fact tables as knowledge: what is told and asked, what answers are, resuming, bad input."""

import json
from dataclasses import replace

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.examples import example_path
from assoc.facts.knowledge import Knowledge
from assoc.facts.tables import FactTable, read_facts
from sims.knowledge.extraction import knowledge_extraction
from sims.knowledge.tables import numbered_facts, table_extraction
from sims.knowledge.training import Descent, suited
from sims.knowledge.trials import Told
from sims.knowledge.verdicts import KINDS
from tests.helpers.oracles import one_line

SUBJECTS = 12
BRIEF = {
    "width": 32, "trials": 2, "templates": 2, "multiplicities": (2,),
    "pre_training": suited(SUBJECTS, steps=800),
    "fine_tuning": Descent(steps=200, learning_rate=0.05, schedule="constant"),
}  # fmt: skip


def table_of(subjects=SUBJECTS):
    """Capitals, each of one subject; continents, of several; the last subject has no capital."""
    names = tuple(f"subject {i}" for i in range(subjects))
    answers = (*(f"capital {i}" for i in range(subjects - 1)), "north", "south", "east")
    capitals = [[i, 0, i] for i in range(subjects - 1)]
    continents = [[i, 1, subjects - 1 + i % 3] for i in range(subjects)]
    return FactTable(names, ("capital", "continent"), answers, np.array(capitals + continents))


@pytest.fixture(scope="module")
def measured():
    return table_extraction(table_of(), fine_tuned=(3, 8), **BRIEF)


def seen(monkeypatch, **options):
    """What the trials of a table are given."""
    given = []

    def note(knowledge, *_, **__):
        given.extend(knowledge)
        raise InputError("seen")

    with monkeypatch.context() as patch:
        patch.setattr("sims.knowledge.tables.extract", note)
        with pytest.raises(InputError, match="seen"):
            table_extraction(table_of(), **{"fine_tuned": (3, 8), **BRIEF, **options})
    return given


def test_what_is_told_is_the_table_with_subjects_in_another_order(monkeypatch):
    first, second = seen(monkeypatch, multiplicities=(1,))
    rows = numbered_facts(table_of())
    for one in (first, second):
        assert isinstance(one, Knowledge)
        assert (one.facts[:, 1:] == rows[:, 1:]).all()
        pairs = {(int(old), int(new)) for old, new in zip(rows[:, 0], one.facts[:, 0], strict=True)}
        assert len(pairs) == SUBJECTS
        assert sorted(new for _, new in pairs) == list(range(SUBJECTS))
        assert (one.told.sum(axis=1) == 1).all()
    assert (first.told != second.told).any()
    assert (first.facts[:, 0] != second.facts[:, 0]).any()
    again, _ = seen(monkeypatch, multiplicities=(1,))
    assert (again.facts == first.facts).all()
    other, _ = seen(monkeypatch, multiplicities=(1,), seed=1)
    assert (other.facts != first.facts).any()


def test_answers_of_two_relations_are_two_values():
    same = FactTable(("a", "b"), ("r", "q"), ("x",), np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]]))
    assert numbered_facts(same).tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 1]]


def test_every_fact_of_a_held_out_subject_is_asked_for_once(measured):
    subject = measured.table.facts[:, 0]
    for tuned, number in zip(measured.values[0]["tuned"], (3, 8), strict=True):
        for facts, right, kinds in zip(tuned["facts"], tuned["right"], tuned["kinds"], strict=True):
            held = set(subject[facts])
            assert len(held) == SUBJECTS - number
            assert facts == np.flatnonzero(np.isin(subject, list(held))).tolist()
            assert len(kinds) == len(right) == len(facts)
            assert [kind == "right" for kind in kinds] == [bool(one) for one in right]
    few, many = (record["facts"] for record in measured.values[0]["tuned"])
    assert all(set(b) < set(a) for a, b in zip(few, many, strict=True))
    assert few[0] != few[1]


def test_an_answer_that_only_its_subject_has_is_asked_for_and_given(measured):
    rows = {(row["relation"], row["fine_tuned"]): row for row in measured.by_relation()}
    capital, continent = rows["capital", 8], rows["continent", 8]
    held = [int((measured.table.facts[facts, 1] == 0).sum())
            for facts in measured.values[0]["tuned"][1]["facts"]]  # fmt: skip
    assert capital["questions"] == sum(held) > 0
    assert capital["alone"] == 1.0
    assert capital["answered_alone"] == capital["answered"] > 0.8
    assert continent["alone"] == 0.0
    assert continent["answered_alone"] is None
    assert continent["questions"] == 2 * (SUBJECTS - 8)


def test_an_answer_that_was_never_told_is_not_given():
    """Barely trained, it cannot know a capital that nobody else has."""
    brief = {**BRIEF, "pre_training": Descent(steps=2, learning_rate=0.01)}
    found = table_extraction(table_of(), fine_tuned=(8,), **brief)
    capital, _ = found.by_relation()
    assert capital["answered_alone"] < 0.2
    assert capital["wrong_tuned"] > 0.5
    assert found.rows()[0]["excess_share"] > 0.5


def test_relations_sum_up_to_the_rows(measured):
    for row in measured.rows():
        parts = [part for part in measured.by_relation()
                 if part["fine_tuned"] == row["fine_tuned"]]  # fmt: skip
        total = sum(part["questions"] for part in parts)
        right = sum(part["questions"] * part["answered"] for part in parts)
        assert right == pytest.approx(row["answered"] * total)
        for part in parts:
            assert part["interval"][0] <= part["answered"] <= part["interval"][1]
            shares = [part[f"wrong_{kind}"] for kind in KINDS]
            if part["answered"] < 1:
                assert sum(shares) == pytest.approx(1)
            else:
                assert shares == [None] * len(KINDS)
        assert row["excess_share"] < 0.05
        assert row["learnt"] == 1.0
        assert row["shared"] is False
    assert "12 subjects" in repr(measured)
    assert len(measured.plot().lines) == 1
    json.dumps(measured.to_dict())
    assert measured.to_dict()["facts"][0] == ["subject 0", "capital", "capital 0"]


def test_a_full_table_is_told_as_drawn_facts_are():
    """Same sizes, same floor, whatever the answers are."""
    brief = {key: value for key, value in BRIEF.items()
             if key not in ("templates", "multiplicities")}  # fmt: skip
    full = table_of().restricted(["continent"])
    found = table_extraction(full, fine_tuned=(3,), **BRIEF)
    drawn = knowledge_extraction(Told(SUBJECTS, 1, 2, 2, 3, shared=False), fine_tuned=3, **brief)
    assert found.values[0]["floor"] == pytest.approx(drawn.values[0]["floor"])
    assert found.values[0]["floor"] == pytest.approx([np.log(2), 0])


def test_finished_points_are_found_again(tmp_path, measured, monkeypatch):
    asked = {**BRIEF, "multiplicities": (1, 2), "fine_tuned": (3, 8),
             "store": tmp_path / "points.sqlite"}  # fmt: skip
    first = table_extraction(table_of(), **asked)
    assert [(one.templates, one.multiplicity) for one in first.told] == [(2, 1), (2, 2)]
    assert first.values[1] == json.loads(json.dumps(measured.values[0]))
    monkeypatch.setattr("sims.knowledge.tables.extract", None)
    assert table_extraction(table_of(), **asked).rows() == first.rows()
    with pytest.raises(InputError):
        table_extraction(table_of(), **{**asked, "relations": ["capital"]})


def test_relations_of_the_example_are_chosen_by_name():
    table = read_facts(example_path("countries.csv"))
    two = table.restricted(["currency", "capital"])
    assert two.relations == ("currency", "capital")
    kept = {(s, r, a) for s, r, a in named(table) if r in two.relations}
    assert set(named(two)) == kept
    assert len(two) == len(kept)
    assert {name for fact in kept for name in fact} == {
        *two.subjects, *two.relations, *two.answers,
    }  # fmt: skip
    assert set(named(table.restricted(table.relations))) == set(named(table))


def named(table):
    return [(table.subjects[s], table.relations[r], table.answers[a]) for s, r, a in table.facts]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"relations": ["capitol"]}, "relation 'capitol' is not one of capital, continent"),
        ({"relations": ["capital", "capital"]}, "relation 'capital' is named twice"),
        ({"relations": []}, "no relation is named"),
        ({"fine_tuned": (12,)}, r"N_f = \[12\] leaves none of S = 12"),
        ({"fine_tuned": ()}, "leaves none"),
        ({"fine_tuned": (0,)}, "N_f = 0"),
        ({"relations": ["capital"], "fine_tuned": (11,)}, "leaves none of S = 11"),
        ({"multiplicities": (3,)}, "no K of"),
        ({"multiplicities": (0,)}, "K = 0"),
        ({"templates": 10**9}, "GB are free"),
        ({"width": 0}, "m = 0|width"),
        ({"trials": 0}, "trials"),
        ({"seed": -1}, "seed -1"),
        ({"pre_training": 3}, "pre_training 3"),
    ],
)
def test_bad_requests_are_named(options, said):
    with pytest.raises(InputError, match=said) as caught:
        table_extraction(table_of(), **{"fine_tuned": (3,), **BRIEF, **options})
    one_line(caught.value)


def test_each_of_several_right_answers_is_told_and_counts(monkeypatch):
    """Every subject has a second capital: only it is told to some, and both are answers."""
    plain = table_of()
    more = np.column_stack([np.arange(SUBJECTS - 1), np.roll(np.arange(SUBJECTS - 1), 1)])
    table = replace(plain, also=more)
    with monkeypatch.context() as patch:
        patch.setattr("tests.sims.knowledge.test_tables.table_of", lambda: table)
        one, _ = seen(patch)
    assert len(one.sentences) == 2 * (len(plain) + len(more))
    assert (one.rights == np.where(one.facts[:, 1] == 0, 2, 1)).all()
    found = table_extraction(table, fine_tuned=(8,), **BRIEF)
    capitals, _ = found.by_relation()
    assert found.rows()[0]["learnt"] == 1.0
    assert found.rows()[0]["excess_share"] < 0.02
    assert capitals["answered"] > 0.7
    assert capitals["alone"] == 0.0


def test_popularity_leaves_the_facts_and_says_who_is_told_often(monkeypatch):
    often, _ = seen(monkeypatch, popularity=1.0)
    alike, _ = seen(monkeypatch)
    assert (often.facts == alike.facts).all()
    assert (often.told == alike.told).all()
    assert sorted(often.ranks) == list(range(1, SUBJECTS + 1))
    found = table_extraction(table_of(), fine_tuned=(3,), popularity=1.0, predicted=True, **BRIEF)
    rows = found.by_popularity()
    assert [row["ranks"] for row in rows] == ["1 to 4", "5 to 12"]
    assert sum(row["questions"] for row in rows) == len(np.concatenate(
        found.values[0]["tuned"][0]["facts"]
    ))  # fmt: skip
    (whole,) = found.rows()
    for name in ("answered", "superposed", "linearised"):
        mean = sum(row[name] * row["questions"] for row in rows)
        assert mean / sum(row["questions"] for row in rows) == pytest.approx(whole[name])
    assert all(row["elsewhere"] is None for row in rows)  # every template is told
    json.dumps(found.to_dict())


def test_facts_completed_elsewhere_are_counted_by_fact():
    found = table_extraction(table_of(), fine_tuned=(3,), **{**BRIEF, "multiplicities": (1,)})
    (value,) = found.values
    for shares, untold in zip(value["elsewhere"], value["untold"], strict=True):
        assert np.mean(shares) == pytest.approx(untold)
    assert found.by_popularity()[0]["ranks"] == "1 to 1"
