"""How much memory is free: on the machine, and to the group of processes that this one is in."""

from pathlib import Path

__all__ = ["free_memory"]

GROUPS = Path("/sys/fs/cgroup")
"""Where Linux keeps the limits of groups of processes, such as containers."""

MEMBERSHIP = Path("/proc/self/cgroup")
"""Where it says which group a process is in."""


def free_memory() -> int:
    """Return the bytes that can be taken without swapping, and without a container's limit reached.

    Examples
    --------
    >>> free_memory() > 2**20
    True
    """
    import psutil

    return min([int(psutil.virtual_memory().available), *_left_to_groups(GROUPS, MEMBERSHIP)])


def _left_to_groups(groups: Path, membership: Path) -> list[int]:
    """Return what is left to each group with a limit that this process is in, the outer ones too.

    What is kept of files that were read is given up when memory is needed, so it counts as free.
    """
    try:
        # Of version 2 there is one line, 0::/path.
        own = membership.read_text().rpartition("0::/")[2].strip()
    except OSError:
        return []
    left = []
    for group in [groups / own, *(groups / own).parents]:
        try:
            limit = (group / "memory.max").read_text().strip()
            used = int((group / "memory.current").read_text())
            kept = dict(map(str.split, (group / "memory.stat").read_text().splitlines()))
        except OSError:
            continue
        if limit != "max":
            left.append(max(int(limit) - used + int(kept.get("inactive_file", 0)), 0))
    return left
