"""The cores that each of the processes that run tests has."""

import os

from sims.engine.parallel import available_threads

__all__ = ["SHARE"]

SHARE = max(1, available_threads() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
"""Threads that this process may keep busy."""
