"""What an appendix contains: the theorems and exhibits found, and the points they need."""

from collections.abc import Iterable

from sims.sweeps.tasks import Task
from theory.claims import Theorem
from theory.exhibit import Exhibit
from theory.registry import claim_tasks
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
    theorems: Iterable[Theorem], shown: Iterable[Exhibit], size: str, seed: int
) -> dict[str, Task]:
    """Return every point that is needed, by its key."""
    groups = [claim_tasks(theorems, size=size, seed=seed)]
    groups += [list(exhibit.tasks(size=size, seed=seed)) for exhibit in shown]
    found: dict[str, Task] = {}
    for task in (task for group in groups for task in group):
        assert found.setdefault(task.key, task).text() == task.text(), f"two points: {task.key}"
    return found
