"""Predictions as tables and curves."""

import numpy as np
import pytest

from assoc import InputError
from assoc.memories.mlp import choose_degree
from sims.memories.construction import Construction
from tests.helpers.oracles import one_line, table
from theory import predict
from theory.memories import predict as predicting
from theory.memories import sign_gates
from theory.memories.capacity import capacity_of
from theory.memories.converse import failing_from
from theory.memories.dual_guarantee import dual_inputs_bound, dual_inputs_capacity
from theory.memories.guarantee import failure_bound, guaranteed_capacity
from theory.memories.optimal import optimal_width
from theory.memories.recall import all_recalled, expected_recall
from theory.memories.width import width_of

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
        "failure_floor": 0.0,
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
    assert point["N_failing"] is None  # the converse says nothing in so few dimensions
    (point,) = predict("linear", d=128).points
    assert point["N_all"] < point["N_failing"] == failing_from(128)
    assert predict("linear", d=128, outputs=900).points[0]["N_failing"] is None
    (point,) = predict("linear", d=64).points
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
    assert (at["failure_floor"] is not None) is (bounded and memory in ("linear", "low-rank"))


def test_the_guarantee_counts_the_outputs_that_are_nobodys_answer():
    crowded = predict("linear", d=64, N=20, outputs=5000).points[0]
    assert crowded["M"] == 5000
    assert crowded["failure_bound"] == failure_bound(20, 64, M=5000) > failure_bound(20, 64)
    few = predict("linear", d=64, outputs=10).points[0]
    assert (few["N_99"], few["N_all"], few["N_guaranteed"]) == (10, 10, 10)


def test_a_million_dimensions():
    point = predict("linear", d=10**6).points[0]
    assert 0.125 < point["N_guaranteed"] * np.log(point["N_guaranteed"]) / 1e12 < 0.14
    assert 0.125 < point["law_all"] < 0.14 < point["law_99"] < 0.5


def test_sizes_beyond_64_bits():
    point = predict("linear", d=10**12, N=10**24).points[0]
    assert point["recall"] < 1e-6
    assert point["failure_bound"] == 1
    assert predict("linear", d=10**12, N=10**20).points[0]["recall"] == pytest.approx(1)


# --- networks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "options", "degree", "multiple", "each"),
    [("whitened-mlp", {"degree": 2}, {"degree": 2}, 4, 2 * 16),
     ("whitened-mlp", {}, {}, 4, 2 * 16),
     ("bilinear-ridge", {}, {}, 2, 3 * 16),
     ("mlp", {"degree": 1}, {"degree": 1}, 64, 2 * 16),
     ("gated-mlp", {}, {"degree": choose_degree(60, 16)}, 32, 3 * 16)],
)  # fmt: skip
def test_a_network_has_parameters_and_a_load_of_its_own(memory, options, degree, multiple, each):
    m = 16 * multiple
    (point,) = predict(memory, d=16, N=60, width=f"{multiple}d", **options).points
    construction = Construction(memory, width=m, **options)
    assert point == {
        "d": 16,
        "N": 60,
        "M": 60,
        "recall": expected_recall(construction, d=16, N=60),
        "all_recalled": all_recalled(construction, d=16, N=60),
        **degree,
        "width": m,
        "parameters": m * each,
        "load": pytest.approx(60 * np.log(60) / (m * 16)),
    }


def test_what_is_proved_of_square_waves_stands_beside_the_law(monkeypatch):
    for law in ("width_of", "capacity_of", "expected_recall", "all_recalled"):
        monkeypatch.setattr(predicting, law, lambda construction, **sizes: 40.0)
    (point,) = predict("sign-gated", d=16, N=24).points
    m = point["width_guaranteed"]
    assert m == sign_gates.guaranteed_width(24, 16)
    assert predict("sign-mlp", d=16, N=24).points[0]["width_guaranteed"] == 2 * m
    assert predict("sign-gated", d=16, N=24, gates="sign").points[0]["width_guaranteed"] is None
    (point,) = predict("sign-gated", d=16, N=24, width=m).points
    assert point["failure_bound"] == sign_gates.failure_bound(24, 16, m) <= 0.5
    assert (
        predict("sign-mlp", d=16, N=24, width=2 * m).points[0]["failure_bound"]
        == (point["failure_bound"])
    )
    (point,) = predict("sign-gated", d=16, width=m).points
    assert 24 <= point["N_guaranteed"] <= 26
    assert {"failure_floor", "N_failing", "law_all"}.isdisjoint(point)
    ax = predict("sign-gated", d=16, N=24).plot()
    drawn = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    assert drawn["d = 16, proved for half the draws"].get_ydata().tolist() == [m]


def test_what_is_proved_of_gaussian_inputs_is_called_so():
    (point,) = predict("dual-inputs", d=16).points
    assert point["N_guaranteed_gaussian"] == dual_inputs_capacity(16)
    assert "N_guaranteed" not in point
    (point,) = predict("dual-inputs", d=16, N=20).points
    assert point["failure_bound_gaussian"] == dual_inputs_bound(20, 16)
    assert "failure_bound" not in point
    assert predict("dual-inputs", d=2).points[0]["N_guaranteed_gaussian"] is None
    ax = predict("dual-inputs", d=[16, 32]).plot()
    assert "the same, proved of Gaussian inputs" in ax.get_legend_handles_labels()[1]


def test_capacities_of_a_network():
    (point,) = predict("whitened-mlp", d=16, width="2d").points
    construction = Construction("whitened-mlp", width=32)
    N_99, N_all = capacity_of(construction, d=16, rate=0.99), capacity_of(construction, d=16)
    assert N_all > 32
    assert N_99 > 32
    assert point == {
        "d": 16,
        "N_99": N_99,
        "N_all": N_all,
        "width": 32,
        "load_99": pytest.approx(N_99 * np.log(N_99) / (32 * 16)),
        "load_all": pytest.approx(N_all * np.log(N_all) / (32 * 16)),
    }


@pytest.mark.parametrize(("options", "shown"), [({}, {}), ({"degree": 2}, {"degree": 2})])
def test_widths_for_facts(options, shown):
    result = predict("whitened-mlp", d=16, N=[40, 80], **options)
    memory = Construction("whitened-mlp", **options)
    for point, N in zip(result.points, (40, 80), strict=True):
        width_99 = width_of(memory, d=16, N=N, rate=0.99)
        width_all = width_of(memory, d=16, N=N)
        assert point == {
            "d": 16,
            "N": N,
            **shown,
            "width_99": width_99,
            "width_all": width_all,
            "parameters_99": 32 * width_99,
            "parameters_all": 32 * width_all,
            "load_99": pytest.approx(N * np.log(N) / (width_99 * 16)),
        }
    label = "whitened-mlp k=2" if options else "whitened-mlp"
    assert repr(result).startswith(f"PredictionResult({label}: d=16, N=40, width_99=")


def test_a_gated_memory_has_the_degree_that_is_built_and_the_best_beside_it(monkeypatch):
    """Both for the same sizes; a degree that is given stays, and none is looked for."""
    asked = []

    def best(construction, **sizes):
        asked.append(sizes)
        return 3

    monkeypatch.setattr(predicting, "best_degree", best)
    monkeypatch.setattr(
        predicting, "width_of", lambda c, rate=1, **sizes: 100 * c.degree + round(10 * rate)
    )
    (point,) = predict("mlp", d=16, N=50, facts="balanced", outputs=5).points
    k = choose_degree(50, 16)
    assert k != 3
    assert (point["degree"], point["best_degree"]) == (k, 3)
    assert (point["width_99"], point["width_all"]) == (100 * k + 10, 100 * k + 10)
    assert [{k: a[k] for k in ("d", "N", "facts", "M")} for a in asked] == [
        {"d": 16, "N": 50, "facts": "balanced", "M": 5}
    ]
    (point,) = predict("mlp", d=16, N=50, degree=2).points
    assert (point["degree"], point["width_99"]) == (2, 210)
    assert "best_degree" not in point
    assert len(asked) == 1


def test_widths_without_a_degree_are_those_of_what_is_built(monkeypatch):
    monkeypatch.setattr(predicting, "best_degree", lambda c, **sizes: 6)
    monkeypatch.setattr(predicting, "width_of", lambda c, rate=1, **sizes: 100 * c.degree)
    (point,) = predict("gated-mlp", d=16, N=30).points
    k = point["degree"]
    network = Construction("gated-mlp", width=8).build(16)(
        np.eye(30, 16), np.eye(30, 16), np.arange(30), rng=np.random.default_rng(0)
    )
    assert network.degree == k
    given = predict("gated-mlp", d=16, N=30, degree=k).points[0]
    assert {**given, "best_degree": 6} == point


def test_figures_of_widths():
    ax = predict("whitened-mlp", d=[8, 9], N=[10, 20]).plot()
    assert ax.get_legend_handles_labels()[1] == [
        f"d = {d}, {rate} recalled" for d in (8, 9) for rate in ("99%", "all")
    ]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("facts N", "width m")
    line = ax.get_lines()[2]
    assert line.get_xdata().tolist() == [10, 20]
    assert line.get_ydata()[1] == width_of(Construction("whitened-mlp"), d=9, N=20, rate=0.99)


def test_widths_that_are_all_infinite_are_drawn():
    """Bilinear features at d = 8 are at most 36."""
    result = predict("bilinear-ridge", d=8, N=[200, 400])
    assert all(p["width_99"] == p["width_all"] == np.inf for p in result.points)
    assert [p["load_99"] for p in result.points] == [0, 0]
    ax = result.plot()
    assert [text.get_text() for text in ax.texts] == ["no finite value to draw"]
    assert len(ax.get_legend_handles_labels()[1]) == 2


@pytest.mark.parametrize("memory", ["mlp", "gated-mlp", "whitened-mlp", "bilinear", "bilinear-als"])
def test_a_network_needs_its_width_or_its_facts(memory):
    with pytest.raises(InputError) as caught:
        predict(memory, d=16)
    assert one_line(caught.value) == (
        f"memory {memory!r} needs its width given, or the facts N it is for"
    )


# --- figures and bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "labels", "scale"),
    [
        ({"d": 32, "N": [5, 10, 20]}, ["recall", "chance that all is recalled"], "linear"),
        (
            {"d": [16, 32]},
            ["99% recalled", "all recalled, half the draws",
             "all recalled, proved for half the draws"],
            "log",
        ),
        ({"d": [16, 32], "facts": "random"}, ["99% recalled", "all recalled, half the draws"],
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
        ({"d": 8, "memory": "linear", "bits": 0}, "bits = 0 is not between 1 and 16"),
        ({"d": 8, "memory": "mlp", "bits": 2, "N": 5}, "no prediction for 'mlp b=2 k=1': rounded"),
        ({"d": 8, "memory": "mlp", "bits": 2, "N": 5, "width": 8, "degree": 1},
         "no prediction for 'mlp m=8 b=2 k=1': rounded"),
        ({"d": 8, "memory": "whitened-mlp", "bits": 2, "N": 5}, "no prediction for 'whitened-mlp"),
        ({"d": 8, "memory": "mlp", "width": 7, "N": 5}, "width 7 is odd"),
        ({"d": 8, "memory": "mlp", "width": 0, "N": 5}, "width 0 is not a positive integer"),
        ({"d": 8, "memory": "mlp", "width": "x", "N": 5}, "width 'x' is neither an integer nor"),
        ({"d": 8, "memory": "mlp", "width": 8, "degree": 7, "N": 5}, "degree 7 is not an integer"),
        ({"d": 8, "memory": "mlp", "degree": 0, "N": 5}, "degree 0 is not an integer"),
        ({"d": 8, "memory": "linear", "width": 8}, "memory 'linear' takes no width"),
        ({"d": 8, "memory": "bilinear-als", "N": 5},
         "no prediction for 'bilinear-als' with identity facts"),
        ({"d": 8, "memory": "bilinear-als", "N": 5, "width": 8}, "no prediction for 'bilinear-als"),
        ({"d": 8, "memory": "mine:build"}, "mine:build: a measured law predicts recall, and needs"),
        ({"d": 8, "memory": "mine:build", "N": 5}, "memory 'mine:build': no module named"),
        ({"d": 8, "memory": table}, "table: a measured law predicts recall, and needs N"),
        ({"d": 8, "facts": "odd"}, "facts 'odd' is not one of identity, permutation"),
        ({"d": 8, "memory": "dual-both", "facts": "zipf"}, "no prediction for 'dual-both' with"),
    ],
)  # fmt: skip
def test_what_cannot_be_predicted_is_named(arguments, said):
    with pytest.raises(InputError) as caught:
        predict(**{"memory": "linear", **arguments})
    assert one_line(caught.value).startswith(said)


# --- the best read-outs -------------------------------------------------------------------------


def test_the_best_read_out_of_random_features_is_predicted_by_its_width():
    found = predict("optimal-mlp", d=16, N=[96, 160]).points
    assert [point["N"] for point in found] == [96, 160]
    assert found[0]["width_all"] == optimal_width(96, 16)[0]
    assert found[0]["parameters"] == pytest.approx(2 * 16 * found[0]["width_all"])
    assert predict("optimal-bilinear", d=16, N=96).points[0]["parameters"] == pytest.approx(
        1.5 * found[0]["parameters"]
    )


def test_more_features_than_are_independent_are_no_prediction():
    assert predict("optimal-mlp", d=4, N=1000).points[0]["width_all"] == np.inf
    assert predict("optimal-mlp", d=8, N=300).points[0]["width_all"] == np.inf
    assert predict("optimal-mlp", d=8, N=300, degree=3).points[0]["width_all"] < np.inf


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"memory": "optimal-mlp", "N": 96, "bits": 2}, "b-bit weights"),
        ({"memory": "optimal-mlp", "N": 96, "rank": 4}, "takes no rank"),
        ({"memory": "optimal-mlp", "N": 96, "outputs": 2}, "no injective map"),
        ({"memory": "optimal-mlp", "N": 1}, "N = 1"),
        ({"memory": "optimal-mlp", "N": 96, "width": 8}, "only for its width"),
        ({"memory": "optimal-linear", "N": 96}, "only for its capacity"),
        ({"memory": "optimal-linear", "d": 1}, "d = 1"),
    ],
)
def test_what_is_not_predicted_of_the_best_is_said(options, said):
    with pytest.raises(InputError, match=said) as caught:
        predict(**{"d": 16, **options})
    one_line(caught.value)
