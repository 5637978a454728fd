r"""The pseudo-inverse memory maps d facts exactly, and no more (Kohonen and Ruohonen 1973).

Statement (restated). Let N inputs be independent and uniform on the sphere of R^d, and
W = U_f^T (E^T)^+. For N <= d the inputs are linearly independent with probability 1, so that
W e_x = u_f(x) for every fact. For N > d the matrix H of the map from wanted to actual outputs is
an orthogonal projector of rank d, so that the mean of its diagonal is d / N: by as much is the
right answer weakened.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.embeddings import sphere
from assoc.memories.linear import hebbian
from assoc.memories.memory import Build, Factors
from pinv import build
from theory.claims import Claim, Finding, Kind, Theorem
from theory.judging import judge_largest, judge_predictions
from theory.memories.faults import forgetful
from theory.memories.hypotheses import INDEPENDENT, UNIFORM

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]


def damped(E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Factors:
    """Build W with a small ridge, which it ought not to have."""
    gram = E @ E.T + 0.1 * np.eye(len(E))
    return Factors(((E.T @ np.linalg.solve(gram, U[f])).T,))


def outputs(memory: Build, d: int, N: int, seed: int, trial: int) -> tuple[Floats, Floats]:
    """Return what a memory of N drawn facts puts out, and what it ought to, each (N, d)."""
    rng = np.random.default_rng([seed, d, N, trial])
    E, U = sphere(N, d, rng=rng), sphere(N, d, rng=rng)
    return memory(E, U, np.arange(N), rng=rng)(E), U


def check_exact(
    *, seed: int, d: Sequence[int], load: float, trials: int, memory: Build = build
) -> Finding:
    """Build memories of N = load d facts, and look for the largest error of an output."""
    rows = []
    for k in d:
        N = int(load * k)
        for trial in range(trials):
            found, wanted = outputs(memory, k, N, seed, trial)
            error = float(np.linalg.norm(found - wanted, axis=1).max())
            rows.append({"d": k, "N": N, "trial": trial, "error": error})
    return judge_largest(
        "largest error of an output",
        rows,
        "error",
        tolerance=1e-6,
        note=f"{len(rows)} memories, errors of rounding are allowed",
    )


def check_strength(
    *,
    seed: int,
    d: Sequence[int],
    loads: Sequence[float],
    trials: int,
    tolerance: float,
    memory: Build = build,
) -> Finding:
    """Measure <u_f(x), W e_x>, averaged over the facts, in independent memories."""
    rows = []
    for k in d:
        for load in loads:
            N = int(load * k)
            pairs = [outputs(memory, k, N, seed, trial) for trial in range(trials)]
            means = [float(np.sum(found * wanted) / N) for found, wanted in pairs]
            rows.append(
                {
                    "d": k,
                    "N": N,
                    "measured": float(np.mean(means)),
                    "error": float(np.std(means, ddof=1) / np.sqrt(trials)),
                    "trials": trials,
                    "predicted": k / N,
                }
            )
    return judge_predictions(
        "mean strength of the right answer", rows, tolerance=tolerance, relative=True
    )


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Draw the strength of the right answer against the load N / d."""
    from matplotlib.figure import Figure

    rows = findings["strength"].table
    whole = Figure(figsize=(3.4, 2.4), layout="constrained")
    ax = whole.subplots()
    loads = np.linspace(0.5, max(row["N"] / row["d"] for row in rows), 100)
    ax.plot(loads, np.minimum(1, 1 / loads), color="0.4", label="min(1, d / N)")
    for marker, d in zip("osD^", dict.fromkeys(row["d"] for row in rows), strict=False):
        chosen = [row for row in rows if row["d"] == d]
        ax.plot(
            [row["N"] / d for row in chosen],
            [row["measured"] for row in chosen],
            marker,
            mfc="none",
            label=f"measured, d = {d}",
        )
    ax.set_xlabel("load N / d")
    ax.set_ylabel("strength of the right answer")
    ax.legend(frameon=False)
    return whole


THEOREM = Theorem(
    name="pseudo-inverse",
    title="The pseudo-inverse maps d facts exactly",
    source="Kohonen and Ruohonen 1973, restated; the second part is the trace of a projector",
    statement=r"""Let $W = U_f^\top (E^\top)^+$ with $N$ inputs that are independent and uniform on
the sphere of $\mathbb R^d$.

1. If $N \le d$, then $W e_x = u_{f(x)}$ for every fact, with probability 1.
2. If $N > d$ and the outputs are independent, the mean of $\langle u_{f(x)}, W e_x\rangle$ over
   draws and facts is $d / N$.
""",
    constants="None is left open.",
    deviations="None.",
    hypotheses=(UNIFORM, INDEPENDENT),
    claims=(
        Claim(
            name="exact",
            kind=Kind.EXACT,
            source="Kohonen and Ruohonen 1973",
            statement="Up to d facts are mapped exactly, but for rounding.",
            check=check_exact,
            quick={"d": (16, 64), "load": 1.0, "trials": 20},
            full={"d": (16, 64, 256), "trials": 100},
            must_fail={"load": 1.1},
            why_fail="a tenth more facts than dimensions",
            fault={"memory": forgetful(build)},
            fault_text="the last fact is left out of W",
            near_misses={"a ridge of 0.1": {"memory": damped}},
        ),
        Claim(
            name="strength",
            kind=Kind.CONSTANT,
            source="trace of a projector",
            statement="Beyond d facts the right answer has the strength d / N, to 5%.",
            check=check_strength,
            quick={"d": (16, 64), "loads": (1.5, 2, 4), "trials": 100, "tolerance": 0.05},
            full={"d": (16, 64, 256), "trials": 400, "tolerance": 0.02},
            must_fail={"loads": (0.5, 0.8)},
            why_fail="below d facts the strength is 1",
            fault={"memory": damped},
            fault_text="a ridge of 0.1",
            near_misses={"the sum of outer products in place of W": {"memory": hebbian}},
        ),
    ),
    figure=figure,
)
"""The theorem, as it is found."""
