"""Findings that ``make verify`` has just made, so that ``make test`` need not make them again.

They count only if they are of this very code: the store's fingerprint covers every Python file of
the packages and the versions of the libraries under them. `make verify` may have run before the
libraries that train, or those of language models, were installed: no claim computes with the
former, and with the latter only those of theorems that need an extra. Otherwise checks run where
they are tested.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from sims.engine.parallel import blas_threads, cores, keep_memory
from sims.sweeps.fingerprint import fingerprint
from sims.sweeps.store import Point, stored_points, stored_request
from tests.helpers.cores import SHARE
from theory.claims import Claim, Finding, Theorem
from theory.publishing.appendix import default_store
from theory.running import claim_task

STORE = default_store(Path(__file__).parents[2] / "build" / "report", size="quick", seed=0)


@cache
def stored(path: Path = STORE, *, extra: str | None = None) -> Mapping[str, Point]:
    """Return the points of a store by their keys; none if it is of other code, or not there.

    ``extra`` is what the theorem needs whose findings are looked for.
    """
    codes = {
        fingerprint(["theory"], training=training, language_models=models)
        for training in (True, False)
        for models in ((True, False) if extra is None else (True,))
    }
    if not path.is_file() or stored_request(path)["code"] not in codes:
        return {}
    return stored_points(path)


def finding(
    theorem: Theorem, claim: Claim, regime: str, *, seed: int = 0, path: Path = STORE
) -> Finding:
    """Return what a claim's check finds in a regime, stored or made now."""
    task = claim_task(theorem.name, claim.name, regime, seed=seed)
    point = stored(path, extra=theorem.extra).get(task.key)
    if point is not None and point.task == task.text():
        return Finding.from_dict(json.loads(point.value))
    # As in a sweep: each process has its share of the cores.
    keep_memory()
    with cores(SHARE), blas_threads(1):
        return claim.check(seed=seed, **claim.regime(regime))
