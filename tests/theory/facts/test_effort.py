"""What storing takes is said before anything is stored, and what is too much is refused then."""

import numpy as np
import pytest

from assoc import InputError
from assoc.facts.recall_task import grid_task, table_task
from assoc.facts.tables import FactTable
from sims.transformers.architecture import Architecture
from tests.helpers.oracles import one_line
from theory.facts import effort
from theory.facts.effort import Effort, asking, fitting, fitting_in_bits
from theory.facts.memories import facts_in_memory
from theory.facts.transformers import facts_in_transformers


class Seen(list):
    """Keeps what a watcher is told."""

    def expect(self, what, effort):
        self.append(("expected", what, effort))

    def see(self, what, stage):
        self.append(("seen", what, stage))


@pytest.fixture(scope="module")
def table():
    """12 facts: 6 subjects, 2 relations, 3 answers each."""
    facts = [(s, r, 3 * r + (s + r) % 3) for s in range(6) for r in range(2)]
    names = [tuple(f"{kind}{k}" for k in range(n)) for kind, n in (("s", 6), ("r", 2), ("a", 6))]
    return FactTable(*names, np.array(facts))


def test_memory_is_that_of_the_arrays():
    N, M, d = 300, 40, 16
    E, U, W = np.empty((N, d)), np.empty((M, d)), np.empty((d, d))
    assert asking(N, M, d).size == E.nbytes + U.nbytes + 2 * W.nbytes


def test_time_grows_with_the_operations(table):
    task = table_task(table)
    one, two = fitting(task, 8), fitting(task, 16)
    assert two.seconds == 2 * one.seconds > 0
    # A width that is searched begins at 4 N/d, so that m d hardly depends on d.
    wide = fitting(task, 8, searched_width=True)
    assert wide.seconds / one.seconds == pytest.approx(1 + 4 * (12 // 8) / task.vocabulary)
    assert wide.size > one.size
    assert asking(100, 10, 128).seconds > 3 * asking(100, 10, 64).seconds


def test_the_larger_array_of_keys_is_counted():
    """Of few relations and of many: the differences of each head's tokens to all others."""
    d = 16
    for S, R in ((30, 2), (2, 30)):
        task = grid_task(S, R, 1, noise=40)
        differences = [
            own * (len(task.prompted) - own) * d for own in (task.subjects, task.relations)
        ]
        scores = 4 * 4 * len(task) * task.vocabulary
        assert fitting_in_bits(task, d, 1).size == scores + 3 * 8 * max(differences)


def test_what_takes_hours_or_too_much_memory_is_refused(table, leave_free, monkeypatch):
    task = table_task(table)
    monkeypatch.setattr(effort, "HOURS", fitting(task, 8).seconds / 3600 * 0.99)
    with pytest.raises(InputError, match="one fit would take about"):
        fitting(task, 8)
    leave_free(1000)
    for refused in (lambda: fitting(task, 8), lambda: asking(100, 10, 64)):
        with pytest.raises(InputError) as caught:
            refused()
        assert one_line(caught.value).endswith("GB are free")


@pytest.mark.parametrize(("seconds", "short"), [(2.0, True), (2.1, False)])
def test_two_seconds_are_short(seconds, short):
    assert Effort(seconds, 0).is_short is short


def test_all_transformers_are_looked_at_before_the_first_is_built(table, monkeypatch):
    monkeypatch.setattr(Architecture, "build", lambda *_: pytest.fail("built"))
    task = table_task(table)
    small = fitting(task, 6).seconds / 3600
    monkeypatch.setattr(effort, "HOURS", small)
    seen = Seen()
    with pytest.raises(InputError, match="one fit would take"):
        facts_in_transformers(
            table, models=["attention-only", "attention-mlp"], length=4, watcher=seen
        )
    assert seen == []


def test_a_watcher_learns_what_is_ahead_and_then_each_size(table):
    seen = Seen()
    found = facts_in_transformers(
        table, models=["attention-only", "attention-mlp"], noise=2, length=4, threads=1,
        watcher=seen,
    )  # fmt: skip
    assert [each[:2] for each in seen[:2]] == [
        ("expected", f"{model}, each size that is tried")
        for model in ("attention-only", "attention-mlp")
    ]
    for model in found.models:
        stages = [each[2] for each in seen if each[:2] == ("seen", model.model.split()[0])]
        size = model.d if model.varied == "d" else model.width
        name = "d" if model.varied == "d" else "m"
        assert f"trying {name} = {size}" in stages
        assert stages[-1] == "certifying and asking"


def test_a_memory_is_planned_stored_and_asked(table):
    seen = Seen()
    d = facts_in_memory(table, watcher=seen).d
    what = f"linear, d = {d}"
    assert seen == [
        ("seen", "linear", "planning d"),
        ("expected", what, asking(12, 6, d)),
        ("seen", what, "storing the facts"),
        ("seen", what, "asking for every fact"),
    ]


def test_of_another_memory_it_is_said_what_a_plain_sum_takes(table):
    seen = Seen()
    facts_in_memory(table, memory="dual-inputs", d=16, watcher=seen)
    (_, what, effort), *_ = seen
    assert what == "dual-inputs, d = 16, were it a sum of outer products"
    assert effort == asking(12, 6, 16)


def test_sizes_that_are_given_are_what_is_expected(table):
    seen = Seen()
    facts_in_transformers(
        table, models=["attention-mlp"], d=24, width=30, noise=2, length=4, watcher=seen
    )
    (_, _, expected), *_ = seen
    assert expected == fitting(table_task(table, noise=2), 24)
