"""What an appendix contains: the theorems and exhibits found, and the points they need."""

from collections.abc import Iterable, Mapping, Sequence

from assoc.errors import InputError
from sims.sweeps.tasks import Task
from theory.claims import Theorem
from theory.exhibit import Exhibit
from theory.regimes import NOTHING, Own
from theory.running import claim_tasks
from theory.sources import known_exhibits

__all__ = ["all_tasks", "exhibits"]


def exhibits(sources: Iterable[str] = ()) -> tuple[Exhibit, ...]:
    """Return every exhibit, ours and others, in the order of their names.

    Parameters
    ----------
    sources : as for :func:`theory.registry.registered`.
    """
    return tuple(known_exhibits(sources).values())


def all_tasks(
    theorems: Iterable[Theorem],
    shown: Mapping[str, Sequence[Task]],
    size: str,
    seed: int,
    own: Own = NOTHING,
) -> dict[str, Task]:
    """Return every point that is needed, by its key.

    Parameters
    ----------
    theorems, size, seed, own : as for :func:`theory.running.claim_tasks`.
    shown : points of the exhibits, by their names.

    Raises
    ------
    InputError
        If two points have one key.
    """
    groups = [claim_tasks(theorems, size=size, seed=seed, own=own), *shown.values()]
    found: dict[str, Task] = {}
    for task in (task for group in groups for task in group):
        if found.setdefault(task.key, task).text() != task.text():
            raise InputError(f"two points are different and have one key: {task.key}")
    return found
