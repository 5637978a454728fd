"""Which hypotheses hold, on sizes and on the user's vectors."""

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import NamedVectors, sphere
from tests.helpers.oracles import one_line
from theory import conditions

RNG = np.random.default_rng(0)
SHIFTED = sphere(400, 12, rng=RNG) + 0.5 * np.eye(12)[0]


def test_sizes_within_the_guarantee():
    result = conditions("linear-capacity", d=64, N=40)
    (only,) = result.checked
    assert only[0] == "none"
    assert all(condition.holds for condition in only[1])
    assert repr(result) == "ConditionsResult(linear-capacity, fails: none)"


@pytest.mark.parametrize(
    ("theorem", "sizes", "failing"),
    [
        ("linear-capacity", {"d": 64, "N": 400}, ["d^2 large enough for N"]),
        ("linear-capacity", {"d": 64, "N": 40, "facts": "random"}, ["f injective"]),
        ("linear-capacity", {"d": 64, "N": 40, "outputs": 39}, ["f injective"]),
        ("low-rank-capacity", {"d": 64, "N": 40, "rank": 8}, ["m d large enough for N"]),
        ("low-rank-capacity", {"d": 64, "N": 10, "rank": 32}, []),
        ("sharp-linear-capacity", {"d": 64, "N": 40}, []),
    ],
)
def test_sizes_that_fail_are_named(theorem, sizes, failing):
    result = conditions(theorem, **sizes)
    assert [c.name for c in result.checked[0][1] if not c.holds] == failing
    assert all(c.remedy for c in result.checked[0][1] if not c.holds)
    assert repr(result).endswith(f"fails: {', '.join(failing) or 'none'})")


def test_vectors_are_checked_as_they_are_and_after_each_remedy():
    result = conditions("linear-capacity", embeddings=SHIFTED)
    assert [how for how, _ in result.checked] == ["none", "normalise", "centre", "whiten"]
    after = {how: {c.name: c.holds for c in found} for how, found in result.checked}
    assert not after["none"]["centred"]
    assert after["centre"]["centred"]
    assert result.embeddings == "array"
    document = result.to_dict()
    assert {row["preprocess"] for row in document["conditions"]} == {"none"}
    assert {row["preprocess"] for row in document["points"]} == set(after)
    assert list(result.to_frame().columns) == [
        "preprocess",
        "name",
        "holds",
        "value",
        "required",
        "remedy",
        "checked",
    ]


def test_one_preprocessing_may_be_chosen():
    result = conditions("linear-capacity", embeddings=SHIFTED, preprocess="centre", N=10)
    assert [how for how, _ in result.checked] == ["centre"]
    assert {row["preprocess"] for row in result.to_dict()["conditions"]} == {"centre"}
    assert any("large enough" in c.name for c in result.checked[0][1])


def test_named_vectors_keep_their_names_and_their_source():
    vectors = sphere(50, 8, rng=np.random.default_rng(1))
    vectors[4] = vectors[30]
    named = NamedVectors(vectors, tuple(f"w{k}" for k in range(50)), "mine.npz")
    result = conditions("linear-capacity", embeddings=named, preprocess="none")
    assert result.embeddings == "mine.npz"
    values = {c.name: c.value for c in result.checked[0][1]}
    assert "w4" in values["no near duplicates"]
    assert "w30" in values["no near duplicates"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"theorem": "linear"}, "unknown theorem 'linear'; did you mean"),
        ({}, "sizes d and N are needed, or embeddings"),
        ({"d": 8}, "sizes d and N are needed, or embeddings"),
        ({"d": 0, "N": 5}, "d = 0 is not positive"),
        ({"d": 8, "N": -5}, "N = -5 is not positive"),
        ({"d": 8, "N": 5, "outputs": 0}, "M = 0 is not positive"),
        ({"d": 8, "N": 5, "rank": 0}, "rank = 0 is not positive"),
        ({"d": 8, "N": 5, "rank": 9}, "rank 9 is not between 1 and d = 8"),
        ({"d": 1, "N": 5}, "d = 1: the formulas need a dimension of at least 2"),
        ({"d": 8, "N": 10**40}, "N = 1e+40: the formulas are checked up to N = 1e+30"),
        ({"d": 8, "N": 5, "facts": "odd"}, "facts 'odd' is not one of identity"),
        ({"d": 8, "embeddings": SHIFTED}, "d = 8, but the vectors of array have dimension 12"),
        ({"embeddings": np.ones(3)}, "embeddings: a matrix (n, d) is needed"),
        ({"embeddings": SHIFTED, "preprocess": "bleach"}, "preprocessing 'bleach' is not one"),
        ({"embeddings": np.zeros((9, 4))}, "array: row 0 is zero and has no direction"),
        (
            {"embeddings": np.zeros((9, 4)), "preprocess": "normalise"},
            "array: row 0 is zero and has no direction",
        ),
    ],
)
def test_what_cannot_be_checked_is_named(arguments, said):
    with pytest.raises(InputError) as caught:
        conditions(**{"theorem": "linear-capacity", **arguments})
    assert one_line(caught.value).startswith(said)
