"""Who is told how often, and facts with several right answers: shares, floors, bad input."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from assoc.facts.knowledge import Knowledge
from assoc.facts.telling import draw_knowledge, popular, tell_facts


def counted(given):
    """Entropy of the next token at each position, sentence by sentence."""
    sentences, chances = given.sentences.tolist(), given.chances.tolist()
    floor = []
    for length in range(1, len(sentences[0])):
        seen, pairs = Counter(), Counter()
        for sentence, chance in zip(sentences, chances, strict=True):
            seen[frozenset(sentence[:length]), sentence[length - 1]] += chance
            pairs[frozenset(sentence[:length]), sentence[length - 1], sentence[length]] += chance
        floor.append(-sum(p * np.log(p / seen[key[:2]]) for key, p in pairs.items()))
    return floor


def several(fillers=0):
    """Two subjects; one fact has three right answers, another one."""
    facts = np.array([[0, 0, 0], [0, 1, 3], [1, 0, 2]])
    told = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]], bool)
    also = np.array([[0, 1], [0, 2]])
    return Knowledge(2, 2, 4, facts, np.array([0, 0, 1, 1]), told, fillers, also)


@pytest.mark.parametrize("fillers", [0, 2])
@pytest.mark.parametrize("exponent", [0.0, 1.5])
def test_the_floor_is_the_entropy_counted_one_by_one(fillers, exponent):
    rng = np.random.default_rng(0)
    for given in (several(fillers), draw_knowledge(5, 2, 3, 2, 4, fillers=fillers, rng=rng)):
        told = popular(given, exponent, rng=rng)
        np.testing.assert_allclose(told.floor, counted(told), atol=1e-12)
        found = told.contexts()
        for position, floor in enumerate(told.floor):
            here = found.positions == position
            targets = found.targets[here].astype(float)
            logs = np.log(np.where(targets > 0, targets, 1))
            assert found.weights[here].sum() == pytest.approx(1)
            entropy = -found.weights[here] @ (targets * logs).sum(axis=1)
            assert entropy == pytest.approx(floor, abs=1e-6)


def test_subjects_are_told_by_zipfs_law():
    rng = np.random.default_rng(1)
    given = popular(draw_knowledge(6, 2, 3, 1, 4, rng=rng), 2.0, rng=rng)
    assert sorted(given.ranks) == [1, 2, 3, 4, 5, 6]
    shares = np.bincount(given.sentences[:, 0], given.chances)
    np.testing.assert_allclose(shares * given.ranks**2.0, shares.max())
    alike = replace(given, often=None)
    assert set(alike.ranks) == {1}
    assert popular(alike, 0.0, rng=rng) is alike


def test_each_right_answer_is_told_and_wanted():
    given = several()
    assert len(given.sentences) == 3 * 2 + 1 + 1
    assert given.right.sum(axis=1).tolist() == given.rights.tolist() == [3, 1, 1]
    asked = given.asked(np.array([0, 2]))
    np.testing.assert_allclose(asked.targets.sum(axis=1), 1)
    assert (asked.targets > 0).sum(axis=1).tolist() == [3, 1]
    np.testing.assert_allclose(asked.targets[0, given.first_value :][:3], 1 / 3)


def test_a_table_with_several_answers_is_told():
    facts, also = np.array([[0, 0, 0], [1, 0, 1]]), np.array([[1, 2]])
    one = tell_facts(facts, templates=3, multiplicity=2, also=also, rng=np.random.default_rng(0))
    assert (one.values, len(one.sentences)) == (3, 2 + 2 * 2)


@pytest.mark.parametrize("exponent", [-1.0, float("nan"), float("inf")])
def test_an_exponent_that_is_none_is_refused(exponent):
    with pytest.raises(InputError, match="popularity"):
        popular(several(), exponent, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"also": np.array([[0, 0]])}, "a right value occurs twice"),
        ({"also": np.array([[3, 0]])}, "no such fact or value"),
        ({"also": np.array([[0, 4]])}, "no such fact or value"),
        ({"also": np.array([0, 1])}, "rows"),
        ({"often": np.ones(3)}, "for each subject"),
        ({"often": np.array([1.0, 0.0])}, "for each subject"),
        ({"often": np.array([1.0, np.nan])}, "for each subject"),
    ],
)
def test_what_cannot_be_told_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        replace(several(), **change)
