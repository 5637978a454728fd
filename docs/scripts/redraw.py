"""Figures of these pages, drawn again from the numbers that are stored; nothing is measured.

Those of the theorems' pages come from ``docs/results/verify.json``, those of exhibits from their
tables. A figure that shows more than its table is drawn by the script that measures.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import compare_laws
import knowledge_gpt2
import quantised_capacity
import real_vectors
from stored import DOCS, draw

from theory.claims import Finding
from theory.exhibit import Exhibit
from theory.publishing.contents import exhibits
from theory.registry import registered
from theory.rendering.drawing import drawn, styled
from theory.rendering.files import write_whole

BEYOND = {"nlb-figure-4-right", "nlb-figure-5"}
"""Exhibits whose figures show curves that are in no table: ``exhibits.py`` has a store of them."""

FOUND = [field.name for field in fields(Finding)]
"""Keys of a record that are the finding's."""

SCRIPTS = {
    "compare-laws": compare_laws.figure,
    "knowledge-gpt2": knowledge_gpt2.figure,
    "quantised-capacity": quantised_capacity.figure,
    "real-vectors-recall": real_vectors.recall_figure,
}
"""Figures that scripts of this folder draw from the rows of their table of the same name."""


def stored(name: str) -> dict[str, Any]:
    """Return docs/results/NAME.json."""
    found: dict[str, Any] = json.loads((DOCS / "results" / f"{name}.json").read_text("utf-8"))
    return found


def completed(exhibit: Exhibit, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a table with what figures read besides: settings, stages, ends in parameters.

    Parameters
    ----------
    exhibit : whose table it is.
    row : as stored.
    """
    found = {**exhibit.quick, **exhibit.full, **row}
    if exhibit.name == "stage-times":
        kind, _, stage = row["what"].partition(", ")
        found |= {"kind": kind, "stage": stage}
    if exhibit.name == "trained-tradeoff":
        found["total"] = row["attention"] + row["mlp"]
    if exhibit.name == "guaranteed-capacity":
        found["rank"] = row["d"] // 2 if "rank d/2" in row["memory"] else row["d"]
    if "size interval" in row:
        # Parameters are proportional to d, and with m they grow by 2 d each.
        size, parameters = row["size"], row["parameters"]
        alone = row["varied"] == "d"
        each = parameters / size if alone else 2 * int(row["varied"].rpartition(" ")[2])
        found["interval"] = [
            None if end is None else parameters + each * (end - size)
            for end in row["size interval"]
        ]
    return found


def main() -> None:
    """Draw the figures that are named, or all."""
    asked = set(sys.argv[1:])
    for exhibit in exhibits():
        path = DOCS / "figures" / f"{exhibit.name}.svg"
        if exhibit.figure is None or exhibit.name in BEYOND or not path.exists():
            continue
        if not asked or exhibit.name in asked:
            document = stored(exhibit.name)
            rows = [completed(exhibit, row) for row in document["rows"]]
            with styled():
                draw(exhibit.name, exhibit.figure(rows), seed=document["seed"])
    for name, figure in SCRIPTS.items():
        if not asked or name in asked:
            document = stored(name)
            with styled():
                draw(name, figure(document["rows"]), seed=document["seed"])
    verdicts = stored("verify")
    origin = {key: verdicts[key] for key in ("command", "seed", "version", "commit", "machine")}
    for theorem in registered():
        if asked and theorem.name not in asked:
            continue
        findings = {
            record["claim"]: Finding.from_dict({key: record[key] for key in FOUND})
            for record in verdicts["claims"]
            if record["theorem"] == theorem.name
        }
        with styled():
            picture = theorem.figure(findings)
        path = DOCS / "results" / f"{theorem.name}.svg"
        if picture is None:
            path.unlink(missing_ok=True)
        else:
            write_whole(path, drawn(picture, "svg", origin))
            print(path)


if __name__ == "__main__":
    main()
