"""How many of the planted faults are noticed, from the results of ``make faults``.

``make faults FAULTS=--claims-only`` in this checkout comes first, and ``make faults`` for the tests
of what no claim notices; then ``python docs/scripts/planted_faults.py``.
"""

import sys
from pathlib import Path

from stored import DOCS, store

sys.path.insert(0, str(DOCS.parent))
from tests.faults.copies import Project
from tests.faults.listed import LIST, read_faults
from tests.faults.plant import Run
from tests.faults.results import RESULTS, Ledger, by_floor

ROOT = DOCS.parent


def main() -> None:
    """Store one row for each floor of the house, and one for all."""
    faults = read_faults(ROOT / LIST)
    run = Run(Project.at(ROOT), Ledger(Path(ROOT, RESULTS)), claims_only=True)
    states = {fault.name: run.state(fault) for fault in faults}
    unknown = [name for name, state in states.items() if state == "unknown"]
    if unknown:
        sys.exit(f"{len(unknown)} faults are not judged with this code, {unknown[0]} among them")
    rows = [
        {
            "floor": floor,
            "faults": len(here),
            "claims": here.count("claims"),
            "share": f"{here.count('claims') / len(here):.1%}",
            "tests": here.count("tests"),
            "nothing": here.count("nothing"),
            "open": here.count("no claim"),
        }
        for floor, here in by_floor(faults, states).items()
    ]
    columns = {
        "floor": "package",
        "faults": "faults",
        "claims": "noticed by claims",
        "share": "share",
        "tests": "by tests alone",
        "nothing": "by neither",
        "open": "by no claim, tests not run",
    }
    store("planted-faults", rows, columns, seed=0)


if __name__ == "__main__":
    main()
