"""Heat map of recall over attention and MLP parameters (NLB Figure 4, right), by construction."""

from matplotlib.figure import Figure
from stored import draw, store

from sims.tradeoff import tradeoff
from sims.transformers import Shape

SEED, TRIALS = 0, 3


def main() -> None:
    """Measure, draw the map and store its boundary."""
    found = tradeoff(
        Shape(32, 32, 8),
        d=96,
        head_dim=8,
        shares=(0.0, 0.25, 0.5, 0.75),
        widths=(4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52),
        trials=TRIALS,
        seed=SEED,
    )
    figure = Figure(figsize=(6.5, 4.5), layout="constrained")
    found.plot(figure.subplots())
    draw("tradeoff", figure, seed=SEED)
    shares = sorted({point.share for point in found.points})
    rows = [
        {"share": share, "attention": x, "low": low, "high": high}
        for share, (x, low, high) in zip(shares, found.boundary, strict=True)
    ]
    rows.append(
        {
            "share": f"saved per parameter: {found.slope:.2f}",
            "attention": None,
            "low": None,
            "high": None,
        }
    )
    columns = {
        "share": "share of the subjects in attention",
        "attention": "attention parameters",
        "low": "MLP parameters: not enough",
        "high": "enough",
    }
    store("tradeoff", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
