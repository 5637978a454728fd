"""Exhibits: found by themselves, and made whole from small regimes."""

import copy
import csv
import importlib
import io
import itertools
import json
import math
import pkgutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.legend import Legend

import theory.exhibits
from sims.engine.tables import Column
from sims.sweeps.tasks import sweep
from tests.helpers.small_exhibits import SMALL, computed, small_exhibits, stored_findings
from theory.exhibit import Exhibit
from theory.exhibits.bits_efficiencies import LIMIT
from theory.memories.class_guarantee import balanced_capacity
from theory.memories.guarantee import guaranteed_capacity
from theory.publishing.contents import exhibits
from theory.registry import registered
from theory.rendering.drawing import drawn, styled
from theory.running import SIZES, claim_tasks

# One process computes the small exhibits, for this file and for test_rendered.py.
pytestmark = pytest.mark.xdist_group("exhibits")

SLOW = {"bits-efficiencies", "trained-memories", "trained-transformers"}
"""Exhibits that take more than 5 s even in a small regime."""

NAMES = [exhibit.name for exhibit in exhibits()]
CLAIMS = ["bits-efficiencies", "stage-times"]
"""Exhibits that are made from findings of claims, alone or among others."""

SEVERAL = ["extraction-phases", "knowledge-learning", "trained-tradeoff"]
"""Exhibits whose points have several records each."""

TOGETHER = ["guaranteed-gates"]
"""Exhibits with a record for two points, a search and what is proved for the same sizes."""

MEASURED = {
    "capacity": {"N", "interval", "law", "low", "high"},
    "width": {"width", "interval", "parameters", "load", "low", "high"},
    "smallest": {"size", "least", "most", "interval", "parameters", "low", "high"},
    "copied-gates": {"gates", "interval", "low", "high"},
    "copied-proof": set(),
    "gates-proof": set(),
    "recalled": {"recall", "interval"},
    "flow": {"t_relation", "t_subject", "t_loss", "loss", "relation_loss", "subject_loss"},
    "extraction": {"answered", "interval", "learnt", "excess_share"},
    "learning": {"subject", "value", "answered", "learnt"},
    "trained-capacity": {"N", "interval", "law", "low", "high"},
    "trained-smallest": {"d", "width", "interval", "parameters", "low", "high"},
    "trained-map": {"recall", "all_recalled"},
    "claim": {
        "measured",
        "interval",
        "N",
        "stored",
        "efficiency",
        "efficiency interval",
        "spent",
        "stored per bit",
    },
}
"""What is measured, not asked for or predicted, in the value of each kind of point."""

PREDICTIONS = {
    "bits-efficiencies": {"predicted"},
    "extraction-phases": {"covering", "ties"},
    "guaranteed-attention": {"guaranteed", "predicted"},
    "guaranteed-capacity": {"guaranteed", "predicted", "fails"},
    "guaranteed-gates": {"guaranteed", "given", "predicted"},
    "knowledge-learning": set(),
    "mlp-widths": {"predicted", "leading"},
    "nlb-figure-1": {"predicted"},
    "nlb-figure-4-left": {"theorem"},
    "nlb-figure-4-right": set(),
    "nlb-figure-5": {"predicted", "plateau"},
    "nlb-figure-6": {"predicted"},
    "nlb-figures-7-9": {"theorem"},
    "optimal-capacity": {"predicted"},
    "predicted-capacity": {"predicted"},
    "sharp-constants": {"predicted", "limit"},
    "stage-times": {"predicted"},
    "trained-memories": set(),
    "trained-tradeoff": set(),
    "trained-transformers": set(),
    "transformer-sizes": {"law", "bits per fact"},
}
"""What must not depend on anything measured."""


@pytest.fixture(
    params=[pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in NAMES]
)
def name(request):
    return request.param


@cache
def _made(name):
    exhibit, tasks, values = computed(name)
    return exhibit.records(tasks, values)


def made(name):
    """Return the records of a small exhibit, which are computed once."""
    return copy.deepcopy(_made(name))


@pytest.fixture
def rows(name):
    return made(name)


def kind(task):
    """Return the kind of a point."""
    return "claim" if task.work.endswith(":run_claim") else task.key.split()[0]


def scaled(value, keys):
    """Return a value in which every number under these keys is half as large again."""
    if isinstance(value, dict):
        return {
            key: _grown(item) if key in keys
            else item if key == "predicted" else scaled(item, keys)
            for key, item in value.items()
        }  # fmt: skip
    if isinstance(value, list):
        return [scaled(item, keys) for item in value]
    return value


def _grown(value):
    if isinstance(value, list):
        return [_grown(item) for item in value]
    return 1.5 * value if isinstance(value, int | float) else value


def censored(task, value):
    """Return a value whose search ended without an answer."""
    value = copy.deepcopy(value)
    for record in value.get("points", [value]):
        if kind(task) in ("width", "smallest", "trained-smallest", "copied-gates"):
            record |= {"interval": [4.0, None], "parameters": None}
        if kind(task) == "trained-capacity":
            record |= {"N": None, "law": None, "interval": [4.0, None]}
        if kind(task) == "trained-smallest":
            record |= {task.arguments["vary"]: None, "high": [None] * len(record["high"])}
        if kind(task) == "copied-gates":
            record |= {"gates": None}
        if kind(task) == "width":
            record |= {"width": None, "load": None}
        if kind(task) == "smallest":
            record |= {"size": None, task.arguments["vary"]: None, "least": None, "most": None}
    return value


def finite(value):
    return value is None or math.isfinite(value)


def test_every_module_that_defines_an_exhibit_is_found():
    folder = Path(theory.exhibits.__file__).parent
    modules = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    assert modules == sorted(module.name for module in pkgutil.iter_modules([str(folder)]))
    defined = [
        importlib.import_module(f"theory.exhibits.{module}").EXHIBIT
        for module in modules
        if "EXHIBIT = " in (folder / f"{module}.py").read_text(encoding="utf-8")
    ]
    assert len(defined) == len(modules)
    assert {id(exhibit) for exhibit in defined} == {id(exhibit) for exhibit in exhibits()}
    assert sorted(NAMES) == NAMES


def test_names_are_their_own():
    theorems = {theorem.name for theorem in registered()}
    controls = {f"{name}-must-fail" for name in theorems}
    assert len(set(NAMES)) == len(NAMES)
    # Both are names of files and of labels.
    assert not set(NAMES) & (theorems | controls)


def test_every_exhibit_has_a_small_regime_here():
    assert set(SMALL) == set(NAMES)
    for exhibit in exhibits():
        assert set(SMALL[exhibit.name]) <= set(exhibit.quick), exhibit.name
        assert set(exhibit.full) <= set(exhibit.quick), exhibit.name


@pytest.mark.parametrize("exhibit", exhibits(), ids=lambda exhibit: exhibit.name)
def test_an_exhibit_says_what_it_is(exhibit):
    assert exhibit.theorem in {theorem.name for theorem in registered()}
    assert exhibit.title
    assert "\n" not in exhibit.title
    assert exhibit.caption.endswith(".")
    assert exhibit.caption.count("$") % 2 == 0
    assert exhibit.columns
    assert all(isinstance(column, Column) and column.heading for column in exhibit.columns.values())
    assert bool(exhibit.alternative) == (exhibit.figure is not None)
    assert exhibit.alternative != exhibit.title


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [0, 7])
def test_points_are_the_same_whoever_asks_for_them(size, seed):
    tasks = claim_tasks(registered(), size=size, seed=seed)
    for exhibit in exhibits():
        own = exhibit.tasks(size=size, seed=seed)
        assert own
        assert len({task.key for task in own}) == len(own), exhibit.name
        tasks += own
    by_key = {task.key: task for task in tasks}
    what = {(task.work, json.dumps(task.arguments, sort_keys=True)) for task in tasks}
    for task in tasks:
        assert task.text() == by_key[task.key].text(), task.key
        assert json.loads(task.text())["arguments"] == json.loads(json.dumps(task.arguments))
    # Neither is one thing computed twice under two keys, nor are two things under one.
    assert len(what) == len(by_key)


def test_some_points_are_shared():
    keys = [{task.key for task in e.tasks(size="quick", seed=0)} for e in exhibits()]
    assert sum(map(len, keys)) > len(set().union(*keys))


def test_the_seed_and_the_size_reach_the_points(name):
    (exhibit,) = (exhibit for exhibit in exhibits() if exhibit.name == name)
    first, second = (exhibit.tasks(size="quick", seed=seed) for seed in (0, 1))
    assert all(a.text() != b.text() for a, b in zip(first, second, strict=True))
    full = exhibit.tasks(size="full", seed=0)
    assert {task.text() for task in full} != {task.text() for task in first}


def test_the_full_regime_changes_the_quick_one():
    asked = []
    toy = Exhibit(
        "toy", "t", "T", "C.", lambda **regime: asked.append(regime) or [], lambda *_: [], {},
        quick={"d": 8, "trials": 2}, full={"d": 16},
    )  # fmt: skip
    for size in SIZES:
        toy.tasks(size=size, seed=3)
    assert asked == [
        {"seed": 3, "size": "quick", "d": 8, "trials": 2},
        {"seed": 3, "size": "full", "d": 16, "trials": 2},
    ]


def test_records_cover_the_columns(name, rows):
    exhibit, tasks, _ = computed(name)
    assert rows
    for row in rows:
        assert set(exhibit.columns) <= set(row)
    # A column that nothing fills is none.
    for key in exhibit.columns:
        assert any(row[key] is not None for row in rows), key
    if name not in (*CLAIMS, "nlb-figure-4-right", "nlb-figure-5", *SEVERAL, *TOGETHER):
        assert len(rows) == len(tasks)


def test_records_are_made_only_from_all_points(name):
    exhibit, tasks, values = computed(name)
    for task in tasks:
        assert exhibit.records(tasks, {k: v for k, v in values.items() if k != task.key}) is None
    more = {**values, "a point of another exhibit": {}}
    assert exhibit.records(tasks, more) == made(name)


def test_making_records_and_drawing_leave_the_values_alone(name):
    exhibit, tasks, values = computed(name)
    before = copy.deepcopy(values)
    found = exhibit.records(tasks, values)
    shown = copy.deepcopy(found)
    if exhibit.figure is not None:
        exhibit.figure(found)
    assert values == before
    assert found == shown


def test_a_figure_is_drawn_with_named_axes(name, rows):
    exhibit, _, _ = computed(name)
    if exhibit.figure is None:
        pytest.skip("this exhibit is a table alone")
    with styled():
        figure = exhibit.figure(rows)
    picture = drawn(figure, "png", {"command": "test"})
    assert picture.startswith(b"\x89PNG")
    # Panels side by side may share the axis of the first.
    assert figure.axes[0].get_ylabel()
    for ax in figure.axes:
        assert ax.get_xlabel() or ax.get_label() == "<colorbar>"
        assert ax.has_data()
        assert all(np.isfinite(limit) for limit in (*ax.get_xlim(), *ax.get_ylim()))
    assert figure.findobj(Legend)


def test_a_figure_is_the_same_file_when_it_is_drawn_again(name, rows):
    exhibit, _, _ = computed(name)
    if exhibit.figure is None:
        pytest.skip("this exhibit is a table alone")
    files = []
    for _ in range(2):
        with styled():
            figure = exhibit.figure(rows)
        files.append(drawn(figure, "svg", {"command": "test"}))
    assert files[0] == files[1]


def test_a_table_is_written_in_every_format(name, rows):
    exhibit, _, _ = computed(name)
    table = exhibit.table(rows)
    latex, markdown = table.latex(), table.markdown()
    assert rf"\label{{tab:recall-{name}}}" in latex
    assert latex.count("{") == latex.count("}")
    assert len(markdown.splitlines()) == len(rows) + 4
    records = list(csv.DictReader(io.StringIO(table.csv())))
    assert len(records) == len(rows)
    for record, row in zip(records, rows, strict=True):
        for key in exhibit.columns:
            value = row[key]
            if isinstance(value, list | tuple):
                for text, end in zip((record[f"{key} low"], record[f"{key} high"]), value,
                                     strict=True):  # fmt: skip
                    assert (None if text == "" else float(text)) == end
            elif isinstance(value, int | float):
                assert float(record[key]) == value
            elif value is not None:
                assert record[key] == str(value)


def test_predictions_do_not_depend_on_what_was_measured(name):
    exhibit, tasks, values = computed(name)
    before = made(name)
    changed = {task.key: scaled(values[task.key], MEASURED[kind(task)]) for task in tasks}
    after = exhibit.records(tasks, changed)
    assert len(after) == len(before)
    assert PREDICTIONS[name] <= set(before[0])
    for old, new in zip(before, after, strict=True):
        # The change is seen in the record.
        assert old != new
        for key in PREDICTIONS[name]:
            assert new[key] == (old[key] and pytest.approx(old[key], rel=1e-12)), key


def test_records_hold_what_json_can(name, rows):
    again = json.loads(json.dumps(rows, default=lambda value: value.item()))
    assert len(again) == len(rows)
    for row in rows:
        assert all(finite(value) for value in row.values() if isinstance(value, float))


SEARCHES = [name for name in NAMES if any(
    kind(task) in ("width", "smallest", "trained-smallest", "trained-capacity") for task in
    next(e for e in small_exhibits() if e.name == name).tasks(size="quick", seed=0)
)]  # fmt: skip


@pytest.mark.parametrize("all_of_them", [False, True])
@pytest.mark.parametrize("name", SEARCHES)
def test_searches_without_an_answer_are_shown_as_such(name, all_of_them):
    exhibit, tasks, values = computed(name)
    without = {task.key: censored(task, values[task.key]) for task in tasks}
    if not all_of_them:
        # The last of each kind; a model and a panel then still have something to show.
        last = {(kind(task), task.arguments.get("model")): task.key for task in tasks}
        without = {**values, **{key: without[key] for key in last.values()}}
    found = exhibit.records(tasks, without)
    table = exhibit.table(found)
    assert "nan" not in table.csv() + table.latex() + table.markdown()
    if exhibit.figure is not None:
        assert drawn(exhibit.figure(found), "png", {}).startswith(b"\x89PNG")


def test_a_median_of_few_trials_has_no_bounds():
    (exhibit,) = (e for e in small_exhibits() if e.name == "sharp-constants")
    few = replace(exhibit, quick={"d": (16,), "trials": 3})
    tasks = few.tasks(size="quick", seed=0)
    rows = few.records(tasks, sweep(tasks, workers=1).values)
    assert {tuple(row["interval"]) for row in rows} == {(0.0, None)}
    assert drawn(few.figure(rows), "png", {}).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", CLAIMS)
def test_exhibits_of_claims_read_what_their_claims_find_now(name):
    exhibit, tasks, _ = computed(name)
    assert any(task.key in stored_findings() for task in tasks)
    found = sweep(tasks, workers=1)
    assert not found.failures
    for now, before in zip(exhibit.records(tasks, found.values), made(name), strict=True):
        assert set(now) == set(before)
        assert now["predicted"] == pytest.approx(before["predicted"], rel=1e-6)
        # Counts of errors may differ by one where another processor rounds otherwise.
        assert now["measured" if "measured" in now else "efficiency"] == pytest.approx(
            before["measured" if "measured" in before else "efficiency"], rel=0.05
        )


def test_the_limit_of_one_bit_memories_is_that_of_the_linear_ones_times_2_over_pi():
    limits = {(row["memory"], row["criterion"]): row["limit"] for row in made("sharp-constants")}
    assert limits["linear", "all"] == 1 / 8
    assert limits["linear", "0.5"] == 1 / 2
    assert limits["1 bit", "all"] == pytest.approx((2 / math.pi) / 8, rel=1e-12)
    assert limits["projected, d/2", "all"] == 1 / 16
    # The best four levels at equal distances lose 0.1188 of a Gaussian's variance (Max 1960).
    assert limits["2 bits", "all"] == pytest.approx((1 - 0.1188) / 8, rel=1e-3)


def test_sharp_constants_are_predicted_within_the_noise_of_few_trials():
    for row in made("sharp-constants"):
        assert row["measured"] == pytest.approx(row["predicted"], rel=0.35)
        low, high = row["interval"]
        assert low <= row["measured"] <= high


def test_capacities_are_as_measured_and_predicted():
    rows = made("predicted-capacity")
    for row in rows:
        assert row["off"] == pytest.approx(100 * (row["predicted"] - row["measured"])
                                           / row["measured"])  # fmt: skip
        assert abs(row["off"]) < 35
    by_case = {(row["memory"], row["criterion"], row["d"]): row["predicted"] for row in rows}
    assert by_case["linear", "0.99", 64] > by_case["linear", "all", 64]
    assert by_case["linear", "all", 64] > 4 * by_case["linear", "all", 16]
    assert by_case["1 bit", "all", 64] < by_case["linear", "all", 64]
    # A rate is searched only where one fact forgotten is not yet too many.
    assert ("linear", "0.99", 16) not in by_case


def test_the_flow_of_the_reduced_model_takes_the_predicted_times():
    reduced = [row for row in made("nlb-figure-5") if row["model"] == "linear attention"]
    assert [row["stage"] for row in reduced] == ["relation", "subject"]
    for row in reduced:
        assert row["measured"] == pytest.approx(row["predicted"], rel=1e-5)
        assert row["interval"] is None
        assert row["plateau"] == pytest.approx(math.log(row["D"]), rel=1e-12)
    assert reduced[0]["measured"] < reduced[1]["measured"]


def test_softmax_attention_is_measured_over_draws_and_not_predicted():
    softmax = [row for row in made("nlb-figure-5") if row["model"] == "softmax attention"]
    assert [row["runs"] for row in softmax] == [2, 2]
    assert all(row["predicted"] is None and row["plateau"] is None for row in softmax)
    assert all(len(row["curves"]) == 2 for row in softmax)
    for row in softmax:
        for curve in row["curves"]:
            time, loss, relation, subject = map(np.array, curve)
            assert (np.diff(time) > 0).all()
            assert loss[-1] < loss[0]
            assert (relation >= 0).all()
            assert (subject >= 0).all()


def test_no_memory_stores_more_than_it_holds():
    rows = made("bits-efficiencies")
    assert pytest.approx(0.1148, abs=5e-5) == LIMIT
    for row in rows:
        assert 0 < row["efficiency"] < 1
        assert row["efficiency"] == pytest.approx(row["stored"] / row["spent"], rel=1e-2)
        low, high = row["interval"]
        if row["memory"].startswith("fitted "):
            # Of transformers it is the range of what a few draws took, and these are much alike.
            assert low <= row["efficiency"] <= high
            assert low < high
        else:
            assert low < row["efficiency"] < high
    fitted = [row for row in rows if row["memory"] == "optimal-linear b=1"]
    assert all(0.3 < row["efficiency"] < row["predicted"] for row in fitted)
    one = [row for row in rows if row["memory"].endswith("linear b=1")]
    assert all(row["spent"] == row["d"] ** 2 for row in one)
    assert all(row["predicted"] < LIMIT for row in one if row not in fitted)


def test_rates_of_flow_are_predicted():
    for row in made("stage-times"):
        assert row["off"] == pytest.approx(100 * (row["predicted"] / row["measured"] - 1))
        assert abs(row["off"]) < (1 if row["kind"] == "late rate" else 1e-3)


@pytest.mark.parametrize("name", ["mlp-widths", "nlb-figure-1", "nlb-figure-6"])
def test_more_facts_need_wider_networks(name):
    series = {}
    for row in made(name):
        if row.get("memory") != "linear":
            key = tuple(row.get(part) for part in ("memory", "k", "M", "d"))
            series.setdefault(key, []).append(row)
    assert series
    for found in series.values():
        size = next(part for part in ("measured", "m", "parameters") if part in found[0])
        for few, more in itertools.pairwise(found):
            assert few["N"] < more["N"]
            assert few["predicted"] < more["predicted"]
            assert few[size] < more[size]
        for row in found:
            assert row["predicted"] == pytest.approx(row[size], rel=0.5)


def test_parameters_of_a_matrix_are_its_entries():
    for row in made("nlb-figure-1"):
        if row["memory"] == "linear":
            assert row["parameters"] == row["d"] ** 2
            # Facts that can be held are fewer than parameters.
            assert row["predicted"] < row["parameters"]


@pytest.mark.parametrize("name", ["nlb-figure-4-left", "nlb-figures-7-9"])
def test_sizes_of_transformers_are_counted_by_hand(name):
    for row in made(name):
        S, R, D = row["S"], row["R"], row["D"]
        assert row["facts"] == S * R
        low, high = row["interval"]
        assert low <= row["parameters"]
        assert high is None or row["parameters"] <= high
        if row["model"] == "attention-only":
            assert row["theorem"] == 4 * max(R, D) * (S + R)
            # 4 H d d_h with H d_h = S + R, whatever the heads.
            assert row["parameters"] % (4 * round(row["size"])) == 0
        else:
            assert row["theorem"] == 4 * 32 * (S + R) + 2 * S * R
        # No fewer numbers than facts are stored, since each has a bit and more to tell.
        assert row["parameters"] > S * R


def test_facts_in_attention_are_no_longer_in_the_mlp():
    rows = made("nlb-figure-4-right")
    assert [row["share"] for row in rows] == [0.0, 0.5]
    assert rows[0]["attention"] < rows[1]["attention"]
    for row in rows:
        assert [m for m, _ in row["grid"]] == [2 * 24 * 2, 2 * 24 * 8]
        assert all(0 <= recall <= 1 for _, recall in row["grid"])
        assert row["trials"] == 2


def test_bits_of_facts_are_those_of_their_answers():
    for row in made("transformer-sizes"):
        assert row["bits per fact"] == math.log2(row["D"])
        assert row["per fact"] == row["parameters"] / (row["S"] * row["R"])
        assert (row["law"] is None) == (row["model"] != "attention-only-sum")


def test_guaranteed_capacities_are_below_the_law_and_those_that_fail_above():
    rows = {(row["memory"], row["d"]): row for row in made("guaranteed-capacity")}
    assert len(rows) == 6
    for row in rows.values():
        assert row["guaranteed"] < row["predicted"]
        assert row["fails"] is None or row["fails"] > 2 * row["predicted"]
        assert row["predicted"] / 2 < row["measured"] < 2 * row["predicted"]
    failing = {key for key, row in rows.items() if row["fails"]}
    assert failing == {("single matrix", 96), ("projector of rank d/2", 96)}
    assert rows["projector of rank d/2", 24]["guaranteed"] == guaranteed_capacity(24, rank=12)
    assert rows["d balanced classes", 24]["guaranteed"] == balanced_capacity(24, 24)


def test_guaranteed_sizes_are_above_the_law():
    for row in made("guaranteed-attention"):
        assert row["guaranteed"] > row["predicted"] > row["measured"] / 1.5
    alone, behind = made("guaranteed-gates")
    assert alone["guaranteed"] > alone["given"] > alone["predicted"]
    assert behind["given"] > behind["measured"]
    assert (behind["guaranteed"], behind["predicted"], behind["shape"]) == (None, None, "4, 4, 4")


def test_one_process_computes_the_exhibits(request):
    """Where tests are spread over processes, the group of this file is that of its tests' names."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("tests are in one process")
    assert request.node.nodeid.endswith("@exhibits")
