"""Capacity of linear memories against bits per weight, nearest and stochastic rounding."""

from stored import draw, store

from sims.engine.results import new_axes
from sims.memories.capacity import capacity
from sims.memories.construction import Construction
from theory.memories.capacity import capacity_of

SEED = 0
DIMENSIONS = (32, 64, 128, 256, 512)
WIDTHS = (1, 2, 4, 8, 16)


def main() -> None:
    """Measure, store and draw."""
    rows = []
    ax = new_axes(None)
    for marker, b in zip("osD^v", WIDTHS, strict=True):
        found = capacity("linear", d=DIMENSIONS, bits=b, trials=10, seed=SEED)
        noisy = capacity(
            "linear", d=DIMENSIONS[:3], bits=b, rounding="stochastic", trials=10, seed=SEED
        )
        row = {"bits": b}
        for point in found.points:
            predicted = capacity_of(Construction("linear", bits=b), d=point.d)
            row[f"d{point.d}"] = f"{point.N:g} ({predicted:.0f})"
        row |= {f"noisy{point.d}": point.N for point in noisy.points}
        rows.append(row)
        ax.plot(DIMENSIONS, [p.N / p.d**2 for p in found.points], marker, color="k", mfc="none",
                label=f"b = {b}")  # fmt: skip
    columns = {
        "bits": "$b$", **{f"d{d}": f"$N$ ({'predicted'}), $d = {d}$" for d in DIMENSIONS},
        **{f"noisy{d}": f"stochastic, $d = {d}$" for d in DIMENSIONS[:3]},
    }  # fmt: skip
    store("quantised-capacity", rows, columns, seed=SEED)
    ax.set_xscale("log", base=2)
    ax.set_xlabel("dimension d")
    ax.set_ylabel("facts per weight, N / d^2")
    ax.legend(frameon=False)
    drawn = ax.get_figure()
    assert drawn is not None
    draw("quantised-capacity", drawn, seed=SEED)


if __name__ == "__main__":
    main()
