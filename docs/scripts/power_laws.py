"""Exponents of the error of weighted memories under x ~ x^-a, measured and predicted."""

from statistics import NormalDist

from matplotlib.figure import Figure
from stored import draw, store

from assoc.facts.input_laws import PowerLaw
from sims.engine.results import log_scales, new_axes
from sims.engine.statistics import LEVEL
from sims.memories.power_laws import Weighted, measure_error
from theory.memories.power_laws import dimension_exponent, predicted_error
from theory.rendering.axes import GUARANTEED, PREDICTED, figure_of, legend_over
from theory.rendering.drawing import styled
from theory.theorems.power_law_bound import check_first, check_samples, log_slope

SEED = 0
QUANTILE = NormalDist().inv_cdf((1 + LEVEL) / 2)


def row(kind: str, found: dict, limit: float) -> dict:
    """Return one fitted exponent, with its interval at 99%."""
    half = QUANTILE * found["error"]
    return {
        "weights": kind, "a": found["a"], "measured": found["measured"],
        "interval": f"[{found['measured'] - half:.4f}, {found['measured'] + half:.4f}]",
        "at_sizes": found["predicted"], "limit": limit,
    }  # fmt: skip


def main() -> None:
    """Measure, store and draw."""
    rows = []
    cases = ((1.1, (256, 1024, 4096), 40), (1.5, (512, 2048, 8192), 200),
             (2.0, (512, 2048, 8192), 400), (3.0, (512, 2048, 8192), 1000))  # fmt: skip
    for a, d, trials in cases:
        memories = [Weighted("probability", PowerLaw(a), each) for each in d]
        points = measure_error(memories, trials=trials, seed=SEED).points
        slope, error = log_slope(d, [p.error for p in points], [p.standard_error for p in points])
        predicted = log_slope(d, [predicted_error(memory) for memory in memories])[0]
        found = {"a": a, "measured": slope, "error": error, "predicted": predicted}
        rows.append(row("q = p, in d", found, -dimension_exponent("probability", a)))
    common = {"seed": SEED, "d": (32, 64, 128), "trials": (4000, 1000, 400), "tolerance": 0.05}
    for found in check_first(exponents=(1.1, 1.5, 2.0), **common).table:
        rows.append(row("q = 1 on the best n, in d", found, found["limit"]))
    shared = common | {"d": (32, 128, 512), "trials": (2000, 400, 60)}
    for facts in ("zipf", "balanced"):
        chosen = check_first(exponents=(1.5, 2.0), facts=facts, outputs=16, **shared)
        for found in chosen.table:
            rows.append(row(f"the same, 16 {facts} classes", found, found["limit"]))
    sampled = check_samples(
        seed=SEED, exponents=(1.5, 2.0, 3.0), d=256, samples=(100, 1000, 10000), trials=200,
        tolerance=0.05,
    )  # fmt: skip
    for found in sampled.table:
        rows.append(row("q = 1 on what was seen, in T", found, found["predicted"]))
    columns = {
        "weights": "weights", "a": "$a$", "measured": "exponent, measured",
        "interval": "99% interval", "at_sizes": "predicted at these sizes",
        "limit": "predicted, limit",
    }  # fmt: skip
    store("power-law-exponents", rows, columns, seed=SEED)
    with styled():
        draw("power-law-samples", figure(), seed=SEED)


def figure() -> Figure:
    """Measure and draw the error of memories made of counts, against samples."""
    ax = new_axes(None)
    law = PowerLaw(1.5)
    samples = (30, 100, 300, 1000, 3000, 10000, 30000)
    for d, marker in ((32, "o"), (128, "s"), (512, "D")):
        memories = [Weighted("counts", law, d, samples=T) for T in samples]
        found = measure_error(memories, trials=100, seed=SEED)
        ax.errorbar(samples, [p.error for p in found.points],
                    yerr=[3 * p.standard_error for p in found.points], fmt=marker, color="k",
                    mfc="none", capsize=3, label=f"counts, $d = {d}$, 3 s.e.")  # fmt: skip
        ax.plot(samples, [predicted_error(m) for m in memories], "-", color=PREDICTED,
                label="predicted, nothing fitted" if d == 32 else None)  # fmt: skip
    seen = [Weighted("seen", law, 512, samples=T) for T in samples[:-1]]
    ax.plot(samples[:-1], [predicted_error(m) for m in seen], "--", color=GUARANTEED,
            label="$q = 1$ on what was seen, $d = 512$, predicted")  # fmt: skip
    log_scales(ax)
    ax.set_xlabel("samples $T$")
    ax.set_ylabel("error, $a = 1.5$")
    legend_over(ax, ncols=2)
    return figure_of(ax)


if __name__ == "__main__":
    main()
