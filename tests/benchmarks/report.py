"""Measure the numbers of docs/performance.md: ``python -m tests.benchmarks.report``.

Both sides of a comparison run in turns in one process; what is compared is the best time of each.
Memory is measured in processes of its own. Results go to docs/results/performance.json, from which
the tables and the figure are drawn (again with ``--draw``, without measuring).
"""

import argparse
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

from sims.engine.kernels import count_batch
from sims.engine.parallel import blas_threads
from sims.engine.randomness import INPUTS, OUTPUTS, Source
from sims.memories.recall import BATCH, measure
from sims.transformers.prompts import prompt_outputs
from tests.benchmarks import sides
from tests.benchmarks.shown import achieved, beside, figure_of
from theory.rendering.drawing import drawn, styled
from theory.rendering.files import provenance, write_whole

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MODULE = "tests.benchmarks.report"


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


def network(rounds: int) -> dict[str, float]:
    """Seconds to build and judge a gated network, and on which inputs both sides agree."""
    E, U = sides.drawn(sides.NETWORK_N, sides.NETWORK_D)
    seconds = sides.interleaved(
        {
            "direct": partial(sides.direct_network, E, U),
            "direct_2": partial(sides.direct_network, E, U, threads=2),
            "kept": partial(sides.direct_network, E, U, kept=True),
            "written_out": partial(sides.direct_network, E, U, h=sides.written_out, kept=True),
            "ours": partial(sides.our_network, E, U),
            "ours_2": partial(sides.our_network, E, U, threads=2),
        },
        rounds=rounds,
    )
    direct, ours = sides.direct_network(E, U), sides.our_network(E, U)
    return {
        **{name: min(values) for name, values in seconds.items()},
        "recall_direct": float(direct.mean()),
        "recall_ours": float(ours.mean()),
        "agreement": float((direct == ours).mean()),
    }


def all_facts(rounds: int) -> dict[str, float]:
    """Seconds to ask for all facts of a transformer, and on which prompts both sides agree.

    Einsum is timed on some of the prompts, and its seconds scaled to all.
    """
    task, model = sides.storing()
    prompts, narrow = sides.asked(task), sides.single(model)
    every = {"plain": 61, "blas": 17, "blas_2": 17, "blas_single": 17}
    share = {name: prompts[::step] for name, step in every.items()}
    seconds = sides.interleaved(
        {
            "plain": partial(sides.einsum_answers, model, share["plain"], blas=False),
            "blas": partial(sides.einsum_answers, model, share["blas"], blas=True),
            "blas_2": partial(sides.einsum_answers, model, share["blas_2"], blas=True, threads=2),
            "blas_single": partial(sides.einsum_answers, narrow, share["blas_single"], blas=True),
            "ours": partial(sides.known, task, model),
            "ours_2": partial(sides.known, task, model, threads=2),
            "ours_single": partial(sides.known, task, narrow),
        },
        rounds=rounds,
    )
    best = {name: min(values) for name, values in seconds.items()}
    for name, some in share.items():
        best[name] *= len(prompts) / len(some)
    answers = sides.einsum_answers(model, prompts, blas=True)
    ours = (prompt_outputs(model, prompts) @ model.embeddings.T).argmax(axis=1)
    right = sides.known(task, model)
    return {
        **best,
        "recall_blas": float((answers == task.labels).mean()),
        "recall_ours": float(right.mean()),
        "agreement": float(((answers == ours) & (right == (answers == task.labels))).mean()),
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
        if name in ("obvious", "ours"):
            E, U = sides.drawn()
            side: Callable[..., Any] = {"obvious": sides.obvious, "ours": sides.ours}[name]
            side(E[:300], U[:300])
        else:
            E, U = sides.drawn(sides.NETWORK_N, sides.NETWORK_D)
            side = {"direct": sides.direct_network, "network": sides.our_network}[name]
            side(E[:300], U[:300], width=300)
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

    kernels = "import sims.engine.kernels, sims.engine.normals"
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


def show(found: dict[str, Any]) -> None:
    """Write the tables and the figure."""
    columns = {
        "what": "what",
        "other": "compared with",
        "ours": "`recall`",
        "ratio": "ratio",
        "target": "target",
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
    with styled():
        picture = drawn(figure_of(found), "svg", origin)
    write_whole(DOCS / "figures" / "performance.svg", picture)


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
                "network": network(options.rounds),
                "all_facts": all_facts(max(1, options.rounds // 3)),
                "peaks": {name: peak(name) for name in ("obvious", "ours", "direct", "network")},
                "starting": starting(options.rounds),
            }
            if options.large:
                found["large"] = peak("large")
        found["others"] = others.cores
    show(found)


if __name__ == "__main__":
    main()
