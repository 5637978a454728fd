"""The measured law, against counts at sizes that it has not seen, and where it must be wrong."""

import pytest

from assoc.memories.memory import Factors
from sims.memories.construction import Construction
from sims.memories.recall import measure
from tests.helpers.oracles import complaint
from theory.memories.measured_law import LARGEST, measured_law
from theory.memories.predict import predict
from theory.memories.recall import expected_failure


def build(E, U, f, *, rng):
    """The sum of outer products, as a user writes it."""
    return Factors((U[f].T @ E,))


OWN = "tests.theory.memories.test_measured_law:build"


@pytest.mark.parametrize(("d", "N"), [(48, 150), (256, 2000), (1024, 30000)])
def test_of_the_plain_sum_it_says_what_the_formula_says(d, N):
    law = measured_law(Construction(build), d=d, N=N, trials=10)
    known = expected_failure(Construction("linear"), d=d, N=N)
    assert 1 - law.recall == pytest.approx(known, rel=0.15)
    assert law.at.d == min(d, LARGEST)
    if d > LARGEST:
        assert law.exponent == pytest.approx(2, abs=0.05)
    else:
        assert law.exponent is None


@pytest.mark.parametrize("name", ["sign", "low-rank"])
def test_recall_at_a_larger_size_is_what_is_counted(name):
    construction = Construction(name, rank="d/2" if name == "low-rank" else None)
    law = measured_law(construction, d=256, N=1100, trials=10)
    (counted,) = measure(**vars(construction), d=256, N=1100, trials=10, seed=1).points
    assert law.recall == pytest.approx(counted.recall, abs=0.02)


def test_the_count_beside_it_shows_where_it_is_wrong():
    """Whitened outputs overlap less than the law supposes."""
    law = measured_law(Construction("dual-both"), d=64, N=60, trials=20)
    assert law.counted == 1
    assert law.held < 0.5 < law.interval[0]


def test_a_prediction_of_a_users_memory_is_a_table_and_a_curve():
    found = predict(OWN, d=[32], N=[40, 80], trials=4)
    assert [row["N"] for row in found.rows()] == [40, 80]
    assert found.points[0]["law_there"] == found.points[0]["recall"]
    assert found.points[0]["recall"] > found.points[1]["recall"]
    assert found.plot().get_xlabel() == "facts N"
    assert predict(build, d=32, N=40, trials=4).points[0] == found.points[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"d": 32}, "a measured law predicts recall, and needs N"),
        ({"d": 32, "N": 1}, "N = 1: interference takes two facts"),
        (
            {"d": 64, "N": 10**6},
            "N = 1000000, d = 64: at most 4096 facts are drawn, too few for a measured law at this "
            "many facts a dimension",
        ),
        ({"d": 32, "N": 9, "trials": 1}, "trials = 1: a standard error takes two draws"),
        (
            {"d": 32, "N": 9, "facts": "zipf"},
            "a measured law is for facts with an answer each, M = N",
        ),
        ({"d": 32, "N": 9, "width": 8}, "takes no width"),
    ],
)
def test_what_it_is_not_for_is_named(options, said):
    assert complaint(predict, OWN, **options).endswith(said)


def test_a_formula_takes_no_draws():
    said = complaint(predict, "linear", d=32, N=40, trials=5)
    assert said == "trials: the prediction for 'linear' is a formula, without draws"
