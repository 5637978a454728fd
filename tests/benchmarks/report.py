"""Measure the numbers of docs/performance.md: ``python -m tests.benchmarks.report``.

Both sides of a comparison run in turns in one process; what is compared is the best time of each.
Memory is measured in processes of its own. Results go to docs/results/performance.json, from which
the second table and the figure are drawn (again with ``--draw``, without measuring).
"""

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sims.kernels import count_batch
from sims.parallel import blas_threads
from sims.randomness import INPUTS, OUTPUTS, Source
from sims.recall import BATCH, measure
from tests.benchmarks import sides
from theory.files import provenance, write_whole

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MODULE = "tests.benchmarks.report"


# --- what is measured ---------------------------------------------------------------------------


def one_memory(rounds: int) -> dict[str, float]:
    """Seconds to build and judge one memory, and operations per second of BLAS and of ours."""
    E, U = sides.drawn()
    seconds = sides.interleaved(
        {
            "obvious": partial(sides.obvious, E, U),
            "obvious_2": partial(sides.obvious, E, U, threads=2),
            "regrouped": partial(sides.regrouped, E, U),
            "ours": partial(sides.ours, E, U),
            "ours_2": partial(sides.ours, E, U, threads=2),
            "ours_whole": partial(sides.ours, E, E),
            "ours_whole_2": partial(sides.ours, E, E, threads=2),
            "sgemm": sides.square(),
        },
        rounds=rounds,
    )
    best = {name: min(values) for name, values in seconds.items()}
    return {
        **best,
        "recall": float(sides.ours(E, U).mean()),
        "operations": sides.products(E),
        "sgemm_rate": 2 * sides.SQUARE**3 / best["sgemm"],
    }


def many_trials(rounds: int) -> dict[str, float]:
    """Seconds of 1000 small trials."""
    seconds = sides.interleaved(
        {
            "obvious": sides.obvious_trials,
            "ours": sides.our_trials,
            "ours_2": partial(sides.our_trials, threads=2),
        },
        rounds=rounds,
    )
    return {name: min(values) for name, values in seconds.items()}


def shares_of_a_trial(rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds of one small trial, by what they are spent on, on one thread."""
    d, N, trials = sides.SMALL_D, sides.SMALL_N, range(BATCH)
    source = Source(0, "shares", (d,))
    E = source.spheres(N, d, trials=trials, stream=INPUTS)
    U = source.spheres(N, d, trials=trials, stream=OUTPUTS)
    W = U.transpose(0, 2, 1) @ E
    scores = E @ W.transpose(0, 2, 1) @ U.transpose(0, 2, 1)
    doubt, counts = np.full(BATCH, 1e-4, np.float32), np.empty(BATCH, np.int64)
    out = np.empty((N, d))

    def numpy_draws() -> None:
        for seed in np.random.SeedSequence(0).spawn(BATCH):
            rng = np.random.default_rng(seed)
            rng.standard_normal(out=out)
            rng.standard_normal(out=out)

    def our_draws() -> None:
        source.spheres(N, d, trials=trials, stream=INPUTS)
        source.spheres(N, d, trials=trials, stream=OUTPUTS)

    # The limit on BLAS is set once, outside: each time it is set takes as long as several trials.
    with blas_threads(1):
        seconds = sides.interleaved(
            {
                "loop": partial(sides.obvious_trials, trials=BATCH),
                "loop draws": numpy_draws,
                "draws": our_draws,
                "count": lambda: count_batch(scores, doubt, W, E, U, counts),
            },
            rounds=20 * rounds,
        )
        ours = sides.interleaved({"ours": sides.our_trials}, rounds=3 * rounds)["ours"]
    best = {name: min(values) / BATCH * 1e6 for name, values in seconds.items()}
    whole = min(ours) / sides.TRIALS * 1e6
    return {
        "loop": {"draws": best["loop draws"], "products": best["loop"] - best["loop draws"]},
        "ours": {
            "draws": best["draws"],
            "verdicts": best["count"],
            "products": whole - best["draws"] - best["count"],
        },
    }


def status(name: str) -> int:
    """A number of /proc/self/status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"{name}: this system does not say")


def peak_of(name: str) -> dict[str, float]:
    """Peak memory of one side in this process, beyond what it held before, and its seconds."""
    if name == "large":
        large = partial(measure, "linear", d=sides.LARGE_D, N=sides.LARGE_N, trials=1, threads=2)
        work: Callable[[], Any] = partial(large, inputs=sides.LARGE_INPUTS)
    else:
        E, U = sides.drawn()
        side = {"obvious": sides.obvious, "ours": sides.ours}[name]
        side(E[:300], U[:300])
        work = partial(side, E, U)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = status("VmRSS")
    start = perf_counter()
    result = work()
    seconds = perf_counter() - start
    found = {"before": before, "peak": status("VmHWM"), "seconds": seconds}
    if name == "large":
        found["recall"] = result.points[0].recall
    return found


def peak(name: str) -> dict[str, float]:
    """Call :func:`peak_of` in a process of its own."""
    output = run(sys.executable, "-m", MODULE, "--peak", name)
    found: dict[str, float] = json.loads(output)
    return found


def starting(rounds: int) -> dict[str, float]:
    """Seconds of an interpreter that imports nothing, sims, and the kernels (compiled or not)."""

    def python(code: str, **environment: str) -> None:
        run(sys.executable, "-c", code, **environment)

    kernels = "import sims.kernels, sims.normals"
    with tempfile.TemporaryDirectory() as cache:
        start = perf_counter()
        python(kernels, NUMBA_CACHE_DIR=cache)
        first = perf_counter() - start
    seconds = sides.interleaved(
        {
            "python": partial(python, "pass"),
            "sims": partial(python, "import sims"),
            "kernels": partial(python, kernels),
        },
        rounds=rounds,
    )
    best = {name: min(values) for name, values in seconds.items()}
    return {**best, "kernels_compiled": first}


def run(*command: str, **environment: str) -> str:
    """Output of a command."""
    done = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    return done.stdout.strip()


class Others:
    """Cores that other processes kept busy while the context was open."""

    def __enter__(self) -> "Others":
        self._start = self._read()
        return self

    def __exit__(self, *error: object) -> None:
        busy, wall = np.subtract(self._read(), self._start)
        self.cores = round(max(0.0, float(busy / wall)), 2)

    @staticmethod
    def _read() -> tuple[float, float]:
        ticks = [int(tick) for tick in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        idle = ticks[3] + ticks[4]
        mine = sum(os.times()[:4])
        return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK") - mine, perf_counter()


def setting() -> dict[str, str]:
    """Processor and versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "scipy"))
    return {
        "processor": f"{cpu.get('model name', platform.machine())}, family "
        f"{cpu.get('cpu family')}, model {cpu.get('model')}",
        "versions": versions,
    }


# --- what is shown ------------------------------------------------------------------------------


def achieved(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the first table: what, the other side, ours, their ratio, what is required of it."""
    one, many = found["one_memory"], found["many_trials"]
    rate = one["operations"] / one["ours_whole"]
    memory = {name: side["peak"] - side["before"] for name, side in found["peaks"].items()}

    def faster(what: str, other: float, ours: float, required: float) -> dict[str, Any]:
        return row(what, _seconds(other), _seconds(ours), other / ours, required)

    def row(what: str, other: str, ours: str, ratio: float, required: float) -> dict[str, Any]:
        met = bool(ratio >= required)
        shown = {"what": what, "other": other, "ours": ours}
        return {**shown, "ratio": round(ratio, 2), "required": required, "met": met}

    rows = [
        faster("one memory, one thread", one["obvious"], one["ours"], 3),
        faster("the same, all recalled", one["obvious"], one["ours_whole"], 3),
        row(
            "sgemm rate, all recalled",
            f"{one['sgemm_rate'] / 1e9:.0f} Gflop/s",
            f"{rate / 1e9:.0f} Gflop/s",
            rate / one["sgemm_rate"],
            0.75,
        ),
        faster("two threads against one", one["ours"], one["ours_2"], 1.7),
        faster("the same, all recalled", one["ours_whole"], one["ours_whole_2"], 1.7),
        row(
            "peak memory, one memory",
            _bytes(memory["obvious"]),
            _bytes(memory["ours"]),
            memory["obvious"] / memory["ours"],
            10,
        ),
        faster("1000 trials, two threads", many["obvious"], many["ours_2"], 2.5),
    ]
    large = found.get("large")
    if large:
        rows += [
            row(
                "large memory: time allowed",
                "300 s",
                _seconds(large["seconds"]),
                300 / large["seconds"],
                1,
            ),
            row(
                "large memory: memory allowed",
                "3 GB",
                _bytes(large["peak"]),
                3e9 / large["peak"],
                1,
            ),
        ]
    return rows


def beside(found: dict[str, Any]) -> list[dict[str, str]]:
    """Rows of the second table."""
    one, many, start = found["one_memory"], found["many_trials"], found["starting"]
    rows = {
        "the obvious on two threads": _seconds(one["obvious_2"]),
        "the obvious regrouped, on one thread": _seconds(one["regrouped"]),
        "1000 trials, ours on one thread": _seconds(many["ours"]),
        "`python -c pass`": _seconds(start["python"]),
        "`import sims`": _seconds(start["sims"]),
        "`import sims` and the kernels, from the cache": _seconds(start["kernels"]),
        "the same the first time, compiling them": _seconds(start["kernels_compiled"]),
        "processor": found["setting"]["processor"],
        "versions": found["setting"]["versions"],
        "cores kept busy by other processes meanwhile": f"{found['others']:.2f}",
    }
    return [{"what": what, "value": value} for what, value in rows.items()]


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds > 10 else f"{seconds * 1e3:.0f} ms"


def _bytes(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count > 5e8 else f"{count / 1e6:.0f} MB"


def figure_of(found: dict[str, Any]) -> Figure:
    """What is achieved over what is required, and what a small trial's time is spent on."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    rows = achieved(found)[::-1]
    shares = [row["ratio"] / row["required"] for row in rows]
    left.barh(range(len(rows)), shares, color="#0072B2")
    left.axvline(1, color="#D55E00", linewidth=2)
    left.set_yticks(range(len(rows)), [row["what"] for row in rows], fontsize=8)
    left.set_xlabel("achieved / required")
    left.margins(x=0.3)
    for place, (row, share) in enumerate(zip(rows, shares, strict=True)):
        text = f" {row['ratio']} of {row['required']}"
        left.text(share, place, text, va="center", fontsize=8)
    colours = {"draws": "#56B4E9", "products": "#009E73", "verdicts": "#E69F00"}
    for place, parts in zip((0, 2), found["shares"].values(), strict=True):
        start = 0.0
        for part, time in parts.items():
            right.bar(place, time, bottom=start, color=colours[part])
            text = f"{part} {time:.0f}"
            right.text(place + 0.45, start + time / 2, text, va="center", fontsize=8)
            start += time
    right.set_xticks((0, 2), ["NumPy loop", "ours"])
    right.set_xlim(-0.7, 3.4)
    right.set_ylabel("microseconds of a trial, one thread")
    return figure


def show(found: dict[str, Any]) -> None:
    """Write the tables and the figure."""
    columns = {
        "what": "what",
        "other": "other side",
        "ours": "ours",
        "ratio": "ratio",
        "required": "required",
        "met": "met",
    }
    origin = found["origin"]
    tables = {
        "performance": {"columns": columns, "rows": achieved(found), "measured": found},
        "performance-beside": {"columns": {"what": "", "value": ""}, "rows": beside(found)},
    }
    for name, table in tables.items():
        content = json.dumps({**origin, **table}, indent=1) + "\n"
        write_whole(DOCS / "results" / f"{name}.json", content)
    drawing = io.BytesIO()
    metadata = {"Description": json.dumps(origin), "Date": None}
    figure_of(found).savefig(drawing, format="svg", metadata=metadata)
    write_whole(DOCS / "figures" / "performance.svg", drawing.getvalue())


def main() -> None:
    """Measure what is asked for, store it, and draw."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of every comparison")
    parser.add_argument("--large", action="store_true", help="also d = 4096 (minutes)")
    parser.add_argument("--draw", action="store_true", help="draw what is stored; measure nothing")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        sys.stdout.write(json.dumps(peak_of(options.peak)))
        return
    store = DOCS / "results" / "performance.json"
    if options.draw:
        found = json.loads(store.read_text())["measured"]
    else:
        command = f"python -m {MODULE}" + " --large" * options.large
        with Others() as others:
            found = {
                "origin": provenance(command=command, seed=0),
                "setting": setting(),
                "one_memory": one_memory(options.rounds),
                "many_trials": many_trials(3 * options.rounds),
                "shares": shares_of_a_trial(options.rounds),
                "peaks": {name: peak(name) for name in ("obvious", "ours")},
                "starting": starting(options.rounds),
            }
            if options.large:
                found["large"] = peak("large")
        found["others"] = others.cores
    show(found)


if __name__ == "__main__":
    main()
