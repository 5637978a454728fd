"""Networks on the command line: their widths and degrees, predicted, measured and searched."""

import json
import math
import re

import pytest

from sims import capacity, measure, smallest_width
from theory import predict


def plain(document):
    """A record as JSON gives it back."""
    return json.loads(json.dumps(document))


def test_predict_recall(recall):
    result = recall(
        "predict", "mlp", "--d", 16, "--N", 30, "--width", "8d", "--degree", 1, "--json"
    ).result
    assert result == plain(predict("mlp", d=16, N=30, width="8d", degree=1).to_dict())
    (point,) = result["points"]
    assert list(point) == [
        "d", "N", "M", "recall", "all_recalled", "degree", "width", "parameters", "load",
    ]  # fmt: skip
    assert (point["width"], point["parameters"]) == (128, 128 * 32)
    assert result["memory"] == "mlp m=8d k=1"


def test_predict_capacities(recall):
    result = recall("predict", "whitened-mlp", "--d", "8,16", "--width", "d", "--json").result
    assert result == plain(predict("whitened-mlp", d=[8, 16], width="d").to_dict())
    assert [point["width"] for point in result["points"]] == [8, 16]
    assert {"N_99", "N_all", "load_99", "load_all"} <= set(result["points"][0])


def test_predict_widths(recall):
    command = ["predict", "whitened-mlp", "--d", 8, "--N", "12,16", "--degree", 2]
    result = recall(*command, "--json").result
    assert result == plain(predict("whitened-mlp", d=8, N=[12, 16], degree=2).to_dict())
    for point in result["points"]:
        assert list(point) == [
            "d", "N", "degree", "width_99", "width_all", "parameters_99", "parameters_all",
            "load_99",
        ]  # fmt: skip
    shown = recall(*command)
    assert shown.status == 0
    assert "load: N log N / (m d)" in shown.out
    assert "N log N / d^2" not in shown.out


def test_widths_that_are_not_enough_are_null(recall):
    """Bilinear features at d = 8 are at most 36, far too few for 200 facts."""
    result = recall("predict", "bilinear-ridge", "--d", 8, "--N", 200, "--json").result
    assert (result["width_99"], result["width_all"]) == (None, None)
    assert recall("predict", "bilinear-ridge", "--d", 8, "--N", 200).status == 0


def test_measure(recall):
    result = recall(
        "measure", "gated-mlp", "--d", 16, "--N", 30, "--width", "4d", "--degree", 2,
        "--trials", 3, "--json",
    ).result  # fmt: skip
    expected = measure("gated-mlp", d=16, N=30, width="4d", degree=2, trials=3)
    assert result == plain(expected.to_dict())
    assert result["memory"].startswith("gated-mlp m=")
    assert result["memory"].endswith(" k=2")


def test_capacity_at_a_width(recall):
    result = recall(
        "capacity", "bilinear-ridge", "--d", "8,16", "--width", "d", "--trials", 3, "--json"
    ).result
    expected = capacity("bilinear-ridge", d=[8, 16], width="d", trials=3)
    assert result == plain(expected.to_dict())


def test_widths_that_are_searched(recall):
    command = ["capacity", "whitened-mlp", "--d", 16, "--N", "20,40", "--criterion", "0.9",
               "--degree", 2, "--trials", 3]  # fmt: skip
    result = recall(*command, "--json").result
    expected = smallest_width("whitened-mlp", d=16, N=[20, 40], criterion=0.9, degree=2, trials=3)
    assert result == plain(expected.to_dict())
    for point in result["points"]:
        assert [key for key in point if key != "degree"] == [
            "d", "N", "width", "interval", "parameters", "load", "trials", "censored", "low",
            "high",
        ]  # fmt: skip
        load = point["N"] * math.log(point["N"]) / (point["width"] * 16)
        assert point["load"] == pytest.approx(load)
    assert "load: N log N / (m d)" in recall(*command).out


def test_a_search_that_is_censored_has_no_width(recall):
    result = recall(
        "capacity", "bilinear-ridge", "--d", 16, "--N", 60, "--max-width", 8, "--trials", 3,
        "--json",
    ).result  # fmt: skip
    (point,) = result["points"]
    assert (point["width"], point["censored"], point["high"]) == (None, 3, [None] * 3)
    assert point["load"] == 0


@pytest.mark.parametrize(
    "command",
    [
        "predict whitened-mlp --d 16 --N 10,20",
        "predict whitened-mlp --d 8,16 --width d",
        "predict bilinear-ridge --d 8 --N 200",
        "measure whitened-mlp --d 8 --N 8,16 --width d --trials 2",
        "capacity whitened-mlp --d 8 --width 2d --trials 2",
        "capacity whitened-mlp --d 8 --N 8,16 --trials 2",
        "capacity whitened-mlp --d 8 --N 8 --trials 2 --max-width 2",
        "capacity bilinear-als --d 8 --N 4,6 --trials 2 --criterion 0.5",
        "capacity whitened-mlp --d 8 --N 8 --trials 2 --facts random -M 3",
    ],
)
def test_figures(recall, tmp_path, command):
    ran = recall(*command.split(), "--plot", "a.svg")
    assert (ran.status, ran.err) == (0, "wrote a.svg\n")
    assert (tmp_path / "a.svg").exists()


# --- bad input ----------------------------------------------------------------------------------

SEARCH = "capacity bilinear --d 8 --N 8"
NO_PLACE = "has no place where the width for --N is searched"

BAD = [
    ("predict mlp --d 8", "memory 'mlp' needs its width given, or the facts N it is for"),
    ("predict bilinear --d 8", "memory 'bilinear' needs its width given, or the facts N"),
    ("predict mlp --d 8 --N 9 --width 7", "width 7 is odd"),
    ("predict mlp --d 8 --N 9 --width 0", "width 0 is not a positive integer"),
    ("predict mlp --d 8 --N 9 --width x", "width 'x' is neither an integer nor of the form"),
    ("predict mlp --d 8 --N 9 --width 8 --degree 0", "degree 0 is not an integer from 1 to 6"),
    ("predict mlp --d 8 --N 9 --width 8 --degree 7", "degree 7 is not an integer from 1 to 6"),
    ("predict mlp --d 8 --N 9 --degree 0", "degree 0 is not an integer from 1 to 6"),
    ("predict mlp --d 8 --N 9 --degree 7", "degree 7 is not an integer from 1 to 6"),
    ("predict mlp --d 8 --N 0", "N = 0 is not a positive number of facts"),
    ("predict linear --d 8 --width 9", "memory 'linear' takes no width"),
    ("predict bilinear --d 8 --width 9 --degree 1", "memory 'bilinear' takes no degree"),
    ("predict bilinear --d 8 --N 9 --facts random", "no prediction for 'bilinear"),
    ("predict bilinear-als --d 8 --N 9 --width 9", "no prediction for 'bilinear-als"),
    ("predict bilinear-als --d 8 --N 9", "no prediction for 'bilinear-als' with identity facts"),
    ("measure mlp --d 8 --N 9", "memory 'mlp' needs its width given"),
    ("measure mlp --d 8 --N 9 --width 7", "width 7 is odd"),
    ("measure mlp --d 8 --N 9 --width 0", "width 0 is not a positive integer"),
    ("measure mlp --d 8 --N 9 --width -2", "width -2 is not a positive integer"),
    ("measure mlp --d 8 --N 9 --width x", "width 'x' is neither an integer nor of the form"),
    ("measure mlp --d 8 --N 9 --width 8 --degree 0", "degree 0 is not an integer from 1 to 6"),
    ("measure mlp --d 8 --N 9 --width 8 --degree 7", "degree 7 is not an integer from 1 to 6"),
    ("measure mlp --d 8 --N 9 --width 8 --degree x", "Invalid value for '--degree'"),
    ("measure linear --d 8 --N 9 --degree 1", "memory 'linear' takes no degree"),
    ("measure mlp --d 8 --N 9 --width 8 --rank 2", "memory 'mlp' takes no rank"),
    ("capacity mlp --d 8", "memory 'mlp' needs its width given"),
    ("capacity mlp --d 8 --width 7", "width 7 is odd"),
    ("capacity linear --d 8 --N 8", "memory 'linear' has no width to search; one of mlp, "),
    ("capacity bilinear --d 8 --width 8 --max-width 9", "--max-width is for a search of widths"),
    (f"{SEARCH} --width 8", f"--width {NO_PLACE}"),
    (f"{SEARCH} --rank 8", f"--rank {NO_PLACE}"),
    (f"{SEARCH} --bits 8", f"--bits {NO_PLACE}"),
    (f"{SEARCH} --rounding nearest", f"--rounding {NO_PLACE}"),
    (f"{SEARCH} --max-N 8", f"--max-N {NO_PLACE}"),
    (f"{SEARCH} --max-width 0", "Invalid value for '--max-width'"),
    (f"{SEARCH} --degree 1", "memory 'bilinear' takes no degree"),
    (f"{SEARCH} --criterion most", "criterion 'most' is neither 'all' nor a rate"),
    ("capacity mlp --d 8 --N 8 --degree 7", "degree 7 is not an integer from 1 to 6"),
    ("capacity bilinear --d 8 --N 0", "N = 0 is not positive"),
    ("capacity bilinear --d 8 --N x", "N = 'x' is not an integer or a list"),
    ("capacity bilinear --N 8", "random embeddings need a dimension d"),
]


@pytest.mark.parametrize(("command", "said"), BAD, ids=[c for c, _ in BAD])
def test_bad_input_is_named(recall, tmp_path, command, said):
    assert recall(*command.split()).complaint.startswith(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("width", [10**12, 10**30])
@pytest.mark.parametrize(
    "memory",
    ["mlp", "gated-mlp", "whitened-mlp", "bilinear", "bilinear-ridge", "bilinear-als",
     "bilinear-margin"],
)  # fmt: skip
def test_a_width_that_cannot_fit_is_not_begun(recall, memory, width):
    for command in ("measure --N 9", "capacity"):
        name, *options = command.split()
        said = recall(name, memory, "--d", 8, "--width", width, "--trials", 1, *options).complaint
        assert said.startswith("width m = ")
        assert re.search(r" GB; [0-9.]+ GB are free$", said)
