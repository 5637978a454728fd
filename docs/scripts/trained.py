"""Tables of trained memories for these pages, from what the benchmark printed.

``python -m tests.benchmarks.trained agreement speed rates networks > build/trained.json`` measures
it (extra ``train``); nothing is computed here.
"""

import json
import sys

from stored import store

SEED = 0


def main() -> None:
    """Store the tables of every part that was measured."""
    path = sys.argv[1] if len(sys.argv) > 1 else "build/trained.json"
    with open(path, encoding="utf-8") as file:
        parts = {name: part["result"] for name, part in json.load(file).items()}
    if "agreement" in parts:
        store("trained-capacity", parts["agreement"], {
            "d": "$d$", "trained": "trained, $N_{99}$", "optimal": "`optimal-linear`, $N_{99}$",
            "ratio": "ratio", "notebook": "public notebook",
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
    if "networks" in parts:
        found = parts["networks"]
        store("trained-networks", found["rows"], {
            "d": "$d$", "m": "$m$", "N": "$N_{99}$", "N_log_N_over_2md": r"$N \log N / (2 m d)$",
        }, seed=SEED)  # fmt: skip
        store("trained-slopes", [found], {
            "slope": r"slope of $\log N$ against $\log (m d)$", "interval": "95 % interval",
            "slope_of_N_log_N": r"slope of $\log (N \log N)$",
        }, seed=SEED)  # fmt: skip


if __name__ == "__main__":
    main()
