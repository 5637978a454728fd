"""Wall times of the appendix, from the manifests of runs: ``appendix_runs.py FOLDER...``."""

import json
import sys
from pathlib import Path

from stored import store


def main() -> None:
    """Store one row for each folder that was named."""
    rows = []
    for folder in sys.argv[1:]:
        found = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
        if found["computed"] != found["points"]:
            sys.exit(f"{folder}: resumed from a store, so its wall time says nothing")
        rows.append(
            {
                "command": f"`{found['command']}`",
                "size": found["size"],
                "points": found["points"],
                "computing": round(found["computing seconds"]),
                "wall": round(found["wall seconds"]),
                "minutes": f"{found['wall seconds'] / 60:.1f}",
                "files": len(found["files"]),
                "commit": found["commit"],
            }
        )
    columns = {
        "command": "command",
        "points": "points",
        "files": "files",
        "computing": "seconds of computing",
        "wall": "seconds in all",
        "minutes": "minutes",
    }
    store("appendix-runs", rows, columns, seed=0)


if __name__ == "__main__":
    main()
