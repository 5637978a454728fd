"""Tables and figures of the appendix for these pages, from the store of a run.

``recall appendix --out build/appendix --size full`` makes the store; nothing is computed here.
"""

import json
import sys

from stored import draw, store

from sims.sweeps.store import stored_points, stored_request
from theory.publishing.contents import exhibits
from theory.rendering.drawing import styled

SEED = 0


def main() -> None:
    """Store every exhibit whose points are there, and name the others."""
    path = sys.argv[1] if len(sys.argv) > 1 else "build/appendix/appendix-full-seed0.sqlite"
    size = stored_request(path)["size"]
    values = {key: json.loads(point.value) for key, point in stored_points(path).items()}
    for exhibit in exhibits():
        rows = exhibit.records(exhibit.tasks(size=size, seed=SEED), values)
        if rows is None:
            print(f"{exhibit.name}: no data")
            continue
        columns = {key: column.heading for key, column in exhibit.columns.items()}
        digits = {key: column.digits for key, column in exhibit.columns.items()}
        shown = [{key: rounded(row.get(key), digits[key]) for key in columns} for row in rows]
        store(exhibit.name, shown, columns, seed=SEED)
        if exhibit.figure is not None:
            with styled():
                draw(exhibit.name, exhibit.figure(rows), seed=SEED)


def rounded(value: object, digits: int) -> object:
    """Round a number, or the ends of an interval, as the table of the appendix does."""
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
