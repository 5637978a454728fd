"""Capacity brackets: both ends measured, censoring reported, the same whatever runs the search."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError
from assoc.embeddings import normalise
from sims import CapacityResult, Criterion, capacity, measure
from sims.engine.statistics import mean_interval
from sims.memories.capacity import CapacityPoint, rate_crossing
from tests.helpers.oracles import forgetful, one_line, table


def brackets(memory="linear", **arguments):
    """Ends of the brackets of every trial at a single dimension."""
    (point,) = capacity(memory, **{"d": 16, "trials": 4, **arguments}).points
    return list(zip(point.low, point.high, strict=True))


def counts(memory, N, **arguments):
    """Recalled inputs of the very trials that the search ran."""
    (point,) = measure(memory, N=N, experiment="capacity", **arguments).points
    return point.counts


# --- the criterion ------------------------------------------------------------------------------


@pytest.mark.parametrize("percent", range(1, 101))
def test_a_rate_means_the_decimal_number_it_is_written_as(percent):
    """0.07 * 100 is more than 7 in floating point; seven of a hundred are enough all the same."""
    criterion = Criterion(percent / 100)
    assert criterion.met(percent, 100)
    assert not criterion.met(percent - 1, 100)


@given(st.integers(1, 1000), st.data())
def test_all_means_all(judged, data):
    count = data.draw(st.integers(0, judged))
    assert Criterion().met(count, judged) == (count == judged)


@pytest.mark.parametrize(
    ("text", "rate", "shown"),
    [("all", 1, "all"), ("1", 1, "all"), (1, 1, "all"), ("0.99", 0.99, "0.99"), (0.5, 0.5, "0.5")],
)
def test_criteria_are_read_and_shown(text, rate, shown):
    criterion = Criterion.parse(text)
    assert criterion.rate == rate
    assert str(criterion) == shown
    assert Criterion.parse(criterion) is criterion
    assert Criterion.parse(str(criterion)) == criterion


def test_a_rate_next_to_one_is_not_shown_as_all():
    assert str(Criterion(0.9999999)) == "0.9999999"


@pytest.mark.parametrize("text", ["most", "", "0", "-0.5", "1.01", "nan", "inf", 0, 2, None, [1]])
def test_anything_else_is_no_criterion(text):
    with pytest.raises(InputError, match="is neither 'all' nor a rate in") as caught:
        Criterion.parse(text)
    one_line(caught.value)


# --- brackets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", ["all", 0.9, 0.5])
@pytest.mark.parametrize(
    "run",
    [
        {"memory": "linear"},
        {"memory": "linear", "d": 48, "trials": 2},
        {"memory": "sign"},
        {"memory": "low-rank", "rank": "d/2"},
        {"memory": "linear", "embeddings": "gaussian"},
        {"memory": "linear", "facts": "balanced", "outputs": 10},
        {"memory": "dual-both"},
    ],
)
def test_both_ends_are_what_a_fresh_measurement_finds(run, criterion):
    run = {"d": 16, "trials": 4, **run}
    memory = run.pop("memory")
    judge = Criterion.parse(criterion)
    for trial, (low, high) in enumerate(brackets(memory, criterion=criterion, max_N=2000, **run)):
        assert high in (low + 1, np.inf)
        if low > 0:
            assert judge.met(counts(memory, low, **run)[trial], low)
        if high < np.inf:
            assert not judge.met(counts(memory, int(high), **run)[trial], int(high))
        else:
            assert low == 2000


def test_the_crossing_is_among_all_crossings():
    """By exhaustion over every N: the bracket is one of the places where recall is lost."""
    limit = 60
    table_of = {N: counts("linear", N, d=12, trials=6) for N in range(1, limit)}
    for trial, (low, high) in enumerate(brackets(d=12, trials=6, max_N=limit - 1)):
        holds = [table_of[N][trial] == N for N in range(1, limit)]
        assert holds[low - 1]
        assert not holds[int(high) - 1]


def test_every_size_asked_for_is_measured_once_and_a_prefix_of_the_last():
    seen = []

    def build(E, U, f, *, rng):
        seen.append((E.copy(), U.copy()))
        return table(E, U, f, rng=rng) if len(E) < 37 else forgetful(E, U, f, rng=rng)

    assert brackets(build, trials=1, threads=1) == [(36, 37)]
    sizes = [len(E) for E, _ in seen]
    assert len(set(sizes)) == len(sizes)
    longest = max(seen, key=lambda draw: len(draw[0]))
    for draw in seen:
        for short, long in zip(draw, longest, strict=True):
            np.testing.assert_array_equal(short, long[: len(short)])


@pytest.mark.parametrize("threshold", [2, 3, 7, 8, 9, 15, 16, 17, 31, 100, 129])
def test_a_sharp_threshold_is_found_exactly(threshold):
    def build(E, U, f, *, rng):
        return (table if len(E) < threshold else forgetful)(E, U, f, rng=rng)

    assert brackets(build, trials=2) == [(threshold - 1, threshold)] * 2


def test_what_recalls_nothing_has_capacity_zero():
    result = capacity(forgetful, d=8, trials=3, facts="balanced", outputs=5)
    (point,) = result.points
    assert list(zip(point.low, point.high, strict=True)) == [(0, 1)] * 3
    assert point.N == 0
    assert point.law == 0
    json.dumps(result.to_dict(), allow_nan=False)


# --- censoring ----------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 5, 8, 50, 64, 65])
def test_a_search_that_never_fails_is_censored_where_it_stopped(limit):
    (point,) = capacity(table, d=16, trials=3, max_N=limit).points
    assert point.low == (limit,) * 3
    assert point.high == (np.inf,) * 3
    assert point.censored == 3


@pytest.mark.parametrize("d", [1, 2, 5, 16])
def test_orthonormal_embeddings_are_censored_at_d(d):
    (point,) = capacity("linear", d=d, embeddings="orthonormal", trials=3).points
    assert point.low == (d,) * 3
    assert point.censored == 3


def test_injective_maps_end_with_the_outputs():
    (point,) = capacity(table, d=8, facts="permutation", outputs=11, trials=2).points
    assert point.low == (11, 11)
    assert point.censored == 2


def test_own_vectors_end_with_half_of_them(rng):
    vectors = normalise(rng.standard_normal((31, 8)))
    (point,) = capacity(table, embeddings=vectors, trials=2).points
    assert (point.d, point.low, point.censored) == (8, (15, 15), 2)


def test_a_censored_record_has_no_made_up_end():
    result = capacity(table, d=16, trials=10, max_N=20)
    (row,) = json.loads(json.dumps(result.to_dict(), allow_nan=False))["points"]
    assert row["censored"] == 10
    assert row["high"] == [None] * 10
    assert row["interval"] == [20, None]


def test_some_trials_censored_and_some_not():
    low = brackets(trials=8)
    limit = sorted(end for end, _ in low)[4]
    (point,) = capacity("linear", d=16, trials=8, max_N=limit).points
    assert 0 < point.censored < 8
    for (full, _), cut, high in zip(low, point.low, point.high, strict=True):
        assert (high == np.inf) == (cut == limit)
        assert full >= limit or cut <= full


# --- the same whatever runs it ------------------------------------------------------------------


@pytest.mark.parametrize(
    "run", [{}, {"memory": "low-rank", "rank": "d/2"}, {"memory": "sign", "criterion": 0.9}]
)
def test_threads_and_executors_change_nothing(run, processes):
    expected = brackets(**run, threads=1)
    for threads in (2, None):
        assert brackets(**run, threads=threads) == expected
    with ThreadPoolExecutor(3) as pool:
        assert brackets(**run, executor=pool) == expected
    assert brackets(**run, executor=processes) == expected


def test_a_trial_does_not_know_the_others_nor_a_dimension():
    assert brackets(trials=2) == brackets(trials=6)[:2]
    together = capacity("linear", d=[16, 8, 24], trials=4)
    assert [p.d for p in together.points] == [16, 8, 24]
    for point in together.points:
        assert list(zip(point.low, point.high, strict=True)) == brackets(d=point.d)


def test_seed_and_experiment_matter():
    assert brackets(seed=1) != brackets()
    assert brackets(experiment="other") != brackets()


def test_a_weaker_criterion_is_met_for_longer():
    strict, weak = (capacity("linear", d=24, criterion=c, trials=9).points[0].N for c in (1, 0.9))
    assert weak > 1.3 * strict


# --- the record ---------------------------------------------------------------------------------


def test_a_point_is_what_its_brackets_say():
    point = CapacityPoint(
        10, (10, 20, 30, 40, 50, 60, 70, 80), (11, 21, 31, 41, 51, 61, 71, np.inf)
    )
    assert point.N == 45
    assert point.censored == 1
    assert point.law == pytest.approx(45 * np.log(45) / 100)
    assert point.interval(0.9) == (20, 71)
    assert point.interval() == (10, np.inf)


def test_tables_json_and_plot():
    result = capacity("low-rank", d=np.array([8, 12]), rank="d/2", trials=3, criterion="0.9")
    assert isinstance(result, CapacityResult)
    assert repr(result).startswith("CapacityResult(low-rank m=d/2, 0.9 recalled, d=8: N=")
    assert result.to_frame()["d"].tolist() == [8, 12]
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert record["criterion"] == "0.9"
    assert record["memory"] == "low-rank m=d/2"
    for point, row in zip(result.points, record["points"], strict=True):
        assert (row["N"], row["law"]) == (point.N, point.law)
        assert row["low"] == list(point.low)
    ax = result.plot()
    assert result.plot(ax) is ax
    assert ax.get_xlabel() == "dimension $d$"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"d": 0}, "d = 0 is not a positive dimension"),
        ({"d": [8, -1]}, "d = -1 is not a positive dimension"),
        ({"d": []}, "d is an empty list"),
        ({"d": None}, "random embeddings need a dimension d"),
        ({"d": 10**9}, "the entries of a d x d matrix take"),
        ({"trials": 0}, "trials = 0 is not positive"),
        ({"max_N": 0}, "max_N = 0 is not positive"),
        ({"threads": 0}, "threads = 0 is not positive"),
        ({"criterion": "some"}, "criterion 'some' is neither"),
        ({"memory": "lineal"}, "unknown memory 'lineal'"),
        ({"memory": "low-rank", "rank": 17}, "rank 17 is not between 1 and d = 16"),
        ({"embeddings": np.ones((1, 16))}, "1 vectors are too few"),
        ({"embeddings": np.ones((4, 16)), "outputs": 9}, "4 vectors are too few"),
        ({"embeddings": np.ones((40, 9))}, "d = 16, but the vectors of array have dimension 9"),
        ({"memory": lambda E, U, f, *, rng: lambda X: X[:1]}, "the memory returned shape"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(InputError) as caught:
        brackets(**arguments)
    assert said in one_line(caught.value)


# --- the crossing of the mean -------------------------------------------------------------------


def test_the_crossing_lies_between_sizes_measured_above_and_below():
    N, (low, high) = rate_crossing("linear", d=16, rate=0.9, near=16, trials=200)
    assert low < N < high
    (above,) = measure("linear", d=16, N=int(N), trials=200, experiment="crossing").points
    (below,) = measure("linear", d=16, N=int(N) + 2, trials=200, experiment="crossing").points
    assert below.recall < 0.9 < above.recall + 0.005


def test_the_interval_is_where_the_band_crosses():
    """Just outside the interval the confidence interval of the mean excludes the rate."""
    _, (low, high) = rate_crossing("linear", d=16, rate=0.9, near=16, trials=200)
    for N, side in ((int(low) - 2, 1), (int(high) + 3, -1)):
        (point,) = measure("linear", d=16, N=N, trials=200, experiment="crossing").points
        ends = mean_interval(np.array(point.counts) / N)
        assert min(side * (end - 0.9) for end in ends) > -0.005


@pytest.mark.parametrize("near", [1, 5, 100])
def test_the_search_may_start_anywhere(near):
    """The same trials on another grid: the same crossing, up to interpolation."""
    expected, _ = rate_crossing("linear", d=16, rate=0.9, near=16, trials=200)
    found, (low, high) = rate_crossing("linear", d=16, rate=0.9, near=near, trials=200)
    assert found == pytest.approx(expected, rel=0.02)
    assert low < expected < high


def test_the_crossing_of_gates_is_that_of_the_gates_that_are_asked_for():
    given = {"d": 16, "rate": 0.9, "near": 60, "width": 60, "trials": 8}
    two, one = (rate_crossing("sign-gated", gates=g, **given)[0] for g in ("two-signs", "sign"))
    square, slow = (rate_crossing("sign-gated", omega=w, **given)[0] for w in (None, 0.4))
    assert one < two
    assert slow < square


def test_a_known_crossing():
    """A memory that recalls about 100 facts, the first, and no others: recall is 100 / N."""

    def build(E, U, f, *, rng):
        recalled = f < rng.integers(98, 103)
        return table(E, np.where(recalled[:, None], U, -U), f, rng=rng)

    N, (low, high) = rate_crossing(build, d=8, rate=0.5, near=200, trials=30)
    assert pytest.approx(200, rel=0.01) == N
    assert low <= N <= high


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"memory": forgetful}, "the recall is below 0.9 at N = 2 already"),
        ({"near": 0}, "near = 0 is not a positive number of facts"),
        ({"near": -5}, "near = -5 is not a positive number of facts"),
        ({"rate": 0}, "rate = 0 is not between 0 and 1"),
        ({"rate": 1}, "rate = 1 is not between 0 and 1"),
        ({"rate": float("nan")}, "rate = nan is not between 0 and 1"),
        ({"trials": 1}, "trials = 1: an interval needs at least 2"),
    ],
)
def test_no_crossing_is_made_up(arguments, said):
    with pytest.raises(InputError) as caught:
        rate_crossing(
            **{"memory": "linear", "d": 16, "rate": 0.9, "near": 16, "trials": 20, **arguments}
        )
    assert said in one_line(caught.value)
