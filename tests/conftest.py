"""Fixtures and settings shared by all tests.

Nothing here is random from one run to the next: generators have fixed seeds and Hypothesis draws
the same examples every time. A test that fails, fails again.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

from assoc import checks
from sims.engine.parallel import available_threads
from tests.helpers.cores import SHARE

# Threads of BLAS that wait for a core which another process has take several times as long as one
# that works: each process has its share, and so have those that it starts.
if available_threads() > SHARE:
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", str(SHARE))
    threadpool_limits(SHARE, user_api="blas")

# JAX compiles for seconds what it then runs for milliseconds: kept from one run to the next, each
# process its own. JAX reads this when it is imported.
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR",
    str(Path(__file__).parents[1] / "build" / "jax" / os.environ.get("PYTEST_XDIST_WORKER", "one")),
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.05")

settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=40)
settings.load_profile("fixed")


def pytest_configure(config: pytest.Config) -> None:
    """Tests of one group share a process also under plain ``-n 2``: each claim is judged once."""
    if getattr(config.option, "dist", None) == "load":
        config.option.dist = "loadgroup"
    # Processes are told the command line, which does not say so.
    if getattr(config, "workerinput", {}).get("groups"):
        config.option.loadgroup = True


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process whether groups are to stay together."""
    node.workerinput["groups"] = node.config.option.dist == "loadgroup"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20241206)


@pytest.fixture
def leave_free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Leave so many bytes of memory free, and have every piece of work counted."""

    def leave(size: int) -> None:
        monkeypatch.setattr(checks, "ALWAYS", 0)
        monkeypatch.setattr(checks, "free_memory", lambda: size)

    return leave


@pytest.fixture(scope="session")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Two fresh processes, which share nothing with this one."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool
