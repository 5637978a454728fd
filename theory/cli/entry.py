"""Where the command begins."""

import sys

from theory.cli.ending import ended

__all__ = ["main"]


def main() -> None:
    """Run the command; whatever goes wrong is one line on stderr and an exit status."""
    sys.exit(ended(_run))


def _run() -> int:
    # An interrupt may come while this is imported, which takes a while.
    from theory.cli.app import run

    return run()
