"""Two and more solvers on one problem, and the full flow against the reduced one."""

import numpy as np
from stored import store

from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.reduced import FlowResult, flow
from sims.gradient_flow.symmetric import symmetric_flow

SEED, T_MAX = 0, 1e4
RUNS = (
    ("DOP853", 1e-12),
    ("DOP853", 1e-9),
    ("RK45", 1e-10),
    ("LSODA", 1e-10),
    ("Radau", 1e-9),
    ("BDF", 1e-9),
)


def apart(run: FlowResult, reference: FlowResult) -> dict[str, float]:
    """Largest relative difference of the loss along the trajectory, and those of the times."""
    assert run.t_relation is not None
    assert run.t_subject is not None
    assert reference.t_relation is not None
    assert reference.t_subject is not None
    return {
        "loss": float(np.abs(run.loss / reference.loss - 1).max()),
        "t_relation": abs(run.t_relation / reference.t_relation - 1),
        "t_subject": abs(run.t_subject / reference.t_subject - 1),
    }


def main() -> None:
    """Compare everything with DOP853 at 1e-13, balanced facts also with the reduction."""
    rows = []
    for kind in ("random", "balanced"):
        model = FlowFacts(16, 4, 8, kind).model(SEED)
        reference = flow(model, t_max=T_MAX, rtol=1e-13)
        for solver, rtol in RUNS:
            run = flow(model, t_max=T_MAX, solver=solver, rtol=rtol, drift=1e-5)
            rows.append(
                {
                    "facts": kind,
                    "solver": solver,
                    "rtol": rtol,
                    **apart(run, reference),
                    "drift": run.drift,
                    "evaluations": run.evaluations,
                }
            )
        if kind == "balanced":
            reduced = symmetric_flow(16, 4, 8, t_max=T_MAX)
            rows.append(
                {
                    "facts": kind,
                    "solver": "symmetric reduction",
                    "rtol": reduced.rtol,
                    **apart(reduced, reference),
                    "drift": None,
                    "evaluations": reduced.evaluations,
                }
            )
    columns = {
        "facts": "facts",
        "solver": "solver",
        "rtol": "tolerance",
        "loss": "loss: largest relative difference",
        "t_relation": r"of $t_{\rm rel}$",
        "t_subject": r"of $t_{\rm sub}$",
        "drift": "drift",
        "evaluations": "evaluations",
    }
    store("flow-solvers", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
