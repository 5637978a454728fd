"""Capacity searches of builds that decide, and searches that are stored."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from assoc.catalogue import resolve
from assoc.errors import InputError
from assoc.memories.memory import Factors
from assoc.memories.optimal import Decides, Decision
from assoc.memories.refutation import Refutation
from sims.engine.randomness import Source
from sims.memories.capacity import capacity
from sims.memories.capacity_search import bracket_trial
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import decide
from sims.memories.settings import RandomVectors
from sims.sweeps import fingerprint
from tests.helpers.oracles import complaint

CERTAIN = Refutation(residual=0.0, curvature=1.0, reach=1.0, weight=1.0)


@dataclass(frozen=True)
class Upto:
    """Recalls everything up to a size, and refutes what is above another."""

    recalls: int
    refutes: int

    def decide(self, E, U, f, *, rng, prove=True):
        nothing = Factors((np.zeros((U.shape[1], E.shape[1])),))
        memory = _Answers(E, U[f]) if len(E) <= self.recalls else nothing
        return Decision(memory, CERTAIN if len(E) >= self.refutes else None)

    def __call__(self, E, U, f, *, rng):
        return self.decide(E, U, f, rng=rng).memory


@dataclass(frozen=True, eq=False)
class _Answers:
    E: np.ndarray
    right: np.ndarray
    parameters: int = 1

    def __call__(self, E):
        return np.asarray(self.right[(E @ self.E.T).argmax(axis=1)], np.float64)

    def rounding_error(self, E):
        return np.zeros(len(E))


@pytest.mark.parametrize("threshold", [1, 2, 9, 40, 41, 150, 300])
def test_the_bracket_ends_at_neighbours_and_is_proved(threshold):
    (point,) = capacity(Upto(threshold, threshold + 1), d=16, trials=2).points
    assert point.low == (threshold,) * 2
    assert point.high == (threshold + 1,) * 2
    assert point.proved == (True, True)
    assert point.interval(0.4) == (threshold, threshold + 1)


def test_an_end_that_is_only_not_found_is_not_called_proved():
    result = capacity(Upto(40, 60), d=16, trials=2)
    assert result.points[0].high == (41, 41)
    assert result.points[0].proved == (False, False)
    assert result.rows()[0]["proved"] == 0


def test_what_is_proved_is_about_all_inputs_not_about_a_rate():
    (point,) = capacity(Upto(40, 41), d=16, trials=1, criterion=0.9).points
    assert point.proved == (False,)


def test_a_coarse_bracket_is_as_wide_as_asked():
    (point,) = capacity(Upto(200, 201), d=16, trials=1, resolution=0.05).points
    assert point.low[0] <= 200 < point.high[0]
    assert point.high[0] - point.low[0] <= 0.05 * point.high[0]


def test_other_constructions_prove_nothing_and_say_so():
    result = capacity("linear", d=8, trials=1)
    assert result.points[0].proved is None
    assert "proved" not in result.rows()[0]


@pytest.mark.parametrize("resolution", [-0.1, 1.0])
def test_a_resolution_out_of_range_is_named(resolution):
    with pytest.raises(InputError, match="resolution"):
        capacity("linear", d=8, trials=1, resolution=resolution)


def test_both_ends_are_what_a_fresh_decision_finds():
    (point,) = capacity("optimal-linear", d=8, trials=4, experiment="fresh").points
    ensemble = Ensemble(Construction("optimal-linear"), RandomVectors(8), Source(0, "fresh", (8,)))
    for trial, (low, high) in enumerate(zip(point.low, point.high, strict=True)):
        assert decide(ensemble, low, trial)[0] == low
        certified, refuted = decide(ensemble, int(high), trial)
        assert certified < high
        assert point.proved[trial] == refuted


def test_the_best_matrix_holds_what_outer_products_hold():
    for d in (8, 16):
        best = capacity("optimal-linear", d=d, trials=4).points[0]
        plain = capacity("linear", d=d, trials=4).points[0]
        assert all(b >= p for b, p in zip(best.low, plain.low, strict=True))
        assert best.N > 2 * plain.N


# --- stores -------------------------------------------------------------------------------------


def test_a_stored_search_finds_the_same_and_goes_on(tmp_path):
    store = tmp_path / "search.sqlite"
    plain = capacity("optimal-linear", d=[6, 8], trials=3, seed=4)
    seen = []
    kept = capacity("optimal-linear", d=[6, 8], trials=3, seed=4, store=store, threads=1,
                    progress=seen.append)  # fmt: skip
    assert kept.to_dict() == plain.to_dict()
    assert seen[-1].done == 6
    seen.clear()
    more = capacity("optimal-linear", d=[6, 8], trials=4, seed=4, store=store, threads=1,
                    progress=seen.append)  # fmt: skip
    assert seen[0].found == 6
    assert more.points[0].low[:3] == kept.points[0].low


def test_a_censored_trial_is_stored_as_such(tmp_path):
    run = {"d": 16, "trials": 2, "max_N": 4, "threads": 1}
    kept = capacity("linear", store=tmp_path / "s.sqlite", **run)
    assert kept.points[0].high == (np.inf, np.inf)
    json.dumps(kept.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "other",
    [
        {"criterion": 0.9},
        {"seed": 1},
        {"memory": "sign"},
        {"resolution": 0.1},
        {"embeddings": "gaussian"},
        {"facts": "random"},
        {"d": 16, "embeddings": "gaussian"},
    ],
)
def test_a_store_of_another_search_is_refused_by_name(tmp_path, other):
    store = tmp_path / "s.sqlite"
    capacity("linear", d=8, trials=1, store=store, threads=1)
    with pytest.raises(InputError, match=str(store)):
        capacity(**{"memory": "linear", "d": 8, "trials": 1, "store": store, "threads": 1, **other})


def test_numbers_of_numpy_are_stored_like_any_other(tmp_path):
    run = {"memory": "low-rank", "d": np.int64(8), "rank": np.int64(3), "seed": np.int64(2)}
    kept = capacity(**run, trials=2, store=tmp_path / "s.sqlite", threads=1)
    assert kept.points == capacity("low-rank", d=8, rank=3, seed=2, trials=2).points


def test_a_dimension_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match="d = 8 is given twice"):
        capacity("linear", d=[8, 8], trials=1, store=tmp_path / "s.sqlite", threads=1)


def test_other_code_of_a_users_memory_is_another_search(tmp_path, monkeypatch):
    own = tmp_path / "mymemory_of_tests.py"
    monkeypatch.syspath_prepend(tmp_path)
    run = {"d": 8, "trials": 1, "threads": 1, "store": tmp_path / "s.sqlite"}
    own.write_text("from assoc.memories.linear import hebbian as build\n")
    capacity("mymemory_of_tests:build", **run)
    own.write_text("from assoc.memories.linear import dual_both as build\n")
    # As another process would see it.
    fingerprint._digest.cache_clear()
    with pytest.raises(InputError, match="code"):
        capacity("mymemory_of_tests:build", **run)


def test_a_module_that_a_users_module_imports_was_edited(tmp_path, monkeypatch):
    """The stored search does not go on with other numbers, here or in workers of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "search_of_tests.py").write_text("from weights_of_tests import build\n")
    weights = tmp_path / "weights_of_tests.py"
    run = {"d": 8, "trials": 2, "threads": 2, "store": tmp_path / "s.sqlite"}
    weights.write_text("from assoc.memories.linear import hebbian as build\n")
    first = capacity("search_of_tests:build", **run)
    assert capacity("search_of_tests:build", **run).points == first.points
    weights.write_text("from assoc.memories.linear import dual_both as build\n")
    # As another process would see it.
    fingerprint._digest.cache_clear()
    assert complaint(capacity, "search_of_tests:build", **run).endswith(
        "name another file or remove this one: the code, or what it imports, has changed since"
    )


def test_an_imported_build_decides_as_itself():
    assert isinstance(resolve("assoc.memories.optimal:optimal_linear")[1], Decides)


@pytest.mark.parametrize("law", ["rademacher", "gaussian"])
def test_facts_that_contradict_each_other_end_the_search(law):
    """Of repeated inputs no matrix recalls both, and the loss has no least value."""
    (point,) = capacity("optimal-linear", d=3, trials=4, embeddings=law, threads=1).points
    assert all(low < high < np.inf for low, high in zip(point.low, point.high, strict=True))


def test_with_one_answer_nothing_competes():
    (point,) = capacity("optimal-linear", d=4, trials=2, facts="random", outputs=1, max_N=9).points
    assert point.low == (9, 9)


def test_what_has_no_name_is_not_stored(tmp_path):
    with pytest.raises(InputError, match="by name"):
        capacity(Upto(3, 4), d=8, trials=1, store=tmp_path / "s.sqlite")
    with pytest.raises(InputError, match="random embeddings"):
        capacity("linear", embeddings=np.eye(8), trials=1, store=tmp_path / "s.sqlite")


def test_a_failing_trial_is_named(tmp_path):
    store = tmp_path / "s.sqlite"
    with pytest.raises(InputError, match=r"d=8 trial=0.*no such luck"):
        capacity("tests.helpers.sweep_points:unlucky", d=8, trials=1, store=store, threads=1)


def test_a_trial_by_itself_is_what_the_search_found():
    found = capacity("linear", d=8, trials=2, max_N=64)
    single = bracket_trial(
        construction={"memory": "linear"}, setting={"d": 8}, rate=1.0, limit=64, resolution=0.0,
        source=(0, "capacity", (8,)), trial=1,
    )  # fmt: skip
    assert single[:2] == (found.points[0].low[1], found.points[0].high[1])
