"""Where the scripts of this folder put their numbers: one JSON file each, in docs/results."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from theory.rendering.drawing import drawn
from theory.rendering.files import provenance, write_whole

DOCS = Path(__file__).parents[1]


def command() -> str:
    """Return the command that runs the calling script, from the top of the checkout.

    Files that it was given are of this machine, and are not named.
    """
    named = [argument for argument in sys.argv[1:] if not Path(argument).exists()]
    return " ".join([f"python docs/scripts/{Path(sys.argv[0]).name}", *named])


def store(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    seed: int | None,
) -> None:
    """Write docs/results/NAME.json, which the directive ``stored-table`` shows.

    Parameters
    ----------
    name : of the table.
    rows : one record per row.
    columns : heading (Markdown) of each key that is shown.
    seed : of the random numbers; None if there are none.
    """
    document = {**provenance(command=command(), seed=seed), "columns": dict(columns), "rows": rows}
    path = DOCS / "results" / f"{name}.json"
    write_whole(path, json.dumps(document, indent=1, default=lambda value: value.item()) + "\n")
    print(path)


def draw(name: str, figure: Figure, *, seed: int | None) -> None:
    """Write docs/figures/NAME.svg, a figure made under ``styled()``, with its provenance inside."""
    path = DOCS / "figures" / f"{name}.svg"
    write_whole(path, drawn(figure, "svg", provenance(command=command(), seed=seed)))
    print(path)
