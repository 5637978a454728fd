"""Exact ties of Rademacher embeddings, and what floating point makes of them."""

import numpy as np
from stored import store

from assoc import margins
from assoc.embeddings import rademacher
from assoc.memories.linear import hebbian

SEED = 0
TRIALS = 200


def main() -> None:
    """Count and store."""
    rows = []
    for d in (15, 16, 32, 63, 64):
        N = round(0.13 * d**2 / np.log(d))
        f = np.arange(N)
        tied = recalled = judged = 0
        for trial in range(TRIALS):
            rng = np.random.default_rng([SEED, d, trial])
            E, U = rademacher(N, d, rng=rng), rademacher(N, d, rng=rng)
            margin = margins(hebbian(E, U, f, rng=rng), E, U, f)
            # The same margins from the signs, in integers.
            A, B = np.sign(E).astype(np.int64), np.sign(U).astype(np.int64)
            scores = A @ (A.T @ B) @ B.T
            own = scores.diagonal().copy()
            np.fill_diagonal(scores, np.iinfo(np.int64).min)
            exact = own - scores.max(axis=1)
            tied += int((exact == 0).sum())
            recalled += int(((exact == 0) & (margin > 0)).sum())
            judged += N
        rows.append(
            {
                "d": d,
                "N": N,
                "exact": "yes" if np.log2(d) % 2 == 0 else "no",
                "tied": tied / judged,
                "wrong": recalled / max(tied, 1),
            }
        )
    columns = {
        "d": "$d$",
        "N": "$N$",
        "exact": r"$1/\sqrt d$ exact in binary",
        "tied": "share of inputs exactly tied",
        "wrong": "of these, computed margin > 0",
    }
    store("ties", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
