"""Points that the tests of sweeps compute, by name, in processes of their own."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from sims.engine.parallel import available_threads

PATIENCE = 120.0
"""Seconds after which a point that waits gives up, so that nothing outlives a failed test."""


def square(x):
    return x * x


def draws(d, seed):
    """Numbers that must come back to the last bit."""
    rng = np.random.default_rng(seed)
    return {"mean": rng.standard_normal(d).mean(), "draws": rng.standard_normal(3) / 3, "d": d}


def text(x, length):
    """So many random digits."""
    return np.random.default_rng(x).bytes(length // 2).hex()


def append(log, line):
    """Add a line to a file in one write, whoever else writes to it."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)


def logged(x, log):
    append(log, x)
    return x * x


def fragile(x, log, cure):
    """Fails for odd x until the cure is there."""
    append(log, x)
    if x % 2 and not Path(cure).exists():
        raise ZeroDivisionError(f"point {x}\n  is odd")
    return x * x


def paced(x, log, seconds, last, gate):
    """Say that it starts, and take its time; the last one waits for the gate to open."""
    append(log, f"{x} {os.getpid()}")
    time.sleep(seconds)
    wait_for(gate, x == last)
    return np.random.default_rng(x).standard_normal(2)


def wait_for(path, wanted):
    end = time.monotonic() + PATIENCE
    while wanted and not Path(path).exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{path} did not appear")
        time.sleep(0.005)


def lost_once(x, victim, marker, log):
    """The first process to compute the victim is killed at it."""
    append(log, x)
    if x == victim:
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return x * x
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def process(x):
    """The number of the process that computes."""
    return os.getpid()


def threads(x):
    return available_threads()


def odd_value(kind):
    """What a task may return, and what it may not."""
    return {
        "set": lambda: {1, 2},
        "function": lambda: square,
        "complex": lambda: np.array([1j]),
        "circle": circle,
        "nan": lambda: [float("nan"), float("inf"), -float("inf"), np.float64("nan")],
        "exact": lambda: [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, np.float64(1) / 3],
        "text": lambda: {"\n'\"\\\0": "häß\u2028\ud800", "": [None, True, 2**70]},
        "arrays": lambda: (np.arange(4).reshape(2, 2), np.float32(0.1), np.bool_(True), (1,)),
        "nothing": lambda: None,
    }[kind]()


def circle():
    ring = []
    ring.append(ring)
    return ring


def leaves():
    raise SystemExit(3)


def unlucky(E, U, f, *, rng):
    """Fail, as a user's build function may."""
    raise RuntimeError("no such luck")
