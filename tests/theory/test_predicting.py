"""Predictions as tables and curves."""

import numpy as np
import pytest

from assoc import InputError
from sims.construction import Construction
from tests.oracles import one_line, table
from theory import predict
from theory.guarantee import failure_bound, guaranteed_capacity
from theory.prediction import all_recalled, capacity_of, expected_recall

LINEAR = Construction("linear")


def test_recall_at_a_point():
    result = predict("linear", d=64, N=100)
    (point,) = result.points
    assert point == {
        "d": 64,
        "N": 100,
        "M": 100,
        "recall": expected_recall(LINEAR, d=64, N=100),
        "all_recalled": all_recalled(LINEAR, d=64, N=100),
        "failure_bound": failure_bound(100, 64),
        "law": pytest.approx(100 * np.log(100) / 64**2),
    }
    assert repr(result).startswith("PredictionResult(linear: d=64, N=100, recall=0.99")
    document = result.to_dict()
    assert document["recall"] == point["recall"]
    assert document["points"] == [point]


def test_capacities_at_a_dimension():
    result = predict("linear", d=64)
    (point,) = result.points
    assert point["N_99"] == capacity_of(LINEAR, d=64, rate=0.99)
    assert point["N_all"] == capacity_of(LINEAR, d=64)
    assert point["N_guaranteed"] == guaranteed_capacity(64) < point["N_all"]
    assert point["law_all"] == pytest.approx(point["N_all"] * np.log(point["N_all"]) / 64**2)
    assert repr(result).startswith("PredictionResult(linear: d=64, N_99=")


def test_several_sizes_are_a_table():
    result = predict("sign", d=[16, 32], N=(5, 10, 20))
    assert [(p["d"], p["N"]) for p in result.points] == [
        (d, N) for d in (16, 32) for N in (5, 10, 20)
    ]
    assert "recall" not in result.to_dict()
    assert len(result.to_frame()) == 6
    assert result.rows() == list(result.points)
    assert result.rows()[0] is not result.points[0]


def test_numpy_integers_are_integers():
    assert predict("linear", d=np.int64(16), N=np.int32(5)).points == (
        predict("linear", d=16, N=5).points
    )


@pytest.mark.parametrize(
    ("memory", "options", "facts", "bounded"),
    [
        ("linear", {}, "identity", True),
        ("linear", {}, "permutation", True),
        ("linear", {}, "random", False),
        ("low-rank", {"rank": "d/2"}, "identity", True),
        ("low-rank-svd", {"rank": "d/2"}, "identity", False),
        ("sign", {}, "identity", False),
    ],
)
def test_a_guarantee_is_given_only_where_it_is_proved(memory, options, facts, bounded):
    at = predict(memory, d=32, N=8, facts=facts, **options).points[0]
    assert (at["failure_bound"] is not None) is bounded
    capacities = predict(memory, d=32, facts=facts, **options).points[0]
    assert (capacities["N_guaranteed"] is not None) is bounded


def test_the_guarantee_counts_the_outputs_that_are_nobodys_answer():
    crowded = predict("linear", d=64, N=20, outputs=5000).points[0]
    assert crowded["M"] == 5000
    assert crowded["failure_bound"] == failure_bound(20, 64, M=5000) > failure_bound(20, 64)
    few = predict("linear", d=64, outputs=10).points[0]
    assert (few["N_99"], few["N_all"], few["N_guaranteed"]) == (10, 10, 10)


def test_a_million_dimensions():
    point = predict("linear", d=10**6).points[0]
    assert 0.12 < point["N_guaranteed"] * np.log(point["N_guaranteed"]) / 1e12 < 0.125
    assert 0.125 < point["law_all"] < 0.14 < point["law_99"] < 0.5


def test_sizes_beyond_64_bits():
    point = predict("linear", d=10**12, N=10**24).points[0]
    assert point["recall"] < 1e-6
    assert point["failure_bound"] == 1
    assert predict("linear", d=10**12, N=10**20).points[0]["recall"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "labels", "scale"),
    [
        ({"d": 32, "N": [5, 10, 20]}, ["recall", "chance that all is recalled"], "linear"),
        (
            {"d": [16, 32]},
            ["99 % recalled", "all recalled, half the draws",
             "all recalled, proved for half the draws"],
            "log",
        ),
        ({"d": [16, 32], "facts": "random"}, ["99 % recalled", "all recalled, half the draws"],
         "log"),
    ],
)  # fmt: skip
def test_figures_show_every_curve(arguments, labels, scale):
    ax = predict("linear", **arguments).plot()
    assert ax.get_legend_handles_labels()[1] == labels
    assert ax.get_yscale() == scale
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert ax.get_title() == "linear: predicted"
    again = predict("linear", **arguments).plot(ax)
    assert again is ax


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"d": []}, "d is an empty list"),
        ({"d": 8, "N": []}, "N is an empty list"),
        ({"d": 1}, "d = 1: the formulas need a dimension of at least 2"),
        ({"d": [8, 0]}, "d = 0: the formulas need a dimension of at least 2"),
        ({"d": 8, "N": [5, 0]}, "N = 0 is not a positive number of facts"),
        ({"d": 10**30}, "d = 1e+30: the formulas are checked up to d = 1e+12"),
        ({"d": 8, "N": 10**400}, "N = 10^300 and more: the formulas are checked up to N = 1e+30"),
        ({"d": 8, "N": 5, "outputs": 4}, "no injective map from N = 5 inputs to M = 4 outputs"),
        ({"d": 8, "N": 5, "outputs": 0}, "M = 0 is not a positive number of outputs"),
        ({"d": 8, "outputs": -1}, "M = -1 is not a positive number of outputs"),
        ({"d": 8, "memory": "low-rank"}, "memory 'low-rank' needs its rank given"),
        ({"d": 8, "memory": "low-rank", "rank": 9}, "rank 9 is not between 1 and d = 8"),
        ({"d": 8, "memory": "linear", "rank": 3}, "memory 'linear' takes no rank"),
        ({"d": 8, "memory": "quantised", "bits": 0}, "bits = 0 is not between 1 and 16"),
        ({"d": 8, "memory": "quantised"}, "memory 'quantised' needs its bits given"),
        ({"d": 8, "memory": "mine:build"}, "no prediction for 'mine:build': it is not one of"),
        ({"d": 8, "memory": table}, "no prediction for 'table': it is not one of"),
        ({"d": 8, "facts": "odd"}, "facts 'odd' is not one of identity, permutation"),
        ({"d": 8, "memory": "dual-both", "facts": "zipf"}, "no prediction for 'dual-both' with"),
    ],
)
def test_what_cannot_be_predicted_is_named(arguments, said):
    with pytest.raises(InputError) as caught:
        predict(**{"memory": "linear", **arguments})
    assert one_line(caught.value).startswith(said)
