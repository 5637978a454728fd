"""Gated neurons that recall 99%: measured against predicted, for d, k and N from 4 d to d^2."""

from stored import store

from assoc.memories.mlp import leading_width
from sims.memories.construction import Construction
from sims.memories.width import width_crossing
from theory.memories.width import width_of

SEED = 0
TRIALS = {
    (32, 128): 300,
    (32, 512): 60,
    (32, 1024): 30,
    (64, 256): 100,
    (64, 1024): 30,
    (64, 4096): 6,
    (128, 512): 60,
    (128, 2048): 12,
    (128, 16384): 3,
}


def main() -> None:
    """Search every crossing and store the table."""
    rows = []
    for (d, N), trials in TRIALS.items():
        for k in (2, 3):
            predicted = width_of(Construction("gated-mlp", degree=k), d=d, N=N, rate=0.99)
            m, interval = width_crossing(
                "gated-mlp", d=d, N=N, rate=0.99, near=predicted, degree=k, trials=trials, seed=SEED
            )
            rows.append(
                {
                    "d": d,
                    "N": N,
                    "k": k,
                    "trials": trials,
                    "measured": round(m),
                    "interval": [round(end) for end in interval],
                    "predicted": round(predicted),
                    "off": f"{100 * (predicted / m - 1):+.1f}%",
                    "leading": round(leading_width(N, d, k)),
                }
            )
            print(rows[-1], flush=True)
    columns = {
        "d": "$d$",
        "N": "$N$",
        "k": "$k$",
        "trials": "trials",
        "measured": "$m_{99}$ measured",
        "interval": "interval",
        "predicted": "predicted",
        "off": "off by",
        "leading": "leading order",
    }
    store("widths", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
