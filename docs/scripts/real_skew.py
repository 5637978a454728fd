"""What mends a table in which one answer has many facts: dual keys, planned and drawn."""

import numpy as np
from real_tables import DRAWS, SEED, TABLES
from stored import store

from sims.engine.randomness import Source
from sims.engine.statistics import LEVEL, proportion_interval
from sims.memories.given_maps import shares_lost
from theory.facts.memories import facts_in_memory

SHOWN = ("territories, first", "official language, first", "currency, first")


def main() -> None:
    """Plan and draw ``dual-inputs`` on some of the tables."""
    rows = []
    for given in TABLES:
        if given.label not in SHOWN:
            continue
        table = given.read()
        result = facts_in_memory(table, memory="dual-inputs", seed=SEED)
        source = Source(SEED, f"real-skew {given.label}", (result.d,))
        lost = shares_lost(
            "dual-inputs", table.facts[:, 2], d=result.d, first=0, trials=DRAWS, source=source
        )
        whole = int(np.sum(lost == 0))
        rows.append(
            {
                "table": given.label,
                "N": result.facts,
                "d": result.d,
                "parameters": result.parameters,
                "predicted": result.predicted_all,
                "whole": whole / DRAWS,
                "interval": list(proportion_interval(whole, DRAWS, level=LEVEL)),
            }
        )
    columns = {
        "table": "table",
        "N": "facts $N$",
        "d": "$d$ planned for `dual-inputs`",
        "parameters": "parameters",
        "predicted": "chance of all, predicted",
        "whole": "all recalled, share of draws",
        "interval": "its interval",
    }
    store("real-skew", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
