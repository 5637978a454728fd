"""Widths: brackets with both ends measured, censoring, and the width where the mean crosses."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from assoc import MEMORIES, InputError
from assoc.embeddings import normalise
from assoc.memories.mlp import choose_degree
from sims import capacity
from sims.engine.criterion import Criterion
from sims.memories import width
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import count_recalled, measure
from sims.memories.settings import RandomVectors
from sims.memories.width import (
    WidthPoint,
    WidthResult,
    parameters_per_neuron,
    smallest_width,
)
from tests.helpers.oracles import one_line, table

NETWORKS = [name for name, recipe in MEMORIES.items() if "width" in recipe.options]
USUAL = {"d": 16, "N": 30, "trials": 4, "criterion": 0.9}


def brackets(memory="bilinear-ridge", **arguments):
    """Ends of the brackets of every trial at a single size."""
    (point,) = smallest_width(memory, **{**USUAL, **arguments}).points
    return list(zip(point.low, point.high, strict=True))


def threshold(monkeypatch, *needed):
    """Replace networks by ones that recall everything from a width on, a width for each trial."""
    asked = []

    def counts(ensemble, N, trials, *workers):
        construction = ensemble.construction
        asked.append((construction.width, construction.degree, N, ensemble.setting.d))
        return [N if construction.width >= needed[t % len(needed)] else 0 for t in trials]

    monkeypatch.setattr(width, "count_recalled", counts)
    return asked


# --- brackets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "options"),
    [
        ("bilinear-ridge", {}),
        ("bilinear-ridge", {"criterion": "all", "resolution": 0}),
        ("whitened-mlp", {"degree": 2}),
        ("gated-mlp", {"degree": 1, "N": 12, "resolution": 0.1}),
        ("mlp", {"degree": 1, "N": 12, "resolution": 0.1}),
        ("bilinear-ridge", {"facts": "balanced", "outputs": 10}),
        ("bilinear", {"embeddings": "gaussian", "N": 10}),
    ],
)
def test_both_ends_are_what_a_fresh_measurement_finds(memory, options):
    options = {**USUAL, **options}
    step, resolution = (2 if memory == "mlp" else 1), options.get("resolution", 0.01)
    criterion, N = Criterion.parse(options["criterion"]), options["N"]
    setting = RandomVectors(
        options["d"],
        options.get("embeddings", "sphere"),
        options.get("facts", "identity"),
        options.get("outputs"),
    )

    def met(trial, m):
        network = Construction(memory, width=int(m), degree=options.get("degree"))
        ensemble = Ensemble.of(network, setting, 0, "width")
        return criterion.met(count_recalled(ensemble, N, [trial])[0], N)

    for trial, (low, high) in enumerate(brackets(memory, **options)):
        assert low % step == high % step == 0
        assert 0 < high - low <= max(step, resolution * high)
        assert met(trial, high)
        assert low == 0 or not met(trial, low)


@pytest.mark.parametrize("needed", [1, 2, 3, 4, 5, 31, 32, 33, 100, 1023, 1024])
@pytest.mark.parametrize("memory", ["bilinear", "mlp"])
def test_a_sharp_threshold_is_found_exactly(monkeypatch, memory, needed):
    threshold(monkeypatch, needed)
    step = 2 if memory == "mlp" else 1
    high = -(-needed // step) * step
    low = high - step
    assert brackets(memory, resolution=0, trials=2) == [(low, high)] * 2


@pytest.mark.parametrize("memory", ["bilinear", "mlp"])
@pytest.mark.parametrize("resolution", [0.5, 0.1, 0.01])
def test_the_bracket_is_as_narrow_as_asked(monkeypatch, memory, resolution):
    asked = threshold(monkeypatch, 7, 150, 1001)
    for (low, high), needed in zip(
        brackets(memory, resolution=resolution, trials=3, threads=1, max_width=4096),
        (7, 150, 1001),
        strict=True,
    ):
        assert low < needed <= high
        assert high - low <= max(2 if memory == "mlp" else 1, resolution * high)
    coarse = len(asked)
    brackets(memory, resolution=0, trials=3, threads=1, max_width=4096)
    # A finer bracket costs more networks.
    assert len(asked) - coarse > coarse


def test_the_narrowest_network_may_be_enough(monkeypatch):
    threshold(monkeypatch, 1)
    assert brackets("gated-mlp") == [(0, 1)] * 4
    assert brackets("mlp") == [(0, 2)] * 4


def test_widths_of_pairs_are_even(monkeypatch):
    asked = threshold(monkeypatch, 77)
    brackets("mlp", max_width=555)
    assert all(m % 2 == 0 for m, *_ in asked)
    # An odd limit is one less for pairs.
    threshold(monkeypatch, 10**9)
    assert brackets("mlp", max_width=55)[0] == (54, np.inf)


def test_no_width_is_measured_twice(monkeypatch):
    for needed in (1, 9, 40, 500):
        asked = threshold(monkeypatch, needed)
        brackets("bilinear", trials=1, resolution=0)
        assert len(set(asked)) == len(asked)


# --- censoring ----------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100, 129])
def test_a_search_that_never_succeeds_is_censored_where_it_stopped(monkeypatch, limit):
    asked = threshold(monkeypatch, 10**9)
    (point,) = smallest_width("bilinear", d=16, N=30, trials=3, max_width=limit).points
    assert point.low == (limit,) * 3
    assert point.high == (np.inf,) * 3
    assert point.censored == 3
    assert max(asked)[0] == limit


@pytest.mark.parametrize(("N", "limit"), [(1, 1024), (16, 1024), (17, 1088), (100, 6400)])
def test_the_usual_limit_grows_with_the_facts(monkeypatch, N, limit):
    threshold(monkeypatch, 10**9)
    assert brackets("bilinear", N=N)[0] == (limit, np.inf)


def test_a_limit_below_the_narrowest_pair_is_that_pair(monkeypatch):
    threshold(monkeypatch, 10**9)
    assert brackets("mlp", max_width=1)[0] == (2, np.inf)


def test_some_trials_censored_and_some_not(monkeypatch):
    threshold(monkeypatch, 10, 200)
    (point,) = smallest_width("bilinear", **{**USUAL, "max_width": 64, "resolution": 0}).points
    assert point.low == (9, 64, 9, 64)
    assert point.high == (10, np.inf, 10, np.inf)
    assert point.censored == 2
    assert point.width == np.inf


# --- the same whatever runs it ------------------------------------------------------------------


def test_threads_and_executors_change_nothing(processes):
    expected = brackets(threads=1)
    for threads in (2, None):
        assert brackets(threads=threads) == expected
    with ThreadPoolExecutor(3) as pool:
        assert brackets(executor=pool) == expected
    assert brackets(executor=processes) == expected


def test_a_trial_does_not_know_the_others_nor_another_size():
    assert brackets(trials=2) == brackets()[:2]
    result = smallest_width("bilinear-ridge", **{**USUAL, "d": [16, 8], "N": np.array([30, 12])})
    assert [(p.d, p.N) for p in result.points] == [(16, 30), (16, 12), (8, 30), (8, 12)]
    for p in result.points:
        assert list(zip(p.low, p.high, strict=True)) == brackets(d=p.d, N=p.N)


def test_seed_and_experiment_matter():
    assert brackets(seed=1) != brackets()
    assert brackets(experiment="other") != brackets()


def test_own_vectors_bring_their_dimension(rng):
    vectors = normalise(rng.standard_normal((80, 12)))
    result = smallest_width("bilinear-ridge", N=20, embeddings=vectors, trials=2)
    assert result.points[0].d == 12
    assert result.embeddings == "array none"


# --- the record ---------------------------------------------------------------------------------


def test_a_point_is_what_its_brackets_say():
    point = WidthPoint(
        8, 20, (9, 19, 29, 39, 0, 59, 69, 79), (10, 20, 30, 40, 1, 60, 70, np.inf), 3
    )
    assert point.width == 35
    assert point.censored == 1
    assert point.load == pytest.approx(20 * np.log(20) / (35 * 8))
    assert point.interval()[1] == np.inf
    assert WidthPoint(8, 1, (0,), (4,), 3).load == 0
    assert WidthPoint(8, 20, (9, 9), (np.inf, np.inf), 3).load == 0


def test_tables_json_and_plot(monkeypatch):
    threshold(monkeypatch, 40, 10**9, 50, 60)
    result = smallest_width(
        "mlp", d=[8, 16], N=[20, 30], trials=4, criterion="0.9", degree=2, max_width=500, seed=7
    )
    assert isinstance(result, WidthResult)
    assert repr(result).startswith("WidthResult(mlp k=2, 0.9 recalled, d=8 N=20: m=")
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert {k: record[k] for k in ("memory", "criterion", "seed", "embeddings", "facts")} == {
        "memory": "mlp k=2",
        "criterion": "0.9",
        "seed": 7,
        "embeddings": "sphere",
        "facts": "identity",
    }
    for point, row in zip(result.points, record["points"], strict=True):
        assert (row["d"], row["N"], row["width"]) == (point.d, point.N, point.width)
        assert row["parameters"] == 2 * point.d * point.width
        assert row["load"] == point.load > 0
        assert row["degree"] == point.degree == 2
        assert (row["trials"], row["censored"]) == (4, 1)
        assert row["low"] == list(point.low)
        assert row["high"][1] is None
        assert row["interval"][1] is None
    ax = result.plot()
    assert result.plot(ax) is ax
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    labels = ax.get_legend_handles_labels()[1][:2]
    assert labels == [f"mlp k=2, d = {d}, median of 4 trials" for d in (8, 16)]


def test_a_record_without_any_width_has_no_number(monkeypatch):
    threshold(monkeypatch, 10**9)
    result = smallest_width("bilinear", d=8, N=5, trials=9)
    (row,) = result.rows()
    assert [row[key] for key in ("width", "parameters", "load")] == [None, None, 0]
    assert row["interval"] == [1024, None]
    ax = result.plot()
    ax.figure.savefig(io.BytesIO(), format="png")
    assert [text.get_text() for text in ax.texts] == ["no finite value to draw"]


@pytest.mark.parametrize(("memory", "has"), [("mlp", 1), ("gated-mlp", 1), ("bilinear", 0)])
def test_a_point_names_the_degree_of_its_network(monkeypatch, memory, has):
    threshold(monkeypatch, 40)
    for row in smallest_width(memory, d=[8, 32], N=[20, 200], trials=2).rows():
        assert row.get("degree") == (choose_degree(row["N"], row["d"]) if has else None)
        assert ("degree" in row) == bool(has)


@pytest.mark.parametrize("memory", NETWORKS)
@pytest.mark.parametrize("d", [5, 64])
def test_parameters_per_neuron_are_those_of_a_network(memory, d):
    rng = np.random.default_rng(0)
    E, U = rng.standard_normal((2, 6, d)) / np.sqrt(d)
    each = parameters_per_neuron(memory, d)
    for m in (2, 4):
        build = Construction(memory, width=m).build(d)
        assert build(E, U, np.arange(6), rng=rng).parameters == m * each


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"memory": "linear"}, "memory 'linear' has no width to search; one of mlp, gated-mlp, "),
        ({"memory": "nonesuch"}, "unknown memory 'nonesuch': one of linear, "),
        (
            {"memory": "tests.helpers.oracles:table"},
            "memory 'tests.helpers.oracles:table' has no width to search",
        ),
        ({"memory": table}, "has no width to search; one of mlp, "),
        ({"resolution": 1}, "resolution 1 is not in [0, 1)"),
        ({"resolution": -0.1}, "resolution -0.1 is not in [0, 1)"),
        ({"resolution": np.nan}, "resolution nan is not in [0, 1)"),
        ({"trials": 0}, "trials = 0 is not positive"),
        ({"trials": 2.5}, "trials = 2.5 is not an integer"),
        ({"threads": 0}, "threads = 0 is not positive"),
        ({"max_width": 0}, "max_width = 0 is not positive"),
        ({"d": []}, "d is an empty list"),
        ({"N": []}, "N is an empty list"),
        ({"N": 0}, "N = 0 is not positive"),
        ({"N": [5, -1]}, "N = -1 is not positive"),
        ({"N": 2.5}, "N = 2.5 is not an integer"),
        ({"d": 0}, "d = 0 is not a positive dimension"),
        ({"d": None}, "random embeddings need a dimension d"),
        ({"criterion": "most"}, "criterion 'most' is neither 'all' nor a rate"),
        ({"memory": "mlp", "degree": 0}, "degree 0 is not an integer from 1 to 6"),
        ({"memory": "mlp", "degree": 7}, "degree 7 is not an integer from 1 to 6"),
        ({"memory": "bilinear", "degree": 2}, "memory 'bilinear' takes no degree"),
        ({"facts": "odd"}, "facts 'odd' is not one of"),
        ({"N": 5, "outputs": 4}, "no injective map from N = 5 inputs to M = 4 outputs"),
        ({"embeddings": np.ones((40, 9))}, "d = 16, but the vectors of array have dimension 9"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(InputError) as caught:
        brackets(**{"memory": "bilinear", **arguments})
    assert said in one_line(caught.value)


# --- and capacities ------------------------------------------------------------------------------


def test_a_capacity_and_a_width_agree():
    """N facts need about the width whose capacity they are: medians within 15%, 30 trials."""
    found = smallest_width("bilinear-ridge", d=16, N=60, criterion=0.9, trials=30).points[0]
    back = capacity("bilinear-ridge", d=16, width=round(found.width), criterion=0.9, trials=30)
    assert pytest.approx(60, rel=0.15) == back.points[0].N


# --- networks of the user's own -----------------------------------------------------------------


class Net:
    """A random layer and a read-out, and as many parameters besides as the width does not move."""

    def __init__(self, W, V):
        self.W, self.V = W, V

    @property
    def parameters(self):
        return self.W.size + self.V.size + 7

    def __call__(self, E):
        return np.maximum(E @ self.W.T, 0) @ self.V.T


def own(E, U, f, *, rng, width=256):
    W = rng.standard_normal((width, E.shape[1]))
    H = np.maximum(E @ W.T, 0)
    return Net(W, np.linalg.lstsq(H, U[f], rcond=None)[0].T)


def test_the_width_of_a_users_network_is_searched():
    (point,) = smallest_width(own, d=16, N=60, trials=4).points
    for trial, enough in enumerate(point.high):
        recalls = [
            measure(own, d=16, N=60, width=int(m), first=trial, trials=1, experiment="width")
            for m in (enough, enough - 1)
        ]
        assert [found.points[0].whole for found in recalls] == [1, 0]
    (row,) = smallest_width(own, d=16, N=60, trials=4).rows()
    assert row["parameters"] == 7 + 32 * row["width"]


def test_a_construction_without_a_width_says_so():
    def fixed(E, U, f, *, rng):
        return own(E, U, f, rng=rng)

    with pytest.raises(InputError, match="memory 'fixed' has no width to search; one of mlp, "):
        smallest_width(fixed, d=8, N=8)
