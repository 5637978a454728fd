"""Tables of trained memories for these pages, from what the benchmark printed.

``python -m tests.benchmarks.trained > build/trained.json`` and
``python -m tests.benchmarks.trained_transformers > build/prompts.json`` measure them (extra
``train``); nothing is computed here.
"""

import json
import sys
from typing import Any

from stored import store

SEED = 0


def main() -> None:
    """Store the tables of every part that was measured."""
    parts: dict[str, Any] = {}
    for path in sys.argv[1:] or ["build/trained.json", "build/prompts.json"]:
        with open(path, encoding="utf-8") as file:
            parts |= {name: part["result"] for name, part in json.load(file).items()}
    if "agreement" in parts:
        store("trained-capacity", parts["agreement"], {
            "d": "$d$", "trained": "trained, $N_{99}$", "optimal": "`optimal-linear`, $N_{99}$",
            "ratio": "ratio", "notebook": "other code, one draw",
            "away_from_notebook": "share away from it",
        }, seed=SEED)  # fmt: skip
    if "speed" in parts:
        store("trained-speed", parts["speed"], {
            "d": "$d$", "trials": "trials", "measured": "sizes measured", "side": "by",
            "seconds": "seconds", "ratio": "over `optimal-linear`",
            "ratio_of_core_seconds": "in core-seconds",
        }, seed=SEED)  # fmt: skip
    if "rates" in parts:
        keys = [key for key in parts["rates"][0] if key not in ("d", "N")]
        store("trained-rates", parts["rates"], {key: key.replace("_", " ") for key in keys},
              seed=SEED)  # fmt: skip
    if "prompts" in parts:
        store("trained-prompts", parts["prompts"], {
            "by": "by", "prompts": "prompts of each fact", "size": "smallest $d$",
            "interval": "99% interval", "parameters": "parameters",
        }, seed=SEED)  # fmt: skip


if __name__ == "__main__":
    main()
