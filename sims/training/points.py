"""Points of a measurement, computed one after the other and stored where there is a store."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sims.sweeps.tasks import Progress, Task, sweep

__all__ = ["compute_points"]


def compute_points(
    work: Callable[..., Any],
    points: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    request: Mapping[str, Any],
    store: str | Path | None,
    progress: Callable[[Progress], None] | None,
) -> list[Any]:
    """Compute points one after the other; what is trained in one of them may use all cores.

    Parameters
    ----------
    work : computes a point from what JSON can hold; importable by its name.
    points : key and arguments of each.
    request : what all points of a store share.
    store : file that finished points are added to, and found in; None keeps them in memory.
    progress : with a store, called at the start and after each point.

    Returns
    -------
    The values, in order.

    Raises
    ------
    InputError
        If the store cannot be used, or a point fails.
    """
    if store is None:
        return [work(**arguments) for _, arguments in points]
    name = f"{work.__module__}:{work.__qualname__}"
    tasks = [Task(key, name, arguments) for key, arguments in points]
    swept = sweep(tasks, store=store, workers=1, progress=progress, request=request)
    return list(swept.complete())
