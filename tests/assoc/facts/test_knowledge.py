"""Told knowledge: tokens, contexts, the entropy floor by enumeration, coverage, bad input."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.examples import example_path
from assoc.facts.knowledge import Knowledge
from assoc.facts.tables import read_facts
from assoc.facts.telling import draw_knowledge, tell_facts
from tests.helpers.oracles import one_line


def drawn(seed=0, *, shared=False, fillers=0, K=2):
    rng = np.random.default_rng(seed)
    return draw_knowledge(5, 3, 4, K, 6, shared=shared, fillers=fillers, rng=rng)


def ragged(fillers=0):
    """Facts that do not fill the grid, told a different number of times."""
    facts = np.array([[0, 0, 1], [0, 1, 2], [2, 1, 0]])
    told = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]], bool)
    return Knowledge(3, 2, 3, facts, np.array([0, 0, 1, 1]), told, fillers)


every_kind = pytest.mark.parametrize(
    "given",
    [drawn(), drawn(1, shared=True), drawn(2, fillers=3), ragged(), ragged(2)],
    ids=["disjoint", "shared", "fillers", "ragged", "ragged-fillers"],
)


@every_kind
def test_the_floor_is_the_entropy_of_all_sentences_counted_one_by_one(given):
    following = defaultdict(Counter)
    for sentence in given.sentences.tolist():
        for position in range(len(sentence) - 1):
            following[tuple(sentence[: position + 1])][sentence[position + 1]] += 1
    entropy = np.zeros(len(given.positions))
    for seen, counter in following.items():
        total = sum(counter.values())
        entropy[len(seen) - 1] += sum(c * math.log(total / c) for c in counter.values())
    np.testing.assert_allclose(given.floor, entropy / len(given.sentences), atol=1e-12)
    assert len(given.contexts()) == len(following)


@every_kind
def test_contexts_hold_what_the_sentences_say(given):
    found = given.contexts()
    np.testing.assert_allclose(found.targets.sum(axis=1), 1, rtol=1e-6)
    for position, floor in enumerate(given.floor):
        here = found.positions == position
        np.testing.assert_allclose(found.weights[here].sum(), 1)
        np.testing.assert_array_equal(found.counts[here].sum(axis=1), position + 1)
        targets = found.targets[here].astype(float)
        logs = np.log(np.where(targets > 0, targets, 1))
        np.testing.assert_allclose(-found.weights[here] @ (targets * logs).sum(axis=1), floor,
                                   atol=1e-6)  # fmt: skip
    assert (found.counts[np.arange(len(found)), found.last] > 0).all()


@every_kind
def test_model_sees_the_same_only_where_the_same_was_said(given):
    """Tokens as a set, and the last of them, tell any two contexts apart."""
    found = given.contexts()
    keys = np.column_stack([found.counts, found.last])
    assert len(np.unique(keys, axis=0)) == len(found)


@every_kind
def test_questions_are_new_and_want_the_value(given):
    asked = given.asked()
    repeats = max(1, given.fillers) ** 2
    assert len(asked) == repeats * len(given.facts)
    questions = np.arange(given.first_question, given.first_value)
    assert not np.isin(given.sentences, questions).any()
    assert (asked.counts[:, questions].sum(axis=1) == 1).all()
    written = given.questions()
    np.testing.assert_array_equal(written[::repeats, -1], given.labels)
    np.testing.assert_allclose(asked.weights.sum(), 1)


def test_each_fact_is_told_in_k_templates_of_its_attribute_each_equally_often():
    rng = np.random.default_rng(3)
    many = draw_knowledge(2000, 2, 5, 2, 3, rng=rng)
    assert (many.told.sum(axis=1) == 2).all()
    assert not (many.told & ~many.sayable).any()
    share = many.told.sum(axis=0) / 2000
    assert np.abs(share - 2 / 5).max() < 5 * math.sqrt(0.24 / 2000)


def test_value_sets_are_disjoint_or_shared():
    own = drawn()
    sets = [set(own.facts[own.facts[:, 1] == b, 2]) for b in range(3)]
    assert len(set().union(*sets)) == sum(map(len, sets))
    assert own.values == 18
    common = drawn(shared=True)
    assert common.values == 6
    assert (np.diff(np.sort(common.facts[:, 2].reshape(5, 3), axis=1), axis=1) > 0).all()


@every_kind
def test_untold_templates_are_those_of_the_attribute_that_were_left_out(given):
    contexts, rows = given.untold()
    templates = slice(given.first_template, given.first_question)
    seen = np.zeros_like(given.told)
    np.logical_or.at(seen, rows, contexts.counts[:, templates] > 0)
    np.testing.assert_array_equal(seen, given.sayable & ~given.told)
    np.testing.assert_array_equal(contexts.targets.argmax(axis=1), given.labels[rows])


def test_covered_counts_facts_that_share_a_template():
    given = drawn(4)
    tuned = np.array([0, 1, 2, 6])
    expected = [
        sum(bool((given.told[i] & given.told[j]).any()) for j in tuned)
        for i in range(len(given.facts))
    ]
    assert given.covered(tuned).tolist() == expected
    assert not given.covered(np.array([], int)).any()


def test_chance_to_be_uncovered_is_that_of_disjoint_subsets():
    """Two K-subsets of |R| miss each other with probability C(|R| - K, K) / C(|R|, K)."""
    many = draw_knowledge(4000, 1, 8, 3, 2, rng=np.random.default_rng(5))
    missed = np.mean(~(many.told[:2000] & many.told[2000:]).any(axis=1))
    assert abs(missed - math.comb(5, 3) / math.comb(8, 3)) < 0.04


def test_facts_of_a_table_are_told():
    table = read_facts(example_path("countries.csv"))
    rng = np.random.default_rng(0)
    given = tell_facts(table.facts, templates=6, multiplicity=2, rng=rng)
    assert len(given.sentences) == 2 * len(table.facts)
    assert given.subjects == len(table.subjects)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"facts": np.zeros((2, 2), int)}, r"facts: rows \(s, b, v\)"),
        ({"facts": np.array([[0, 0, 9]])}, "outside of S, A, M"),
        ({"facts": np.array([[0, 0, 1], [0, 0, 0]])}, "occurs twice"),
        ({"fillers": -1}, "fillers Z = -1"),
        ({"owner": np.array([0, 2])}, "attributes are not all among"),
        ({"told": np.ones((1, 1), bool)}, "not facts x templates"),
        ({"told": np.array([[1, 0], [1, 0]], bool)}, "another attribute"),
        ({"told": np.array([[1, 0], [0, 0]], bool)}, "has no template"),
    ],
)
def test_bad_knowledge_is_named(change, said):
    given = {
        "subjects": 2, "attributes": 2, "values": 2, "facts": np.array([[0, 0, 0], [0, 1, 1]]),
        "owner": np.array([0, 1]), "told": np.eye(2, dtype=bool),
    }  # fmt: skip
    Knowledge(**given)
    with pytest.raises(InputError, match=said) as caught:
        Knowledge(**{**given, **change})
    one_line(caught.value)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((0, 1, 1, 1, 1), "S = 0"),
        ((1, 1, 0, 1, 1), r"\|R\| = 0"),
        ((1, 1, 2, 3, 1), "K = 3"),
        ((1, 3, 2, 1, 2), "D = 2 < A = 3"),
    ],
)
def test_bad_sizes_are_named(sizes, said):
    with pytest.raises(InputError, match=said) as caught:
        draw_knowledge(*sizes, shared=True, rng=np.random.default_rng(0))
    one_line(caught.value)
    with pytest.raises(InputError, match="rows"):
        tell_facts(np.zeros(3, int), templates=1, multiplicity=1, rng=np.random.default_rng(0))
