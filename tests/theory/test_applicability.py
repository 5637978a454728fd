"""Which hypotheses hold, on sizes and on the user's vectors."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from assoc.vectors.named import NamedVectors
from tests.helpers import toys
from tests.helpers.oracles import complaint, one_line
from theory import conditions
from theory.claims import Hypothesis
from theory.memories.guarantee import failure_bound, guaranteed_capacity

RNG = np.random.default_rng(0)
SHIFTED = sphere(400, 12, rng=RNG) + 0.5 * np.eye(12)[0]


def test_sizes_within_the_guarantee():
    result = conditions("linear-capacity", d=64, N=40)
    (only,) = result.cases
    assert (only.N, only.preprocess) == (40, "none")
    assert all(condition.holds for condition in only.conditions)
    assert result.holds
    assert repr(result) == "ConditionsResult(linear-capacity, fails: none)"


@pytest.mark.parametrize(
    ("theorem", "sizes", "failing"),
    [
        ("linear-capacity", {"d": 64, "N": 400}, ["d^2 large enough for N"]),
        ("linear-capacity", {"d": 64, "N": 40, "facts": "random"}, ["f injective"]),
        ("linear-capacity", {"d": 64, "N": 40, "outputs": 39}, ["f injective"]),
        ("low-rank-capacity", {"d": 64, "N": 40, "rank": 8}, ["m d large enough for N"]),
        ("low-rank-capacity", {"d": 64, "N": 8, "rank": "d/2"}, []),
        ("sharp-linear-capacity", {"d": 64, "N": 40}, []),
    ],
)
def test_sizes_that_fail_are_named(theorem, sizes, failing):
    result = conditions(theorem, **sizes)
    assert [c.name for c in result.cases[0].conditions if not c.holds] == failing
    assert all(c.remedy for c in result.cases[0].conditions if not c.holds)
    assert repr(result).endswith(f"fails: {', '.join(failing) or 'none'})")


def test_vectors_are_checked_as_they_are_and_after_each_remedy():
    result = conditions("linear-capacity", embeddings=SHIFTED)
    assert [case.preprocess for case in result.cases] == ["none", "normalise", "centre", "whiten"]
    after = {case.preprocess: {c.name: c.holds for c in case.conditions} for case in result.cases}
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
    ]


def test_one_preprocessing_may_be_chosen():
    result = conditions("linear-capacity", embeddings=SHIFTED, preprocess="centre", N=10)
    assert [case.preprocess for case in result.cases] == ["centre"]
    assert {row["preprocess"] for row in result.to_dict()["conditions"]} == {"centre"}
    assert any("large enough" in c.name for c in result.cases[0].conditions)


def test_named_vectors_keep_their_names_and_their_source():
    vectors = sphere(50, 8, rng=np.random.default_rng(1))
    vectors[4] = vectors[30]
    named = NamedVectors(vectors, tuple(f"w{k}" for k in range(50)), "mine.npz")
    result = conditions("linear-capacity", embeddings=named, preprocess="none")
    assert result.embeddings == "mine.npz"
    values = {c.name: c.value for c in result.cases[0].conditions}
    assert "w4" in values["no near duplicates"]
    assert "w30" in values["no near duplicates"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"theorem": "linear"}, "unknown theorem 'linear'; did you mean"),
        ({}, "nothing to check: give d, N, or embeddings"),
        ({"d": 8, "N": []}, "N: no number of facts is given"),
        ({"d": 8, "N": 5, "delta": 0.0}, "delta = 0.0 is not between 0 and 1"),
        ({"d": 8, "N": 5, "delta": float("nan")}, "delta = nan is not between 0 and 1"),
        ({"N": 5, "rank": 4}, "rank 4 needs a dimension: give d"),
        ({"N": 5, "width": "16d"}, "width '16d' needs a dimension: give d"),
        ({"d": 8, "N": 5, "width": "wide"}, "width 'wide' is neither an integer nor of the form"),
        ({"d": 0, "N": 5}, "d = 0 is not positive"),
        ({"d": 8, "N": -5}, "N = -5 is not positive"),
        ({"d": 8, "N": 5, "outputs": 0}, "M = 0 is not positive"),
        ({"d": 8, "N": 5, "rank": 0}, "rank 0 is not between 1 and d = 8"),
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


# --- verdicts -----------------------------------------------------------------------------------


def test_a_size_that_is_not_given_is_solved_for():
    (case,) = conditions("linear-capacity", d=64).cases
    assert [c.holds for c in case.conditions] == [None]
    most = guaranteed_capacity(64, delta=0.01)
    assert case.outlook.sizes == (f"N <= {most}",)
    (case,) = conditions("linear-capacity", N=300).cases
    (size,) = case.outlook.sizes
    least = int(size.removeprefix("d >= "))
    assert failure_bound(300, least) <= 0.01 < failure_bound(300, least - 1)


def test_each_of_several_numbers_of_facts_has_a_verdict():
    result = conditions("linear-capacity", d=256, N=[500, 2000], delta=0.5)
    verdicts = [case.outlook.verdict(0.5) for case in result.cases]
    assert verdicts[0] == "guaranteed"
    assert verdicts[1] != "guaranteed"
    assert not result.holds
    document = result.to_dict()
    assert [verdict["N"] for verdict in document["verdicts"]] == [500, 2000]
    assert document["verdict"] == document["verdicts"][0]
    assert {row["N"] for row in result.rows()} == {500, 2000}


def test_what_is_taken_for_granted_is_listed():
    drawn = conditions("linear-capacity", d=64, N=40).assumed
    assert [text.split()[1] for text in drawn] == ["embeddings", "embeddings", "fact"]
    given = conditions("linear-capacity", embeddings=SHIFTED, N=40, facts="identity").assumed
    assert given == ()


def test_vectors_of_a_file_are_promised_nothing_that_is_proved_of_drawn_ones():
    drawn = conditions("linear-capacity", d=12, N=3, delta=0.5).cases[0].outlook
    given = conditions("linear-capacity", embeddings=SHIFTED, N=3, delta=0.5).cases[0].outlook
    assert drawn.verdict(0.5) == "guaranteed"
    assert given.verdict(0.5) == "predicted"
    assert given.predicted == drawn.predicted
    assert given.note.endswith("for embeddings that are drawn, not for those of a file")


def test_a_hypothesis_of_the_user_s_cannot_change_the_vectors():
    def centred(problem):
        problem.vectors[:] -= problem.vectors.mean(0)
        return ()

    mean = Hypothesis("The mean is zero.", centred)
    own = replace(toys.theorem(toys.claim("c")), hypotheses=(mean,))
    before = SHIFTED.copy()
    assert "cannot write into problem: " in complaint(
        conditions, own, embeddings=SHIFTED, preprocess="none"
    )
    np.testing.assert_array_equal(SHIFTED, before)
