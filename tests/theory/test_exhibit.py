"""Exhibits get what was computed, and cannot change it for others."""

from matplotlib.figure import Figure

from sims.engine.tables import Column
from sims.sweeps.tasks import Task
from theory.exhibit import Exhibit
from theory.publishing.sections import exhibit_part


def test_what_an_exhibit_does_to_its_values_is_its_own():
    def rows(tasks, values):
        found = [dict(value) for value in values]
        values[0]["d"] = 0
        return found

    def figure(records):
        records.clear()
        return Figure()

    task = Task("a", "m:f", {})
    exhibit = Exhibit(
        "own", "toy", "Title", "Caption.", lambda **_: [task], rows, {"d": Column("$d$")}, {}, {},
        figure,
    )  # fmt: skip
    values = {"a": {"d": 8}}
    records = exhibit.records([task], values)
    assert values == {"a": {"d": 8}}
    assert exhibit_part(exhibit, records).table.rows == [{"d": 8}]
