"""What the store of a sweep holds, and what it still lacks."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assoc.errors import InputError
from sims.engine.results import Result
from sims.sweeps.store import stored_points, stored_request
from theory.publishing.contents import all_tasks, exhibits
from theory.registry import registered
from theory.running import SIZES

__all__ = ["StatusResult", "status"]


@dataclass(frozen=True, repr=False)
class StatusResult(Result):
    """What a sweep's store holds.

    Parameters
    ----------
    store : the file.
    request : what the sweep is.
    finished : seconds of computing of each finished point, by its key.
    wanted : keys of all its points; None for a sweep that is not the appendix's.
    last : when the last point was finished, in seconds since 1970; None if there is none.
    """

    store: Path
    request: Mapping[str, str]
    finished: Mapping[str, float]
    wanted: tuple[str, ...] | None
    last: float | None

    def __repr__(self) -> str:
        return f"StatusResult({self.store}: {self.points} of {self.total or '?'} points)"

    @property
    def points(self) -> int:
        """Number of finished points."""
        return len(self.finished)

    @property
    def total(self) -> int | None:
        """Number of all points, where it is known."""
        return None if self.wanted is None else len(self.wanted)

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per theorem or kind of point."""
        wanted = tuple(self.finished) if self.wanted is None else self.wanted
        found: dict[str, dict[str, Any]] = {}
        for key in dict.fromkeys([*wanted, *self.finished]):
            part = re.split("[/ ]", key)[0]
            row = found.setdefault(part, {"part": part, "points": 0, "of": 0, "seconds": 0.0})
            row["of"] += 1
            row["points"] += key in self.finished
            row["seconds"] = round(row["seconds"] + self.finished.get(key, 0.0), 1)
        return list(found.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the record of the command line's JSON."""
        return {
            "store": str(self.store), "request": dict(self.request), "points": self.points,
            "total": self.total, "last": self.last, "parts": self.rows(),
        }  # fmt: skip


def status(store: str | Path, *, theorems: Iterable[str] = ()) -> StatusResult:
    """Read what a store holds, also while a sweep writes to it.

    Parameters
    ----------
    store : the file.
    theorems : sources of theorems and exhibits, as for
        :func:`theory.publishing.appendix.appendix`.

    Raises
    ------
    InputError
        If it is missing, no sweep store, or damaged.
    """
    path = Path(store)
    request = stored_request(path)
    points = stored_points(path)
    wanted = None
    if request.get("sweep") == "appendix" and request.get("size") in SIZES:
        if not request.get("seed", "").isdecimal():
            raise InputError(f"{path}: damaged (its seed is {request.get('seed', 'missing')!r})")
        sources = tuple(theorems)
        shown = [exhibit for exhibit in exhibits(sources) if exhibit.available]
        every = registered(sources)
        size, seed = request["size"], int(request["seed"])
        needed = {exhibit.name: exhibit.tasks(size=size, seed=seed) for exhibit in shown}
        wanted = tuple(all_tasks(every, needed, size, seed))
    return StatusResult(
        path, request, {key: point.seconds for key, point in points.items()}, wanted,
        max((point.finished for point in points.values()), default=None),
    )  # fmt: skip
