"""Compile what is compiled, once, before processes that run beside each other each do so.

    python -m tests.helpers.kernels

imports every module with a kernel; what is compiled is kept beside it. It takes a quarter of a
minute the first time, and no time where nothing has changed.
"""

from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]

LAYERS = ("assoc", "sims", "theory")


def modules_with_kernels(root: Path = ROOT) -> list[str]:
    """Return the names of the modules that compile functions, in order."""
    return sorted(
        ".".join(path.relative_to(root).with_suffix("").parts)
        for layer in LAYERS
        for path in (root / layer).rglob("*.py")
        if "from assoc.compiled import" in path.read_text(encoding="utf-8")
    )


if __name__ == "__main__":
    for module in modules_with_kernels():
        import_module(module)
