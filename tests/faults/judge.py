"""Judges claims with the packages that PYTHONPATH names: a script that plant.py runs in its copy.

    python -P judge.py ROOT THEOREM/CLAIM ...

It prints one line of JSON for each claim, how it noticed that something is wrong, or null, and ends
at the first claim that did. A claim whose theorem needs an extra that is not installed notices
nothing.
"""

import json
import sys
from pathlib import Path


def noticed(name: str) -> str | None:
    """Say how a claim notices that something is wrong: by a verdict, or by breaking down."""
    regime = "import"
    try:
        from theory.extras import lacking
        from theory.registry import find

        theorem, _, wanted = name.partition("/")
        found = find(theorem)
        if lacking(found.extra):
            return None
        (claim,) = (each for each in found.claims if each.name == wanted)
        for regime in ("quick", *claim.controls):
            verdict = claim.check(seed=0, **claim.regime(regime)).verdict
            if verdict != (claim.expected if regime == "quick" else "violated"):
                return f"{regime}: {verdict}"
    except Exception as error:  # Whatever a fault does to the code is seen.
        return f"{regime}: {type(error).__name__}: {error}"
    return None


def main(root: str, *names: str) -> None:
    """Judge the claims in order; ``root`` is where the packages must be."""
    import assoc

    where = Path(assoc.__file__)
    assert where.is_relative_to(root), f"{where} was imported, not the copy in {root}"
    for name in names:
        how = noticed(name)
        print(json.dumps({"claim": name, "how": how}), flush=True)
        if how is not None:
            break


if __name__ == "__main__":
    main(*sys.argv[1:])
