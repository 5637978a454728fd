"""Keys and outputs made of the user's vectors of a table's names."""

import numpy as np
import pytest

from assoc.facts.tables import FactTable
from assoc.vectors.named import NamedVectors, VectorPair
from sims.engine.randomness import Source
from tests.helpers.oracles import complaint
from theory.facts.keys import draw_keys, name_keys

TABLE = FactTable(
    ("Oman", "Peru"), ("capital", "code"), ("Muscat", "OM", "Lima"),
    np.array([[0, 0, 0], [0, 1, 1], [1, 0, 2]]),
)  # fmt: skip
ONE = FactTable(
    ("Oman", "Peru"), ("capital",), ("Muscat", "Lima"), np.array([[0, 0, 0], [1, 0, 1]])
)
NAMES = ("code", "capital", "Muscat", "OM", "Lima", "Peru", "Oman", "unused")
V = np.random.default_rng(0).standard_normal((len(NAMES), 6))
NAMED = NamedVectors(V, NAMES, "mine.npz")


def unit(v):
    return v / np.linalg.norm(v)


def of(name, vectors=V, names=NAMES):
    return unit(vectors[names.index(name)])


@pytest.mark.parametrize("key", ["sum", "product"])
def test_a_key_is_made_of_subject_and_relation_and_an_output_is_the_answer(key):
    keys = name_keys(TABLE, NAMED, preprocess="none", key=key)
    for (s, r, a), e in zip(TABLE.facts, keys.E, strict=True):
        subject, relation = of(TABLE.subjects[s]), of(TABLE.relations[r])
        both = subject + relation if key == "sum" else subject * relation
        np.testing.assert_allclose(e, unit(both))
        np.testing.assert_allclose(keys.U[a], of(TABLE.answers[a]))
    assert (keys.origin, keys.notes) == (f"mine.npz none, {key}", ())


@pytest.mark.parametrize("key", ["sum", "product"])
def test_of_one_relation_a_key_is_the_subject(key):
    """The relation need not have a vector then."""
    kept = [k for k, name in enumerate(NAMES) if name not in ("capital", "code")]
    named = NamedVectors(V[kept], tuple(NAMES[k] for k in kept), "mine.npz")
    keys = name_keys(ONE, named, preprocess="none", key=key)
    np.testing.assert_allclose(keys.E, [of("Oman"), of("Peru")])
    assert keys.origin == "mine.npz none"


def test_answers_may_come_from_another_matrix():
    W = np.random.default_rng(1).standard_normal((3, 6))
    outputs = NamedVectors(W, ("lima", "muscat", "om"), "out.npz")
    keys = name_keys(TABLE, VectorPair(NAMED, outputs), preprocess="none", key="sum")
    np.testing.assert_allclose(keys.U, [unit(W[1]), unit(W[2]), unit(W[0])])
    assert keys.notes == ("3 names are matched without regard to case",)
    assert keys.origin == "mine.npz, outputs out.npz none, sum"
    swapped = VectorPair(outputs, NAMED)
    said = complaint(name_keys, TABLE, swapped, preprocess="none", key="sum")
    assert said == "out.npz: no vector for 4 of the 4 names: 'Oman', 'Peru', 'capital', ..."


def test_all_vectors_of_a_file_are_preprocessed():
    keys = name_keys(ONE, NAMED, preprocess="centre", key="sum")
    centred = V - V.mean(axis=0)
    np.testing.assert_allclose(keys.E, [of("Oman", centred), of("Peru", centred)])


def test_what_cannot_be_told_apart_is_said():
    same = V.copy()
    same[NAMES.index("Muscat")] = 2 * same[NAMES.index("Lima")]
    keys = name_keys(TABLE, NamedVectors(same, NAMES, "m"), preprocess="none", key="sum")
    assert keys.notes == ("2 answers share their vector with another, such as 'Muscat'",)
    same = V.copy()
    same[NAMES.index("Peru")] = same[NAMES.index("Oman")]
    keys = name_keys(TABLE, NamedVectors(same, NAMES, "m"), preprocess="none", key="sum")
    assert keys.notes == ("2 keys share their vector with another, such as 'Oman, capital'",)


def test_hypotheses_are_of_keys_and_of_answers():
    names = tuple(f"w{k}" for k in range(60))
    far = NamedVectors(np.random.default_rng(0).standard_normal((60, 6)) + 2, names, "mine.npz")
    table = FactTable(names[:20], names[20:22], names[22:42],
                      np.array([[k, k % 2, k] for k in range(20)]))  # fmt: skip
    conditions = name_keys(table, far, preprocess="none", key="sum").conditions
    checked = ("unit norm", "centred", "isotropic", "no near duplicates")
    assert [c.name for c in conditions] == [
        f"{what}: {name}" for what in ("keys", "answers") for name in checked
    ]
    by_name = {c.name: c for c in conditions}
    assert by_name["keys: centred"].holds is False
    assert by_name["keys: centred"].remedy == "centre"
    assert by_name["answers: unit norm"].holds is True
    again = name_keys(table, far, preprocess="whiten", key="sum").conditions
    assert not {c.remedy for c in again} & {"normalise", "centre", "whiten"}
    single = FactTable(("Oman",), ("code",), ("OM",), np.array([[0, 0, 0]]))
    assert name_keys(single, NAMED, preprocess="none", key="sum").conditions == ()


@pytest.mark.parametrize(
    ("vectors", "key", "preprocess", "said"),
    [
        (NAMED, "mean", "none", "key 'mean' is not one of sum, product"),
        (NAMED, "sum", "bleach", "preprocessing 'bleach' is not one of none,"),
        (NamedVectors(V, None, "m.npy"), "sum", "none", "m.npy: vectors without names cannot be"),
        (
            NamedVectors(V * 0, NAMES, "m"), "sum", "none",
            "m: row 0 is zero and has no direction",
        ),
        (
            NamedVectors(np.concatenate([-V[6:7], V[1:]]), NAMES, "m"), "sum", "none",
            "the sum of a subject's and a relation's vector: row 1 is zero and has no direction",
        ),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(vectors, key, preprocess, said):
    found = complaint(name_keys, TABLE, vectors, key=key, preprocess=preprocess)
    assert found.startswith(said)


def test_drawn_keys_are_on_the_sphere():
    keys = draw_keys(TABLE, 8, Source(0, "test", (8,)))
    assert (keys.E.shape, keys.U.shape, keys.origin) == ((3, 8), (3, 8), "sphere")
    np.testing.assert_allclose(np.linalg.norm(keys.E, axis=1), 1)
    assert [(c.name, c.holds) for c in keys.conditions] == [("uniform on the sphere", True)]
    assert "d = 1: a dimension of at least 2" in complaint(draw_keys, TABLE, 1, Source(0, "t", ()))
