"""Embeddings of a table's tokens."""

import numpy as np
import pytest

from assoc import InputError
from assoc.facts.recall_task import table_task
from assoc.facts.tables import FactTable
from assoc.transformers.token_vectors import draw_tokens, name_tokens
from assoc.vectors.named import NamedVectors
from tests.helpers.oracles import one_line

TABLE = FactTable(
    ("Oman", "Peru"), ("capital", "code"), ("Oman", "PE", "pe"),
    np.array([[0, 0, 0], [0, 1, 1], [1, 0, 2]]),
)  # fmt: skip
TASK = table_task(TABLE, noise=2)
NAMES = ("code", "capital", "pe", "PE", "Peru", "Oman", "unused")


def vectors(**changes):
    V = np.random.default_rng(0).standard_normal((len(NAMES), 6))
    for name, value in changes.items():
        V[NAMES.index(name)] = value
    return NamedVectors(V, NAMES, "mine.npz")


def unit(v):
    return v / np.linalg.norm(v)


def test_drawn_ones_are_on_the_sphere():
    Phi = draw_tokens(TASK, 5, rng=np.random.default_rng(0))
    assert Phi.shape == (TASK.vocabulary, 5)
    assert Phi.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(Phi, axis=1), 1, atol=1e-6)


def test_names_get_their_vectors_at_unit_length():
    given = vectors()
    Phi, notes = name_tokens(TABLE, TASK, given, rng=np.random.default_rng(0))
    at = dict(zip(NAMES, given.vectors, strict=True))
    for token, name in enumerate(("Oman", "Peru", "capital", "code")):
        np.testing.assert_allclose(Phi[token], unit(at[name]))
    # The capital called Oman shares the country's vector; PE does not share that of pe.
    mixed = unit(unit(at["Oman"]) + unit(at["capital"]))
    np.testing.assert_allclose(Phi[4], mixed)
    np.testing.assert_allclose(Phi[5], unit(at["PE"]))
    np.testing.assert_allclose(np.linalg.norm(Phi[7:], axis=1), 1)
    assert len(Phi) == TASK.vocabulary
    assert notes == (
        "1 answers shared their vector with another token (such as 'Oman') and got the mean of it "
        "and their relation's",
    )


def test_names_whose_vectors_agree_are_told_apart_by_their_relation():
    Phi, notes = name_tokens(TABLE, TASK, vectors(PE=1.0, pe=2.0), rng=np.random.default_rng(1))
    assert len(np.unique(Phi, axis=0)) == len(Phi)
    assert notes[0].startswith("3 answers shared their vector")


def test_what_cannot_be_told_apart_is_said():
    given = vectors(Oman=1.0, Peru=1.0)
    _, notes = name_tokens(TABLE, TASK, given, rng=np.random.default_rng(0))
    assert notes[-1] == "2 tokens still share their vector with another, such as 'Oman', 'Peru'"


def test_preprocessing_comes_first():
    given = vectors()
    Phi, _ = name_tokens(TABLE, TASK, given, "centre", rng=np.random.default_rng(0))
    centred = given.vectors - given.vectors.mean(axis=0)
    np.testing.assert_allclose(Phi[1], unit(centred[NAMES.index("Peru")]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (NamedVectors(np.eye(7), None, "m.npy"), "m.npy: vectors without names cannot be matched"),
        (
            NamedVectors(np.eye(7), (*NAMES[:-1], "pe"), "m.npz"),
            "m.npz: two vectors are named 'pe'",
        ),
        (
            NamedVectors(np.eye(2), ("Oman", "Peru"), "m.npz"),
            "m.npz: no vector for 4 of the 6 names: 'capital', 'code', 'PE', ...",
        ),
    ],
)
def test_bad_vectors_are_named(given, said):
    with pytest.raises(InputError) as caught:
        name_tokens(TABLE, TASK, given, rng=np.random.default_rng(0))
    assert one_line(caught.value).startswith(said)


def test_dimensions_that_make_no_sense():
    for d, said in ((1, "d = 1: a dimension of at least 2"), (10**9, "d = 1000000000: embeddings")):
        with pytest.raises(InputError) as caught:
            draw_tokens(TASK, d, rng=np.random.default_rng(0))
        assert one_line(caught.value).startswith(said)


def test_names_are_found_without_regard_to_case_where_all_are(tmp_path):
    table = FactTable(("Oman", "Peru"), ("Capital",), ("Muscat", "LIMA"),
                      np.array([[0, 0, 0], [1, 0, 1]]))  # fmt: skip
    V = np.random.default_rng(0).standard_normal((5, 6))
    found = NamedVectors(V, ("oman", "peru", "capital", "muscat", "lima"), "mine.npz")
    task = table_task(table, noise=1)
    Phi, notes = name_tokens(table, task, found, rng=np.random.default_rng(1))
    assert notes == ("5 names are matched without regard to case",)
    np.testing.assert_allclose(Phi[0], unit(V[0]))
    twice = NamedVectors(V, ("oman", "peru", "capital", "MUSCAT", "muscat"), "mine.npz")
    with pytest.raises(InputError, match="no vector for 5 of the 5 names: 'Oman'"):
        name_tokens(table, task, twice, rng=np.random.default_rng(1))


def test_answers_that_are_right_beside_another_have_vectors_too():
    facts = np.array([[0, 0, 0], [0, 1, 1]])
    table = FactTable(
        ("Oman", "Peru"), ("capital", "code"), ("Oman", "PE", "pe"), facts, also=np.array([[1, 2]])
    )
    task = table_task(table, noise=2)
    Phi, _ = name_tokens(table, task, vectors(), "none", rng=np.random.default_rng(0))
    row = NAMES.index("pe")
    np.testing.assert_allclose(Phi[task.also_labels[0, 1]], unit(vectors().vectors[row]), atol=1e-6)
